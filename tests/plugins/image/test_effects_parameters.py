"""Every effect over the whole range of its parameters: it never fails, and the size is what was promised."""

from __future__ import annotations

from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill import Context, FilemillError, Limits, Picture, PictureOperation
from filemill.faults import convert
from filemill.formats import FormatTable
from filemill.operation import shape_of
from filemill_image.effects import OPERATIONS

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
STEP: Any = reduce(or_, OPERATIONS)
REGIONS = st.lists(
    st.fixed_dictionaries(
        {
            "x": st.integers(-80, 80),
            "y": st.integers(-80, 80),
            "width": st.integers(1, 80),
            "height": st.integers(1, 80),
        }
    ),
    min_size=1,
    max_size=3,
)
PARTS: dict[str, Any] = {
    "regions": REGIONS, "shape": st.sampled_from(["rectangle", "ellipse"]), "feather": st.floats(0, 100),
}  # fmt: skip
COLOURS = st.sampled_from(["teal", "#fff", "#12345678", "transparent"])
FACTORS = st.floats(0, 10)
STEPS = st.one_of(
    st.fixed_dictionaries({"op": st.sampled_from(["grayscale", "negate"])}),
    st.fixed_dictionaries(
        {"op": st.just("adjust")},
        optional={"brightness": FACTORS, "contrast": FACTORS, "saturation": FACTORS, "hue": st.floats(-360, 360)},
    ),
    st.fixed_dictionaries({"op": st.just("sepia"), "amount": st.floats(0, 1)}),
    st.fixed_dictionaries({"op": st.just("blur"), "sigma": st.floats(0.3, 250)}, optional=PARTS),
    st.fixed_dictionaries({"op": st.just("auto-levels")}, optional={"clip": FACTORS, "channels": st.booleans()}),
    st.fixed_dictionaries(
        {"op": st.just("torn-edges"), "least": st.integers(0, 10), "most": st.integers(10, 10_000)},
        optional={"background": COLOURS},
    ),
    st.fixed_dictionaries({"op": st.just("oil-paint"), "radius": st.integers(1, 100)}),
    st.fixed_dictionaries(
        {"op": st.just("vignette"), "amount": st.floats(0, 1)},
        optional={"falloff": st.sampled_from(["gaussian", "linear"]), "colour": COLOURS},
    ),
    st.fixed_dictionaries({"op": st.just("sharpen"), "sigma": st.floats(0.3, 10), "amount": FACTORS}),
    st.fixed_dictionaries({"op": st.just("pixelate"), "size": st.integers(1, 4096)}, optional=PARTS),
    st.fixed_dictionaries({"op": st.just("flatten"), "background": st.sampled_from(["red", "#abc"])}),
    st.fixed_dictionaries(
        {"op": st.just("rounded-corners"), "radius": st.one_of(st.just("max"), st.integers(1, 8192))},
        optional={"background": COLOURS},
    ),
    st.fixed_dictionaries(
        {"op": st.just("border"), "width": st.integers(1, 200)}, optional={"colour": COLOURS, "inside": st.booleans()}
    ),
)


def noise(width: int, height: int, bands: int, frames: int) -> Picture:
    """Repeatable noise."""
    parts = [
        pyvips.Image.gaussnoise(width, height * frames, mean=128, sigma=80, seed=band).cast("uchar")
        for band in range(bands)
    ]
    image = parts[0].bandjoin(parts[1:]).copy(interpretation="srgb").copy_memory()
    return Picture.of(image).with_pages([image.crop(0, height * index, width, height) for index in range(frames)])


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(1, 70), st.integers(1, 70), st.sampled_from([3, 4]), st.sampled_from([1, 3]))
def test_sizes_over_all_ranges(step: dict[str, Any], width: int, height: int, bands: int, frames: int) -> None:
    """Same frames, 8-bit sRGB, and the same size: all but an outer border, which adds twice its width."""
    picture = noise(width, height, bands, frames)
    operation: PictureOperation = convert(step, STEP)
    if step.get("inside") and 2 * step["width"] >= min(width, height):
        with pytest.raises(FilemillError, match="leaves nothing"):
            operation.run(picture, CONTEXT)
        return
    changed = operation.run(picture, CONTEXT)
    grown = 2 * step["width"] if step["op"] == "border" and not step.get("inside") else 0
    assert (changed.width, changed.height, changed.frames) == (width + grown, height + grown, frames)
    image = changed.image
    assert len(image.write_to_memory()) == image.width * image.height * image.bands
    assert (image.format, image.interpretation) == ("uchar", "srgb")
    assert image.bands == (4 if changed.transparent else 3)
    assert image.height == changed.height * frames


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_documentation(operation: type[PictureOperation]) -> None:
    """Each operation has a summary line, and every field a description; its shape can be read."""
    assert shape_of(operation).accepts == (Picture,)
    summary, _, rest = (operation.__doc__ or "").partition("\n")
    assert summary.endswith(".")
    assert rest.strip()
