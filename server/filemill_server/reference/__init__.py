"""The console page `/` and the interactive reference `/docs`: files of ours, nothing from another host."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from litestar import Response, route
from litestar.handlers import HTTPRouteHandler

from filemill.errors import ErrorCode, FilemillError
from filemill_server.wire import HttpRequest

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Everything comes from this server; no inline script or style; pictures may be the user's own (`blob:`)."""


class Asset(NamedTuple):
    """A file of the pages: its bytes, media type and strong validator."""

    body: bytes
    media_type: str
    etag: str


@cache
def reference_assets() -> dict[str, Asset]:
    """Return the files of both pages by name, such as `docs.html` and `style.css`."""
    assets: dict[str, Asset] = {}
    for file in files(__name__).joinpath("static").iterdir():
        extension = file.name[file.name.rfind(".") :]
        if extension in MEDIA_TYPES:
            body = file.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            assets[file.name] = Asset(body, MEDIA_TYPES[extension], etag)
    return assets


def reference_routes() -> list[HTTPRouteHandler]:
    """Return the routes `/`, `/docs` and `/docs/{name}`; none of them needs a key (NA-02)."""
    return [_console, _reference, _file]


@route("/", http_method=["GET", "HEAD"], name="console")
async def _console(request: HttpRequest) -> Response[bytes]:
    return _answer(request, "console.html")


@route("/docs", http_method=["GET", "HEAD"], name="reference")
async def _reference(request: HttpRequest) -> Response[bytes]:
    if request.scope["raw_path"].endswith(b"/"):  # the page names its files relative to `/docs`
        return Response(b"", status_code=308, headers={"Location": "../docs"})
    return _answer(request, "docs.html")


@route("/docs/{name:str}", http_method=["GET", "HEAD"], name="reference-file")
async def _file(request: HttpRequest) -> Response[bytes]:
    return _answer(request, request.path_params["name"])


def _answer(request: HttpRequest, name: str) -> Response[bytes]:
    asset = reference_assets().get(name)
    if asset is None:
        raise FilemillError(ErrorCode.NOT_FOUND, f"There is nothing at {request.url.path!r}.")
    headers = {**HEADERS, "ETag": asset.etag}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(asset.body, status_code=200, headers=headers | {"Content-Type": asset.media_type})
