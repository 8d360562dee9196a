"""The page of lines is current, and no line that a service states is without a test."""

from __future__ import annotations

import pytest

from .lines import CONTRACTS, LEFT, PAGE, TITLES, found_tests, page, stated_lines


def test_page_is_current() -> None:
    """Whoever adds a test writes the page again."""
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/dialects/lines.py"


@pytest.mark.parametrize("prefix", TITLES)
def test_every_stated_line_has_a_test(prefix: str) -> None:
    """A line is checked, or the page says why not; none of the reasons is for a line that has a test."""
    if not CONTRACTS.is_dir():
        pytest.skip(f"the contracts are not at {CONTRACTS}")
    tests = found_tests()
    assert [line for line in stated_lines(prefix) if line not in tests and line not in LEFT] == []
    assert [line for line in LEFT if line in tests] == []
