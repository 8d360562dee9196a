"""Attempts at delivery: what the receiver gets, and what is made of its answer."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import time
from itertools import repeat
from pathlib import Path

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from certificates import certificate
from filemill_server.fetch import network
from filemill_server.webhooks.delivery import (
    MAX_BODY_BYTES,
    Attempt,
    Endpoint,
    Message,
    Outcome,
    compose,
    deliver,
)
from filemill_server.webhooks.signatures import make_secret
from webhook_receiver import MESSAGE, POLICY, SECRET, Answer, receiving, resolve, send, status

pytestmark = pytest.mark.anyio


async def test_delivered() -> None:
    """The receiver's package verifies the message, which arrives as it was signed: minified, of one line."""
    async with receiving(status("204 No Content")) as receiver:
        attempt = await send(receiver.url)
    assert attempt == Attempt(Outcome.DELIVERED, "The endpoint took the message.", 204)
    [(line, headers, body)] = receiver.requests
    assert line == "POST /hook?a=b HTTP/1.1"
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)
    assert body == MESSAGE.body == '{"id":"job_1","state":"succeeded","note":"ä\\r\\n"}'.encode()
    assert headers["webhook-id"] == "msg_1"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 5
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(make_secret()).verify(body, headers)


async def test_rotation() -> None:
    """During a rotation the receiver may verify with the old secret or the new one."""
    new = make_secret()
    async with receiving(status("200 OK")) as receiver:
        await send(receiver.url, 1, POLICY, SECRET, new)
    [(_, headers, body)] = receiver.requests
    assert [Webhook(secret).verify(body, headers)["id"] for secret in (SECRET, new)] == ["job_1", "job_1"]
    assert len(headers["webhook-signature"].split(" ")) == 2


async def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TLS the certificate must be trusted and of the endpoint's name, which the address is dialled for."""
    resolve(monkeypatch, repeat(["127.0.0.1"]))
    path = certificate(tmp_path, "hooks.test")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(path)
    secure = msgspec.structs.replace(POLICY, allow_http=False)
    async with receiving(status("200 OK"), tls) as receiver:
        untrusted = await send(f"https://hooks.test:{receiver.port}/", 1, secure)
        trusting = ssl.create_default_context(cafile=path)
        monkeypatch.setattr(network, "_tls", lambda: trusting)
        wrong = await send(f"https://other.test:{receiver.port}/", 1, secure)
        right = await send(f"https://hooks.test:{receiver.port}/", 1, secure)
    assert (untrusted.outcome, wrong.outcome, right.outcome) == (Outcome.RETRY, Outcome.RETRY, Outcome.DELIVERED)
    [(_, headers, body)] = receiver.requests
    assert Webhook(SECRET).verify(body, headers)["id"] == "job_1"


@pytest.mark.parametrize("line", ["200 OK", "201 Created", "202 Accepted", "206 Partial Content", "299 Fine"])
async def test_any_2xx_is_success(line: str) -> None:
    """Every 2xx ends the matter."""
    async with receiving(status(line)) as receiver:
        attempt = await send(receiver.url)
    assert (attempt.outcome, attempt.status, attempt.wait_seconds) == (Outcome.DELIVERED, int(line[:3]), None)


async def test_gone_disables() -> None:
    """410 says that the endpoint is to get nothing any more."""
    async with receiving(status("410 Gone", "retry-after: 5")) as receiver:
        attempt = await send(receiver.url)
    assert (attempt.outcome, attempt.status, attempt.wait_seconds) == (Outcome.DISABLED, 410, None)


@pytest.mark.parametrize("line", ["304 Not Modified", "404 Not Found", "400 Bad Request", "500 Oops"])
async def test_other_statuses_are_tried_again(line: str) -> None:
    """Whatever else is answered is tried again on schedule, and the tenth attempt is the last."""
    async with receiving(status(line)) as receiver:
        first, ninth, last = [await send(receiver.url, number) for number in (1, 9, 10)]
    assert (first.outcome, ninth.outcome, first.status) == (Outcome.RETRY, Outcome.RETRY, int(line[:3]))
    assert 5 <= (first.wait_seconds or 0) <= 5.5
    assert 86_400 <= (ninth.wait_seconds or 0) <= 95_040
    assert (last.outcome, last.wait_seconds) == (Outcome.EXHAUSTED, None)


@pytest.mark.parametrize(("asked", "least"), [("60", 60), ("1", 5), ("9999999999", 86_400), ("never", 5)])
async def test_retry_after(asked: str, least: float) -> None:
    """The receiver may ask for a longer wait than planned, up to the schedule's longest."""
    async with receiving(status("503 Busy", f"Retry-After: {asked}")) as receiver:
        attempt = await send(receiver.url)
    assert least <= (attempt.wait_seconds or 0) <= least * 1.1


def endless(start: bytes, piece: bytes, pause: float = 0) -> tuple[Answer, list[int]]:
    """Make an answer that never ends, and the list of the sizes of what was sent of it."""
    sent: list[int] = []

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            sent.append(len(piece))
            await asyncio.sleep(pause)

    return answer, sent


OK_HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "piece", "pause", "outcome"),
    [
        (OK_HEAD, b"4000\r\n" + bytes(0x4000) + b"\r\n", 0, Outcome.DELIVERED),
        (OK_HEAD.replace(b"200 OK", b"500 No"), b"4000\r\n" + bytes(0x4000) + b"\r\n", 0, Outcome.RETRY),
        (OK_HEAD, b"1\r\nx\r\n", 0.01, Outcome.DELIVERED),
        (b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 1000 + b"\r\n", 0, Outcome.RETRY),
        (b"HTTP/1.1 200 OK\r\nx: ", b"y", 0.01, Outcome.RETRY),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01, Outcome.RETRY),
        (b"", b"", 0.01, Outcome.RETRY),
    ],
    ids=["body", "body of an error", "slow body", "headers", "slow header", "continue", "silence"],
)
async def test_endless_answers(start: bytes, piece: bytes, pause: float, outcome: Outcome) -> None:
    """An answer without an end is left as soon as its status is known, or when the time is over."""
    answer, sent = endless(start, piece, pause)
    policy = msgspec.structs.replace(POLICY, timeout_seconds=0.5)
    async with receiving(answer) as receiver:
        begin = time.monotonic()
        attempt = await send(receiver.url, 1, policy)
        assert time.monotonic() - begin < 2
        assert attempt.outcome is outcome
    # What the kernel's buffers take is more than the client reads.
    assert sum(sent) < 20_000_000


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nx y\r\n\r\n",
        status("101 Switching Protocols", "upgrade: x", "connection: upgrade"),
    ],
)
async def test_failures_read_alike(answer: bytes) -> None:
    """What is no answer reads as a closed port does."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = await send(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    async with receiving(answer) as receiver:
        broken = await send(receiver.url)
    assert (broken.outcome, broken.detail, broken.status) == (nobody.outcome, nobody.detail, nobody.status)
    assert broken.outcome is Outcome.RETRY


async def test_nothing_is_sent_in_vain() -> None:
    """Wrong secrets, ids and numbers are told before a connection is made."""
    short = "whsec_" + base64.b64encode(bytes(23)).decode()
    wrong: list[tuple[Message, tuple[str, ...], int]] = [
        (MESSAGE, (SECRET,), 0),
        (MESSAGE, (SECRET,), 11),
        (MESSAGE, (), 1),
        (MESSAGE, (SECRET,) * 3, 1),
        (MESSAGE, (SECRET, short), 1),
        (Message("a\r\nx: y", b"{}"), (SECRET,), 1),
        (Message("a.b", b"{}"), (SECRET,), 1),
    ]
    async with receiving(status("200 OK")) as receiver:
        for message, secrets, number in wrong:
            with pytest.raises(ValueError, match=r"secret|message's id|numbered"):
                await deliver(message, Endpoint(receiver.url, secrets), number=number, policy=POLICY)
    assert receiver.requests == []


def test_size() -> None:
    """A body of 20,000 bytes can be sent, and not one byte more."""
    assert len(compose("m", "x" * (MAX_BODY_BYTES - 2)).body) == 20_000
    with pytest.raises(ValueError, match="at most 20000 bytes; this one has 20001"):
        compose("m", "x" * (MAX_BODY_BYTES - 1))
    with pytest.raises(ValueError, match="message's id"):
        compose("a b", {})


def test_structs_travel() -> None:
    """What a workflow keeps comes back from JSON as it was, and an endpoint is shown without its secrets."""
    endpoint = Endpoint("https://hooks.test/", (SECRET,))
    attempt = Attempt(Outcome.RETRY, "The endpoint answered with status 500.", 500, 5.2)
    for kept in (MESSAGE, endpoint, attempt):
        assert msgspec.json.decode(msgspec.json.encode(kept), type=type(kept)) == kept
    assert SECRET not in f"{endpoint} {endpoint!r}"
