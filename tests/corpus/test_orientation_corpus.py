"""Real photos under all EXIF orientations come out upright and alike."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import Limits
from filemill.engine import run
from filemill.registry import Registry
from filemill.task import Input, Task, encode_steps

FOLDER = (
    Path(os.environ.get("FILEMILL_CORPUS", Path(__file__).resolve().parents[2].parent / "shared" / "corpus"))
    / "orientation"
)
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the corpus is absent; set FILEMILL_CORPUS to its folder"),
]


@pytest.fixture(scope="module")
def registry(filemill_registry: Registry) -> Registry:
    """All installed plugins, started as in a worker process."""
    return filemill_registry


def made(registry: Registry, source: Path, folder: Path, step: dict[str, Any]) -> pyvips.Image:
    """The pixels one step gives."""
    task = Task(
        inputs=[Input(str(source), source.name)],
        pipelines=[encode_steps([{**step, "format": "png"}])],
        folder=str(folder),
        limits=Limits(),
    )
    (out,) = run(task, registry, lambda fraction, index, note: None).made[0].outputs
    return pyvips.Image.new_from_file(out.path).copy_memory()


def difference(one: pyvips.Image, other: pyvips.Image) -> float:
    """The mean CIEDE2000 difference."""
    return float(one.colourspace("lab").dE00(other.colourspace("lab")).avg())


STEPS = [
    {"op": "resize", "width": 150},
    {"op": "resize", "width": 900},
    {"op": "resize", "width": 100, "height": 100, "fit": "cover", "gravity": "top-left"},
    {"op": "crop", "width": 200, "height": 200, "x": 100, "y": 50},
    {"op": "rotate", "angle": 90},
    {"op": "flip"},
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: "-".join(map(str, step.values())))
def test_all_orientations_are_alike(registry: Registry, tmp_path: Path, step: dict[str, Any]) -> None:
    """Orientation 2 to 8 of one scene give what orientation 1 gives, through every kind of step.

    Each file bears its own number and was compressed by itself, so they differ a little; a scene that
    is not upright differs by far more.
    """
    first = made(registry, FOLDER / "landscape-1.jpg", tmp_path, step)
    assert difference(first, first.fliphor()) > 12
    assert difference(first, first.flipver()) > 12
    for number in range(2, 9):
        other = made(registry, FOLDER / f"landscape-{number}.jpg", tmp_path, step)
        assert (other.width, other.height) == (first.width, first.height)
        assert difference(first, other) < 6, number


def test_a_portrait_stays_one(registry: Registry, tmp_path: Path) -> None:
    """A photo taken upright lies on its side in the file and stands in the result."""
    out = made(registry, FOLDER / "portrait-6.jpg", tmp_path, {"op": "resize", "width": 150, "height": 150})
    assert out.height == 150
    assert out.width < 150
