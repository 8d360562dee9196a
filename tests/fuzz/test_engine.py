"""The engine finds what is planted: a failure behind several conditions, and an input without end."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import pytest

from fuzz import planted, watchdog
from fuzz.containers import changed
from fuzz.engine import Campaign, Target
from fuzz.mutation import Mutator
from fuzz.watchdog import Watchdog, read_left


def campaign(folder: Path, *, guided: bool = True, **more: object) -> Campaign:
    """A run over the planted parser."""
    given = {"check": planted.parse, "seeds": [b"{}"], "longest": 64, **more}
    traced = ("fuzz",) if guided else ()
    return Campaign(Target(name="planted", traced=traced, **given), 1, folder)  # type: ignore[arg-type]


def test_a_failure_is_found_kept_and_made_short(tmp_path: Path) -> None:
    """The kept input is no longer than the failure needs, and fails again."""
    run = campaign(tmp_path)
    run.plant()
    while not run.report.findings:
        run.go_on(0.1)
    (finding,) = run.report.findings
    assert "IndexError at planted.py" in finding.what
    data = finding.path.read_bytes()
    assert data.startswith(b"{[<")
    assert len(data) <= 4
    with pytest.raises(IndexError):
        planted.parse(data)
    run.go_on(0.1)
    assert run.report.findings == [finding], "each place once"


def test_the_same_seed_gives_the_same_inputs(tmp_path: Path) -> None:
    """A failure can be repeated by its seed."""
    tried: list[list[bytes]] = [[], []]
    for inputs in tried:

        def check(data: bytes, inputs: list[bytes] = inputs) -> bool:
            inputs.append(data)
            return planted.parse(data) if len(inputs) < 100 else True

        run = campaign(tmp_path, check=check)
        run.plant()
        while len(inputs) < 100:
            run.go_on(0)
    assert tried[0][:100] == tried[1][:100]
    assert len(set(tried[0])) > 50


def test_an_input_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a finding like any other, and the run goes on."""
    monkeypatch.setattr(watchdog, "STUCK_SECONDS", 0.2)
    run = campaign(tmp_path, check=planted.endless, seeds=[b"?"])
    run.plant()
    (finding,) = run.report.findings
    assert "Stuck at planted.py" in finding.what
    assert finding.path.read_bytes() == b"?"


def test_a_seed_that_is_refused_is_a_mistake_of_the_target(tmp_path: Path) -> None:
    """A target that refuses everything would find nothing."""
    with pytest.raises(AssertionError, match="does not accept its seed b'no'"):
        campaign(tmp_path, seeds=[b"no"]).plant()


def test_the_input_at_work_survives_the_process(tmp_path: Path) -> None:
    """What ends the whole process is in a file."""
    path = tmp_path / "x.present"
    with Watchdog(path, 100) as present:
        present.begin(b"the last words")
        present.end()
        assert read_left(path) == b"the last words"
    assert not path.exists()


def test_checksums_of_a_png_are_made_right() -> None:
    """Otherwise its reader would see nothing of what was changed."""
    chunk = b"IHDR" + bytes(13)
    png = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    chance = random.Random(1)

    def change(data: bytes, other: bytes) -> bytes:
        return data[:20] + bytes([chance.randrange(1, 256)]) + data[21:]

    made = [changed(chance, png, png, change) for _ in range(20)]
    right = [data for data in made if zlib.crc32(data[12:29]).to_bytes(4, "big") == data[29:]]
    assert 0 < len(right) < len(made), "some as they come, some with the right checksum"


def test_changes_stay_within_the_longest() -> None:
    """Nothing grows without bound."""
    mutator = Mutator(random.Random(1), (b"token",), 50)
    data = b"1234567890" * 4
    for _ in range(2000):
        data = mutator.changed(data, b"other" * 8) or b"1"
        assert len(data) <= 50
