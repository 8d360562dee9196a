"""The counts of one account in the database.

All of it happens inside a transaction, and the first thing it does locks the account's row: of two processes that
count at once, one waits for the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from filemill_server.plans.windows import MINUTE, day_of, month_of
from filemill_server.tables import to_stored

# A process whose clock is behind at midnight counts to the day that another one has begun.
_COUNT = text("""
    INSERT INTO usage (tenant, test, month, month_used, day, day_used)
    VALUES (:tenant, :test, :month, :month_units, :day, :day_units)
    ON CONFLICT (tenant, test) DO UPDATE SET
        month_used = :month_units + CASE WHEN usage.month >= excluded.month THEN usage.month_used ELSE 0 END,
        month = CASE WHEN usage.month >= excluded.month THEN usage.month ELSE excluded.month END,
        day_used = :day_units + CASE WHEN usage.day >= excluded.day THEN usage.day_used ELSE 0 END,
        day = CASE WHEN usage.day >= excluded.day THEN usage.day ELSE excluded.day END
    RETURNING month_used, day_used
""")
_READ = text("""
    SELECT CASE WHEN month >= :month THEN month_used ELSE 0 END, CASE WHEN day >= :day THEN day_used ELSE 0 END
    FROM usage WHERE tenant = :tenant AND test = :test
""")
_GIVE_BACK = text("""
    UPDATE usage SET
        month_used = month_used - CASE WHEN month = :month THEN :month_units ELSE 0 END,
        day_used = day_used - CASE WHEN day = :day THEN :day_units ELSE 0 END
    WHERE tenant = :tenant AND test = :test
""")
_FORGET = text("DELETE FROM usage_minute WHERE tenant = :tenant AND test = :test AND at <= :past")
_MINUTE = text("""
    SELECT at, units FROM usage_minute
    WHERE tenant = :tenant AND test = :test AND at > :past AND units > 0 ORDER BY at
""")
_COUNT_MINUTE = text("""
    INSERT INTO usage_minute (tenant, test, at, units) VALUES (:tenant, :test, :at, :units)
    ON CONFLICT (tenant, test, at) DO UPDATE SET units = usage_minute.units + :units
""")
_SPEND = text("UPDATE credits SET balance = balance - :units WHERE tenant = :tenant AND balance >= :units")
_ADD_CREDITS = text("""
    INSERT INTO credits (tenant, balance) VALUES (:tenant, :units)
    ON CONFLICT (tenant) DO UPDATE SET balance = credits.balance + :units RETURNING balance
""")
_BALANCE = text("SELECT balance FROM credits WHERE tenant = :tenant")


class Account(NamedTuple):
    """Whose units are counted together: a tenant's, and apart from them those of its test keys."""

    tenant: str
    test: bool


class Used(NamedTuple):
    """Units of a month and of a day."""

    month: int
    day: int


class Gathered(NamedTuple):
    """Units that were taken at one moment of the last minute, as it is stored."""

    at: int
    units: int


class Counts:
    """The counts of an account at a moment.

    Args:
        connection: in a transaction.
        account: whose.
        now: the moment.
    """

    def __init__(self, connection: Connection, account: Account, now: datetime) -> None:
        self._connection = connection
        self._account = account._asdict()
        self._tenant = {"tenant": account.tenant}
        self._windows = {"month": to_stored(month_of(now)), "day": to_stored(day_of(now))}
        self._past = {"past": to_stored(now - MINUTE)}

    def add(self, *, month: int, day: int) -> Used:
        """Count units, also none, and return what is used with them. It locks the account."""
        given = {**self._account, **self._windows, "month_units": month, "day_units": day}
        return Used(*self._connection.execute(_COUNT, given).one())

    def used(self) -> Used:
        """Return what is used."""
        row = self._connection.execute(_READ, {**self._account, **self._windows}).one_or_none()
        return Used(0, 0) if row is None else Used(*row)

    def give_back(self, *, month: int, day: int) -> None:
        """Take units back that were counted in this month and this day; later ones are left alone."""
        given = {**self._account, **self._windows, "month_units": month, "day_units": day}
        self._connection.execute(_GIVE_BACK, given)

    def forget_minutes(self) -> None:
        """Remove what has left the minute."""
        self._connection.execute(_FORGET, {**self._account, **self._past})

    def minute(self) -> Sequence[Gathered]:
        """Return the units of the last 60 seconds, the oldest first."""
        return [Gathered(*row) for row in self._connection.execute(_MINUTE, {**self._account, **self._past})]

    def add_minute(self, at: int, units: int) -> None:
        """Count units at a moment, as it is stored; negative ones are given back."""
        self._connection.execute(_COUNT_MINUTE, {**self._account, "at": at, "units": units})

    def spend(self, units: int) -> bool:
        """Take credits of the tenant; False where there are not so many."""
        return self._connection.execute(_SPEND, {**self._tenant, "units": units}).rowcount == 1

    def credits(self) -> int | None:
        """Return the credits that the tenant has; None where it never had any."""
        balance: int | None = self._connection.execute(_BALANCE, self._tenant).scalar()
        return balance


def add_credits(connection: Connection, tenant: str, units: int) -> int:
    """Give a tenant credits and return how many it has."""
    return int(connection.execute(_ADD_CREDITS, {"tenant": tenant, "units": units}).scalar_one())


def freed_at(gathered: Sequence[Gathered], units: int) -> int | None:
    """Return when so many units will have left the minute, as stored; None where they never were in it."""
    for at, count in gathered:
        units -= count
        if units <= 0:
            return at + MINUTE // timedelta(microseconds=1)
    return None
