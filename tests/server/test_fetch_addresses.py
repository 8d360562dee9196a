"""Which addresses are public, and what the operator's networks open."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis.strategies import ip_addresses

from filemill_server.fetch.addresses import embedded, is_listed, is_permitted, is_public

CLOSED_V4 = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.23",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
]

OPEN_V4 = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.1",
    "192.0.3.1",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
]

CLOSED_V6 = [
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b:1:808:8:800::",
    "64:ff9b:2::1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff::1",
    "2001:db8::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%1",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "ff0e::1",
    "2a00:1450::5efe:10.0.0.1",
    "2a00:1450::200:5efe:169.254.169.254",
    "2002:a9fe:a9fe::",
    "2002:7f00:1::1",
    "2002:a00:1::8.8.8.8",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b::0.0.0.1",
    "64:ff9b::c000:c0",
    "64:ff9b::a83f:8110",
]

OPEN_V6 = [
    "2606:4700:4700::1111",
    "2a00:1450:4001:82f::200e",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2400::1",
    "3ffe::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
    "2a00:1450::5efe:8.8.8.8",
]

# The forms that carry an IPv4 address, as text with the address in its place.
FORMS = (
    "::ffff:{}",
    "::{}",
    "::ffff:0:{}",
    "64:ff9b::{}",
    "64:ff9b:1::{}",
    "2a00::5efe:{}",
    "2a00::200:5efe:{}",
)


@pytest.mark.parametrize("text", CLOSED_V4 + CLOSED_V6)
def test_closed(text: str) -> None:
    """An address out of public use is not public."""
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OPEN_V4 + OPEN_V6)
def test_open(text: str) -> None:
    """A public address is public, beside every closed range and in the forms of a public IPv4 address."""
    assert is_public(ip_address(text))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", CLOSED_V4)
def test_closed_inside(form: str, text: str) -> None:
    """A closed IPv4 address is not public in any form."""
    assert not is_public(ip_address(form.format(text)))


@given(ip_addresses(v=4))
def test_never_more_than_the_registry(address: IPv4Address) -> None:
    """What Python's registry calls private is never public here."""
    assert address.is_global or not is_public(address)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("8.8.8.8", ""),
        ("::", ""),
        ("::1", ""),
        ("2606:4700:4700::1111", ""),
        ("::ffff:169.254.169.254", "169.254.169.254"),
        ("::ffff:a9fe:a9fe", "169.254.169.254"),
        ("::a9fe:a9fe", "169.254.169.254"),
        ("::ffff:0:a9fe:a9fe", "169.254.169.254"),
        ("64:ff9b::c000:221", "192.0.2.33"),
        ("2002:c000:221::1", "192.0.2.33"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "65.54.227.120 192.0.2.45"),
        ("fe80::5efe:192.0.2.143", "192.0.2.143"),
        ("2a00::200:5efe:192.0.2.143", "192.0.2.143"),
        ("2a00::300:5efe:192.0.2.143", ""),
        ("64:ff9b:1:c000:2:2100::", "192.0.2.33"),
        ("64:ff9b:1:c0:0:221::", "192.0.2.33"),
        ("64:ff9b:1:0:c0:2:2100:0", "192.0.2.33"),
        ("64:ff9b:1::192.0.2.33", "192.0.2.33"),
    ],
)
def test_embedded(text: str, inside: str) -> None:
    """The carried addresses are read as the RFCs write them, at each NAT64 prefix length."""
    assert {str(address) for address in embedded(ip_address(text))} >= set(inside.split())
    assert bool(embedded(ip_address(text))) == bool(inside)


@pytest.mark.parametrize(
    ("text", "networks", "permitted", "listed"),
    [
        ("10.0.0.1", "10.0.0.0/8", True, True),
        ("10.0.0.1", "192.168.0.0/16 10.0.0.1/32", True, True),
        ("10.0.0.2", "10.0.0.1/32", False, False),
        ("8.8.8.8", "10.0.0.0/8", True, False),
        ("::1", "::1/128", True, True),
        ("fd00::1", "fd00::/8", True, True),
        ("fe80::1%eth0", "fe80::/10", False, True),
        ("::ffff:10.0.0.1", "10.0.0.0/8", True, True),
        ("64:ff9b::10.0.0.1", "10.0.0.0/8", True, True),
        ("2002:a00:1::1", "10.0.0.0/8", True, True),
        ("::ffff:0:10.0.0.1", "10.0.0.0/8", False, True),
        ("::10.0.0.1", "10.0.0.0/8", False, True),
        ("64:ff9b:1::10.0.0.1", "10.0.0.0/8", False, True),
        ("64:ff9b:1::10.0.0.1", "64:ff9b:1::/48", False, True),
        ("64:ff9b:1::10.0.0.1", "64:ff9b:1::/48 10.0.0.0/8", True, True),
        ("64:ff9b:1::8.8.8.8", "64:ff9b:1::/48", True, True),
        ("64:ff9b::169.254.169.254", "64:ff9b::/96", False, True),
        ("::ffff:169.254.169.254", "::/0", False, False),
        ("2002:a9fe:a9fe::1", "::/0", False, True),
    ],
)
def test_operators_networks(text: str, networks: str, permitted: bool, listed: bool) -> None:
    """A listed network opens its own addresses and no form that carries an unlisted one."""
    listing = [ip_network(network) for network in networks.split()]
    assert is_permitted(ip_address(text), listing) is permitted
    assert is_listed(ip_address(text), listing) is listed
