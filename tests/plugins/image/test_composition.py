"""Collage and animate: where each picture lies, and what of it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import Context, ErrorCode, FilemillError, Limits, Picture, Source
from filemill.faults import convert
from filemill.formats import FormatTable
from filemill.task import Outcome, Output
from filemill_image.composition.animate import Animate
from filemill_image.composition.collage import Collage, Layout
from filemill_image.composition.layout import cells
from filemill_image.geometry.sizes import Size

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
RED, GREEN, BLUE = [255, 0, 0], [0, 255, 0], [0, 0, 255]
WHITE = [255, 255, 255]


def plain(colour: list[int], width: int, height: int) -> pyvips.Image:
    """An area of one colour."""
    one = pyvips.Image.black(1, 1, bands=len(colour)).linear(1, colour, uchar=True)
    return one.embed(0, 0, width, height, extend="copy").copy(interpretation="srgb")


def pictures(*given: pyvips.Image) -> list[Picture]:
    """Pictures of one frame each."""
    return [Picture.of(image) for image in given]


def at(image: pyvips.Image, x: int, y: int) -> list[int]:
    """The values of one pixel."""
    return [round(value) for value in image.getpoint(x, y)]


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 40])
@pytest.mark.parametrize("margin", [0, 7])
@pytest.mark.parametrize("canvas", [Size(800, 600), Size(300, 900)])
def test_cells_fill_the_canvas(canvas: Size, margin: int, count: int, even: bool) -> None:
    """One a picture, in reading order; none covers another, and around each are the margins and nothing more."""
    found = cells([0.5 + index % 3 * 0.6 for index in range(count)], canvas, margin, even=even)
    assert found is not None
    assert len(found) == count
    assert [(cell.top, cell.left) for cell in found] == sorted((cell.top, cell.left) for cell in found)
    assert found[0][:2] == (margin, margin)
    last = found[-1]
    assert (last.left + last.size.width, last.top + last.size.height) == (canvas.width - margin, canvas.height - margin)
    grown = sum((cell.size.width + margin) * (cell.size.height + margin) for cell in found)
    assert grown == (canvas.width - margin) * (canvas.height - margin)


def test_justified_cells_have_the_ratios_of_the_pictures() -> None:
    """Where the canvas can hold them whole, they are; a grid's cells are equal."""
    found = cells([2.0, 1.0, 1.0, 2.0], Size(300, 200), 0, even=False)
    assert found == [(0, 0, (200, 100)), (200, 0, (100, 100)), (0, 100, (100, 100)), (100, 100, (200, 100))]
    grid = cells([2.0, 1.0, 1.0, 2.0], Size(300, 200), 0, even=True)
    assert grid is not None
    assert {cell.size for cell in grid} == {(150, 100)}


def test_no_room_between_margins() -> None:
    """A layout of which a cell would have no pixel is none; the collage says which parameter is wrong."""
    assert cells([1.0] * 9, Size(30, 30), 15, even=False) is None
    with pytest.raises(FilemillError, match="no room") as refused:
        Collage(width=20, height=20, margin=10).run(pictures(plain(RED, 9, 9)), CONTEXT)
    assert refused.value.faults[0].pointer == "/margin"


def test_a_collage_shows_every_picture() -> None:
    """In their order, with margins of the background around them."""
    given = pictures(plain(RED, 200, 100), plain(GREEN, 100, 100), plain(BLUE, 300, 100))
    image = Collage(width=330, height=220, margin=10, background="white").run(given, CONTEXT).image.copy_memory()
    assert (image.width, image.height, image.bands) == (330, 220, 3)
    assert (at(image, 60, 50), at(image, 280, 50), at(image, 160, 160)) == (RED, GREEN, BLUE)
    for x, y in ((3, 3), (160, 5), (325, 160), (160, 215), (160, 110)):
        assert at(image, x, y) == WHITE


def test_a_picture_covers_its_cell_and_keeps_its_middle() -> None:
    """Of a wide one the sides are cut off; of one with transparency the background is seen."""
    wide = plain(RED, 300, 100).insert(plain(GREEN, 100, 100), 100, 0)
    step = Collage(width=100, height=100, margin=0)
    image = step.run(pictures(wide), CONTEXT).image
    assert [at(image, x, 50) for x in (2, 50, 97)] == [GREEN] * 3
    glass = Collage(width=50, height=50, margin=0, background="teal").run(pictures(plain([*RED, 0], 9, 9)), CONTEXT)
    assert at(glass.image, 25, 25) == [0, 128, 128]
    clear = Collage(width=50, height=50, margin=5, background="transparent").run(pictures(plain(RED, 9, 9)), CONTEXT)
    assert (at(clear.image, 25, 25), at(clear.image, 1, 1)) == ([*RED, 255], [0, 0, 0, 0])


def test_an_upright_picture_is_turned_for_a_cell_across() -> None:
    """Clockwise: its top is on the right. One that fits is not turned."""
    upright = plain(RED, 50, 100).insert(plain(GREEN, 50, 50), 0, 0)
    step = Collage(width=200, height=50, margin=0, layout=Layout.GRID, turn=True)
    image = step.run(pictures(upright, plain(BLUE, 100, 50)), CONTEXT).image.copy_memory()
    assert (at(image, 20, 25), at(image, 80, 25), at(image, 150, 25)) == (RED, GREEN, BLUE)


def test_a_collage_is_held_to_the_limit_of_pixels() -> None:
    """Before a picture is read."""

    def load(factor: float) -> pyvips.Image:
        raise AssertionError

    with pytest.raises(FilemillError) as refused:
        Collage(width=16384, height=16384).run([Picture(load, width=10, height=10)], CONTEXT)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER


def test_an_animation_has_a_frame_of_each() -> None:
    """Of the first one's size, whole, with the background around; delay and loop are told."""
    given = pictures(plain(RED, 60, 30), plain(GREEN, 30, 30))
    picture = Animate(delay=250, loop=4, background="white").run(given, CONTEXT)
    assert (picture.frames, picture.width, picture.height) == (2, 60, 30)
    assert (picture.image.get("delay"), picture.image.get("loop")) == ([250, 250], 4)
    first, second = picture.pages()
    assert (at(first, 5, 15), at(second, 5, 15), at(second, 30, 15)) == (RED, WHITE, GREEN)


@pytest.mark.parametrize(
    ("parameters", "left", "right"),
    [
        ({"fit": "contain", "position": "left"}, GREEN, WHITE),
        ({"fit": "contain", "position": "right"}, WHITE, BLUE),
        ({"fit": "cover", "position": "top"}, GREEN, GREEN),
        ({"fit": "cover", "position": "bottom"}, BLUE, BLUE),
    ],
)
def test_fit_and_position(parameters: dict[str, Any], left: list[int], right: list[int]) -> None:
    """Where a whole picture lies, and which part of one that is cut is kept."""
    upright = plain(GREEN, 30, 60).insert(plain(BLUE, 30, 40), 0, 20)
    across = upright if parameters["fit"] == "cover" else plain(GREEN, 30, 30).insert(plain(BLUE, 15, 30), 15, 0)
    step: Animate = convert({"width": 60, "height": 30, "background": "white", **parameters}, Animate)
    image = step.run(pictures(across), CONTEXT).image
    assert (at(image, 5, 8), at(image, 55, 20)) == (left, right)


def test_stretched_frames_and_one_side() -> None:
    """`fill` stretches; with one side the ratio of the first picture gives the other."""
    stretched: Animate = convert({"width": 20, "height": 60, "fit": "fill"}, Animate)
    image = stretched.run(pictures(plain(RED, 60, 20)), CONTEXT).image
    assert (at(image, 1, 1), at(image, 18, 58)) == (RED, RED), "no alpha where all is opaque"
    for parameters in ({"width": 30}, {"height": 10}):
        step: Animate = convert(parameters, Animate)
        made = step.run(pictures(plain(RED, 60, 20)), CONTEXT)
        assert (made.width, made.height) == (30, 10)


def test_frames_of_an_animation_are_frames_of_their_own() -> None:
    """In their order, between those of the others."""
    pages = [plain(GREEN, 40, 20), plain(BLUE, 40, 20)]
    moving = Picture.of(pages[0]).with_pages(pages)
    made = Animate(background="white").run([*pictures(plain(RED, 40, 20)), moving], CONTEXT)
    assert [at(page, 20, 10) for page in made.pages()] == [RED, GREEN, BLUE]
    few = Context(limits=Limits(max_frames=2), folder=Path(), formats=FormatTable([]))
    with pytest.raises(FilemillError, match="2 are allowed"):
        Animate().run([*pictures(plain(RED, 40, 20)), moving], few)
    with pytest.raises(FilemillError, match="in all"):
        Animate(width=10_000, height=5000).run([*pictures(plain(RED, 40, 20)), moving], CONTEXT)


def test_files_in_and_a_file_out(run: Callable[..., Outcome], samples: Any, picture_of: Any) -> None:
    """Inputs first, then the pictures of the parameter; a GIF unless another format is asked for."""
    files = [samples.save(plain(RED, 40, 30), "a.png"), samples.save(plain(GREEN, 40, 30), "b.jpg", Q=95)]
    images = [{"assetId": "blue"}]
    extras = {Source(asset_id="blue").key: samples.save(plain(BLUE, 40, 30), "c.png")}
    step = {"op": "animate", "images": images, "delay": 200}
    output: Output = run(files, [step], extras=extras).made[0].outputs[0]
    assert (output.format, output.facts["frames"]) == ("gif", 3)
    read = picture_of(output)
    assert read.get("delay") == [200] * 3
    for index, colour in enumerate((RED, GREEN, BLUE)):
        assert at(read, 20, 30 * index + 15)[:3] == pytest.approx(colour, abs=6)
    webp = run(files, [step, {"op": "convert", "format": "webp"}], extras=extras).made[0].outputs[0]
    assert (webp.format, webp.facts["frames"]) == ("webp", 3)
    sheet = {"op": "collage", "images": images, "width": 120, "height": 30, "margin": 0}
    output = run(files, [sheet], extras=extras).made[0].outputs[0]
    assert output.format == "png"
    read = picture_of(output)
    for index, colour in enumerate((RED, GREEN, BLUE)):
        assert at(read, 40 * index + 20, 15) == pytest.approx(colour, abs=4)


def test_later_frames_of_a_gif_keep_their_transparency(
    run: Callable[..., Outcome], samples: Any, picture_of: Any
) -> None:
    """Though the first frame has none: of it one pixel in the corner is given away."""
    files = [samples.photo("wide.png", 60, 30), samples.photo("upright.png", 15, 30)]
    output = run(files, [{"op": "animate"}]).made[0].outputs[0]
    read = picture_of(output)
    assert at(read, 5, 45)[3] == 0
    assert at(read, 30, 45)[3] == 255
    first = read.crop(0, 0, 60, 30).extract_band(3)
    assert (first.min(), at(first, 59, 29)) == (0, [0])
    assert first.avg() == pytest.approx(255 * 1799 / 1800)


@pytest.mark.parametrize(
    ("operation", "parameters", "pointer"),
    [
        (Collage, {"width": 10, "height": 10, "background": "octarine"}, "/background"),
        (Collage, {"width": 10}, "/height"),
        (Animate, {"background": "octarine"}, "/background"),
        (Animate, {"delay": -1}, "/delay"),
    ],
)
def test_wrong_parameters_are_refused(operation: Any, parameters: dict[str, Any], pointer: str) -> None:
    """Before any pixel is read, with a pointer to the parameter."""
    with pytest.raises(FilemillError) as refused:
        convert(parameters, operation)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
