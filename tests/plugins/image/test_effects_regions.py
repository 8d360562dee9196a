"""Blur and pixelate within regions: inside all of it, outside nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import Context, ErrorCode, FilemillError, Limits, Picture
from filemill.faults import convert
from filemill.formats import FormatTable
from filemill_image.effects.focus import Blur, Pixelate
from filemill_image.effects.regions import Region, RegionalOperation, Shape

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
BOX = Region(x=20, y=10, width=40, height=30)
EVERY: list[type[Blur | Pixelate]] = [Blur, Pixelate]


def noise(bands: int = 3, width: int = 96, height: int = 64) -> pyvips.Image:
    """Repeatable noise."""
    parts = [
        pyvips.Image.gaussnoise(width, height, mean=128, sigma=60, seed=band).cast("uchar") for band in range(bands)
    ]
    return parts[0].bandjoin(parts[1:]).copy(interpretation="srgb").copy_memory()


def done(operation: RegionalOperation, image: pyvips.Image) -> pyvips.Image:
    """The pixels that an operation makes of one frame."""
    picture: Picture = operation.run(Picture.of(image), CONTEXT)
    return picture.image.copy_memory()


def apart(one: pyvips.Image, other: pyvips.Image) -> pyvips.Image:
    """Where two pictures differ: 255 there, else 0."""
    return ((one.cast("short") - other.cast("short")).abs() > 0).bandor()


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("operation", EVERY)
def test_a_box_is_changed_and_nothing_else(operation: type[Blur | Pixelate], bands: int) -> None:
    """Within the box the pixels are those of the whole effect; without they are untouched, to the last bit."""
    image = noise(bands)
    part, whole = done(operation(regions=[BOX]), image), done(operation(), image)
    assert apart(part.crop(20, 10, 40, 30), whole.crop(20, 10, 40, 30)).max() == 0
    left, top, width, height = apart(part, image).find_trim(background=0, threshold=1)
    assert (left, top, width, height) == (20, 10, 40, 30)


@pytest.mark.parametrize("operation", EVERY)
def test_regions_may_overlap_and_reach_out_of_the_picture(operation: type[Blur | Pixelate]) -> None:
    """Each is cut to the picture; one that lies outside changes nothing."""
    image = noise()
    regions = [
        Region(x=-10, y=-10, width=20, height=20),
        Region(x=5, y=5, width=20, height=10),
        Region(x=90, y=0, width=9000, height=9000),
        Region(x=96, y=0, width=5, height=5),
        Region(x=0, y=-30, width=5, height=30),
    ]
    part, whole = done(operation(regions=regions), image), done(operation(), image)
    for box in ((0, 0, 10, 10), (5, 5, 20, 10), (90, 0, 6, 64)):
        assert apart(part.crop(*box), whole.crop(*box)).max() == 0
    for box in ((0, 20, 90, 44), (30, 0, 60, 64)):
        assert apart(part.crop(*box), image.crop(*box)).max() == 0
    outside = done(operation(regions=regions[3:]), image)
    assert apart(outside, image).max() == 0


def test_an_ellipse_lies_in_its_box() -> None:
    """Its area is a quarter of pi of the box's, and it touches the box's four sides."""
    part = done(Blur(regions=[BOX], shape=Shape.ELLIPSE, sigma=9), noise())
    mask = apart(part, noise())
    assert mask.find_trim(background=0, threshold=1) == pytest.approx([20, 10, 40, 30], abs=1)
    assert mask.avg() * 96 * 64 / 255 == pytest.approx(3.1416 / 4 * 40 * 30, rel=0.03)
    assert mask.crop(20, 10, 3, 3).max() == 0


def test_soft_edges_mix_both() -> None:
    """A feathered edge is half changed, and the change fades over three standard deviations on both sides."""
    image = pyvips.Image.black(120, 60, bands=3).copy(interpretation="srgb")
    image = image.insert((image.crop(0, 0, 60, 60) + 200).cast("uchar"), 60, 0)
    step = Pixelate(size=120, regions=[Region(x=0, y=0, width=30, height=60)], feather=4)
    row = list(bytes(done(step, image).crop(0, 30, 120, 1).extract_band(0).write_to_memory()))
    assert row[10] == row[0] == pytest.approx(100, abs=1)
    assert (row[29] + row[30]) / 2 == pytest.approx(50, abs=2)
    assert row[45:60] == [0] * 15
    assert row[:60] == sorted(row[:60], reverse=True)


def test_every_frame_has_its_regions() -> None:
    """Frames do not mix, and each is changed in the same places."""
    pages = [noise(), noise().invert()]
    picture = Blur(regions=[BOX]).run(Picture.of(pages[0]).with_pages(pages), CONTEXT)
    for page, alone in zip(picture.pages(), pages, strict=True):
        assert apart(page, done(Blur(regions=[BOX]), alone)).max() == 0


def test_regions_need_every_pixel() -> None:
    """A strong blur of all of it may be read reduced; that of a part may not, as the rest stays sharp."""
    asked: list[float] = []

    def load(factor: float) -> pyvips.Image:
        asked.append(factor)
        return noise()

    step = Blur(sigma=40, regions=[BOX])
    assert step.reduction(Picture.of(noise())) == 1
    assert step.run(Picture(load, width=96, height=64), CONTEXT).width == 96
    assert asked == [1.0]


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"regions": []}, "/regions"),
        ({"regions": [{"x": 0, "y": 0, "width": 0, "height": 5}]}, "/regions/0/width"),
        ({"regions": [{"x": 0, "y": 0, "width": 5}]}, "/regions/0"),
        ({"shape": "star"}, "/shape"),
        ({"feather": -1}, "/feather"),
    ],
)
def test_wrong_regions_are_refused(parameters: dict[str, Any], pointer: str) -> None:
    """Before any pixel is read, with a pointer to the fault."""
    with pytest.raises(FilemillError) as refused:
        convert(parameters, Blur)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    assert refused.value.faults[0].pointer.startswith(pointer)
