"""What a request to FileWhirl asks for: a file or its URL, and the format that it is to become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from filemill.errors import invalid
from filemill_server.bodies import Part
from filemill_server.bodies.body import media_type
from filemill_server.dialects.bodies import read_multipart, read_object
from filemill_server.fetch.urls import parse
from filemill_server.names import file_name
from filemill_server.wire import HttpRequest


class Asked(Struct, frozen=True):
    """A request: the file or its URL, the format, and the file's name where it has one."""

    given: Part | str
    to: str
    name: str | None


async def read_asked(request: HttpRequest, folder: Path, limit: int) -> Asked:
    """Read a request; where it has both a file and a URL, the file counts (FW-10, FW-13, FW-17).

    Raises:
        FilemillError: what is missing or malformed, `FILE_TOO_LARGE` past the limit, bytes.
    """
    if media_type(request) == "multipart/form-data":
        form = await read_multipart(request, folder, limit)
        files, fields = form.named("file"), dict[str, Any](form.texts)
    else:
        files, fields = [], await read_object(request)
    to = _text(fields, "to").lower().removeprefix(".")
    if not to:
        raise invalid("/to", "'to' is missing. It names the format that the file is to become, such as jpg.")
    if files:
        return Asked(files[-1], to, files[-1].name)
    url = _text(fields, "url")
    if not url:
        raise invalid("/file", "A file is needed: 'file' in a form, or 'url' in JSON.")
    return Asked(url, to, file_name(None, parse(url).raw_path.decode("ascii").partition("?")[0]))


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise invalid(f"/{name}", f"{name!r} must be text.")
    return value.strip()
