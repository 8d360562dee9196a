"""Enumerations of the wire: lower-case names, any case accepted."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Choice(StrEnum):
    """Base of every enumerated parameter: `Cover`, `COVER` and `cover` are the same value."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        folded = value.casefold().replace("_", "-")
        return next((member for member in cls if member.value.casefold() == folded), None)
