"""Gives the bytes of a stored file: whole, in part, or not at all where the client has them (NC-10, NC-11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from litestar import Response
from litestar.response import Stream

from filemill.errors import ErrorCode, FilemillError
from filemill_server.assets import Asset
from filemill_server.browsers import guarding_headers
from filemill_server.conditions import Version, asked_range, is_unchanged
from filemill_server.names import content_disposition
from filemill_server.problems import answer_error
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest

Refuse = Callable[[HttpRequest, FilemillError], Response[bytes]]


async def serve(
    request: HttpRequest, asset: Asset, more: Mapping[str, str] = {}, refuse: Refuse = answer_error
) -> Response[bytes] | Stream:
    """Answer `GET` or `HEAD` with an asset, whoever it was that found out that the request may have it.

    Args:
        request: who asks, with its conditions and its range.
        asset: the asset.
        more: headers in place of those that are made here, or beside them.
        refuse: answers where the range is beyond the end.

    Raises:
        FilemillError: `NOT_FOUND` where it was deleted meanwhile.
    """
    version = version_of(asset)
    left = max(int((asset.expires_at - datetime.now(UTC)).total_seconds()), 0) if asset.expires_at else 31536000
    headers = {
        "ETag": version.etag,
        "Last-Modified": version.last_modified,
        "Cache-Control": f"{'public' if asset.public else 'private'}, max-age={left}",
        "Accept-Ranges": "bytes",
        **guarding_headers(asset.media_type),
    }
    if not asset.public:
        headers["Vary"] = "Authorization, X-API-Key"
    headers |= more
    if is_unchanged(version, request.headers.get("if-none-match"), request.headers.get("if-modified-since")):
        return Response(b"", status_code=304, headers=headers)
    headers.setdefault("Content-Disposition", content_disposition(asset.filename, asset.media_type))
    if "sha-256" in request.headers.get("want-repr-digest", "sha-256"):
        headers["Repr-Digest"] = version.repr_digest
    if request.method == "HEAD":
        headers["Content-Length"] = str(asset.size)
        return Response(b"", status_code=200, headers=headers, media_type=asset.media_type)
    try:
        part = asked_range(version, request.headers.get("range"), request.headers.get("if-range"))
    except FilemillError as error:
        response = refuse(request, error)
        response.headers["Content-Range"] = f"bytes */{asset.size}"
        return response
    start, end = part or (0, asset.size)
    headers["Content-Length"] = str(end - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{asset.size}"
    try:
        pieces = await services_of(request).storage.begin(asset.storage_name, start, end)
    except FileNotFoundError:  # deleted since it was looked up
        raise missing_asset() from None
    return Stream(pieces, status_code=206 if part else 200, headers=headers, media_type=asset.media_type)


def version_of(asset: Asset) -> Version:
    """Return what tells this version of an asset from others."""
    return Version(asset.sha256, asset.size, asset.modified_at)


def missing_asset() -> FilemillError:
    """Make the one answer for expired, deleted, foreign and unknown assets."""
    return FilemillError(ErrorCode.NOT_FOUND, "There is no such asset, or it has expired.")
