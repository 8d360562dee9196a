"""What keys use of their plans: exact, durable, by calendar and by the last 60 seconds, in all processes together."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import func, select

from filemill.errors import ErrorCode, FilemillError
from filemill_server.database import Database
from filemill_server.keys import Key, Keys
from filemill_server.plans.declared import Plans, load_plans
from filemill_server.plans.plan import Plan
from filemill_server.plans.standing import LimitReachedError
from filemill_server.plans.usage import Usage
from filemill_server.tables import usage, usage_minute

pytestmark = pytest.mark.anyio

START = datetime(2026, 3, 31, 23, 59, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    """One minute before a month ends."""
    return Clock()


@pytest.fixture
def plans() -> Plans:
    """Shipped plans, and small ones."""
    own = [
        Plan(name="minute", requests_per_minute=3),
        Plan(name="day", requests_per_day=2),
        Plan(name="month", requests_per_month=4, requests_per_day=3),
        Plan(name="allowance", requests_per_month=2),
        Plan(name="credits", requests_per_month=0),
        Plan(name="all", requests_per_month=1, requests_per_day=1, requests_per_minute=1),
    ]
    return Plans({**load_plans(None).by_name, **{plan.name: plan for plan in own}})


@pytest.fixture
def counted(database: Database, plans: Plans, clock: Clock) -> Usage:
    """The counts, by a clock that can be moved."""
    return Usage(database, plans, clock)


@pytest.fixture
def keys(database: Database, plans: Plans) -> Keys:
    """The keys of an empty database."""
    return Keys(database, plans)


async def made(keys: Keys, plan: str, name: str = "shop", *, test: bool = False) -> Key:
    """Make a key of a plan."""
    return (await keys.create(name=name, plan=plan, test=test))[0]


async def refused(counted: Usage, key: Key, units: int = 1) -> LimitReachedError:
    """Take units that there is no room for, and return the refusal."""
    with pytest.raises(LimitReachedError) as raised:
        await counted.take(key, units)
    assert raised.value.code is ErrorCode.RATE_LIMITED
    return raised.value


async def test_minute_slides(counted: Usage, keys: Keys, clock: Clock) -> None:
    """NA-61, FG-54, FG-65: any 60 seconds have no more than the limit, over the end of an hour and a month too."""
    key = await made(keys, "minute")
    await counted.take(key)
    clock.move(30)
    await counted.take(key, 2)
    refusal = await refused(counted, key)
    assert refusal.extra == {"policy": "minute", "resets_at": START + timedelta(seconds=60)}
    assert refusal.retry_after == 30
    assert (await refused(counted, key, 2)).retry_after == 60
    clock.move(29.95)
    await refused(counted, key)
    clock.move(0.05)
    charge = await counted.take(key)
    assert [(policy.name, policy.remaining) for policy in charge.policies] == [("minute", 0)]
    assert (await refused(counted, key)).retry_after == 30


async def test_no_minute_has_more_than_the_limit(counted: Usage, keys: Keys, clock: Clock) -> None:
    """FG-54: requests at odd moments, every 60 seconds between them looked at."""
    key = await made(keys, "minute")
    taken: list[datetime] = []
    for step in range(400):
        clock.move(0.37 + step % 7 * 0.731)
        try:
            await counted.take(key)
            taken.append(clock.now)
        except LimitReachedError as refusal:
            assert refusal.retry_after is not None
            inside = [moment for moment in taken if moment > clock.now - timedelta(seconds=60.1)]
            assert len(inside) == 3, "it refuses only where there is no room"
    assert len(taken) > 40
    for moment in taken:
        assert sum(moment <= other < moment + timedelta(seconds=60) for other in taken) <= 3


async def test_day_and_month_change(counted: Usage, keys: Keys, clock: Clock) -> None:
    """FG-54, IS-53: both are of the UTC calendar; midnight gives a day back, the first of a month the month."""
    key = await made(keys, "month")
    for _ in range(3):
        await counted.take(key)
    refusal = await refused(counted, key)
    assert refusal.extra == {"policy": "day", "resets_at": datetime(2026, 4, 1, tzinfo=UTC)}
    assert refusal.retry_after == 60
    clock.move(59.999999)
    await refused(counted, key)
    clock.move(0.000001)
    for _ in range(3):
        await counted.take(key)
    clock.move(86_400)
    await counted.take(key)
    refusal = await refused(counted, key)
    assert refusal.extra == {"policy": "month", "resets_at": datetime(2026, 5, 1, tzinfo=UTC)}
    assert refusal.retry_after == 29 * 86_400
    clock.now = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert (await counted.standing(key)).month.remaining == 4
    for _ in range(3):
        await counted.take(key)
    clock.move(1)
    standing = await counted.standing(key)
    assert (standing.month.used, standing.day.used) == (0, 0)
    assert standing.month.resets_at == datetime(2027, 2, 1, tzinfo=UTC)
    assert (standing.month.window, standing.day.window, standing.minute.window) == (31 * 86_400, 86_400, 60)


async def test_units_are_taken_all_or_none(counted: Usage, keys: Keys) -> None:
    """NA-61: several units that do not fit leave room for fewer; more than the plan ever has are told so."""
    key = await made(keys, "month")
    await counted.take(key, 2)
    await refused(counted, key, 2)
    await counted.take(key)
    assert "counts as 5" in (await refused(counted, key, 5)).detail


async def test_the_limit_that_resets_last_is_told_first(counted: Usage, keys: Keys) -> None:
    """NC-03: who waits until then is not refused by another limit."""
    key = await made(keys, "all")
    await counted.take(key)
    refusal = await refused(counted, key)
    assert refusal.violated == ("month", "day", "minute")
    assert refusal.extra["policy"] == "month"


async def test_refund(counted: Usage, keys: Keys, clock: Clock) -> None:
    """FG-53, FW-52: what is given back is as if it had never been taken; of another month nothing is left to give."""
    key = await made(keys, "all")
    before = await counted.standing(key)
    await counted.refund(await counted.take(key))
    assert await counted.standing(key) == before
    old = await counted.take(key)
    clock.move(3600)
    await counted.take(key)
    await counted.refund(old)
    await refused(counted, key)


async def test_accounts(counted: Usage, keys: Keys) -> None:
    """FG-05, NA-60: keys of a tenant count together; its test keys, and other tenants, apart."""
    await counted.take(await made(keys, "day"))
    await counted.take(await made(keys, "day"))
    await refused(counted, await made(keys, "day"))
    await counted.take(await made(keys, "day", test=True))
    await counted.take(await made(keys, "day", "blog"))


async def test_unlimited_is_counted(counted: Usage, keys: Keys, database: Database, clock: Clock) -> None:
    """NA-61, NA-62: a plan without limits refuses nothing and writes nothing of minutes; its month is counted."""
    key = await made(keys, "enterprise")
    charges = await asyncio.gather(*(counted.take(key) for _ in range(200)))
    assert all(charge.policies == () for charge in charges)
    for charge in charges[:50]:
        await counted.refund(charge)
    standing = await counted.standing(key)
    assert (standing.month.used, standing.month.limit, standing.month.remaining) == (150, None, None)
    assert standing.minute.used is None
    rows = await database.read(lambda connection: connection.execute(select(func.count()).select_from(usage_minute)))
    assert rows.scalar() == 0
    clock.move(60)
    assert (await counted.standing(key)).month.used == 0


async def test_counts_survive(counted: Usage, keys: Keys, empty_url: str, plans: Plans, clock: Clock) -> None:
    """NA-62: another process, later, knows what was used, also what nothing limits."""
    key, free = await made(keys, "enterprise"), await made(keys, "all", "blog")
    await counted.take(key, 7)
    await counted.take(free)
    await counted.settle()
    database = Database(empty_url)
    other = Usage(database, plans, clock)
    assert (await other.standing(key)).month.used == 7
    await refused(other, free)
    database.close()


async def test_charge_goes_with_its_transaction(counted: Usage, keys: Keys, database: Database) -> None:
    """FW-52: units taken in a transaction that fails were never taken; a refusal leaves the rest of it alone."""
    key = await made(keys, "allowance")

    def failing(connection: object) -> None:
        counted.charging(connection, key)  # type: ignore[arg-type]
        raise RuntimeError("the job can't be kept")

    with pytest.raises(RuntimeError):
        await database.run(failing)
    assert (await counted.standing(key)).month.used == 0
    await database.run(lambda connection: counted.charging(connection, key, 2))
    with pytest.raises(LimitReachedError):
        await database.run(lambda connection: counted.charging(connection, key))
    assert (await counted.standing(key)).month.used == 2
    free = await made(keys, "enterprise", "blog")
    await database.run(lambda connection: counted.charging(connection, free, 3))
    assert (await counted.standing(free)).month.used == 3


async def test_credits_pay_after_the_month(counted: Usage, keys: Keys) -> None:
    """FW-51, FW-55: the allowance first, then credits; then 402 with its reason. Refunds go where they came from."""
    key = await made(keys, "allowance")
    await counted.add_credits("shop", 2)
    assert [(await counted.take(key, credits=True)).credits for _ in range(3)] == [0, 0, 1]
    last = await counted.take(key, credits=True)
    with pytest.raises(FilemillError) as raised:
        await counted.take(key, credits=True)
    assert raised.value.code is ErrorCode.QUOTA_EXCEEDED
    assert raised.value.extra["reason"] == "no_credits"
    await refused(counted, key)
    await counted.refund(last)
    standing = await counted.standing(key)
    assert (standing.credits, standing.month.used) == (1, 2)
    assert (await counted.take(key, credits=True)).credits == 1


async def test_reasons_of_402(counted: Usage, keys: Keys) -> None:
    """FW-55: without credits ever it is the quota; a plan without an allowance lives of credits; tests have none."""
    await counted.add_credits("blog", 5)
    for plan, name, test, reason in (
        ("allowance", "shop", False, "quota_exceeded"),
        ("credits", "shop", False, "no_credits"),
        ("allowance", "blog", True, "quota_exceeded"),
    ):
        key = await made(keys, plan, name, test=test)
        with pytest.raises(FilemillError) as raised:
            await counted.take(key, 3, credits=True)
        assert (raised.value.code, raised.value.extra["reason"]) == (ErrorCode.QUOTA_EXCEEDED, reason)
        assert (await counted.standing(key)).month.used == 0


async def test_credits_are_never_fewer_than_none(counted: Usage) -> None:
    """An operator can take credits back that are there, and no others."""
    assert await counted.add_credits("shop", 5) == 5
    assert await counted.add_credits("shop", -4) == 1
    with pytest.raises(ValueError, match="has 1 credits"):
        await counted.add_credits("shop", -2)
    assert await counted.add_credits("shop", 0) == 1


TAKER = """
    import asyncio, sys
    from pathlib import Path
    from filemill.errors import FilemillError
    from filemill_server.database import Database
    from filemill_server.keys import Keys
    from filemill_server.plans.declared import load_plans
    from filemill_server.plans.usage import Usage

    async def main(url, file, secret, paid):
        database = Database(url)
        plans = load_plans(Path(file))
        usage, key = Usage(database, plans), await Keys(database, plans).find(secret)
        print("ready", flush=True)
        sys.stdin.readline()

        async def take():
            try:
                await usage.take(key, credits=paid == "credits")
            except FilemillError:
                return 0
            return 1

        print(sum(await asyncio.gather(*(take() for _ in range(60)))))
        await usage.settle()
        database.close()

    asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("plan", "paid", "expected"),
    [
        ("requests_per_month: 41", "no", 41),
        ("requests_per_minute: 17", "no", 17),
        ("requests_per_month: 5", "credits", 35),
        ("{}", "no", 120),
    ],
)
async def test_two_processes_never_take_the_last_unit_twice(
    database: Database, empty_url: str, tmp_path: Path, plan: str, paid: str, expected: int
) -> None:
    """NA-62: two processes that take at once get together exactly what the plan and the credits have."""
    file = tmp_path / "plans.yaml"
    file.write_text(f"tight:\n  {plan}\n")
    plans = load_plans(file)
    key, secret = await Keys(database, plans).create(name="shop", plan="tight")
    counted = Usage(database, plans)
    await counted.add_credits("shop", 30)
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", dedent(TAKER), empty_url, str(file), secret, paid],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for taker in takers:
        assert taker.stdout is not None
        assert await asyncio.to_thread(taker.stdout.readline) == "ready\n"
    told = await asyncio.gather(*(asyncio.to_thread(taker.communicate, "go\n", 60) for taker in takers))
    assert sum(int(out) for out, _ in told) == expected
    counts = await database.read(lambda connection: connection.execute(select(usage.c.day_used)).scalar())
    assert counts == expected
    assert (await counted.standing(key)).credits == (0 if paid == "credits" else 30)
