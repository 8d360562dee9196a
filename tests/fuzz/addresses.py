"""Target: which addresses may be connected to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path

from filemill_server.fetch.addresses import Address, connected, embedded, is_listed, is_permitted, is_public
from fuzz.engine import Target
from fuzz.guidance import SERVER

_TEXTS = (
    *("8.8.8.8", "127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    *("224.0.0.1", "255.255.255.255", "0.0.0.0", "172.31.255.255", "192.88.99.1", "198.18.0.1", "203.0.113.7"),
    *("2606:4700::1111", "::1", "::", "fe80::1", "fd00::1", "fec0::1", "ff02::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1"),
    *("64:ff9b::808:808", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:808:808::1", "2002:7f00:1::1", "2001:db8::1"),
    *("2001:0:808:808::", "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1", "::ffff:0:127.0.0.1", "100::1"),
)
_PLACES = {  # of the IPv4 address in an IPv6 address, by the network that says it is there
    IPv6Network("::ffff:0:0/96"): 96,
    IPv6Network("::ffff:0:0:0/96"): 96,
    IPv6Network("64:ff9b::/96"): 96,
    IPv6Network("2002::/16"): 16,
    IPv6Network("2001::/32"): 32,
}


def target(folder: Path) -> Target:
    """Public is only what Python's tables have as global, with every IPv4 address that it carries."""

    def check(data: bytes) -> bool:
        address = _address(data)
        goes_to = connected(address)
        assert is_permitted(address, ()) == is_public(address)
        assert not is_listed(address, ())
        if not is_public(address):
            return False
        assert goes_to.is_global, "Python's own tables know better"
        assert not goes_to.is_multicast
        assert not goes_to.is_link_local
        for carried in {*embedded(address), *_carried(address)}:
            assert is_public(carried), f"it carries {carried}"
        return True

    seeds = [ip_address(text).packed for text in _TEXTS if is_public(ip_address(text))]
    tokens = [ip_address(text).packed for text in _TEXTS] + [ip_address(text).packed[:6] for text in _TEXTS]
    return Target(name="addresses", check=check, seeds=seeds, tokens=tokens, longest=16, traced=SERVER)


def _address(data: bytes) -> Address:
    return IPv4Address(data[:4].ljust(4, b"\0")) if len(data) <= 4 else IPv6Address(data.ljust(16, b"\0"))


def _carried(address: Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    number = int(address)
    return [
        IPv4Address(number >> (96 - start) & 0xFFFFFFFF) for network, start in _PLACES.items() if address in network
    ]
