"""Small documents that unfold without end: for each operation what comes of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError
from filemill.testing.runner import Runner
from live import resident_bytes
from pdf_bombs import BOMBS
from pdf_outcomes import CHANGED, CUT, LATE, PATIENCE, REFUSED, RESULT, SHORT, SHOWN, Step, outcome, workers_now
from pdf_samples import text_pdf

DEMANDS: dict[str, tuple[ErrorCode | None, ErrorCode | None]] = {
    "page-deflated-three-times": (REFUSED, RESULT),
    "object-stream": (REFUSED, REFUSED),
    "forms-in-forms": (LATE, RESULT),
    "form-that-draws-itself": (LATE, RESULT),
    "page-99-000-times": (REFUSED, REFUSED),
    "page-of-700-metres": (RESULT, RESULT),
    "picture-that-lies": (RESULT, RESULT),
}
"""What comes of showing and of changing each bomb."""
CUTTING = {"page-deflated-three-times": REFUSED}
"""What comes of cutting pages out, where it is another than of a change."""
CASES = [
    pytest.param(bomb, step, CUTTING.get(bomb, code) if step["op"] in CUT else code, id=f"{bomb}-{step['op']}")
    for bomb, codes in DEMANDS.items()
    for steps, code in zip((SHOWN, CHANGED), codes, strict=True)
    for step in steps
    if (bomb, step["op"]) != ("page-of-700-metres", "rasterize")
]


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every bomb, made once."""
    folder = tmp_path_factory.mktemp("bombs")
    made = {name: folder / f"{name}.pdf" for name in BOMBS}
    for name, path in made.items():
        BOMBS[name](path)
    return made


@pytest.mark.parametrize(("bomb", "step", "code"), CASES)
def test_what_comes_of_a_bomb(
    bomb: str, step: Step, code: ErrorCode | None, bombs: dict[str, Path], filemill_run: Runner
) -> None:
    """A result, a refusal, or the deadline: each as the bomb and the operation make it, and never another."""
    deadline = SHORT if code is LATE else PATIENCE
    started = time.monotonic()
    assert outcome(filemill_run, bombs[bomb], step, deadline) is code
    assert time.monotonic() - started < deadline + 4  # a worker may have to start first


def test_a_page_of_700_metres_is_not_drawn(bombs: dict[str, Path], filemill_run: Runner) -> None:
    """At 72 dpi it has 2,000,000 pixels a side: refused before a pixel is drawn; at a width, it is a picture."""
    path = bombs["page-of-700-metres"]
    assert outcome(filemill_run, path, {"op": "rasterize", "dpi": 72}) is REFUSED
    assert outcome(filemill_run, path, {"op": "rasterize", "width": 100}) is RESULT


@pytest.mark.parametrize("step", [{"op": "pdf-info"}, {"op": "decrypt-pdf"}, {"op": "merge-pdf"}])
def test_99_000_pages(step: Step, bombs: dict[str, Path], filemill_run: Runner) -> None:
    """More pages than are allowed are refused by PDFium's count and by qpdf's."""
    with pytest.raises(FilemillError, match="99000 pages; 20000 are allowed"):
        filemill_run([bombs["pages-99-000"]], step, in_worker=True)


def test_thirty_bombs_leave_a_worker_as_it_was(bombs: dict[str, Path], tmp_path: Path, filemill_run: Runner) -> None:
    """The same process does them all, holds no more after thirty than after ten, and does good work afterwards."""
    good = text_pdf(tmp_path / "good.pdf", "text")
    assert outcome(filemill_run, good, {"op": "pdf-info"}) is RESULT
    survived = [
        ("object-stream", {"op": "compress-pdf"}, REFUSED),
        ("form-that-draws-itself", {"op": "watermark-pdf", "text": "x"}, RESULT),
        ("page-99-000-times", {"op": "pdf-info"}, REFUSED),
        ("picture-that-lies", {"op": "split-pdf"}, RESULT),
        ("page-deflated-three-times", {"op": "rotate-pages", "angle": 90}, RESULT),
    ]
    workers: set[tuple[int, ...]] = set()
    held: list[int] = []
    for _ in range(6):
        for bomb, step, code in survived:
            assert outcome(filemill_run, bombs[bomb], step) is code
            workers.add(tuple(workers_now()))
        held.append(sum(map(resident_bytes, workers_now())))
    assert len(workers) == 1
    assert held[-1] - held[1] < 16 << 20
    assert outcome(filemill_run, good, {"op": "extract-text"}) is RESULT
