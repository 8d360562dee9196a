"""The four forms in which a file comes: a form, raw bytes, a URL in a form, a URL in JSON (FS-13, FS-28)."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from msgspec import Struct

from filemill.sources import Source
from filemill_server.bodies import Digests, Part
from filemill_server.bodies.body import media_type, stream_of
from filemill_server.bodies.spool import Spool, too_large
from filemill_server.dialects import work
from filemill_server.dialects.bodies import read_multipart, read_object
from filemill_server.dialects.filestack.chains import bring_stored
from filemill_server.dialects.filestack.own_urls import file_here
from filemill_server.dialects.filestack.request import unreadable
from filemill_server.dialects.filestack.storing import name_of_url
from filemill_server.names import file_name
from filemill_server.services import file_limit_of
from filemill_server.wire import HttpRequest

MAX_FIELDS = 100
_SMALL_BODY = 1 << 20
_URLENCODED = "application/x-www-form-urlencoded"
_JSON = "application/json"
_PIECE = 1 << 20  # characters of base64 decoded at a time, a multiple of four
_SPACE = b" \t\r\n"


class Given(Struct, frozen=True):
    """A file that came; `media_type` is what the client says of it, `url` where it was fetched."""

    part: Part
    media_type: str | None = None
    url: str | None = None


def names_url(request: HttpRequest, *, json: bool) -> bool:
    """Whether the body names a URL in place of bringing the file."""
    return media_type(request) == _URLENCODED or (json and media_type(request) == _JSON)


async def read_fields(request: HttpRequest) -> dict[str, str]:
    """Read a small body: a form or a JSON object, of texts.

    Raises:
        FilemillError: `BAD_REQUEST` where it is none, `FILE_TOO_LARGE`.
    """
    if media_type(request) == _JSON:
        found = await read_object(request, _SMALL_BODY)
        return {name: _text(value) for name, value in found.items() if value is not None}
    data = bytearray()
    async for chunk in stream_of(request, Digests(None)):
        data += chunk
        if len(data) > _SMALL_BODY:
            raise too_large(_SMALL_BODY, "A form that names a URL")
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise unreadable(
            f"The form can't be read: {error}. A file itself is sent with its own Content-Type, or as multipart."
        ) from None
    return dict(pairs)


async def fetched(request: HttpRequest, folder: Path, fields: Mapping[str, str]) -> Given:
    """Fetch the file that a small body names (DX-07); what this server delivers is brought from where it is.

    Raises:
        FilemillError: `BAD_REQUEST` where it names none; it can't be had, or is too large.
    """
    url = fields.get("url", "").strip()
    if not url:
        raise unreadable("The body has no 'url'. A file itself is sent with its own Content-Type, or as multipart.")
    limit = file_limit_of(request)
    if (asset := await file_here(request, url)) is not None:
        file = await bring_stored(request, folder / "here", asset, limit)
        return Given(Part("url", file.path, file.name), url=url)
    part = await work.bring(request, folder, Source(url=url), limit)
    return Given(Part("url", part.path, name_of_url(url)), url=url)


async def received(request: HttpRequest, folder: Path) -> tuple[Given, Mapping[str, str]]:
    """Read the file that a body is, or the one of a form, with the form's texts; it is measured meanwhile (DX-08).

    Raises:
        FilemillError: `BAD_REQUEST` where there is none, or several; `FILE_TOO_LARGE`. A form may hold an empty file.
    """
    limit = file_limit_of(request)
    said = media_type(request)
    if said == "multipart/form-data":
        form = await read_multipart(request, folder, limit)
        if len(form.files) != 1:
            raise unreadable(f"The form has {len(form.files)} file parts; it has one, 'fileUpload'.")
        return Given(form.files[0]), form.texts
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    with Spool(folder / "body", limit) as spool:
        async for chunk in stream_of(request, Digests(None)):
            await spool.write(chunk)
    if not spool.size:
        raise unreadable("The body is empty; it is the file, a form with one, or names a 'url'.")
    name = file_name(request.headers.get("content-disposition")) or ""
    return Given(Part("body", spool.path, name), said or None), {}


async def decoded(given: Given, folder: Path) -> Given:
    """Decode a file that came as base64, with or without what a data URL has before it.

    Raises:
        FilemillError: `BAD_REQUEST` where it is none.
    """
    path = folder / "decoded"
    await asyncio.to_thread(_decode, given.part.path, path)
    return Given(Part(given.part.field, path, given.part.name), given.media_type, given.url)


def _decode(coded: Path, path: Path) -> None:
    """Decode base64 of either alphabet; a line break is passed over wherever it stands."""
    left = b""
    first = True
    with coded.open("rb") as source, path.open("xb") as target:
        while piece := source.read(_PIECE):
            if first and piece.startswith(b"data:"):
                piece = piece.partition(b",")[2]
            first = False
            left += piece.translate(None, _SPACE).replace(b"-", b"+").replace(b"_", b"/")
            whole = len(left) // 4 * 4 if b"=" not in left else 0
            target.write(_whole(left[:whole]))
            left = left[whole:]
            if len(left) > 2 * _PIECE:
                raise unreadable(_NO_BASE64)
        bare = left.rstrip(b"=")
        if not bare and left:
            raise unreadable(_NO_BASE64)
        target.write(_whole(bare + b"=" * (-len(bare) % 4)))


_NO_BASE64 = "The file is not base64, though 'base64decode' says so."


def _whole(piece: bytes) -> bytes:
    try:
        return base64.b64decode(piece, validate=True)
    except binascii.Error:
        raise unreadable(_NO_BASE64) from None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return ""
