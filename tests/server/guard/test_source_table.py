"""The table of source URLs: fetched, and by a redirect, none leads to this machine or to what is beside it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import chain, cycle, repeat
from pathlib import Path

import httpx
import pytest

from closed_network import ALLOWED, OUTSIDE, ClosedNetwork, closed_network, outside, page, redirect
from filemill.errors import ErrorCode, FilemillError
from filemill_server.fetch.client import fetch
from filemill_server.fetch.policy import FetchPolicy
from filemill_server.settings import load_settings
from filemill_server.webhooks.delivery import DeliveryPolicy, Outcome
from source_urls import SOURCE_URLS
from webhook_receiver import send

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run the tests on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(scope="module")
def the_network() -> Iterator[ClosedNetwork]:
    """The listener on every address."""
    with closed_network() as made:
        yield made


@pytest.fixture
def network(the_network: ClosedNetwork) -> ClosedNetwork:
    """The listener, with nothing counted yet."""
    the_network.forget()
    return the_network


def policy(network: ClosedNetwork, *more: str) -> FetchPolicy:
    """Allow the listener's port, and the server outside: nothing but the address can be what is refused."""
    networks = tuple(map(ip_network, (ALLOWED, *more)))
    ports = frozenset({80, 443, network.port})
    return FetchPolicy(max_bytes=1000, timeout_seconds=30, allow_networks=networks, allow_ports=ports)


async def refusal(url: str, to: Path, policy: FetchPolicy) -> FilemillError:
    """Give the error of a fetch that must fail."""
    with pytest.raises(FilemillError) as caught:
        await fetch(url, to, policy=policy)
    return caught.value


def test_the_table_is_large_and_has_every_class() -> None:
    """At least 120 URLs, none of them twice, each of a class that is named."""
    assert len({row.url for row in SOURCE_URLS}) == len(SOURCE_URLS) >= 120
    groups = {row.group for row in SOURCE_URLS}
    assert groups >= {
        *("private", "loopback", "link-local", "metadata", "metadata by name", "carrier-grade NAT", "multicast"),
        *("reserved", "test ranges", "decimal", "octal", "hexadecimal", "mixed", "short", "IPv4-mapped"),
        *("IPv4-compatible", "NAT64", "NAT64 of a network", "6to4", "Teredo", "ISATAP", "SIIT", "user names"),
        *("fragments", "trailing dots", "IDN", "full-width digits", "other schemes", "names", "ports"),
    }
    assert all(row.why for row in SOURCE_URLS)


async def test_none_is_fetched(network: ClosedNetwork, tmp_path: Path) -> None:
    """Each is refused with its code, without a connection, a file, or an address in the text."""
    wrong = []
    for row in SOURCE_URLS:
        error = await refusal(row.url.replace("{p}", str(network.port)), tmp_path / "file", policy(network))
        if error.code is not row.code or "127" in error.detail or error.faults[0].pointer != "/url":
            wrong.append((row.group, row.url[:80], str(error.code), error.detail))
    assert not wrong, wrong
    assert (network.arrived, network.dialled, list(tmp_path.iterdir())) == ([], [], [])


async def test_none_is_followed(network: ClosedNetwork, tmp_path: Path) -> None:
    """A server that may be fetched from redirects to each: the same, and the redirect tells nothing more."""
    pages = {
        f"/{number}": redirect(row.url.replace("{p}", str(network.port))) for number, row in enumerate(SOURCE_URLS)
    }
    wrong = []
    with outside(pages) as origin:
        for number, row in enumerate(SOURCE_URLS):
            error = await refusal(f"{origin}/{number}", tmp_path / "file", policy(network))
            # What is relative stays at the server that redirects, and what is no header leads nowhere.
            stays = row.group == "no host" or bool({"\n", "\x00"} & set(row.url))
            expected = {ErrorCode.SOURCE_FORBIDDEN, *([ErrorCode.SOURCE_UNREACHABLE] if stays else [])}
            if error.code not in expected or "127.0" in error.detail:
                wrong.append((row.group, row.url[:80], str(error.code), error.detail))
    assert not wrong, wrong
    assert (network.arrived, set(network.dialled)) == ([], {OUTSIDE})


async def test_no_webhook_goes_there(network: ClosedNetwork) -> None:
    """No message is sent to any of them, now or later."""
    settings = load_settings(
        {
            "FILEMILL_FETCH_ALLOW_NETWORKS": ALLOWED,
            "FILEMILL_FETCH_ALLOW_PORTS": str(network.port),
            "FILEMILL_WEBHOOK_ALLOW_HTTP": "true",
        }
    )
    wrong = []
    for row in SOURCE_URLS:
        attempt = await send(row.url.replace("{p}", str(network.port)), 1, DeliveryPolicy.of(settings))
        if attempt.outcome is not Outcome.REFUSED or attempt.wait_seconds is not None:
            wrong.append((row.group, row.url, attempt))
    assert not wrong, wrong
    assert (network.arrived, network.dialled) == ([], [])


async def test_a_network_that_is_listed_can_be_reached(network: ClosedNetwork, tmp_path: Path) -> None:
    """The same listener answers where the operator lists its network: the zeros elsewhere mean something."""
    hosts = ["127.0.0.1", "127.1.2.3", "localhost", "bücher.test", "[::ffff:127.0.0.1]", "127.0.0.1."]
    if socket.has_dualstack_ipv6():
        hosts.append("[::1]")
    allowed = policy(network, "127.0.0.0/8", "::1/128")
    for number, host in enumerate(hosts):
        await fetch(f"http://{host}:{network.port}/", tmp_path / str(number), policy=allowed)
    assert len(network.arrived) == len(hosts)
    assert {file.read_bytes() for file in tmp_path.iterdir()} == {b"secret"}


async def test_a_name_that_changes_its_answer(network: ClosedNetwork, tmp_path: Path) -> None:
    """A name is looked up once for a connection, which goes to the address that was checked; then it is refused."""
    with outside({"/": page(b"public"), "/again": redirect("/")}) as origin:
        url = origin.replace(OUTSIDE, "rebind.test")
        network.answers["rebind.test"] = chain([[OUTSIDE]], cycle([["127.0.0.1"]]))
        await fetch(f"{url}/", tmp_path / "file", policy=policy(network))
        assert (network.looked_up, network.dialled) == (["rebind.test"], [OUTSIDE])
        network.answers["rebind.test"] = chain([[OUTSIDE]], cycle([["127.0.0.1"]]))
        error = await refusal(f"{url}/again", tmp_path / "second", policy(network))  # between a page and the next
    assert (tmp_path / "file").read_bytes() == b"public"
    assert error.code is ErrorCode.SOURCE_FORBIDDEN
    assert (network.arrived, network.dialled) == ([], [OUTSIDE, OUTSIDE])


async def test_a_name_is_not_looked_up_a_second_time(network: ClosedNetwork, tmp_path: Path) -> None:
    """A public address that does not answer is not asked for again: what the name says then would count unchecked."""
    network.answers["rebind.test"] = chain([["8.8.8.8"]], cycle([["127.0.0.1"]]))
    error = await refusal(f"http://rebind.test:{network.port}/", tmp_path / "file", policy(network))
    assert error.code is ErrorCode.SOURCE_UNREACHABLE
    assert (network.arrived, network.looked_up, network.dialled) == ([], ["rebind.test"], ["8.8.8.8"])


async def test_the_next_address_of_a_name(network: ClosedNetwork, tmp_path: Path) -> None:
    """An address that does not accept is followed by the next one."""
    network.answers["two.test"] = repeat(["8.8.8.8", OUTSIDE])
    with outside({"/": page(b"public")}) as origin:
        url = origin.replace(OUTSIDE, "two.test")
        allowed = FetchPolicy(
            max_bytes=9,
            timeout_seconds=30,
            allow_networks=(ip_network(ALLOWED),),
            allow_ports=frozenset({httpx.URL(url).port or 80}),
        )
        await fetch(f"{url}/", tmp_path / "file", policy=allowed)
    assert network.dialled == ["8.8.8.8", OUTSIDE]


async def test_an_answer_of_good_and_bad_addresses(network: ClosedNetwork, tmp_path: Path) -> None:
    """One address that is off limits refuses the name, wherever it stands among the others."""
    for bad in ("127.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254", "::ffff:10.0.0.1", "fe80::1%lo"):
        for answer in ([bad, OUTSIDE], [OUTSIDE, bad], ["8.8.8.8"] * 20 + [bad]):
            network.answers["mixed.test"] = repeat(answer)
            error = await refusal(f"http://mixed.test:{network.port}/", tmp_path / "file", policy(network))
            assert error.code is ErrorCode.SOURCE_FORBIDDEN
    assert (network.arrived, network.dialled) == ([], [])


async def test_open_and_closed_ports_read_alike(network: ClosedNetwork, tmp_path: Path) -> None:
    """Of an address that is off limits nothing is told: neither a port that listens nor one that does not."""
    said = {
        (error.code, error.detail, str(error.extra), str(error.faults))
        for host in ("127.0.0.1", "localhost", "[::1]", "10.0.0.1")
        for port in (network.port, 1, 80)
        for error in [await refusal(f"http://{host}:{port}/", tmp_path / "file", policy(network))]
    }
    assert len(said) == 1
    assert network.dialled == []


async def test_ports_are_the_webs_and_those_that_are_set(network: ClosedNetwork, tmp_path: Path) -> None:
    """A port of a public address is dialled where it is 80, 443 or set, and refused else; so it is for webhooks."""
    network.answers["public.test"] = repeat(["8.8.8.8"])
    for given, dialled in (("", {80, 443}), ("8080,8443", {80, 443, 8080, 8443})):
        settings = load_settings({"FILEMILL_FETCH_ALLOW_PORTS": given})
        assert settings.ports == dialled == DeliveryPolicy.of(settings).allow_ports
        allowed = FetchPolicy(max_bytes=1000, timeout_seconds=30, allow_ports=settings.ports)
        for port in (22, 80, 443, 6379, 8080, 8443):
            network.dialled.clear()
            error = await refusal(f"http://public.test:{port}/", tmp_path / "file", allowed)
            open_ = port in dialled
            assert error.code is (ErrorCode.SOURCE_UNREACHABLE if open_ else ErrorCode.SOURCE_FORBIDDEN)
            assert network.dialled == (["8.8.8.8"] if open_ else [])
