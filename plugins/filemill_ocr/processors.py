"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def processors(quota: Path = _QUOTA) -> int:
    """Return the processors that may be used at once: those of the affinity mask, within the cgroup's quota.

    Args:
        quota: the file of control groups v2: microseconds of processor time in a period, and the period.
    """
    allowed = len(os.sched_getaffinity(0))
    try:
        time, period = quota.read_text(encoding="ascii").split()
        return allowed if time == "max" else max(1, min(allowed, math.ceil(int(time) / int(period))))
    except (OSError, ValueError):  # control groups v1, or none
        return allowed
