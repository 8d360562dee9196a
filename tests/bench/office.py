"""A conversion by LibreOffice against the bare program, and one instance a task against one for all.

    python tests/bench/office.py [--runs N]

Documents of one and of forty pages become PDF in turns: by filemill as a worker does it, and by `soffice` with the same
options, each time with a fresh profile that was prepared the same way. Told are the median of the ratios and their
range, of wall time and CPU; the bar is 1.1. Below them, what a profile that is not prepared costs, and what a document
costs in one instance that converts many: what a long-lived instance could save at the most.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import docx

from filemill import Context, Limits
from filemill.registry import load_registry
from filemill_office.conversions import CONVERSIONS
from filemill_office.libreoffice import prepared_profile

REGISTRY = load_registry()
TO_PDF = next(edge for edge in CONVERSIONS if "docx" in edge.sources and "pdf" in edge.targets)
OPTIONS = ("--headless", "--norestore", "--nologo", "--nodefault", "--nolockcheck")
MANY = 8


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall time and CPU time of work, children included, seconds."""
    before, started = os.times(), time.perf_counter()
    work()
    after = os.times()
    return time.perf_counter() - started, sum(after[:4]) - sum(before[:4])


def told(values: Sequence[float]) -> str:
    """Write the median of values and their range."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def ours(path: Path) -> None:
    """Convert a file as a worker does."""
    with tempfile.TemporaryDirectory() as folder:
        context = Context(limits=Limits(deadline_seconds=600), folder=Path(folder), formats=REGISTRY.formats)
        TO_PDF.run(REGISTRY.formats.sniff(path, path.name), "pdf", context)


def bare(paths: Sequence[Path], *, prepared: bool = True) -> None:
    """Convert files by the program alone, in one instance."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile = prepared_profile(folder) if prepared else folder / "profile"
        command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", *OPTIONS, "--convert-to", "pdf"]
        environment = {**os.environ, "HOME": name, "TMPDIR": name}
        subprocess.run([*command, "--outdir", name, *paths], env=environment, capture_output=True, check=True)
        assert len(list(folder.glob("*.pdf"))) == len(paths)


def document(path: Path, pages: int) -> Path:
    """Write a document of so many pages of text."""
    written = docx.Document()
    for number in range(pages):
        written.add_heading(f"Page {number + 1}", 1)
        for _ in range(8):
            written.add_paragraph("The quick brown fox jumps over the lazy dog. " * 8)
        written.add_page_break()
    written.save(str(path))
    return path


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    if (missing := TO_PDF.missing()) is not None:
        sys.exit(f"{missing.reason} {missing.hint}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for pages in (1, 40):
            path = document(folder / f"{pages}.docx", pages)
            ours(path)  # loads the libraries
            rounds = [(timed(lambda: bare([path])), timed(lambda: ours(path))) for _ in range(given.runs)]  # noqa: B023
            print(f"{pages} pages; load {os.getloadavg()[0]:.1f}")
            for index, what in enumerate(("wall", "CPU")):
                alone = median(without[index] for without, _ in rounds)
                ratios = [by_us[index] / without[index] for without, by_us in rounds]
                print(f"  {what}: the bare program {alone:.2f} s; ours {told(ratios)} x (bar 1.1)")
        one = folder / "1.docx"
        fresh = [timed(lambda: bare([one], prepared=False))[1] for _ in range(given.runs)]
        prepared = [timed(lambda: bare([one]))[1] for _ in range(given.runs)]
        more = [new - old for new, old in zip(fresh, prepared, strict=True)]
        print(f"a profile that is not prepared: {told(more)} s CPU more")
        copies = [Path(shutil.copyfile(one, folder / f"copy-{number}.docx")) for number in range(MANY)]
        many = [timed(lambda: bare(copies)) for _ in range(given.runs)]
        for index, what in enumerate(("wall", "CPU")):
            start = median([timed(lambda: bare([one]))[index] for _ in range(3)])
            print(f"a further document in the same instance, {what}:", end=" ")
            print(
                f"{told([(total[index] - start) / (MANY - 1) for total in many])} s, where one alone is {start:.2f} s"
            )


if __name__ == "__main__":
    main()
