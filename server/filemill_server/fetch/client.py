"""Fetch a file from a URL that a stranger gave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import httpcore
import httpx
from anyio import to_thread
from msgspec import Struct

from filemill_server.fetch.encodings import decoded
from filemill_server.fetch.network import NETWORK_FAILURES, guarded_pool
from filemill_server.fetch.policy import FetchPolicy
from filemill_server.fetch.refusals import HEADERS_POINTER, malformed, outside, too_large, unreachable
from filemill_server.fetch.urls import is_below, origin, parse, port_of, redirected
from filemill_server.names import file_name

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_A_WHOLE_FILE = frozenset({204, 205, 206})

_OWN_HEADERS = {"accept": "*/*", "user-agent": "filemill"}
# A caller who sets one of these could change where the request ends, whom it reaches or what comes back.
_RESERVED_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?|")
_MEDIA_TYPE = re.compile(r"\s*([a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64})\s*(?:;|$)", re.IGNORECASE)


class Fetched(Struct, frozen=True):
    """What a fetch brought.

    Fields:
        size: bytes in the file.
        name: the source's name for it, without folders.
        media_type: what the source says it is, in lower case and without parameters; not to be believed.
    """

    size: int
    name: str | None
    media_type: str | None


async def fetch(url: str, to: Path, *, policy: FetchPolicy, headers: Mapping[str, str] = {}) -> Fetched:
    """Stream the file behind a URL to disk.

    Args:
        url: an absolute http or https URL.
        to: the file to make. It must not exist yet, and does not after a failure.
        policy: limits of size and time, and which addresses may be connected to.
        headers: sent along until a redirect leaves the URL's origin.

    Raises:
        FilemillError: INVALID_PARAMETER, for a URL or headers that cannot be used; SOURCE_FORBIDDEN, for an
            address that is not public or listed, or a host that is none of `policy.hosts`, at the URL or at any
            redirect; FILE_TOO_LARGE, above `policy.max_bytes`; SOURCE_UNREACHABLE, for all else that kept the
            source from giving a file.
        OSError: if the file cannot be made or written.
    """
    first = parse(url)
    sent = _checked(headers)
    with to.open("xb") as file:
        try:
            async with guarded_pool(policy, policy.timeout_seconds) as pool:
                return await _follow(pool, first, file, policy, sent)
        except BaseException as error:
            to.unlink(missing_ok=True)
            if isinstance(error, NETWORK_FAILURES):
                raise unreachable() from error
            raise


async def _follow(
    pool: httpcore.AsyncConnectionPool,
    url: httpx.URL,
    file: BinaryIO,
    policy: FetchPolicy,
    headers: dict[str, str],
) -> Fetched:
    for _ in range(policy.max_redirects + 1):
        if policy.hosts is not None and not is_below(url, policy.hosts):
            raise outside()
        # Every hop has its own connection, so that every hop passes the check.
        fixed = {"host": url.netloc.decode("ascii"), "accept-encoding": "identity", "connection": "close"}
        async with pool.stream(
            "GET",
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port_of(url), target=url.raw_path),
            headers=list((_OWN_HEADERS | headers | fixed).items()),
            extensions={"timeout": {"connect": policy.connect_timeout_seconds}},
        ) as response:
            location = _header(response, b"location")
            if response.status not in _REDIRECTS or location is None:
                return await _store(response, url, file, policy.max_bytes)
        following = redirected(url, location)
        if origin(following) != origin(url):
            headers = {}
        url = following
    raise unreachable(f"The source redirects more than {policy.max_redirects} times.")


async def _store(response: httpcore.Response, url: httpx.URL, file: BinaryIO, max_bytes: int) -> Fetched:
    if not 200 <= response.status < 300 or response.status in _NOT_A_WHOLE_FILE:
        raise unreachable(f"The source answered with status {response.status}.")
    length = _header(response, b"content-length") or ""
    if length.isdecimal() and int(length) > max_bytes:
        raise too_large(max_bytes, int(length))
    size = 0
    async for piece in decoded(response.aiter_stream(), _header(response, b"content-encoding") or ""):
        size += len(piece)
        if size > max_bytes:
            raise too_large(max_bytes, size)
        await to_thread.run_sync(file.write, piece)
    await to_thread.run_sync(file.flush)
    media_type = _MEDIA_TYPE.match(_header(response, b"content-type") or "")
    return Fetched(
        size=size,
        name=file_name(_header(response, b"content-disposition"), url.raw_path.decode("ascii").partition("?")[0]),
        media_type=media_type[1].lower() if media_type else None,
    )


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise malformed("A header's name or value holds characters that cannot be sent.", HEADERS_POINTER)
        if name.lower() in _RESERVED_HEADERS or name.lower().startswith("proxy-"):
            raise malformed(f"The header {name} cannot be set for a source.", HEADERS_POINTER)
    return {name.lower(): value for name, value in headers.items()}


def _header(response: httpcore.Response, name: bytes) -> str | None:
    for key, value in response.headers:
        if key.lower() == name:
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                return value.decode("latin-1")
    return None
