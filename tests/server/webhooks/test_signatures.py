"""Secrets, signatures and the schedule of webhooks."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from filemill_server.webhooks.schedule import MAX_ATTEMPTS, RETRY_SECONDS, retry_after_seconds, wait_seconds
from filemill_server.webhooks.signatures import PREFIX, make_secret, parse_secret, sign

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = st.binary(min_size=24, max_size=64)


def secret(key: bytes) -> str:
    """Write a key as a secret."""
    return PREFIX + base64.b64encode(key).decode()


@given(KEYS)
def test_secret(key: bytes) -> None:
    """Every key of 24 to 64 bytes is read back, with the padding and without."""
    assert parse_secret(secret(key)) == key
    assert parse_secret(secret(key).rstrip("=")) == key


@given(st.one_of(st.binary(max_size=23), st.binary(min_size=65, max_size=200)))
def test_secret_of_a_wrong_length(key: bytes) -> None:
    """A key that is too short or too long is refused with its length."""
    with pytest.raises(ValueError, match=f"24 to 64 bytes in base64; this one holds {len(key)}"):
        parse_secret(secret(key))


@given(KEYS, st.integers(0, 100), st.sampled_from("-_ \n\t\r\0.,:é=\ud800"))
def test_secret_with_a_foreign_character(key: bytes, place: int, character: str) -> None:
    """A character out of the alphabet is refused wherever it is, and the message tells no part of the secret."""
    coded = base64.b64encode(key).decode().rstrip("=")
    place %= len(coded)
    with pytest.raises(ValueError, match="standard alphabet") as caught:
        parse_secret(PREFIX + coded[:place] + character + coded[place:])
    assert coded[:4] not in str(caught.value)


@given(st.text())
def test_any_text_as_a_secret(text: str) -> None:
    """Whatever comes is a key of the right length or refused with a sentence."""
    for given_text in (text, PREFIX + text):
        try:
            assert 24 <= len(parse_secret(given_text)) <= 64
        except ValueError as error:
            assert str(error).startswith("A webhook secret")


@pytest.mark.parametrize("text", ["", "whsec", "WHSEC_" + "A" * 32, " whsec_" + "A" * 32, "A" * 32])
def test_secret_without_its_prefix(text: str) -> None:
    """The prefix is not optional."""
    with pytest.raises(ValueError, match="begins with whsec_"):
        parse_secret(text)


def test_made_secrets() -> None:
    """A made secret can be read, by us and by the receiver's package, and is made but once."""
    made = {make_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(parse_secret(text)) for text in made} == {32}
    assert all(Webhook(text) for text in made)


@given(KEYS, KEYS, st.dictionaries(st.text(), st.integers()))
def test_signatures(key: bytes, other: bytes, payload: dict[str, int]) -> None:
    """The receiver's package takes what is signed, with either secret of a rotation."""
    body, now = json.dumps(payload).encode(), int(time.time())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now)}
    headers["webhook-signature"] = sign([key, other], "msg_1", now, body)
    assert Webhook(secret(key)).verify(body, headers) == payload
    assert Webhook(secret(other)).verify(body, headers) == payload


def test_known_signature() -> None:
    """The signature is the one in the specification's example."""
    key = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert (
        sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize("count", [0, 3])
def test_number_of_secrets(count: int) -> None:
    """A message is signed with one secret or two."""
    with pytest.raises(ValueError, match="one secret, or with two"):
        sign([bytes(24)] * count, "msg_1", 0, b"")


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\r\nx: y", "a\n", "a\0", "ä", "a:b", "a" * 257])
def test_message_ids(message_id: str) -> None:
    """An id that could change what is signed, or end its header, is refused."""
    with pytest.raises(ValueError, match="message's id"):
        sign([bytes(24)], message_id, 0, b"")


def test_schedule() -> None:
    """The waits are those of the contract, 75 hours in all, and after the last attempt there is none."""
    waits = [wait_seconds(number, jitter=0) for number in range(1, MAX_ATTEMPTS + 1)]
    minute, hour = 60, 3600
    assert waits == [5, 5 * minute, 30 * minute, *(n * hour for n in (2, 5, 10, 14, 20, 24)), None]


@given(st.integers(1, len(RETRY_SECONDS)), st.floats(0, 1), st.floats(0, 1e12))
def test_waits(attempt: int, jitter: float, retry_after: float) -> None:
    """A wait is never shorter than planned or asked for, up to a day, and at most a tenth longer."""
    wait = wait_seconds(attempt, jitter=jitter, retry_after=retry_after)
    assert wait is not None
    least = max(RETRY_SECONDS[attempt - 1], min(retry_after, 86_400))
    assert least <= wait <= least * 1.1


@pytest.mark.parametrize("attempt", [-1, 0, 11])
def test_attempts_outside_the_schedule(attempt: int) -> None:
    """An attempt that the schedule does not know is a defect."""
    with pytest.raises(ValueError, match="numbered from 1 to 10"):
        wait_seconds(attempt, jitter=0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60),
        ("Fri, 02 Jan 2026 03:05:05 -0000", 60),
        ("Fri, 02 Jan 2026 04:05:05 +0100", 60),
        ("Fri, 02 Jan 2026 03:04:04 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("-5", 0),
        ("1.5", 0),
        ("1e3", 0),
        ("١٢", 0),
        ("soon", 0),
        ("", 0),
        ("9" * 400, 0),
    ],
)
def test_retry_after(value: str, seconds: int | None) -> None:
    """Seconds and dates are read; all else asks for nothing."""
    read = retry_after_seconds(value, NOW)
    assert read > 1e11 if seconds is None else read == seconds


@given(st.text())
def test_any_retry_after(value: str) -> None:
    """No text of a receiver's breaks the reading."""
    assert retry_after_seconds(value, NOW) >= 0


@given(st.timedeltas(timedelta(0), timedelta(days=1000)))
def test_retry_after_as_a_date(ahead: timedelta) -> None:
    """A date counts from now, to the second."""
    read = retry_after_seconds(format_datetime(NOW + ahead, usegmt=True), NOW)
    assert read == int(ahead.total_seconds())
