"""How large files and pictures may be: as the server says, or less where a plan says so."""

from __future__ import annotations

from typing import Self

from msgspec.structs import replace

from filemill.limits import Limits
from filemill_server.plans.plan import Plan


class PlanBytes(int):
    """A limit of bytes that is a plan's, and not the server's own.

    Attributes:
        plan: name of the plan.
    """

    plan: str

    def __new__(cls, count: int, plan: str) -> Self:
        """Make the limit."""
        made = super().__new__(cls, count)
        made.plan = plan
        return made


def allowed(limit: int) -> str:
    """Say a limit of bytes, and whose it is."""
    by = f"the plan {limit.plan!r} allows" if isinstance(limit, PlanBytes) else "are allowed"
    return f"{int(limit)} bytes that {by}"


def file_limit(server: int, plan: Plan | None) -> int:
    """Return the bytes that a file may have: the server's limit, or the plan's where that is smaller."""
    if plan is None or plan.max_file_bytes is None or plan.max_file_bytes >= server:
        return server
    return PlanBytes(plan.max_file_bytes, plan.name)


def task_limits(server: Limits, plan: Plan | None) -> Limits:
    """Return the limits of a task: the server's, with fewer pixels where the plan says so."""
    if plan is None or plan.max_pixels is None or plan.max_pixels >= server.max_pixels:
        return server
    return replace(server, max_pixels=plan.max_pixels, max_pixels_of=f"the plan {plan.name!r}")
