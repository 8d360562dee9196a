"""What documents have beyond their pages outlives a merge: 13 structures."""

from __future__ import annotations

from pathlib import Path

import pytest

from filemill.testing.runner import Runner
from structured_pdfs import CHECKS, Result, structured


@pytest.mark.parametrize("marks", ["A", "AB", "ABC"])
def test_all_structures_are_kept(marks: str, tmp_path: Path, filemill_run: Runner) -> None:
    """Of one document, of two and of three whose names are the same."""
    paths = [structured(tmp_path / f"{mark}.pdf", mark) for mark in marks]
    made = filemill_run(paths, {"op": "merge-pdf"})
    assert Result(Path(made.outputs[0].path), marks).kept() == dict.fromkeys(CHECKS, True)


def test_the_checker_sees_what_is_missing(tmp_path: Path) -> None:
    """A document asked for the structures of another has none of those that carry its mark."""
    kept = Result(structured(tmp_path / "B.pdf", "B"), "A").kept()
    same = {"named destinations", "a field on two pages", "links"}
    assert {name for name, found in kept.items() if found} == same
