"""Conversions of archives against bsdtar, libarchive's own program, with the same settings.

    python tests/bench/archive.py [--megabytes N] [--runs N]

Packed are files of Python's own library, as they are (about eighty in each megabyte) and joined to files of a megabyte:
what an entry costs shows in the first, what its bytes cost in the second. Both works are done in turns, N times; told
are the median of the ratios and their range. Ours is what a worker does: sniff, open, convert. The digest of a result
is not in it; the start of the program, some milliseconds, is. Bar: at most 1.1 times CPU and wall time.

It needs bsdtar: apt-get install libarchive-tools.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from filemill import Context, Limits
from filemill.registry import load_registry
from filemill_archive.conversions import convert
from filemill_archive.kind import Archive

REGISTRY = load_registry()
SWITCHES = {
    "zip": ["--format", "zip", "--options", "zip:compression-level=6"],
    "tar": [],
    "tar-gz": ["-z", "--options", "gzip:compression-level=6"],
    "tar-xz": ["-J", "--options", "xz:compression-level=6"],
    "tar-zst": ["--zstd", "--options", "zstd:compression-level=3"],
    "7z": ["--format", "7zip", "--options", "7zip:compression-level=6"],
}
PAIRS = [
    ("tar", "zip"),
    ("zip", "tar"),
    ("zip", "tar-gz"),
    ("tar-gz", "tar"),
    ("tar-gz", "tar-zst"),
    ("tar-zst", "zip"),
    ("tar-xz", "tar-gz"),
    ("zip", "tar-xz"),
    ("7z", "zip"),
    ("tar-gz", "7z"),
]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall time and CPU time of work, children included, seconds."""
    before, started = os.times(), time.perf_counter()
    work()
    after = os.times()
    return time.perf_counter() - started, sum(after[:4]) - sum(before[:4])


def told(values: Sequence[float]) -> str:
    """Write the median of values and their range."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def grown(folder: Path, megabytes: float, *, joined: bool) -> int:
    """Copy files of Python's library until they are so many megabytes; return how many files there are."""
    library, size = Path(sysconfig.get_path("stdlib")), 0
    for path in sorted(library.rglob("*.py")):
        target = folder / (f"part-{size // 1_000_000}" if joined else path.relative_to(library))
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as stream:
            stream.write(path.read_bytes())
        size += path.stat().st_size
        if size > megabytes * 1e6:
            break
    return sum(path.is_file() for path in folder.rglob("*"))


def ours(path: Path, target: str) -> None:
    """Convert a file as a worker does."""
    with tempfile.TemporaryDirectory() as folder:
        context = Context(
            limits=Limits(deadline_seconds=600, max_outputs=10_000), folder=Path(folder), formats=REGISTRY.formats
        )
        archive = context.open(REGISTRY.formats.sniff(path, path.name), Archive)
        convert(archive, target, context)


def bare(path: Path, target: str, result: Path) -> None:
    """Convert it by the program."""
    subprocess.run(["bsdtar", "-c", "-f", result, *SWITCHES[target], f"@{path}"], check=True)


def main() -> None:
    """Print the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=8)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    REGISTRY.startup(Limits())
    for joined in (False, True):
        with tempfile.TemporaryDirectory() as name:
            compare(Path(name), grown(Path(name, "tree"), given.megabytes, joined=joined), given.runs)


def compare(folder: Path, files: int, runs: int) -> None:
    """Convert the tree in a folder in both ways, and print the ratios."""
    samples = {form: folder / f"sample.{form}" for form in SWITCHES}
    for form, path in samples.items():
        subprocess.run(["bsdtar", "-c", "-f", path, *SWITCHES[form], "-C", folder, "tree"], check=True)
    print(f"{files} files, {samples['tar'].stat().st_size / 1e6:.1f} MB as tar; load {os.getloadavg()[0]:.1f}")
    for source, target in PAIRS:
        program = partial(bare, samples[source], target, folder / "result")
        worker = partial(ours, samples[source], target)
        worker()  # loads the library
        rounds = [(timed(program), timed(worker)) for _ in range(runs)]
        wall, cpu = ([mine[at] / alone[at] for alone, mine in rounds] for at in (0, 1))
        alone = median(alone[0] for alone, _ in rounds)
        print(f"  {source} to {target}: CPU {told(cpu)} x, wall {told(wall)} x of {alone:.2f} s (bar 1.1)")


if __name__ == "__main__":
    main()
