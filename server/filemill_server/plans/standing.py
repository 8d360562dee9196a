"""What is used of a plan and what is left, and the error where nothing is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from filemill.errors import ErrorCode, FilemillError


class PolicyStanding(Struct, frozen=True, kw_only=True):
    """One limit of a plan as it stands now.

    Fields:
        name: `minute`, `day` or `month`.
        limit: units of one window; None: not limited.
        used: units of this window; None where they are not counted, since nothing limits them.
        window: length of the window, seconds.
        resets_at: when the day or month ends; of the minute: when the oldest unit that counts leaves it.
    """

    name: str
    limit: int | None
    used: int | None
    window: int
    resets_at: datetime

    @property
    def remaining(self) -> int | None:
        """Units that are left; None: not limited."""
        return None if self.limit is None else max(0, self.limit - (self.used or 0))

    def fits(self, units: int) -> bool:
        """Whether so many units are left."""
        return self.limit is None or (self.used or 0) + units <= self.limit


class Standing(Struct, frozen=True, kw_only=True):
    """What is used of a key's plan: per minute, day and month, and the credits of its tenant."""

    minute: PolicyStanding
    day: PolicyStanding
    month: PolicyStanding
    credits: int

    @property
    def policies(self) -> Sequence[PolicyStanding]:
        """All three, the shortest window first."""
        return (self.minute, self.day, self.month)


class LimitReachedError(FilemillError):
    """`RATE_LIMITED`: a plan's limit leaves no room for a request.

    Args:
        plan: name of the plan.
        units: of the request.
        violated: the limits, the one that resets last first.
        policies: all limits of the plan, as they stand.
        resets_at: when the request may succeed, as far as the first limit goes.
        now: the moment.
    """

    def __init__(
        self,
        plan: str,
        units: int,
        violated: Sequence[PolicyStanding],
        policies: Sequence[PolicyStanding],
        resets_at: datetime,
        now: datetime,
    ) -> None:
        first = violated[0]
        said = f"The plan {plan!r} allows {first.limit} requests a {first.name}"
        if first.limit is not None and units > first.limit:
            detail = f"{said}; this one counts as {units}: send it in smaller ones."
        else:
            detail = f"{said}; there is room again at {resets_at:%Y-%m-%dT%H:%M:%SZ}."
        super().__init__(
            ErrorCode.RATE_LIMITED,
            detail,
            retry_after=seconds_until(resets_at, now),
            policy=first.name,
            resets_at=resets_at,
        )
        self.violated = tuple(policy.name for policy in violated)
        self.policies = tuple(policies)
        self.now = now


def seconds_until(moment: datetime, now: datetime) -> int:
    """Return the whole seconds to a moment, at least 1."""
    return max(1, math.ceil((moment - now).total_seconds()))
