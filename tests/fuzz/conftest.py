"""How long the targets are fuzzed in a run of the suite, and from which seed."""

from __future__ import annotations

import os

import pytest

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
"""For each target; those that read one thing in several ways share it."""
SEED = int(os.environ.get("FUZZ_SEED", "1"))
"""The same changes in every run: what a change broke is told from what was always broken."""


@pytest.fixture(scope="session")
def fuzz_seconds() -> float:
    """How long a target is fuzzed."""
    return SECONDS


@pytest.fixture(scope="session")
def fuzz_seed() -> int:
    """What the changes follow from."""
    return SEED
