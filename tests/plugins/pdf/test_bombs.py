"""Small documents that unfold without end: for each operation what comes of it, in time and in bounded memory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from live import children, resident_bytes
from pdf_bombs import BOMBS
from pdf_samples import text_pdf

Step = dict[str, object]

MEMORY = 512 << 20
RESIDENT_MARK = 400 << 20
"""What a worker may hold before a task: above it, the pool replaces it."""
PATIENCE = 30.0
"""Deadline of work that ends by itself."""
SHORT = 1.0
"""Deadline of work that does not."""

RESULT = None
REFUSED = ErrorCode.INVALID_FILE
LATE = ErrorCode.DEADLINE_EXCEEDED

SHOWN: list[Step] = [
    {"op": "pdf-info"},
    {"op": "extract-text", "pages": "1"},
    {"op": "rasterize", "pages": "1", "dpi": 72},
]
"""What PDFium does: it draws or reads a page."""
CHANGED: list[Step] = [
    {"op": "compress-pdf"},
    {"op": "encrypt-pdf", "password": "x"},
    {"op": "decrypt-pdf"},
    {"op": "pdf-metadata", "title": "x"},
    {"op": "watermark-pdf", "text": "x", "pages": "1"},
    {"op": "merge-pdf"},
    {"op": "split-pdf"},
    {"op": "extract-pages", "pages": "1"},
    {"op": "rotate-pages", "angle": 90},
    {"op": "reorder-pages", "pages": "1"},
]
"""What qpdf does: it copies what is drawn without drawing it."""
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
CASES = [
    pytest.param(bomb, step, code, id=f"{bomb}-{step['op']}")
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


def outcome(run: Runner, path: Path, step: Step, deadline: float = PATIENCE) -> ErrorCode | None:
    """Run a step in a worker: None for a result, else the code; in time, and in no more memory than it may have."""
    limits = Limits(deadline_seconds=deadline, memory_bytes=MEMORY)
    files = [path, path] if step["op"] == "merge-pdf" else [path]
    with bounded_memory():
        try:
            run(files, step, limits=limits, in_worker=True)
        except FilemillError as error:
            return error.code
    return None


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Hold the workers to the most one may hold: a task's limit on top of the mark above which a worker is replaced.

    The kernel keeps the peak of a process as long as it lives; a worker that is killed is looked at until then.
    """
    peaks: dict[int, int] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            for pid in workers_now():
                peaks[pid] = max(peaks.get(pid, 0), peak_bytes(pid))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
    assert max(peaks.values(), default=0) <= MEMORY + RESIDENT_MARK


def workers_now() -> list[int]:
    """Return the worker processes: the children of this one."""
    try:
        return children(os.getpid())
    except FileNotFoundError:  # a thread that was looked at has ended
        return workers_now()


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process ever held, bytes; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)


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
