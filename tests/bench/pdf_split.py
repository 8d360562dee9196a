"""Split of 200 pages into documents of one: CPU against the qpdf command line.

    python tests/bench/pdf_split.py [--corpus FOLDER] [--runs N]

Compared is the CPU time, user and system, of `qpdf --split-pages` in a process of its own with that of the engine's
task in this process, as a worker does it after its start: the file sniffed and opened, 200 parts made, written,
hashed. qpdf makes parts without bookmarks; ours have theirs. The two run in turn, and the best of N counts. Bar: at
most 1.5 times qpdf.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
from pathlib import Path

import pikepdf

from filemill import Limits
from filemill.engine import run
from filemill.registry import Registry, load_registry
from filemill.task import Input, Task, encode_steps

PAGES = 200


def cpu(who: int) -> float:
    """CPU time so far, user and system, seconds."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def ours(registry: Registry, path: Path) -> float:
    """Split a file as a worker does; return the CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        task = Task(
            inputs=[Input(str(path), path.name)],
            pipelines=[encode_steps([{"op": "split-pdf"}])],
            folder=folder,
            limits=Limits(deadline_seconds=600),
            archive=False,
        )
        started = cpu(resource.RUSAGE_SELF)
        made = run(task, registry, lambda *_: None).made[0].outputs
        taken = cpu(resource.RUSAGE_SELF) - started
    if len(made) != PAGES:
        raise SystemExit(f"{len(made)} parts instead of {PAGES}")
    return taken


def qpdf(path: Path) -> float:
    """Split a file by the command line; return the CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        started = cpu(resource.RUSAGE_CHILDREN)
        subprocess.run(["qpdf", "--split-pages", path, f"{folder}/part.pdf"], check=True)
        return cpu(resource.RUSAGE_CHILDREN) - started


def main() -> None:
    """Print a line for each document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[3] / "shared" / "corpus"
    parser.add_argument("--corpus", type=Path, default=os.environ.get("FILEMILL_CORPUS", beside))
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    registry = load_registry()
    registry.startup(Limits())
    with tempfile.TemporaryDirectory() as folder:
        for name in ("valgrind_manual", "walden"):
            path = Path(folder) / f"{name}.pdf"
            with pikepdf.open(given.corpus / "pdf" / path.name) as pdf:
                del pdf.pages[PAGES:]
                pdf.save(path)
            ours(registry, path)
            pairs = [(ours(registry, path), qpdf(path)) for _ in range(given.runs)]
            mine, bare = (min(times) for times in zip(*pairs, strict=True))
            print(f"{name}: {mine:.2f} s, qpdf {bare:.2f} s: {mine / bare:.2f} x (bar 1.5)")


if __name__ == "__main__":
    main()
