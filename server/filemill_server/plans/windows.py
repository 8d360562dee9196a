"""The windows that plans count in: calendar months and days in UTC, and any 60 seconds (FG-54)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MINUTE = timedelta(seconds=60)
DAY = timedelta(days=1)
GRAIN = timedelta(seconds=0.1)
"""What the minute is counted in. A unit counts up to this much longer than 60 s, never shorter."""


def month_of(moment: datetime) -> datetime:
    """Return when the month of a moment began."""
    return day_of(moment).replace(day=1)


def month_after(moment: datetime) -> datetime:
    """Return when the next month begins."""
    return month_of(month_of(moment) + timedelta(days=32))


def day_of(moment: datetime) -> datetime:
    """Return when the day of a moment began."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def grain_of(moment: datetime) -> datetime:
    """Return the end of the tenth of a second that a moment is in."""
    whole = moment.replace(microsecond=0)
    return whole - (whole - moment) // GRAIN * GRAIN
