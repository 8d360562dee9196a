"""OCR against the bare program, two pages against one after the other, and the text layer's pages.

    python tests/bench/ocr.py [--corpus FOLDER] [--runs N]

The work compared is done in turns, N times; told are the median of the ratios and their range. Bars: one page at
most 1.15 times the bare program with one thread (CPU and wall time), two pages on two processors at least 1.8 times
faster than in a row, a page with text in at most 5 ms.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import pikepdf

from filemill import Document, File, Limits
from filemill.engine import run
from filemill.registry import load_registry
from filemill.task import Input, Task, encode_steps

REGISTRY = load_registry()


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall time and CPU time of work, children included, seconds."""
    before, started = os.times(), time.perf_counter()
    work()
    after = os.times()
    return time.perf_counter() - started, sum(after[:4]) - sum(before[:4])


def told(values: Sequence[float]) -> str:
    """Write the median of values and their range."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


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


def bare(path: Path) -> None:
    """Read a picture by the program alone."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    command = ["tesseract", str(path), "-", "--dpi", "300", "-l", "eng", "tsv"]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def main() -> None:
    """Print the three bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    beside = Path(__file__).resolve().parents[3] / "shared" / "corpus"
    parser.add_argument("--corpus", type=Path, default=os.environ.get("FILEMILL_CORPUS", beside))
    parser.add_argument("--runs", type=int, default=5)
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
        ocr(scan)  # loads the libraries
        rounds = [
            (timed(lambda: bare(picture)), timed(lambda: ocr(scan)), timed(lambda: ocr(two))) for _ in range(given.runs)
        ]
        print(f"load {os.getloadavg()[0]:.1f}; the bare program {median(alone[0] for alone, _, _ in rounds):.2f} s")
        print("one page, CPU:", told([ours[1] / alone[1] for alone, ours, _ in rounds]), "x (bar 1.15)")
        print("one page, wall:", told([ours[0] / alone[0] for alone, ours, _ in rounds]), "x (bar 1.15)")
        print(
            "two pages:", told([2 * ours[0] / both[0] for _, ours, both in rounds]), "x faster than in a row (bar 1.8)"
        )
    with pikepdf.open(book) as pdf:
        pages = len(pdf.pages)
    layers = [1000 * timed(lambda: ocr(book))[0] / pages for _ in range(given.runs)]
    print(f"text layer, {pages} pages:", told(layers), "ms a page (bar 5)")


if __name__ == "__main__":
    main()
