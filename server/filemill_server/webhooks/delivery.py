"""One attempt to deliver a message: a signed POST, to a checked address, of which the status is all that counts."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import httpcore
import httpx
import msgspec
from msgspec import Struct

from filemill.choices import Choice
from filemill.errors import FilemillError, invalid
from filemill_server.fetch.network import NETWORK_FAILURES, guarded_pool
from filemill_server.fetch.policy import ConnectionPolicy
from filemill_server.fetch.refusals import URL_POINTER
from filemill_server.fetch.urls import parse, port_of
from filemill_server.settings.declared import Settings
from filemill_server.webhooks.schedule import retry_after_seconds, wait_seconds
from filemill_server.webhooks.signatures import check_message_id, parse_secret, sign

MAX_BODY_BYTES = 20_000
"""Largest body, bytes: larger ones are refused by receivers."""

_GONE = 410


class DeliveryPolicy(ConnectionPolicy, frozen=True, kw_only=True):
    """Where messages may be sent and how long an attempt may take.

    Fields:
        timeout_seconds: for the whole attempt, to the end of the answer's headers.
        allow_http: take http URLs too.
    """

    timeout_seconds: float = 20.0
    allow_http: bool = False

    @classmethod
    def of(cls, settings: Settings) -> DeliveryPolicy:
        """Make the policy that the operator has set."""
        return cls(allow_networks=settings.networks, allow_ports=settings.ports, allow_http=settings.webhook_allow_http)


class Endpoint(Struct, frozen=True):
    """Where messages go and what signs them.

    Fields:
        url: an absolute URL.
        secrets: `whsec_` and base64; two while the receiver changes from one to the other.
    """

    url: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        # The secrets would end in logs and in tracebacks.
        return f"Endpoint(url={self.url!r})"


class Message(Struct, frozen=True):
    """A message, the same in every attempt.

    Fields:
        id: tells the receiver that two deliveries are of one message.
        body: the JSON as it is signed and sent.
    """

    id: str
    body: bytes


class Outcome(Choice):
    """What came of an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    EXHAUSTED = "exhausted"
    DISABLED = "disabled"
    REFUSED = "refused"


class Attempt(Struct, frozen=True):
    """What came of one attempt.

    Fields:
        outcome: `delivered`: any 2xx. `retry`: send again after `wait_seconds`. `exhausted`: the last
            attempt failed. `disabled`: 410, send nothing to this endpoint any more. `refused`: the URL is
            one that nothing is sent to.
        detail: a sentence for the owner of the endpoint; tells nothing of the network.
        status: of the answer, if one came.
        wait_seconds: until the next attempt.
    """

    outcome: Outcome
    detail: str
    status: int | None = None
    wait_seconds: float | None = None


def compose(message_id: str, payload: object) -> Message:
    """Write a message once, as minified JSON.

    Raises:
        ValueError: for an id that cannot be sent, and for a payload of more than 20,000 bytes.
    """
    check_message_id(message_id)
    body = msgspec.json.encode(payload)
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"A webhook's body has at most {MAX_BODY_BYTES} bytes; this one has {len(body)}.")
    return Message(message_id, body)


def target(url: str, policy: DeliveryPolicy) -> httpx.URL:
    """Read the URL of an endpoint; its addresses are checked at each attempt.

    Raises:
        FilemillError: INVALID_PARAMETER, for a URL that nothing can be sent to.
    """
    read = parse(url)
    if read.scheme != "https" and not policy.allow_http:
        raise invalid(URL_POINTER, "The URL of a webhook must begin with https://.")
    return read


async def deliver(message: Message, endpoint: Endpoint, *, number: int, policy: DeliveryPolicy) -> Attempt:
    """Send a message once.

    May be repeated after a crash: the receiver tells repetitions by the message's id.

    Args:
        message: what to send.
        endpoint: where to send it.
        number: of the attempt at this message, from 1; decides whether and when there is another.
        policy: where messages may be sent.

    Raises:
        ValueError: for secrets and ids that cannot be used, and for a number outside the schedule.
    """
    keys = [parse_secret(secret) for secret in endpoint.secrets]
    # Made before anything is sent, so that a wrong number is told in time.
    unreached = failed(number, "The endpoint could not be reached, or did not answer in time.")
    try:
        now = int(time.time())
        headers = {
            "webhook-id": message.id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(keys, message.id, now, message.body),
        }
        return _judged(await post(target(endpoint.url, policy), message.body, headers, policy), number)
    except FilemillError as error:
        return Attempt(Outcome.REFUSED, error.detail)
    except NETWORK_FAILURES:
        return unreached


async def post(url: httpx.URL, body: bytes, headers: Mapping[str, str], policy: DeliveryPolicy) -> httpcore.Response:
    """Send JSON to a checked address, and return the answer's status and headers.

    Raises:
        FilemillError: `SOURCE_FORBIDDEN`, where the address is none that anything is sent to.
        Exception: one of `NETWORK_FAILURES`.
    """
    sent = {
        "host": url.netloc.decode("ascii"),
        "connection": "close",
        "user-agent": "filemill",
        "content-type": "application/json",
        "content-length": str(len(body)),
        **headers,
    }
    async with (
        guarded_pool(policy, policy.timeout_seconds) as pool,
        pool.stream(
            "POST",
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=port_of(url), target=url.raw_path),
            headers=list(sent.items()),
            content=body,
            extensions={"timeout": {"connect": policy.connect_timeout_seconds}},
        ) as response,
    ):
        # The body is not read: an endless one holds nothing up, and nothing of it is shown to anybody.
        return response


def _judged(response: httpcore.Response, number: int) -> Attempt:
    status = response.status
    if 200 <= status < 300:
        return Attempt(Outcome.DELIVERED, "The endpoint took the message.", status)
    if status == _GONE:
        return Attempt(Outcome.DISABLED, "The endpoint answered 410: it takes no more messages.", status)
    asked = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
    detail = f"The endpoint answered with status {status}."
    if 300 <= status < 400:
        detail += " Redirects are not followed."
    return failed(number, detail, status, retry_after_seconds(asked.decode("latin-1"), datetime.now(UTC)))


def failed(number: int, detail: str, status: int | None = None, retry_after: float = 0.0) -> Attempt:
    """Make the outcome of an attempt that failed: another one on schedule, or none after the last."""
    # Jitter keeps messages that failed together from coming back together.
    wait = wait_seconds(number, jitter=secrets.SystemRandom().random(), retry_after=retry_after)
    return Attempt(Outcome.EXHAUSTED if wait is None else Outcome.RETRY, detail, status, wait)
