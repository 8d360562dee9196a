"""Places in time: seconds, `1:02:03.5`, or a share of the whole such as `50%`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

_MOST_SECONDS = 360_000
"""A hundred hours."""
_SIXTY = 60

Seconds = Annotated[float, Meta(ge=0, le=_MOST_SECONDS)]
Clock = Annotated[
    str,
    Meta(
        pattern=r"^(?:(?:[0-9]{1,2}:)?[0-5]?[0-9]:[0-5]?[0-9](?:\.[0-9]{1,6})?|[0-9]{1,6}(?:\.[0-9]{1,6})?"
        r"|(?:100(?:\.0{1,6})?|[0-9]{1,2}(?:\.[0-9]{1,6})?)%)$",
        examples=["50%", "0:01.5", "1"],
    ),
]
Time = Seconds | Clock
"""A place in time, or a length of it; from forms and query strings it comes as text."""


def seconds(time: Time, duration: float | None) -> float:
    """Return a time in seconds.

    Args:
        time: as it was given.
        duration: of the whole, which a share is of.

    Raises:
        ValueError: it is a share, and the whole has no duration.
    """
    if not isinstance(time, str):
        return time
    text = time.strip()  # `$` of a pattern lets a line end pass
    if text.endswith("%"):
        if duration is None:
            raise ValueError(time)
        return duration * (float(text[:-1]) / 100)
    total = 0.0
    for part in text.split(":"):
        total = total * _SIXTY + float(part)
    return total
