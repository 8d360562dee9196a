"""Which addresses are public, after unwrapping the IPv4 addresses that IPv6 addresses carry.

`ipaddress.is_global` is no guard: it calls the NAT64 and 6to4 forms of 169.254.169.254 global.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and Alibaba's metadata service
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform address, inside a public range
        "169.254.0.0/16",  # link-local, and most metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and Oracle's metadata service
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")

# Everything outside is loopback, compatible, translated, discard, unique-local, link-local, site-local,
# multicast or unassigned. IPv4-mapped addresses are judged as the IPv4 address they connect to.
_OPEN_V6 = (IPv6Network("2000::/3"), _NAT64)
_CLOSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)

_IN_THE_LOW_BITS = (
    IPv6Network("::/96"),  # IPv4-compatible
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped
    IPv6Network("::ffff:0:0:0/96"),  # IPv4-translated (SIIT)
    _NAT64,
)
_HOST_ITSELF = (IPv6Address("::"), IPv6Address("::1"))

# Octets of the IPv4 address for the prefix lengths 48, 56, 64 and 96 of RFC 6052.
_NAT64_PLACES = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))


def connected(address: Address) -> Address:
    """Give the address a connection really goes to: an IPv4-mapped one goes out as IPv4."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def embedded(address: Address) -> tuple[IPv4Address, ...]:
    """Give every IPv4 address that an address carries, and so may lead to.

    Reads the IPv4-mapped, -compatible and -translated forms, NAT64 (well-known and local-use), 6to4, Teredo
    (server and client) and ISATAP.
    """
    return tuple(_embedded(address)) if isinstance(address, IPv6Address) else ()


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    octets = address.packed
    low = IPv4Address(octets[12:])
    if address not in _HOST_ITSELF and any(address in network for network in _IN_THE_LOW_BITS):
        yield low
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if octets[8] in (0, 2) and octets[9:12] == b"\x00\x5e\xfe":
        yield low
    if address in _NAT64_LOCAL:
        # The prefix length is the operator's choice and cannot be seen; an address in 0.0.0.0/8 says that
        # the place is not the one in use.
        for place in _NAT64_PLACES:
            if octets[place[0]]:
                yield IPv4Address(bytes(octets[index] for index in place))


def is_public(address: Address) -> bool:
    """Tell whether an address, and every IPv4 address it carries, is in public use."""
    return is_permitted(address, ())


def is_permitted(address: Address, networks: Sequence[Network]) -> bool:
    """Tell whether an address may be connected to: it and all it carries are each public or listed.

    Args:
        address: the address of the connection. One with a zone is never permitted.
        networks: the operator's networks. Listing a network of IPv6 addresses does not open what they carry.
    """
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    address = connected(address)
    return all(_is_open(form) or _is_in(form, networks) for form in (address, *embedded(address)))


def is_listed(address: Address, networks: Sequence[Network]) -> bool:
    """Tell whether an address or one it carries is in the operator's networks."""
    address = connected(address)
    return any(_is_in(form, networks) for form in (address, *embedded(address)))


def _is_open(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not _is_in(address, _CLOSED_V4)
    return _is_in(address, _OPEN_V6) and not _is_in(address, _CLOSED_V6)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
