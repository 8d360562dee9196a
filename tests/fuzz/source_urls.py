"""Target: source URLs, and where a redirect of one may lead."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from filemill.errors import ErrorCode, FilemillError
from filemill_server.fetch.addresses import is_public
from filemill_server.fetch.urls import MAX_URL_LENGTH, is_below, origin, parse, port_of, redirected
from fuzz.engine import Target
from fuzz.guidance import SERVER

_BASE = "https://example.com/a/b?c"
_HOSTS = (
    *(
        "example.com",
        "EXAMPLE.com.",
        "xn--bcher-kva.example",
        "bücher.example",
        "１２７.0.0.1",
        "ⓔxample.com",
        "a_b.example",
    ),
    *("127.0.0.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "169.254.169.254", "8.8.8.8", "1.2.3.4.5", "0"),
    *("[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2606:4700::1]", "[fe80::1%25eth0]"),
    *("localhost", "metadata.google.internal", "a" * 63 + ".example", "127.0.0.1.nip.io", "0x7f000001.example"),
)
_TOKENS = tuple(
    text.encode()
    for text in (
        *_HOSTS,
        *("http://", "https://", "HTTP://", "//", "ftp://", "file:///", "@", "user:pw@", ":80", ":443", ":0", ":65536"),
        *("#", "?", "\\", "%2e", "%00", "%", "\t", "\n", "。", "．", "․", "\u200b", "\u00ad", "ß", "İ", "[", "]", "::"),
    )
)


def target(folder: Path) -> Target:
    """A URL that is read has one host, the same to every reader; a number is one only as four decimal parts."""

    def check(data: bytes) -> bool:
        text = data.decode("utf-8", "surrogateescape")
        _check_redirect(text)
        try:
            url = parse(text)
        except FilemillError as error:
            assert error.code is ErrorCode.INVALID_PARAMETER, error.code
            assert [fault.pointer for fault in error.faults] == ["/url"]
            return False
        _check_read(url)
        return True

    seeds = [f"http://{host}/a%20b/c.jpg?d=e#f".encode() for host in _HOSTS if _is_read(f"http://{host}/")]
    seeds += [b"HTTPS://example.com:8443", "http://münchen.example/ä ö?ü".encode()]
    return Target(name="source-urls", check=check, seeds=seeds, tokens=_TOKENS, longest=9000, traced=SERVER)


def _is_read(url: str) -> bool:
    try:
        parse(url)
    except FilemillError:
        return False
    return True


def _check_redirect(location: str) -> None:
    try:
        _check_read(redirected(parse(_BASE), location))
    except FilemillError as error:
        assert error.code is ErrorCode.SOURCE_FORBIDDEN, error.code


def _check_read(url: httpx.URL) -> None:
    host = url.raw_host.decode("ascii")
    assert url.scheme in ("http", "https")
    assert 1 <= port_of(url) <= 65535
    assert not url.userinfo
    assert host == host.lower()
    assert not host.endswith(".")
    if len(str(url)) <= MAX_URL_LENGTH:  # what is not ASCII becomes longer
        again = parse(str(url))
        assert (again, origin(again)) == (url, origin(url)), "written and read again it is another"
    plain = urlsplit(str(url))
    assert (plain.hostname, plain.port) == (host, url.port), "two readers take it for two hosts"
    assert is_below(url, [host]) != _is_address(host)
    try:
        number = socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        pass  # libc takes it for no address
    else:
        assert number == host, "libc takes it for an address that is written in another way"
    if _is_address(host):
        address = ip_address(host)
        assert is_public(address) <= _is_global(str(address)), "public only to us"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_global(text: str) -> bool:
    """Whether Python's own tables have an address as global, too: they know less, but nothing that we do not."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_global
    return address.is_global and not address.is_multicast
