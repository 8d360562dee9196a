"""Policies: what is read, what is signed, what is covered."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from filemill import ErrorCode, FilemillError
from filemill_server.dialects.filestack.policies import (
    MAX_POLICY,
    Action,
    Policy,
    Use,
    check,
    read_policy,
    sign_policy,
)
from filemill_server.dialects.filestack.request import Security

SECRET = "testAppSecret"
VECTOR = (
    "eyJleHBpcnkiOjE1MjM1OTU2MDAsImNhbGwiOlsicGljayIsInJlYWQiLCJzdGF0Iiwid3JpdGUiLCJ3cml0ZVVybCIsInN0b3JlIiwiY29u"
    "dmVydCIsInJlbW92ZSIsImV4aWYiLCJydW5Xb3JrZmxvdyJdLCJoYW5kbGUiOiJURVNUX0hBTkRMRSJ9"
)
VECTOR_SIGNATURE = "7df0536104cdcc16370ad6494cdbda30c9773a62eec6e5153fa539544db6206e"
NOW = 1_500_000_000.0
ALL_CALLS = ["pick", "read", "stat", "write", "writeUrl", "store", "convert", "remove", "exif", "runWorkflow"]


def signed(text: str) -> Security:
    """A policy's base64 with its right signature."""
    return Security(text, sign_policy(text, SECRET))


def of(**keys: object) -> Security:
    """A signed policy of these keys."""
    return signed(base64.urlsafe_b64encode(json.dumps(keys).encode()).decode())


def refusal(security: Security, now: float = NOW) -> FilemillError:
    """The error that reading a policy ends in."""
    with pytest.raises(FilemillError) as caught:
        read_policy(security, SECRET, now)
    return caught.value


def covers(policy: Policy, use: Use) -> bool:
    """Whether a policy covers a use; where not, the error is 403."""
    try:
        check(policy, use)
    except FilemillError as error:
        assert error.code is ErrorCode.FORBIDDEN
        return False
    return True


def test_the_vector_of_the_vendor() -> None:
    """FS-120, FS-126: the signature is made over the base64 text."""
    assert sign_policy(VECTOR, SECRET) == VECTOR_SIGNATURE
    policy = read_policy(Security(VECTOR, VECTOR_SIGNATURE), SECRET, NOW)
    assert policy == Policy(expiry=1523595600, call=ALL_CALLS, handle="TEST_HANDLE")


@settings(deadline=None)
@given(st.text(max_size=20), st.booleans(), st.booleans())
def test_both_alphabets_with_and_without_padding(handle: str, url_safe: bool, padded: bool) -> None:
    """FS-121: what is signed is the text as it was received."""
    raw = json.dumps({"handle": handle, "expiry": 2_000_000_000, "url": "a?>~\u00ff"}, ensure_ascii=False).encode()
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(raw).decode()
    assert read_policy(signed(text if padded else text.rstrip("=")), SECRET, NOW).handle == handle
    if "=" in text:
        assert refusal(Security(text, sign_policy(text.rstrip("="), SECRET))).code is ErrorCode.FORBIDDEN


@settings(deadline=None)
@given(st.permutations(["expiry", "call", "handle", "minSize", "maxSize"]))
def test_the_order_of_keys_is_free(names: list[str]) -> None:
    """FS-120."""
    keys = {"expiry": 2_000_000_000, "call": "read", "handle": "h", "minSize": 1, "maxSize": 2}
    policy = read_policy(of(**{name: keys[name] for name in names}), SECRET, NOW)
    assert policy == Policy(expiry=2_000_000_000, call="read", handle="h", min_size=1, max_size=2)


@pytest.mark.parametrize(
    "signature",
    ["", "é", "\udcff", VECTOR_SIGNATURE.upper(), VECTOR_SIGNATURE[:-1], VECTOR_SIGNATURE + "0", "0" * 64],
)
def test_another_signature_is_refused(signature: str) -> None:
    """FS-125: 403, also for the upper-case form of the right one (FS-120)."""
    error = refusal(Security(VECTOR, signature))
    assert error.code is ErrorCode.FORBIDDEN
    assert VECTOR_SIGNATURE not in error.detail


def test_a_policy_of_another_app_is_refused() -> None:
    """FS-125."""
    with pytest.raises(FilemillError) as caught:
        read_policy(Security(VECTOR, VECTOR_SIGNATURE), "another", NOW)
    assert caught.value.code is ErrorCode.FORBIDDEN


def test_a_policy_ends_with_the_second_it_names() -> None:
    """FS-122, FS-125: `expiry` lies in the future."""
    live = of(expiry=1_500_000_001)
    assert read_policy(live, SECRET, NOW + 0.5).expiry == 1_500_000_001
    assert refusal(live, NOW + 1).code is ErrorCode.FORBIDDEN
    assert read_policy(of(expiry=1_500_000_000.5), SECRET, NOW).expiry == 1_500_000_000.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "a",
        "é",
        "====",
        base64.b64encode(b"{").decode(),
        base64.b64encode(b"\xff\xfe").decode(),
        base64.b64encode(b"[" * 5000).decode(),
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b"{}").decode(),
        base64.b64encode(b'{"expiry":"2000000000"}').decode(),
        base64.b64encode(b'{"expiry":0}').decode(),
        base64.b64encode(b'{"expiry":1e400}').decode(),
        base64.b64encode(b'{"expiry":2000000000,"call":[1]}').decode(),
        base64.b64encode(b'{"expiry":2000000000,"maxSize":-1}').decode(),
        base64.b64encode(b'{"expiry":2000000000,"call":"read","calls":[]}').decode(),
        base64.b64encode(b'{"expiry":2000000000,"only":"mine"}').decode(),
        "a" * (MAX_POLICY + 1),
    ],
)
def test_an_unreadable_policy_is_a_bad_request(text: str) -> None:
    """FS-125, FS-122: 400 for what is no base64 of such JSON, and where `expiry` is missing."""
    assert refusal(signed(text)).code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    ("action", "calls"),
    [
        (Action.READ, {"read"}),
        (Action.STAT, {"stat"}),
        (Action.CONVERT, {"convert"}),
        (Action.STORE, {"store"}),
        (Action.UPLOAD, {"pick", "store"}),
        (Action.OVERWRITE, {"write"}),
        (Action.OVERWRITE_BY_URL, {"writeUrl", "write"}),
        (Action.REMOVE, {"remove", "revoke"}),
        (Action.EXIF, {"exif"}),
        (Action.RUN_WORKFLOW, {"runWorkflow"}),
    ],
)
def test_each_action_needs_its_call(action: Action, calls: set[str]) -> None:
    """FS-123, FS-124: as text or in a list, which Java names `calls`; none: all but `exif`."""
    use = Use(action=action)
    for call in [*ALL_CALLS, "revoke"]:
        assert covers(Policy(expiry=1, call=call), use) == (call in calls)
        assert covers(Policy(expiry=1, call=["nothing", call]), use) == (call in calls)
        assert covers(Policy(expiry=1, calls=[call]), use) == (call in calls)
    assert covers(Policy(expiry=1), use) == (action is not Action.EXIF)
    assert not covers(Policy(expiry=1, call=[]), use)


def test_a_handle_binds_a_policy_to_one_file() -> None:
    """FS-122, FS-125: neither another file nor a request without one is covered."""
    policy = Policy(expiry=1, handle="mine")
    assert covers(policy, Use(action=Action.READ, handle="mine"))
    for other in ("Mine", "", None):
        assert not covers(policy, Use(action=Action.READ, handle=other))


@pytest.mark.parametrize("name", ["url", "path", "container"])
def test_expressions_match_from_the_beginning(name: str) -> None:
    """FS-122, FS-125: what stands before the match is not covered; what a request does not have is not asked for."""
    policy = replace(Policy(expiry=1), **{name: r"https://upload\.e\.com/pics/.*"})
    store = Use(action=Action.STORE)
    assert covers(policy, replace(store, **{name: "https://upload.e.com/pics/a.png"}))
    for text in ("https://uploadxe.com/pics/a", "https://evil.example/?https://upload.e.com/pics/a", ""):
        assert not covers(policy, replace(store, **{name: text}))
    assert covers(policy, store)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){20}$"])
def test_an_expression_can_not_hang_the_server(pattern: str) -> None:
    """FS-122: the time is bounded for expressions that take Python's `re` years."""
    begin = time.process_time()
    assert not covers(Policy(expiry=1, path=pattern), Use(action=Action.STORE, path="a" * 8000 + "b"))
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "*", "((a{100}){100})"])
def test_what_is_no_expression_is_said(pattern: str) -> None:
    """FS-125: 400, naming the key; so is one that would take too much memory."""
    with pytest.raises(FilemillError) as caught:
        check(Policy(expiry=1, url=pattern), Use(action=Action.STORE, url="https://e.com"))
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert "'url'" in caught.value.detail


def test_sizes_at_a_limit_are_covered() -> None:
    """FS-122, DX-17: `minSize` and `maxSize` are inclusive."""
    policy = Policy(expiry=1, min_size=10, max_size=20)
    sizes = [size for size in range(30) if covers(policy, Use(action=Action.UPLOAD, size=size))]
    assert sizes == list(range(10, 21))
    assert covers(policy, Use(action=Action.UPLOAD))
