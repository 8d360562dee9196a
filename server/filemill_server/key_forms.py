"""How keys look: those of the native API, and those that the clients of other services expect."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Mapping

from msgspec import Struct

ALPHABET = string.ascii_letters + string.digits
_LENGTH = 43  # of 62 characters each: 256 bits
_HINT = 4  # characters of the random part that are kept to tell keys apart
_PREFIX = re.compile(r"[a-z][a-z0-9]{0,15}")
_APP_SECRET = string.ascii_uppercase + "234567"


class KeyFieldError(ValueError):
    """A key can't be made so.

    Attributes:
        field: of the request for it that is wrong.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class Secret(Struct, frozen=True):
    """A new key as it is shown once.

    Fields:
        text: the key.
        hint: its beginning, which is kept.
        app_secret: what signs policies, where the dialect has such.
    """

    text: str
    hint: str
    app_secret: str | None = None


def new_secret(dialect: str | None, prefix: str | None, *, test: bool) -> Secret:
    """Make a key in the form of its dialect.

    Args:
        dialect: the dialect it is for; one that is not listed here has the form of the native API.
        prefix: how it begins, where the form leaves that open: a small letter, then small letters and digits, at
            most 16; default: `fm`.
        test: whether it is a test key.

    Raises:
        KeyFieldError: the prefix is malformed, or the dialect's form leaves no choice.
    """
    make = _FORMS.get(dialect) if dialect is not None else None
    if make is None:
        if prefix is not None and not _PREFIX.fullmatch(prefix):
            raise KeyFieldError(
                "prefix", "a prefix is a small letter, then small letters and digits, at most 16 in all"
            )
        return _prefixed(prefix or "fm", test)
    if prefix is not None:
        raise KeyFieldError("prefix", f"keys of {dialect} have a form of their own; no prefix can be chosen")
    return make(test)


def _prefixed(prefix: str, test: bool) -> Secret:
    # Letters and digits only, joined by "_": a double click selects all of it.
    start = f"{prefix}_{'test' if test else 'live'}_"
    text = start + _random(ALPHABET, _LENGTH)
    return Secret(text, text[: len(start) + _HINT])


def _filestack(test: bool) -> Secret:
    """FS-09. The key goes into URLs; what is secret is the other one."""
    text = f"A{_random(ALPHABET, 20)}z"
    return Secret(text, text[: 1 + _HINT], _random(_APP_SECRET, 32))


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


_FORMS: Mapping[str, Callable[[bool], Secret]] = {
    "filagram": lambda test: _prefixed("sk", test),
    "filewhirl": lambda test: _prefixed("ff", test),
    "filestack": _filestack,
}
