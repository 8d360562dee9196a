"""Where webhooks are not sent: closed addresses, redirects, names that change, http."""

from __future__ import annotations

from itertools import chain, repeat

import pytest

from filemill.errors import ErrorCode, FilemillError
from filemill_server.settings.declared import Settings
from filemill_server.webhooks.delivery import DeliveryPolicy, Outcome, target
from webhook_receiver import receiving, resolve, send, status

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("line", ["301 x", "302 x", "303 x", "307 x", "308 x"])
async def test_redirects_are_not_followed(line: str) -> None:
    """A redirect is a failure, wherever it leads."""
    async with receiving(status("200 OK")) as other, receiving(status(line, f"location: {other.url}")) as receiver:
        attempt = await send(receiver.url)
    assert (attempt.outcome, attempt.status, other.requests) == (Outcome.RETRY, int(line[:3]), [])


REFUSED = [
    "http://10.0.0.1/",
    "http://127.0.0.2/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.168.1.1/",
    "http://0.0.0.0/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[fd00:ec2::254]/",
    "http://8.8.8.8:22/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://user:password@127.0.0.1/",
    "http://127.0.0.1:{port}/\r\nx: y",
    "http://127.0.0.1:{port}\\@8.8.8.8/",
    "http://127.0.0.1:{port}%0d%0ax/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "127.0.0.1:{port}",
    "",
]


@pytest.mark.parametrize("url", REFUSED)
async def test_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To an address that is not public or listed, and to a doubtful URL, nothing is sent, now or later."""
    resolve(monkeypatch, repeat([]))
    async with receiving(status("200 OK")) as receiver:
        attempt = await send(url.replace("{port}", str(receiver.port)))
    assert (attempt.outcome, attempt.status, attempt.wait_seconds) == (Outcome.REFUSED, None, None)
    assert receiver.requests == []


@pytest.mark.parametrize("text", ["10.0.0.1", "127.0.0.2", "169.254.169.254", "::1", "fe80::1"])
async def test_names_of_closed_addresses(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is refused if one of its addresses is, also beside one that is open."""
    async with receiving(status("200 OK")) as receiver:
        resolve(monkeypatch, iter([[text], ["127.0.0.1", text]]))
        attempts = [await send(f"http://hooks.test:{receiver.port}/") for _ in range(2)]
    assert ([attempt.outcome for attempt in attempts], receiver.requests) == ([Outcome.REFUSED] * 2, [])


async def test_names_that_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is looked up once for an attempt and checked at each, so that a change opens nothing."""
    async with receiving(status("500 Oops")) as receiver:
        names = resolve(monkeypatch, chain([["127.0.0.1"]], repeat(["169.254.169.254"])))
        first = await send(f"http://hooks.test:{receiver.port}/", 1)
        assert (first.outcome, names, len(receiver.requests)) == (Outcome.RETRY, ["hooks.test"], 1)
        second = await send(f"http://hooks.test:{receiver.port}/", 2)
    assert (second.outcome, len(names), len(receiver.requests)) == (Outcome.REFUSED, 2, 1)


async def test_https_only() -> None:
    """An http URL is refused before anything is sent, unless the operator allows it."""
    policy = DeliveryPolicy.of(Settings(fetch_allow_networks=("127.0.0.1/32",)))
    async with receiving(status("200 OK")) as receiver:
        refused = await send(receiver.url, 1, policy)
        with pytest.raises(FilemillError, match="must begin with https://") as caught:
            target(receiver.url, policy)
        allowed = DeliveryPolicy.of(Settings(fetch_allow_networks=("127.0.0.1/32",), webhook_allow_http=True))
        delivered = await send(receiver.url, 1, allowed)
    assert (caught.value.code, caught.value.faults[0].pointer) == (ErrorCode.INVALID_PARAMETER, "/url")
    assert (refused.outcome, delivered.outcome, len(receiver.requests)) == (Outcome.REFUSED, Outcome.DELIVERED, 1)
    assert 15 <= policy.timeout_seconds <= 30
