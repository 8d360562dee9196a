"""OCR against the bare program, two pages against one after the other, and the text layer's pages.

    python tests/bench/ocr.py [--corpus FOLDER] [--runs N]

Ratios within one run, each the best of N. Bars: one page at most 1.15 times the bare program with one thread
(CPU and wall time), two pages on two processors at least 1.8 times faster than in a row, a page with text in
at most 5 ms.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pikepdf

from filemill import Document, File, Limits
from filemill.engine import run
from filemill.registry import load_registry
from filemill.task import Input, Task, encode_steps

REGISTRY = load_registry()


def timed(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Return the best wall time and CPU time of some runs, children included, seconds."""
    found = []
    for _ in range(runs):
        before, started = os.times(), time.perf_counter()
        work()
        after = os.times()
        found.append((time.perf_counter() - started, sum(after[:4]) - sum(before[:4])))
    return min(wall for wall, _ in found), min(cpu for _, cpu in found)


def ocr(path: Path) -> None:
    """Read a file as a worker does."""
    with tempfile.TemporaryDirectory() as folder:
        task = Task(
            inputs=[Input(str(path), path.name)],
            pipelines=[encode_steps([{"op": "ocr"}])],
            folder=folder,
            limits=Limits(deadline_seconds=600),
        )
        run(task, REGISTRY, lambda *_: None)


def bare(path: Path, times: int = 1) -> None:
    """Read a picture by the program alone, some times at once."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    command = ["tesseract", str(path), "-", "--dpi", "300", "-l", "eng", "tsv"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    for started in [subprocess.Popen(command, env=environment, **quiet) for _ in range(times)]:
        started.wait()


def main() -> None:
    """Print the three bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    beside = Path(__file__).resolve().parents[3] / "shared" / "corpus"
    parser.add_argument("--corpus", type=Path, default=os.environ.get("FILEMILL_CORPUS", beside))
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    scan, book = given.corpus / "scans" / "linn.pdf", given.corpus / "pdf" / "valgrind_manual.pdf"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture, two = folder / "page.png", folder / "two.pdf"
        document = Document.read(File(scan, scan.name, "pdf", scan.stat().st_size))
        document.render(1, 300, grey=True).image.pngsave(str(picture))
        with pikepdf.open(scan) as pdf:
            pdf.pages.append(pdf.pages[0])
            pdf.save(two)
        alone, ours = timed(lambda: bare(picture), given.runs), timed(lambda: ocr(scan), given.runs)
        print(f"one page: {ours[1] / alone[1]:.2f} x CPU, {ours[0] / alone[0]:.2f} x wall ({alone[0]:.2f} s; bar 1.15)")
        both, most = timed(lambda: ocr(two), given.runs), timed(lambda: bare(picture, 2), given.runs)
        faster, possible = 2 * ours[0] / both[0], 2 * alone[0] / most[0]
        print(f"two pages: {faster:.2f} x faster than in a row (bar 1.8; two bare programs here: {possible:.2f})")
    with pikepdf.open(book) as pdf:
        pages = len(pdf.pages)
    wall, cpu = (1000 * seconds / pages for seconds in timed(lambda: ocr(book), given.runs))
    print(f"text layer: {wall:.2f} ms a page, {cpu:.2f} ms of CPU, over {pages} pages (bar 5)")


if __name__ == "__main__":
    main()
