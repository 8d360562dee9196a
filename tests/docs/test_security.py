"""The page on security names tests that there are."""

from __future__ import annotations

import re

from documentation import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
_PROMISES = PAGE.partition("## What is promised")[2].partition("\n## ")[0]


def test_every_test_that_is_named_exists() -> None:
    """A promise without its test would be a word only."""
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_promise_names_a_test() -> None:
    """Each row of the tables of promises ends with the files that hold filemill to it."""
    rows = [
        line
        for line in _PROMISES.splitlines()
        if line.startswith("|") and line not in ("| promise | tests |", "|---|---|")
    ]
    assert len(rows) > 20
    assert [row for row in rows if not re.search(r"\| `tests/[^|]+` \|$", row)] == []
