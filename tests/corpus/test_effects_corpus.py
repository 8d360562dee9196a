"""Every effect over real pictures: the result opens, has the size promised, and still shows the picture."""

from __future__ import annotations

import os
import statistics
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import FilemillError, Limits, Source
from filemill.engine import run as run_task
from filemill.registry import Registry
from filemill.task import Input, Task, encode_steps
from filemill_image.effects.lettering import measured

CORPUS = Path(os.environ.get("FILEMILL_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is absent; set FILEMILL_CORPUS to its folder"),
]
PICTURES = [
    "photos/dune.jpg",
    "photos/ladybird.jpg",
    "photos/raindrops.jpg",
    "formats/alpha.webp",
    "formats/alpha-2048x1536.png",
    "formats/animated.gif",
    "formats/animated.webp",
    "formats/grey-alpha-16bit.png",
    "formats/cmyk-profile.jpg",
]
LOGO = CORPUS / "formats" / "alpha.webp"
SOURCE = {"assetId": "logo"}
STEPS: list[dict[str, Any]] = [
    {"op": "grayscale"},
    {"op": "adjust", "brightness": 1.1, "contrast": 1.1, "saturation": 1.4, "hue": 15},
    {"op": "sepia"},
    {"op": "negate"},
    {"op": "blur", "sigma": 2},
    {"op": "blur", "sigma": 12},
    {"op": "sharpen", "sigma": 1.2, "amount": 1.5},
    {"op": "pixelate", "size": 8},
    {"op": "rounded-corners", "radius": 40},
    {"op": "border", "width": 6, "colour": "teal"},
    {"op": "border", "width": 6, "inside": True},
    {"op": "flatten"},
    {"op": "watermark", "image": SOURCE, "opacity": 0.6},
    {"op": "watermark", "text": "© FileMill", "size": 0.1, "opacity": 0.4, "tile": True, "rotate": -30},
]


@pytest.fixture(scope="module")
def registry(filemill_registry: Registry) -> Registry:
    """All installed plugins, started as in a worker process."""
    return filemill_registry


def brightness(image: pyvips.Image, page_height: int) -> list[float]:
    """The first frame on white as 16 by 16 values of brightness."""
    frame = image.crop(0, 0, image.width, page_height)
    frame = frame.colourspace("srgb") if frame.interpretation != "srgb" else frame
    frame = frame.flatten(background=255) if frame.hasalpha() else frame
    small = frame.colourspace("b-w").thumbnail_image(16, height=16, size="force")
    return [float(value) for value in bytes(small.write_to_memory())]


@cache
def original(name: str) -> list[float]:
    """What an opaque photo looks like before anything is done to it."""
    image = pyvips.Image.new_from_file(str(CORPUS / name))
    return brightness(image, image.height)


def done(registry: Registry, path: Path, step: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[float]]:
    """Run one step; give the facts of source and result, and what the result looks like."""
    with tempfile.TemporaryDirectory() as folder:
        task = Task(
            inputs=[Input(str(path), path.name)],
            pipelines=[encode_steps([step])],
            folder=folder,
            limits=Limits(),
            extras={Source(asset_id="logo").key: Input(str(LOGO), LOGO.name)},
        )
        outcome = run_task(task, registry, lambda fraction, index, note: None)
        (output,) = outcome.made[0].outputs
        every = {"n": -1} if output.format in ("gif", "webp") else {}
        image = pyvips.Image.new_from_file(output.path, fail_on="warning", **every).copy_memory()
        assert image.height == output.facts["height"] * output.facts["frames"]
        assert image.width == output.facts["width"]
        return outcome.sources[0], output.facts, brightness(image, output.facts["height"])


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: "-".join(str(value) for value in step.values())[:40])
def test_effects_over_real_pictures(name: str, step: dict[str, Any], registry: Registry) -> None:
    """Size and frames are kept (a border adds its width); in photos light and dark lie where they lay."""
    if "text" in step:
        try:
            measured("x", "sans")
        except FilemillError as error:
            pytest.skip(error.detail)
    source, facts, after = done(registry, CORPUS / name, {"quality": 90, **step})
    grown = 12 if step["op"] == "border" and not step.get("inside") else 0
    assert (facts["width"], facts["height"]) == (source["width"] + grown, source["height"] + grown)
    assert facts["frames"] == source["frames"]
    if name.startswith("photos/"):
        likeness = statistics.correlation(original(name), after)
        assert (likeness < -0.9) if step["op"] == "negate" else (likeness > 0.9), likeness
