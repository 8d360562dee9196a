"""Rounded corners, border and flatten: what stays, what is added, and how edges are blended."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import pyvips

from filemill import Context, ErrorCode, FilemillError, Limits, Picture
from filemill.faults import convert
from filemill.formats import FormatTable
from filemill_image.effects.surround import Border, Flatten, RoundedCorners

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
ORANGE, TEAL = (200, 120, 40), (0, 128, 128)


def plain(*colour: int, width: int = 40, height: int = 30) -> pyvips.Image:
    """An area of one colour."""
    one = pyvips.Image.black(width, height, bands=len(colour)).linear(1, list(colour), uchar=True)
    return one.copy(interpretation="srgb")


def animated(*colours: tuple[int, ...]) -> Picture:
    """One frame a colour."""
    pages = [plain(*colour) for colour in colours]
    return Picture.of(pages[0]).with_pages(pages)


def at(image: pyvips.Image, x: int, y: int) -> list[int]:
    """The values of one pixel."""
    return [round(value) for value in image.getpoint(x, y)]


@pytest.mark.parametrize("radius", [1, 5, 14, 15])
def test_corners_cover_the_area_of_their_circle(radius: int) -> None:
    """What is cut off is four times a square less its quarter circle; the edge is soft, never outside 0 to 255."""
    image = RoundedCorners(radius=radius).run(Picture.of(plain(*ORANGE)), CONTEXT).image
    alpha = image.extract_band(3)
    cut = image.width * image.height - alpha.avg() * image.width * image.height / 255
    assert cut == pytest.approx((4 - math.pi) * radius**2, rel=0.06, abs=0.5)
    assert at(image, 20, 15) == [*ORANGE, 255]
    assert at(image, 0, 0)[3] < 210
    for turned in (alpha.fliphor(), alpha.flipver()):
        assert (turned - alpha).abs().max() == 0


def test_max_makes_a_circle_of_a_square() -> None:
    """The corners' arcs meet, and a wide picture becomes a pill; a radius beyond that is the same."""
    square = Picture.of(plain(*ORANGE, width=33, height=33))
    circle = RoundedCorners(radius=convert({"radius": "MAX"}, RoundedCorners).radius).run(square, CONTEXT).image
    disc = pyvips.Image.xyz(33, 33) - 16
    inside = (disc[0] ** 2 + disc[1] ** 2) ** 0.5
    assert (inside < 15.5).ifthenelse(circle.extract_band(3), 255).min() == 255
    assert (inside > 17.5).ifthenelse(circle.extract_band(3), 0).max() == 0
    wide = Picture.of(plain(*ORANGE))
    largest = RoundedCorners(radius=8192).run(wide, CONTEXT).image
    assert (largest - convert({"radius": "max"}, RoundedCorners).run(wide, CONTEXT).image).abs().max() == 0


@pytest.mark.parametrize(
    ("given", "ground", "corner", "middle"),
    [
        (ORANGE, "teal", [*TEAL], [*ORANGE]),
        ((*ORANGE, 255), "teal", [*TEAL, 255], [*ORANGE, 255]),
        ((*ORANGE, 100), "teal", [*TEAL, 255], [*ORANGE, 100]),
        ((*ORANGE, 100), None, [*ORANGE, 0], [*ORANGE, 100]),
        (ORANGE, "#00808080", [*TEAL, 128], [*ORANGE, 255]),
    ],
)
def test_corners_have_the_background(
    given: tuple[int, ...], ground: str | None, corner: list[int], middle: list[int]
) -> None:
    """A background fills the corners alone: transparency elsewhere stays."""
    image = RoundedCorners(radius=15, background=ground).run(Picture.of(plain(*given)), CONTEXT).image
    assert image.format == "uchar"
    assert at(image, 0, 0) == pytest.approx(corner, abs=1)
    assert at(image, 20, 15) == pytest.approx(middle, abs=1)


@pytest.mark.parametrize(
    ("given", "ink", "edge", "middle"),
    [
        (ORANGE, "teal", [*TEAL], [*ORANGE]),
        ((*ORANGE, 100), "teal", [*TEAL, 255], [*ORANGE, 100]),
        (ORANGE, "#00808080", [*TEAL, 128], [*ORANGE, 255]),
    ],
)
def test_a_border_grows_the_picture(given: tuple[int, ...], ink: str, edge: list[int], middle: list[int]) -> None:
    """Twice the width is added to both sides; the picture within is untouched."""
    image = Border(width=3, colour=ink).run(Picture.of(plain(*given)), CONTEXT).image
    assert (image.width, image.height) == (46, 36)
    assert [at(image, *place) for place in ((0, 0), (2, 10), (45, 35), (20, 2))] == [edge] * 4
    assert [at(image, *place) for place in ((3, 3), (42, 32))] == [middle] * 2


@pytest.mark.parametrize(
    ("given", "ink", "edge"),
    [
        (ORANGE, "teal", [*TEAL]),
        (ORANGE, "#00808080", [100, 124, 84]),
        ((*ORANGE, 0), "#00808080", [*TEAL, 128]),
        ((*ORANGE, 255), "transparent", [*ORANGE, 255]),
    ],
)
def test_a_border_inside_keeps_the_size(given: tuple[int, ...], ink: str, edge: list[int]) -> None:
    """The border lies over the picture's own edge, which a translucent one lets through."""
    image = Border(width=3, colour=ink, inside=True).run(Picture.of(plain(*given)), CONTEXT).image
    assert (image.width, image.height, image.bands) == (40, 30, len(given))
    assert at(image, 2, 10) == pytest.approx(edge, abs=1)
    assert at(image, 3, 3) == ([*given] if given[-1] else [0, 0, 0, 0])


def test_a_border_that_leaves_nothing_is_refused() -> None:
    """The error says how wide it may be."""
    with pytest.raises(FilemillError, match="at most 14") as refused:
        Border(width=15, inside=True).run(Picture.of(plain(*ORANGE)), CONTEXT)
    assert refused.value.faults[0].pointer == "/width"
    assert Border(width=14, inside=True).run(Picture.of(plain(*ORANGE)), CONTEXT).image.height == 30


@pytest.mark.parametrize("alpha", [0, 100, 255])
def test_flatten_mixes_by_alpha(alpha: int) -> None:
    """Each pixel becomes its colour over the background, in the share of its alpha, without an alpha band."""
    image = Flatten(background="teal").run(Picture.of(plain(*ORANGE, alpha)), CONTEXT).image
    expected = [(over * alpha + under * (255 - alpha)) / 255 for over, under in zip(ORANGE, TEAL, strict=True)]
    assert at(image, 5, 5) == pytest.approx(expected, abs=1)


def test_an_opaque_picture_is_flat_already() -> None:
    """The pixels stay; the picture is encoded again, so that its metadata goes."""
    picture = Picture.of(plain(*ORANGE))
    result = Flatten().run(picture, CONTEXT)
    assert result is not picture
    assert (result.image - picture.image).abs().max() == 0


@pytest.mark.parametrize(
    "operation", [RoundedCorners(radius=6), Border(width=4), Border(width=4, inside=True)], ids=repr
)
def test_every_frame_gets_it(operation: RoundedCorners | Border) -> None:
    """Frames stay in number and order, each with its own corners or border."""
    changed = operation.run(animated(ORANGE, TEAL, (9, 9, 9)), CONTEXT)
    assert changed.frames == 3
    alone = [operation.run(Picture.of(plain(*colour)), CONTEXT).image for colour in (ORANGE, TEAL, (9, 9, 9))]
    for page, expected in zip(changed.pages(), alone, strict=True):
        assert (page.width, page.height) == (expected.width, expected.height)
        assert (page - expected).abs().max() == 0


def test_flatten_works_on_every_frame() -> None:
    """An animation loses its transparency in all frames."""
    changed = Flatten(background="white").run(animated((*ORANGE, 0), (*TEAL, 255)), CONTEXT)
    first, second = changed.pages()
    assert (at(first, 1, 1), at(second, 1, 1), changed.transparent) == ([255] * 3, [*TEAL], False)


@pytest.mark.parametrize(
    ("operation", "parameters", "pointer"),
    [
        (Border, {"colour": "octarine"}, "/colour"),
        (RoundedCorners, {"background": "#12345"}, "/background"),
        (RoundedCorners, {"radius": "huge"}, "/radius"),
        (RoundedCorners, {"radius": 0}, "/radius"),
        (Flatten, {"background": "transparent"}, "/background"),
        (Flatten, {"background": "#fff8"}, "/background"),
    ],
)
def test_wrong_parameters_are_refused(operation: type, parameters: dict[str, object], pointer: str) -> None:
    """Before any pixel is read, with a pointer to the parameter."""
    with pytest.raises(FilemillError) as refused:
        convert(parameters, operation)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_a_radius_may_come_as_text() -> None:
    """Query strings and forms bring text: digits are pixels, `max` is the largest."""
    assert convert({"radius": "20"}, RoundedCorners, strict=False).radius == 20
    assert convert({"radius": "max"}, RoundedCorners, strict=False).radius == "max"
