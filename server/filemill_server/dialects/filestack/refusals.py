"""Errors as Filestack words them, and the headers that tell of a key's quota (FS-180…FS-185)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from litestar import Response

from filemill.errors import ErrorCode, FilemillError
from filemill_server.keys import Key
from filemill_server.plans.standing import PolicyStanding
from filemill_server.plans.windows import month_after
from filemill_server.services import Services
from filemill_server.wire import HttpRequest, json_answer

QUOTA_HEADERS = ("Filestack-Limit", "Filestack-Remaining", "Filestack-Reset")
_UNLIMITED = 2_147_483_647
"""Stands for no limit: clients read a number, many of them one of 32 bits."""

_STATUSES: Mapping[ErrorCode, int] = {
    ErrorCode.INVALID_PARAMETER: 400,
    ErrorCode.SOURCE_FORBIDDEN: 400,
    ErrorCode.CHECKSUM_MISMATCH: 400,
    ErrorCode.QUOTA_EXCEEDED: 429,
}
"""Where the status is another than ours. A 403 is a policy's alone (FS-182)."""


def status_of(error: FilemillError) -> int:
    """Return the HTTP status of an error."""
    return _STATUSES.get(error.code, error.code.status)


def refuse(request: HttpRequest, error: FilemillError) -> Response[bytes]:
    """Answer with an error: in the File API's words below `/api`, else in those of processing and uploads."""
    status = status_of(error)
    if request.scope["path"].startswith("/api/"):
        body: dict[str, object] = {"result": "error", "error": {"code": status, "msg": error.detail}}
    else:
        body = {"error": error.detail}
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return json_answer(body, status=status, headers=headers)


async def tell_quota(services: Services, key: Key) -> Mapping[str, str]:
    """Return the quota headers of a key (FS-183); nothing where that can't be found out now.

    Of several limits it is the one that has the least room; without any a number that is none.
    """
    try:
        counted = services.plans[key.plan].counted
        policies = (await services.usage.standing(key)).policies if counted else ()
    except FilemillError:
        return {}
    limited = [policy for policy in policies if policy.limit is not None]
    if limited:
        tightest = min(limited, key=_room)
        figures = (tightest.limit or 0, tightest.remaining or 0, math.ceil(tightest.resets_at.timestamp()))
    else:
        figures = (_UNLIMITED, _UNLIMITED, int(month_after(datetime.now(UTC)).timestamp()))
    return dict(zip(QUOTA_HEADERS, map(str, figures), strict=True))


def _room(policy: PolicyStanding) -> tuple[int, int]:
    return policy.remaining or 0, -policy.window
