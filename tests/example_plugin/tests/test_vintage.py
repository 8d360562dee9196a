"""The plugin does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import pyvips

from filemill import FilemillError
from filemill.testing import conformance_tests
from filemill.testing.runner import Runner
from filemill.testing.samples import Samples

test_conformance = conformance_tests("vintage")


def test_the_strongest_leaves_no_colour(filemill_run: Runner, filemill_samples: Samples) -> None:
    """Red, green and blue of every pixel stand in the ratio of old paper."""
    made = filemill_run(filemill_samples.pictures[0], {"op": "vintage", "strength": 100, "format": "farbfeld"})
    assert made.outputs[0].format == "farbfeld"
    raw = Path(made.outputs[0].path).read_bytes()[16:]
    image = pyvips.Image.new_from_memory(raw, 64, 48, 4, "ushort").byteswap() / 257
    red, blue = image[0].avg(), image[2].avg()
    assert blue / red == pytest.approx(0.82 / 1.06, abs=0.03)


def test_no_strength_changes_nothing(filemill_run: Runner, filemill_samples: Samples) -> None:
    """The very bytes come back."""
    path = filemill_samples.pictures[0]
    made = filemill_run(path, {"op": "vintage", "strength": 0}, in_worker=True)
    assert Path(made.outputs[0].path).read_bytes() == path.read_bytes()


def test_a_cut_farbfeld_is_refused(filemill_run: Runner, filemill_samples: Samples, tmp_path: Path) -> None:
    """A file that is shorter than its header says is not shown half."""
    made = filemill_run(filemill_samples.pictures[0], {"op": "vintage", "format": "ff"})
    cut = tmp_path / "cut.ff"
    cut.write_bytes(Path(made.outputs[0].path).read_bytes()[:-1])
    with pytest.raises(FilemillError, match="fewer bytes"):
        filemill_run(cut, {"op": "vintage"})
