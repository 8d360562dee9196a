"""How much a page leans, and how many processors there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from filemill_ocr.processors import processors
from filemill_ocr.skew import level, skew
from ocr_scans import Scans


@pytest.mark.parametrize("lean", [-12, -3.5, 0, 2, 9])
def test_skew(scans: Scans, lean: float) -> None:
    """The lean of a page is found within a quarter of a degree, and levelling takes it away."""
    image = scans.image(lean=lean).copy_memory()
    assert skew(image) == pytest.approx(lean, abs=0.3)
    assert skew(level(image, skew(image))) == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(
    ("quota", "most"), [("max 100000", 10**6), ("50000 100000", 1), ("150000 100000", 2), ("", 10**6)]
)
def test_processors(tmp_path: Path, quota: str, most: int) -> None:
    """The cgroup's quota bounds the pages read at once."""
    path = tmp_path / "cpu.max"
    path.write_text(quota)
    assert 1 <= processors(path) <= most
