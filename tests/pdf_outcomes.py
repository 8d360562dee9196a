"""What comes of an operation on a document in a worker process: in time, and in no more memory than it may have."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from live import children

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
CUT = ("split-pdf", "extract-pages")
"""What of these has to know what a page draws, to leave out all else."""


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
