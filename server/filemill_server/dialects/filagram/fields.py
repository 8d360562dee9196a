"""What a form says: its files by content, its texts as the values that a parameter takes (FG-11)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies import Part
from filemill_server.dialects.bodies import Form
from filemill_server.dialects.filagram.refusals import NOT_A_PICTURE
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest

FORMATS = ("jpeg", "png", "webp")
"""The formats that pictures are written in, and that every operation on pictures reads."""
_ALIASES = {"jpg": "jpeg"}
_WHOLE = re.compile(r"[0-9]{1,9}")
_SHOWN = 40  # characters of a wrong value that an error repeats


def one_file(form: Form) -> Part:
    """Return the file of an operation that takes one."""
    if not (parts := form.named("file")):
        raise bad_request("The part 'file' is missing or empty; it is the file to work on.")
    return parts[-1]


def whole(form: Form, name: str, most: int) -> int | None:
    """Return a number of pixels or percent, from 1 on; None where it is not given."""
    text = form.texts.get(name, "").strip()
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= most:
        raise bad_request(f"'{name}' must be a whole number from 1 to {most}, not {text[:_SHOWN]!r}.")
    return int(text)


def choice(form: Form, name: str, known: Collection[str]) -> str | None:
    """Return one of a parameter's values; None where it is not given."""
    text = form.texts.get(name, "").strip()
    if text and text not in known:
        raise bad_request(f"'{name}' must be one of {', '.join(known)}, not {text[:_SHOWN]!r}.")
    return text or None


def picture_format(form: Form, name: str) -> str | None:
    """Return the format that a parameter names (FG-23); None where it is not given."""
    chosen = choice(form, name, (*FORMATS, *_ALIASES))
    return _ALIASES.get(chosen, chosen) if chosen else None


async def check_content(
    request: HttpRequest, parts: Sequence[Part], readable: Collection[str], refusal: str = NOT_A_PICTURE
) -> str:
    """Return the format of the last of some files, as their content says (DX-09).

    Raises:
        FilemillError: `UNSUPPORTED_MEDIA`, with the refusal, where one is of no format that is readable here.
    """
    formats = services_of(request).registry.formats

    def look() -> str:
        found = ""
        for part in parts:
            found = formats.sniff(part.path, part.name).format
            if found not in readable:
                raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, refusal)
        return found

    try:
        return await asyncio.to_thread(look)
    except FilemillError as error:
        raise FilemillError(error.code, refusal) from None


def bad_request(detail: str) -> FilemillError:
    """Make the error for a parameter that is missing or wrong."""
    return FilemillError(ErrorCode.BAD_REQUEST, detail)
