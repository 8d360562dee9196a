"""What keys use of their plans: counted before the work, exactly, in all processes together (NA-62, FG-53)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import Connection

from filemill.errors import ErrorCode, FilemillError
from filemill_server.database import Database
from filemill_server.keys import Key
from filemill_server.plans.counts import Account, Counts, Gathered, Used, add_credits, freed_at
from filemill_server.plans.declared import Plans
from filemill_server.plans.plan import Plan
from filemill_server.plans.standing import LimitReachedError, PolicyStanding, Standing
from filemill_server.plans.tally import Tally
from filemill_server.plans.windows import DAY, MINUTE, day_of, grain_of, month_after, month_of
from filemill_server.tables import from_stored, to_stored


class Charge(Struct, frozen=True, kw_only=True):
    """Units that were taken, so that they can be given back.

    Fields:
        account: whose.
        at: when.
        units: how many; they count in the day, and in the minute where that is limited.
        credits: how many of them were paid with credits; the others count in the month.
        minute: where they stand in the minute, as stored; None: it is not limited.
        policies: the limits of the plan as they stand with them; empty where nothing is limited.
    """

    account: Account
    at: datetime
    units: int
    credits: int = 0
    minute: int | None = None
    policies: tuple[PolicyStanding, ...] = ()


class Usage:
    """The counts of all keys.

    Units are counted for the tenant, apart for its test keys; the key's plan says how many there may be.

    Args:
        database: the database.
        plans: of the keys.
        clock: gives the moment, aware.
    """

    def __init__(self, database: Database, plans: Plans, clock: Callable[[], datetime] | None = None) -> None:
        self._database = database
        self._plans = plans
        self._clock = clock or _now
        self._tally = Tally(database)

    async def take(self, key: Key, units: int = 1, *, credits: bool = False) -> Charge:
        """Take units of a key's plan, before they are worked for.

        Args:
            key: whose plan.
            units: how many, all or none.
            credits: whether the tenant's credits pay where the month's allowance has no room.

        Raises:
            FilemillError: `RATE_LIMITED` with the `policy` that has no room and `resets_at`; `QUOTA_EXCEEDED` with a
                `reason`, only where credits are to pay; `FORBIDDEN` where there is no such plan any more.
        """
        plan = self._plans[key.plan]
        if not plan.counted:
            now = self._clock()
            charge = Charge(account=_account(key), at=now, units=units)
            self._tally.add(charge.account, units, now)
            return charge

        def attempt(connection: Connection) -> Charge | FilemillError:
            # A refusal is no exception here: it would undo what shares its commit.
            try:
                return self.charging(connection, key, units, credits=credits)
            except FilemillError as refusal:
                return refusal

        taking = asyncio.ensure_future(self._database.run(attempt))
        try:
            outcome = await asyncio.shield(taking)
        except asyncio.CancelledError:  # whoever asked has gone, and the unit may be taken all the same
            with suppress(FilemillError):
                if isinstance(taken := await taking, Charge):
                    await self.refund(taken)
            raise
        if isinstance(outcome, FilemillError):
            raise outcome
        return outcome

    def charging(self, connection: Connection, key: Key, units: int = 1, *, credits: bool = False) -> Charge:
        """Take units as `take` does, in the transaction of what they pay for.

        Where it raises it has changed nothing, so that the transaction may as well be committed.
        """
        plan, account, now = self._plans[key.plan], _account(key), self._clock()
        counts = Counts(connection, account, now)
        if not plan.counted:
            counts.add(month=units, day=units)
            return Charge(account=account, at=now, units=units)
        used = counts.add(month=0, day=0)
        gathered: Sequence[Gathered] = ()
        if plan.requests_per_minute is not None:
            counts.forget_minutes()
            gathered = counts.minute()
        before = _policies(plan, used, gathered, now)
        month = used.month
        paid = 0
        if credits and plan.requests_per_month is not None:
            paid = units - min(units, max(0, plan.requests_per_month - month))
        _refuse(plan, units, paid, before, gathered, now)
        if paid and (account.test or not counts.spend(paid)):
            raise _unpaid(plan, None if account.test else counts.credits(), month_after(now))
        used = counts.add(month=units - paid, day=units)
        minute = None
        if plan.requests_per_minute is not None:
            minute = to_stored(grain_of(now))
            counts.add_minute(minute, units)
            gathered = [*gathered, Gathered(minute, units)]
        policies = tuple(policy for policy in _policies(plan, used, gathered, now) if policy.limit is not None)
        return Charge(account=account, at=now, units=units, credits=paid, minute=minute, policies=policies)

    async def refund(self, charge: Charge) -> None:
        """Give units back that were not worked for; nothing where their month, day or minute is over."""
        if not charge.policies:  # of a plan without limits: nobody waits for its count, which may wait for the database
            self._tally.add(charge.account, -charge.units, charge.at)
            return
        await self._tally.settle()
        await self._database.run(lambda connection: self.refunding(connection, charge))

    def refunding(self, connection: Connection, charge: Charge) -> None:
        """Give units back as `refund` does, in a transaction that the caller has."""
        counts = Counts(connection, charge.account, charge.at)
        counts.give_back(month=charge.units - charge.credits, day=charge.units)
        if charge.minute is not None:
            counts.add_minute(charge.minute, -charge.units)
        if charge.credits:
            add_credits(connection, charge.account.tenant, charge.credits)

    async def standing(self, key: Key) -> Standing:
        """Return what is used of a key's plan, and the credits.

        Raises:
            FilemillError: `FORBIDDEN` where there is no such plan any more.
        """
        plan, now = self._plans[key.plan], self._clock()
        await self._tally.settle()

        def read(connection: Connection) -> tuple[Used, Sequence[Gathered], int]:
            counts = Counts(connection, _account(key), now)
            gathered = counts.minute() if plan.requests_per_minute is not None else ()
            return counts.used(), gathered, 0 if key.test else counts.credits() or 0

        used, gathered, balance = await self._database.read(read)
        minute, day, month = _policies(plan, used, gathered, now)
        return Standing(minute=minute, day=day, month=month, credits=balance)

    async def add_credits(self, tenant: str, units: int) -> int:
        """Give a tenant credits, also a negative number of them, and return how many it has.

        Raises:
            ValueError: it would have fewer than none.
        """

        def change(connection: Connection) -> int:
            balance = add_credits(connection, tenant, units)
            if balance < 0:
                raise ValueError(f"{tenant!r} has {balance - units} credits; {-units} can't be taken away")
            return balance

        return await self._database.run(change)

    async def settle(self) -> None:
        """Wait until all is written that was counted."""
        await self._tally.settle()


def _now() -> datetime:
    return datetime.now(UTC)


def _account(key: Key) -> Account:
    return Account(key.tenant, key.test)


def _policies(
    plan: Plan, used: Used, gathered: Sequence[Gathered], now: datetime
) -> tuple[PolicyStanding, PolicyStanding, PolicyStanding]:
    limited = plan.requests_per_minute is not None
    free = freed_at(gathered, 1)
    month = month_after(now) - month_of(now)
    return (
        PolicyStanding(
            name="minute",
            limit=plan.requests_per_minute,
            used=sum(units for _, units in gathered) if limited else None,
            window=int(MINUTE.total_seconds()),
            resets_at=now if free is None else _moment(free),
        ),
        PolicyStanding(
            name="day",
            limit=plan.requests_per_day,
            used=used.day,
            window=int(DAY.total_seconds()),
            resets_at=day_of(now) + DAY,
        ),
        PolicyStanding(
            name="month",
            limit=plan.requests_per_month,
            used=used.month,
            window=int(month.total_seconds()),
            resets_at=month_after(now),
        ),
    )


def _refuse(
    plan: Plan,
    units: int,
    paid: int,
    policies: tuple[PolicyStanding, PolicyStanding, PolicyStanding],
    gathered: Sequence[Gathered],
    now: datetime,
) -> None:
    """Refuse units for which a limit has no room; what credits pay for needs none in the month."""
    minute, day, month = policies
    violated = [
        policy for policy, needed in ((month, units - paid), (day, units), (minute, units)) if not policy.fits(needed)
    ]
    if not violated:
        return
    resets_at = violated[0].resets_at
    if violated[0] is minute:
        remaining = minute.remaining or 0
        free = freed_at(gathered, units - remaining)
        resets_at = now + MINUTE if free is None else _moment(free)
    limited = [policy for policy in policies if policy.limit is not None]
    raise LimitReachedError(plan.name, units, violated, limited, resets_at, now)


def _unpaid(plan: Plan, balance: int | None, resets_at: datetime) -> FilemillError:
    """Make the error for a month that is used up and credits that are not there.

    Who has credits, or had them, or has a plan without an allowance, is told of the credits.
    """
    reason = "quota_exceeded" if balance is None and plan.requests_per_month else "no_credits"
    left = f"{balance or 0} credits are left"
    detail = f"The {plan.requests_per_month} requests a month of the plan {plan.name!r} are used up, and {left}."
    return FilemillError(ErrorCode.QUOTA_EXCEEDED, detail, reason=reason, resets_at=resets_at)


def _moment(stored: int) -> datetime:
    whole = from_stored(stored)
    return whole.replace(microsecond=stored % 1_000_000)
