"""Source URLs, read strictly: a spelling that two readers could take for two hosts is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin

import httpx

from filemill.errors import FilemillError
from filemill_server.fetch.refusals import forbidden, malformed

MAX_URL_LENGTH = 8192
"""Longest URL that is read, characters."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
_START = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:\[[0-9A-Fa-f:.]+]|[^\s@%:\[\]]+)(?::[0-9]{0,5})?")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def parse(text: str) -> httpx.URL:
    """Read a source URL.

    Args:
        text: an absolute http or https URL. Names of other scripts become their ASCII form.

    Raises:
        FilemillError: INVALID_PARAMETER, for other schemes, user names, control characters, backslashes,
            percent signs in the host, zone ids, and IPv4 addresses not written as four decimal numbers.
    """
    if len(text) > MAX_URL_LENGTH:
        raise malformed(f"The URL must have at most {MAX_URL_LENGTH} characters.")
    if _UNSAFE.search(text):
        raise malformed("The URL must not hold control characters or backslashes.")
    start = _START.match(text)
    if start is None:
        raise malformed("The URL must begin with http:// or https:// and a host.")
    if "@" in start[1]:
        raise malformed("The URL must not hold a user name or password; those of a source go in `headers`.")
    if not _AUTHORITY.fullmatch(start[1]):
        raise malformed("The URL has no valid host and port.")
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise malformed("The URL has no valid host and port.") from error
    if not 1 <= port_of(url) <= 65535:
        raise malformed("The port of the URL must be from 1 to 65535.")
    host = _host(url.raw_host.decode("ascii"))
    try:
        return url.copy_with(host=host)
    except httpx.InvalidURL as error:  # an address that is none, which a dot at its end had hidden
        raise malformed("The URL has no valid host and port.") from error


def _host(host: str) -> str:
    if ":" in host:
        return host.lower()
    name = host.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise malformed("The URL has no valid host and port.")
    # Resolvers take `0x7f.1` and `2130706433` for addresses: a last label that is a number is never a name.
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not _IPV4.fullmatch(name):
        raise malformed("An IPv4 address in the URL must be written as four decimal numbers.")
    return name


def redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Read the target of a redirect, which may be relative to the URL that gave it.

    Raises:
        FilemillError: SOURCE_FORBIDDEN, for a target that would be refused as a source URL.
    """
    try:
        return parse(urljoin(str(url), location))
    except (FilemillError, ValueError) as error:
        raise forbidden() from error


def port_of(url: httpx.URL) -> int:
    """Give the port a URL connects to."""
    return _DEFAULT_PORTS[url.scheme] if url.port is None else url.port


def origin(url: httpx.URL) -> tuple[str, bytes, int]:
    """Give scheme, host and port: what must be equal for credentials to follow a redirect."""
    return url.scheme, url.raw_host, port_of(url)


def is_below(url: httpx.URL, hosts: Iterable[str]) -> bool:
    """Tell whether the host of a URL that was read is one of some names in ASCII, or below one; an address never is."""
    host = url.raw_host.decode("ascii").lower()
    if ":" in host or _IPV4.fullmatch(host):
        return False
    return any(f".{host}".endswith(f".{name.lower()}") for name in hosts)
