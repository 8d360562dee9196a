"""A plan: what its keys may do."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
PositiveCount = Annotated[int, Meta(ge=1, le=1_000_000_000_000)]


class PlanFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plans file says of one plan; what it does not name has no limit but the server's own.

    Fields:
        requests_per_month: units of a calendar month (UTC).
        requests_per_day: units of a calendar day (UTC).
        requests_per_minute: units of any 60 seconds.
        concurrent_jobs: jobs of the tenant that run at once.
        max_file_bytes: largest file that is sent, uploaded or fetched.
        max_pixels: most pixels of a picture, all frames together.
        allowed_domains: how many source domains the tenant may allow.
    """

    requests_per_month: Count | None = None
    requests_per_day: Count | None = None
    requests_per_minute: Count | None = None
    concurrent_jobs: PositiveCount | None = None
    max_file_bytes: PositiveCount | None = None
    max_pixels: PositiveCount | None = None
    allowed_domains: Count = 1


class Plan(PlanFields, frozen=True, kw_only=True):
    """A plan with its name."""

    name: str

    @property
    def counted(self) -> bool:
        """Whether anything limits how many requests its keys may make."""
        limits = (self.requests_per_month, self.requests_per_day, self.requests_per_minute)
        return any(limit is not None for limit in limits)
