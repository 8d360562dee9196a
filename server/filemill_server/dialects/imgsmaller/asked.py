"""What a request to ImgSmaller asks for: the picture, the size and the format."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from filemill.errors import FilemillError, invalid
from filemill_server.bodies import Part
from filemill_server.bodies.body import media_type
from filemill_server.dialects.bodies import read_multipart, read_object
from filemill_server.inputs import decode_base64
from filemill_server.names import DEFAULT_NAME
from filemill_server.wire import HttpRequest

ORIGINAL = "original"
FORMATS = {"jpeg": "jpeg", "jpg": "jpeg", "png": "png", "webp": "webp", "avif": "avif"}
"""The words for formats, and the formats (IS-12)."""
MOST_ENCODED = 50 << 20
"""Of a file in JSON, which is read into memory, whatever the plan allows, bytes."""
LEAST_BYTES, MOST_BYTES = 64, 1 << 40
"""Targets of an encode; what is beyond them comes to the same."""

_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20}) ?(B|KB|MB)?", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20}


class Asked(Struct, frozen=True, kw_only=True):
    """A request.

    Fields:
        given: the picture, or its URL.
        field: that brought it.
        target: bytes; None: `auto`.
        output: the word for the format.
    """

    given: Part | str
    field: str
    target: int | None
    output: str


async def read_asked(request: HttpRequest, folder: Path, limit: int) -> Asked:
    """Read a request.

    Raises:
        FilemillError: what is wrong with a field, `FILE_TOO_LARGE` past the limit, bytes.
    """
    if media_type(request) == "multipart/form-data":
        form = await read_multipart(request, folder, limit)
        files, fields = form.named("file"), dict[str, Any](form.texts)
    else:
        limit = min(limit, MOST_ENCODED)
        # Base64 takes a third more, and may have line breaks.
        files, fields = [], await read_object(request, limit + limit // 2 + (1 << 20))
    target, output = read_target(fields.get("target_size")), _output(fields.get("output"))
    if files:
        return Asked(given=files[-1], field="file", target=target, output=output)
    if (encoded := _text(fields, "file_base64")) is not None:
        data = await asyncio.to_thread(decode_base64, "/file_base64", encoded, limit)
        path = folder / "decoded"
        await asyncio.to_thread(path.write_bytes, data)
        return Asked(given=Part("file", path, DEFAULT_NAME), field="file_base64", target=target, output=output)
    if (url := _text(fields, "file_url")) is not None:
        return Asked(given=url, field="file_url", target=target, output=output)
    raise invalid("/file", "A picture is needed: 'file' in a form, or 'file_base64' or 'file_url' in JSON.")


def read_target(value: object) -> int | None:
    """Read a size such as `20KB`; None is `auto` (IS-21, IS-23).

    Raises:
        FilemillError: `INVALID_PARAMETER`.
    """
    if value is None or value == "":
        return None
    text = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    if text.lower() == "auto":
        return None
    size = Decimal(0)
    if found := _SIZE.fullmatch(text):
        size = Decimal(found[1]) * _UNITS[(found[2] or "B").upper()]
    if size <= 0:
        raise invalid("/target_size", "A size is 'auto' or a number above 0 with B, KB or MB, such as 20KB or 1.5 MB.")
    return min(max(int(size), LEAST_BYTES), MOST_BYTES)


def _output(value: object) -> str:
    if value is None or value == "":
        return ORIGINAL
    word = value.lower() if isinstance(value, str) else ""
    if word not in FORMATS and word != ORIGINAL:
        raise invalid("/output", f"The format is one of {', '.join(FORMATS)} and {ORIGINAL}.")
    return word


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _no_text(name)
    return value


def _no_text(name: str) -> FilemillError:
    return invalid(f"/{name}", f"{name!r} must be text.")
