"""Every target for some time. To repeat a failure: python tests/fuzz/run.py TARGET --input FILE."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.decoders import Decoders, read_formats
from fuzz.engine import CORPUS, found_before
from fuzz.running import names, run
from fuzz.targets import TARGETS

SHARED = (
    ("filestack-urls", "task-lists"),
    ("source-urls", "addresses"),
    ("headers", "fields", "presets", "markup"),
    tuple(name for name in names() if name.startswith("decoders:")),
)
"""Targets that read one thing in several ways, and have the time of one together."""


@pytest.mark.parametrize("name", names())
def test_nothing_is_found(
    name: str, fuzz_seconds: float, fuzz_seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes changed at random are read or refused with a typed error, and what is promised of them holds."""
    (tmp_path / "work").mkdir()
    seconds = fuzz_seconds / next((len(group) for group in SHARED if name in group), 1)
    reports = list(run(name, seconds, fuzz_seed, tmp_path / "work", tmp_path / "findings"))
    with capsys.disabled():
        print(f"\n{name}: seed {fuzz_seed}, {sum(report.executions for report in reports)} executions")
    found = [finding for report in reports for finding in report.findings]
    if name in TARGETS:  # a decoder has time for a few changed files, and may refuse them all
        assert sum(report.accepted for report in reports), "everything was refused: nothing behind that was tried"
    told = [f"{one.path}: {one.path.read_bytes()[:500]!r}\n{one.what}" for one in found]
    assert not found, "\n".join(told)


@pytest.mark.parametrize("name", list(TARGETS))
def test_what_was_found_before_is_mended(name: str, tmp_path: Path) -> None:
    """Each input that once failed, and is kept in the corpus, is read or refused."""
    check = TARGETS[name](tmp_path).check
    for path in found_before(name):
        check(path.read_bytes())


def test_what_was_found_of_decoders_is_mended(tmp_path: Path) -> None:
    """As above, in a worker process."""
    folders = [folder.name for folder in sorted(CORPUS.glob("decoder-*"))]
    assert folders
    with Decoders(tmp_path, tmp_path / "findings") as decoders:
        for name in folders:
            (form,) = read_formats(name.replace("-", ":", 1))
            for path in found_before(name):
                decoders.check_all(form, path.read_bytes())
