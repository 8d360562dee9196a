"""Policies: what a signature lets its bearer do.

The regular expressions of a policy come from outside, and Python's own `re` can be made to run for years. A
thread with a deadline would not stop it. RE2 takes time in proportion to the text and little memory, whatever
the expression; it has no look-around and no back references, and a policy with one is refused. An expression
is matched from the beginning of the text, and need not reach its end.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import Enum
from typing import Annotated

import msgspec
import re2
from msgspec import Meta, Struct

from filemill.errors import ErrorCode, FilemillError
from filemill_server.dialects.filestack.base64_text import decode_base64
from filemill_server.dialects.filestack.request import Security, quoted, unreadable

MAX_POLICY = 8192
"""Characters of a policy's base64."""
_Pattern = Annotated[str, Meta(max_length=1024)]
_PATTERN_MEMORY = 1 << 20
"""Bytes that one compiled expression may take."""
_LIVE_BEFORE = 1 << 53


class Action(Enum):
    """What a request wants to do, with the calls of which a policy must name one."""

    READ = ("read",)
    STAT = ("stat",)
    CONVERT = ("convert",)
    STORE = ("store",)
    UPLOAD = ("pick", "store")
    OVERWRITE = ("write",)
    OVERWRITE_BY_URL = ("writeUrl", "write")
    REMOVE = ("remove", "revoke")
    EXIF = ("exif",)
    RUN_WORKFLOW = ("runWorkflow",)


class Policy(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A policy's JSON. A key that is not known here could be a restriction, so it is refused.

    `calls` is what the Java client writes for `call`.
    """

    expiry: Annotated[int, Meta(gt=0, lt=_LIVE_BEFORE)] | Annotated[float, Meta(gt=0, lt=_LIVE_BEFORE)]
    call: str | Annotated[list[str], Meta(max_length=50)] | None = None
    calls: Annotated[list[str], Meta(max_length=50)] | None = None
    handle: str | None = None
    url: _Pattern | None = None
    path: _Pattern | None = None
    container: _Pattern | None = None
    min_size: Annotated[int, Meta(ge=0)] | None = None
    max_size: Annotated[int, Meta(ge=0)] | None = None

    def __post_init__(self) -> None:
        """Refuse two lists of calls."""
        if self.call is not None and self.calls is not None:
            raise ValueError("'call' and 'calls' are the same; give one of them")

    def allows(self, action: Action) -> bool:
        """Whether it covers an action; without `call` it covers all but EXIF."""
        calls = (self.call,) if isinstance(self.call, str) else self.call if self.call is not None else self.calls
        return action is not Action.EXIF if calls is None else any(call in action.value for call in calls)


class Use(Struct, frozen=True, kw_only=True):
    """What a policy is used for: an action on a thing. What the request does not have is None.

    Fields:
        action: what is done.
        handle: of the file it is done to.
        url: an external source.
        path: where the file is stored; `""` where the request names no path.
        container: where the file is stored.
        size: of the file, bytes.
    """

    action: Action
    handle: str | None = None
    url: str | None = None
    path: str | None = None
    container: str | None = None
    size: int | None = None


def read_policy(security: Security, secret: str, now: float) -> Policy:
    """Read a policy and check that it is signed and not expired.

    Args:
        security: policy and signature as they were received, percent-decoded.
        secret: the app's secret.
        now: Unix seconds.

    Raises:
        FilemillError: `BAD_REQUEST` where the policy is no base64 of such JSON, else `FORBIDDEN`.
    """
    policy = _decoded(security.policy)
    expected = sign_policy(security.policy, secret).encode()
    if not hmac.compare_digest(expected, security.signature.encode(errors="surrogatepass")):
        raise _forbidden("The signature is not that of this policy: the lower-case hex HMAC-SHA256 of its base64.")
    if policy.expiry <= now:
        raise _forbidden(f"The policy expired at {policy.expiry}; it is {int(now)}.")
    return policy


def sign_policy(text: str, secret: str) -> str:
    """Return the signature of a policy's base64."""
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256).hex()


def check(policy: Policy, use: Use) -> None:
    """Refuse what a policy does not cover.

    Raises:
        FilemillError: `FORBIDDEN`, naming what is not covered; `BAD_REQUEST` for an expression that is none.
    """
    if not policy.allows(use.action):
        raise _forbidden(f"The policy does not allow the call {use.action.value[0]!r}.")
    if policy.handle is not None and policy.handle != use.handle:
        raise _forbidden("The policy is for another file.")
    for name, pattern, text in (
        ("url", policy.url, use.url),
        ("path", policy.path, use.path),
        ("container", policy.container, use.container),
    ):
        if pattern is not None and text is not None and not _matches(pattern, text, name):
            raise _forbidden(f"The policy does not cover the {name} {quoted(text)}.")
    if use.size is not None:
        _check_size(policy, use.size)


def _check_size(policy: Policy, size: int) -> None:
    if policy.min_size is not None and size < policy.min_size:
        raise _forbidden(f"The file has {size} bytes; the policy asks for at least {policy.min_size}.")
    if policy.max_size is not None and size > policy.max_size:
        raise _forbidden(f"The file has {size} bytes; the policy allows {policy.max_size}.")


def _decoded(text: str) -> Policy:
    if len(text) > MAX_POLICY:
        raise unreadable(f"The policy has {len(text)} characters; {MAX_POLICY} are allowed.")
    raw = decode_base64(text, "The policy")
    try:
        return msgspec.json.decode(raw, type=Policy)
    except msgspec.ValidationError as error:
        raise unreadable(f"The policy is not right: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable("The policy is base64, but not of a JSON object.") from error


def _matches(pattern: str, text: str, name: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    try:
        return re2.compile(pattern, options).match(text) is not None
    except re2.error as error:
        raise unreadable(f"The policy's {name!r} is no regular expression of RE2: {quoted(pattern)}.") from error


def _forbidden(detail: str) -> FilemillError:
    return FilemillError(ErrorCode.FORBIDDEN, detail)
