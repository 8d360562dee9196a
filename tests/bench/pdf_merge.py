"""Merging: 13 structures beside qpdf and pypdf, CPU and memory of 1,000 pages, and many named destinations.

    python tests/bench/pdf_merge.py [--corpus FOLDER] [--runs N]

The table is the one of docs/consumers/pdf.md. Bars: 1,000 pages in at most the CPU time of the qpdf command and
96 MiB of a worker; twice as many documents with 250 destinations each take about twice the time. Needs qpdf.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pikepdf
import pypdf
from pikepdf import Array, Dictionary, Name, String

sys.path.insert(0, str(Path(__file__).parents[1]))

from filemill import Limits
from filemill.engine import run
from filemill.pool import Pool
from filemill.registry import load_registry
from filemill.task import Input, Task, encode_steps
from structured_pdfs import CHECKS, Result, structured

BOOKS = ("walden.pdf", "valgrind_manual.pdf", "geobase.pdf", "nettle.pdf")
PAGES = 1000
REGISTRY = load_registry()


def task(paths: Sequence[Path], folder: Path) -> Task:
    """Return the task of a merge."""
    return Task(
        inputs=[Input(str(path), path.name) for path in paths],
        pipelines=[encode_steps([{"op": "merge-pdf"}])],
        folder=str(folder),
        limits=Limits(deadline_seconds=300),
    )


def filemill(paths: Sequence[Path], folder: Path) -> Path:
    """Merge as a worker does."""
    return Path(run(task(paths, folder), REGISTRY, lambda *_: None).made[0].outputs[0].path)


def qpdf(paths: Sequence[Path], folder: Path) -> Path:
    """Merge by qpdf into an empty document."""
    result = folder / "qpdf.pdf"
    subprocess.run(["qpdf", "--empty", "--pages", *paths, "--", "--object-streams=generate", result], check=True)
    return result


def qpdf_into_first(paths: Sequence[Path], folder: Path) -> Path:
    """Merge by qpdf into the first document."""
    result = folder / "first.pdf"
    subprocess.run(["qpdf", paths[0], "--pages", ".", *paths[1:], "--", result], check=True)
    return result


def pypdf_append(paths: Sequence[Path], folder: Path) -> Path:
    """Merge by pypdf."""
    result = folder / "pypdf.pdf"
    with pypdf.PdfWriter() as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths:
            writer.append(path)
        writer.write(result)
    return result


def pypdf_into_first(paths: Sequence[Path], folder: Path) -> Path:
    """Merge by pypdf into a clone of the first document."""
    result = folder / "clone.pdf"
    writer = pypdf.PdfWriter(clone_from=paths[0])
    for path in paths[1:]:
        writer.append(path)
    writer.write(result)
    return result


TOOLS: dict[str, Callable[[Sequence[Path], Path], Path]] = {
    "filemill": filemill,
    "qpdf `--empty`": qpdf,
    "qpdf into the first": qpdf_into_first,
    "pypdf `append`": pypdf_append,
    "pypdf `clone_from`": pypdf_into_first,
}


def structures(marks: str, folder: Path) -> None:
    """Print a table of what each tool keeps."""
    paths = [structured(folder / f"{mark}.pdf", mark) for mark in marks]
    kept = {tool: Result(merge(paths, folder), marks).kept() for tool, merge in TOOLS.items()}
    print("| | " + " | ".join(kept) + " |\n|---|" + "---|" * len(kept))
    for name in CHECKS:
        print(f"| {name} | " + " | ".join("yes" if found[name] else "no" for found in kept.values()) + " |")
    print(f"| of {len(CHECKS)} | " + " | ".join(str(sum(found.values())) for found in kept.values()) + " |\n")


def cpu(work: Callable[[], object], runs: int) -> float:
    """Return the least CPU time of some runs, children included, seconds."""
    found = []
    for _ in range(runs):
        before = os.times()
        work()
        found.append(sum(os.times()[:4]) - sum(before[:4]))
    return min(found)


async def worker_peak(paths: Sequence[Path], folder: Path) -> tuple[float, float]:
    """Return the resident memory of a worker before a merge and its peak in it, MiB."""
    pool = Pool(workers=1, queue=0, limits=Limits())
    await pool.start()
    try:
        (child,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        before = memory(child, "VmRSS")
        await pool.run(task(paths, folder))
        return before, memory(child, "VmHWM")
    finally:
        await pool.stop()


def memory(process: str, field: str) -> float:
    """Return a figure of a process, MiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def with_destinations(path: Path, count: int) -> Path:
    """Write a document with named destinations and a link to each."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page().obj
        names = [part for n in range(count) for part in (String(f"name{n:04}"), Array([page, Name.XYZ, 0, n, 0]))]
        pdf.Root.Names = Dictionary(Dests=Dictionary(Names=Array(names)))
        box = Array([0, 0, 9, 9])
        page.Annots = Array(
            [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=box, Dest=String(f"name{n:04}")) for n in range(count)]
        )
        pdf.save(path)
    return path


def main() -> None:
    """Print the tables and the ratios."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpus", type=Path, default=Path(__file__).parents[2].parent / "shared" / "corpus")
    options.add_argument("--runs", type=int, default=5)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for marks in ("AB", "A"):
            structures(marks, folder)
        books: list[Path] = []
        pages = 0
        while pages < PAGES:
            books.append(given.corpus / "pdf" / BOOKS[len(books) % len(BOOKS)])
            with pikepdf.open(books[-1]) as pdf:
                pages += len(pdf.pages)
        ours, theirs = (cpu(lambda merge=merge: merge(books, folder), given.runs) for merge in (filemill, qpdf))
        print(f"{pages} pages: {ours:.2f} s CPU, qpdf {theirs:.2f} s: {ours / theirs:.2f}")
        before, peak = asyncio.run(worker_peak(books, folder))
        print(f"worker: {peak:.0f} MiB, {peak - before:.0f} of them for the merge")
        started = time.perf_counter()
        many = [with_destinations(folder / f"dests-{n}.pdf", 250) for n in range(80)]
        times = {count: cpu(lambda count=count: filemill(many[:count], folder), given.runs) for count in (20, 40, 80)}
        print("documents with 250 destinations: " + ", ".join(f"{n} {spent:.2f} s" for n, spent in times.items()))
        print(f"({time.perf_counter() - started:.0f} s)")


if __name__ == "__main__":
    main()
