"""`RateLimit-Policy` and `RateLimit`, as structured fields (NC-02)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from filemill_server.plans.standing import PolicyStanding, seconds_until


def limit_headers(
    policies: Sequence[PolicyStanding], standing: Sequence[PolicyStanding], *, now: datetime | None
) -> dict[str, str]:
    """Say what the limits are, `"minute";q=60;w=60`, and what is left of them, `"minute";r=59;t=60`.

    Args:
        policies: the limits.
        standing: those of which it is told what is left.
        now: the moment; without it nothing is said of when there is more.
    """
    return {
        "RateLimit-Policy": ", ".join(f'"{policy.name}";q={policy.limit};w={policy.window}' for policy in policies),
        "RateLimit": ", ".join(f'"{policy.name}";r={policy.remaining}{_until(policy, now)}' for policy in standing),
    }


def _until(policy: PolicyStanding, now: datetime | None) -> str:
    return "" if now is None else f";t={seconds_until(policy.resets_at, now)}"
