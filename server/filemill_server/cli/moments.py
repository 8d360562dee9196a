"""Moments to come, as they are given on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

_DURATION = re.compile(r"([1-9][0-9]{0,6})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Moment(click.ParamType[datetime]):
    """A moment to come: ISO 8601 (UTC where it names no zone), or a time from now such as `12h`, `90d`, `4w`."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the moment."""
        text, now = str(value), datetime.now(UTC)
        try:
            if match := _DURATION.fullmatch(text):
                moment = now + int(match[1]) * _UNITS[match[2]]
            else:
                moment = datetime.fromisoformat(text)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is neither a date such as 2030-01-31 nor a time such as 12h, 90d or 4w.", param, ctx)
        if moment <= now:
            self.fail(f"{text!r} is in the past.", param, ctx)
        return moment
