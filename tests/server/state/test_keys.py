"""Keys of the API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from filemill_server import keys as keys_module
from filemill_server.database import Database
from filemill_server.keys import Keys
from filemill_server.tables import keys as table
from filemill_server.webhooks.sealing import Purpose, Sealer

pytestmark = pytest.mark.anyio


@pytest.fixture
def keys(database: Database) -> Keys:
    """Keys in an empty database."""
    return Keys(database, sealer=Sealer(b"0123456789abcdef", Purpose.APP))


async def test_plan_that_is_not_declared_is_refused(keys: Keys) -> None:
    """NA-60, NA-61, DX-19: a key has a plan that there is; without one its dialect's own, else enterprise."""
    with pytest.raises(ValueError, match="Did you mean 'enterprise'"):
        await keys.create(name="a", plan="enterprize")
    assert (await keys.create(name="a"))[0].plan == "enterprise"
    assert (await keys.create(name="a", dialect="imgstax"))[0].plan == "imgstax"
    assert (await keys.create(name="a", dialect="imgstax", plan="pro"))[0].plan == "pro"


async def test_key_is_found_by_its_secret(keys: Keys) -> None:
    """NA-01: the secret finds the key it was made with, and nothing else does."""
    key, secret = await keys.create(name="shop", plan="pro", dialect="filestack")
    found = await keys.find(secret)
    assert found == key
    assert (key.name, key.tenant, key.plan, key.dialect, key.test, key.admin) == (
        "shop",
        "shop",
        "pro",
        "filestack",
        False,
        False,
    )
    for wrong in ("", secret[:-1], secret + "x", secret.swapcase(), "x" * 5000, "\udc80"):
        assert await keys.find(wrong) is None


async def test_secret_has_256_bits_and_says_what_it_is(keys: Keys) -> None:
    """NA-60: a secret says its prefix and whether it is for tests, and is one word for a double click."""
    _, live = await keys.create(name="a", prefix="acme")
    _, test = await keys.create(name="a", test=True)
    assert re.fullmatch(r"acme_live_[A-Za-z0-9]{43}", live)
    assert re.fullmatch(r"fm_test_[A-Za-z0-9]{43}", test)


async def test_secret_is_not_stored(keys: Keys, database: Database) -> None:
    """NA-60: the database holds a hash; the hint tells keys apart and gives four characters away."""
    key, secret = await keys.create(name="a")
    stored = await database.read(lambda connection: str(connection.execute(select(table)).all()))
    assert secret not in stored
    assert secret.startswith(key.hint)
    assert len(secret) - len(key.hint) == 39


async def test_revoked_key_stops(keys: Keys, database: Database) -> None:
    """A revoked key stops at once here, and within a second in other processes; twice is no error."""
    other = Keys(database)
    key, secret = await keys.create(name="a")
    assert await keys.find(secret)
    assert await other.find(secret)
    revoked = await keys.revoke(key.id)
    assert revoked is not None
    assert revoked.revoked_at is not None
    assert await keys.find(secret) is None
    assert await keys.revoke(key.id) == revoked
    for unknown in ("unknown", "", "\0"):
        assert await keys.revoke(unknown) is None


async def test_answers_are_believed_for_a_moment(
    keys: Keys, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A found key is kept for at most a second: then another process's revocation is seen."""
    key, secret = await keys.create(name="a")
    other = Keys(database)
    now = 1000.0
    monkeypatch.setattr("filemill_server.keys.time.monotonic", lambda: now)
    assert await other.find(secret)
    await keys.revoke(key.id)
    now += 0.9
    assert await other.find(secret)
    now += 0.2
    assert await other.find(secret) is None


async def test_cache_is_bounded(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong secrets, however many, don't fill the memory."""
    monkeypatch.setattr(keys_module, "CACHE_SIZE", 5)
    for number in range(20):
        assert await keys.find(f"fm_live_{number}") is None
    assert len(keys._cache) == 5


async def test_expired_key_stops(keys: Keys) -> None:
    """A key works until its end, also while it is in memory."""
    _, ended = await keys.create(name="a", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    key, working = await keys.create(name="a", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert await keys.find(ended) is None
    assert await keys.find(working) == key
    assert key.expires_at is not None
    assert key.expires_at.microsecond == 0


async def test_list_shows_all(keys: Keys) -> None:
    """NA-60: the list has all keys, the oldest first, also those that no longer work."""
    made = [(await keys.create(name=f"key {number}"))[0] for number in range(3)]
    await keys.revoke(made[1].id)
    assert [key.name for key in await keys.list()] == ["key 0", "key 1", "key 2"]
    assert [key.works for key in await keys.list()] == [True, False, True]


async def test_keys_of_one_name_share_a_tenant(keys: Keys) -> None:
    """A second key of a name sees what the first one made, so that keys can be changed; other names don't."""
    first, _ = await keys.create(name="shop")
    second, _ = await keys.create(name="shop")
    other, _ = await keys.create(name="blog")
    named, _ = await keys.create(name="blog", tenant="shop")
    assert first.tenant == second.tenant == named.tenant != other.tenant


@pytest.mark.parametrize("wrong", [{"name": " "}, {"name": "x" * 201}, {"name": "a", "prefix": "A-b"}])
async def test_malformed_keys_are_refused(keys: Keys, wrong: dict[str, str]) -> None:
    """An empty or endless name and a prefix that is no word are refused."""
    with pytest.raises(ValueError, match=r"characters|prefix"):
        await keys.create(**wrong)  # type: ignore[arg-type]
