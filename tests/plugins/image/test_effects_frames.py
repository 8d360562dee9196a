"""Vignette, drop shadow and polaroid: what surrounds a picture, and what of it stays."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import Context, ErrorCode, FilemillError, Limits, Picture, PictureOperation
from filemill.faults import convert
from filemill.formats import FormatTable
from filemill_image.effects.polaroid import Polaroid
from filemill_image.effects.shadow import DropShadow
from filemill_image.effects.vignette import Falloff, Vignette

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
ORANGE, TEAL = (200, 120, 40), (0, 128, 128)
SNOW = [255, 250, 250]


def plain(*colour: int, width: int = 80, height: int = 60) -> pyvips.Image:
    """An area of one colour."""
    one = pyvips.Image.black(width, height, bands=len(colour)).linear(1, list(colour), uchar=True)
    return one.copy(interpretation="srgb")


def changed(operation: PictureOperation, image: pyvips.Image) -> pyvips.Image:
    """The pixels that an operation makes of one frame."""
    picture = operation.run(Picture.of(image), CONTEXT)
    assert isinstance(picture, Picture)
    assert picture.transparent is picture.image.hasalpha()
    assert (picture.image.format, picture.image.interpretation) == ("uchar", "srgb")
    return picture.image.copy_memory()


def at(image: pyvips.Image, x: int, y: int) -> list[int]:
    """The values of one pixel."""
    return [round(value) for value in image.getpoint(x, y)]


def turned(image: pyvips.Image) -> float:
    """The largest difference between a picture and its two mirror images."""
    return float(max((image - mirrored).abs().max() for mirrored in (image.fliphor(), image.flipver())))


@pytest.mark.parametrize("falloff", [*Falloff])
def test_a_vignette_grows_to_the_corners(falloff: Falloff) -> None:
    """The middle stays, the share grows outwards alike on all sides, and in the corner it is `amount`."""
    image = changed(Vignette(amount=0.8, falloff=falloff), plain(*ORANGE, width=201, height=101))
    reds = [at(image, x, 50)[0] for x in range(100, 201)]
    assert reds[:50] == [200] * 50
    assert reds == sorted(reds, reverse=True)
    assert at(image, 0, 0) == pytest.approx([value * 0.2 for value in ORANGE], abs=5)
    assert at(image, 100, 2) == pytest.approx(at(image, 3, 50), abs=3), "an ellipse of the picture's ratio"
    assert turned(image) == 0


def test_the_falloffs_are_a_ramp_and_a_bell_curve() -> None:
    """Three quarters of the way to the edge, both as their formulas say."""
    share = 0.25 / (math.sqrt(2) - 0.5)
    for falloff, lost in ((Falloff.LINEAR, share), (Falloff.GAUSSIAN, 1 - math.exp(-4.5 * share**2))):
        image = changed(Vignette(amount=1, falloff=falloff), plain(*ORANGE, width=801, height=601))
        assert at(image, 400 + 300, 300) == pytest.approx([value * (1 - lost) for value in ORANGE], abs=2)


def test_a_large_vignette_is_the_small_one_enlarged() -> None:
    """The mask of a large picture is computed on a small one, and is the same."""
    large = changed(Vignette(amount=1), plain(*ORANGE, width=3000, height=1800))
    small = changed(Vignette(amount=1), plain(*ORANGE, width=1000, height=600))
    for x, y in ((5, 5), (500, 30), (160, 300), (900, 500)):
        assert at(large, 3 * x + 1, 3 * y + 1) == pytest.approx(at(small, x, y), abs=2)


def test_a_vignette_of_transparency_and_of_a_colour() -> None:
    """Transparent: alpha falls and colours stay; a colour also lies under what was transparent."""
    clear = changed(Vignette(amount=1, colour="transparent"), plain(*ORANGE, 200))
    assert at(clear, 40, 30) == [*ORANGE, 200]
    assert at(clear, 0, 0)[3] < 10
    assert at(clear, 70, 30)[:3] == [*ORANGE]
    teal = changed(Vignette(amount=1, colour="teal"), plain(*ORANGE, 200))
    assert at(teal, 40, 30) == pytest.approx([*ORANGE, 200], abs=1)
    assert at(teal, 0, 0) == pytest.approx([*TEAL, 255], abs=4)


def test_no_vignette_at_all() -> None:
    """An amount of 0 leaves the pixels."""
    assert (changed(Vignette(amount=0), plain(*ORANGE)) - plain(*ORANGE)).abs().max() == 0


@pytest.mark.parametrize(
    ("x", "y", "sigma", "size", "corner"),
    [
        (4, 4, 0, (84, 64), (0, 0)),
        (-10, 6, 0, (90, 66), (10, 0)),
        (0, 0, 4, (104, 84), (12, 12)),
        (20, -20, 4, (112, 92), (0, 32)),
    ],
)
def test_a_shadow_takes_the_room_it_needs(
    x: int, y: int, sigma: float, size: tuple[int, int], corner: tuple[int, int]
) -> None:
    """Each side grows by what the shadow needs there; the picture itself is untouched."""
    image = changed(DropShadow(x=x, y=y, sigma=sigma), plain(*ORANGE))
    assert (image.width, image.height) == size
    inner = image.crop(*corner, 80, 60)
    assert (inner - plain(*ORANGE, 255)).abs().max() == 0
    assert image.extract_band(3).min() == 0


def test_a_hard_shadow_is_the_shape_moved() -> None:
    """Its colour, its opacity times the shape's own alpha, and nothing beside it."""
    shape = plain(*ORANGE, 0).insert(plain(*ORANGE, 255, width=20, height=20), 10, 10)
    image = changed(DropShadow(x=30, y=5, sigma=0, opacity=0.5, colour="#00808080"), shape)
    assert at(image, 45, 30) == [*TEAL, 64]
    assert at(image, 15, 15) == [*ORANGE, 255]
    assert at(image, 61, 30)[3] == 0
    assert at(image, 39, 30)[3] == 0


@pytest.mark.parametrize("sigma", [2.0, 12.0])
def test_a_soft_shadow_is_the_gaussian_integral(sigma: float) -> None:
    """Beyond a long straight edge it falls as the integral of the Gaussian, also where it is computed smaller."""
    image = changed(DropShadow(x=0, y=0, sigma=sigma, opacity=1), plain(*ORANGE, width=200, height=200))
    reach = math.ceil(3 * sigma)
    for beyond in (0, 3, reach - 1):
        expected = 255 * (1 - math.erf((beyond + 0.5) / (sigma * math.sqrt(2)))) / 2
        assert at(image, reach + 100, reach + 200 + beyond)[3] == pytest.approx(expected, abs=4)


def test_a_background_fills_what_is_clear() -> None:
    """The result is opaque, the shadow mixed with the colour; a translucent one stays that."""
    white = changed(DropShadow(x=10, y=10, sigma=0, opacity=0.5, background="white"), plain(*ORANGE))
    assert (at(white, 85, 65), at(white, 85, 2), at(white, 5, 5)) == ([127] * 3, [255] * 3, [*ORANGE])
    glass = changed(DropShadow(x=10, y=10, sigma=0, background="#00808080"), plain(*ORANGE))
    assert at(glass, 85, 2) == [*TEAL, 128]


def test_a_polaroid_has_paper_around_the_picture() -> None:
    """Six percent of the shorter side beside and above, four times that below, and a shadow at the lower right."""
    image = changed(Polaroid(), plain(*ORANGE, width=300, height=200))
    alpha = image.extract_band(3)
    left, top, width, height = (alpha >= 254).ifthenelse(255, 0).find_trim(background=0, threshold=1)
    assert (width, height) == (324, 260)
    assert (image.crop(left + 12, top + 12, 300, 200) - plain(*ORANGE, 255, width=300, height=200)).abs().max() == 0
    for x, y in ((left + 2, top + 100), (left + 150, top + 2), (left + 150, top + 213), (left + 150, top + 255)):
        assert at(image, x, y) == [*SNOW, 255]
    below, above = at(image, left + 150, top + 261)[3], at(image, left + 150, top - 2)[3]
    assert below > above + 20


@pytest.mark.parametrize("angle", [0, 30, 90, 200, -90])
def test_a_turned_polaroid(angle: float) -> None:
    """The card is turned clockwise, wider below; the shadow still falls downwards; the corners are the ground."""
    image = changed(Polaroid(rotate=angle, colour="teal", background="white"), plain(*ORANGE, width=120, height=120))
    assert image.bands == 3
    assert at(image, 0, 0) == pytest.approx([255] * 3, abs=3)
    orange = (image.extract_band(0) > 190) & (image.extract_band(2) < 60)
    middle = [orange.project()[axis] for axis in (0, 1)]
    places = [sum(i * v for i, v in enumerate(line)) / sum(line) for line in map(_line, middle)]
    offset = places[0] - image.width / 2, places[1] - image.height / 2
    # The picture lies above the card's middle, by one and a half margins of 7 pixels.
    expected = 10.5 * math.sin(math.radians(angle)), -10.5 * math.cos(math.radians(angle))
    assert offset == pytest.approx(expected, abs=3)


def _line(projection: pyvips.Image) -> list[float]:
    return [float(value) for row in projection.tolist() for value in (row if isinstance(row, list) else [row])]


def test_every_frame_is_framed() -> None:
    """Frames stay in number and order."""
    pages = [plain(*ORANGE), plain(*TEAL)]
    for operation in (Vignette(), DropShadow(), Polaroid(rotate=10)):
        picture = operation.run(Picture.of(pages[0]).with_pages(pages), CONTEXT)
        assert picture.frames == 2
        for page, alone in zip(picture.pages(), pages, strict=True):
            assert (page - changed(operation, alone)).abs().max() == 0


@pytest.mark.parametrize(
    ("operation", "parameters", "pointer"),
    [
        (Vignette, {"colour": "octarine"}, "/colour"),
        (Vignette, {"amount": 1.1}, "/amount"),
        (DropShadow, {"colour": "#12345"}, "/colour"),
        (DropShadow, {"background": "#12345"}, "/background"),
        (DropShadow, {"x": 1001}, "/x"),
        (Polaroid, {"colour": "octarine"}, "/colour"),
        (Polaroid, {"background": "octarine"}, "/background"),
    ],
)
def test_wrong_parameters_are_refused(
    operation: type[PictureOperation], parameters: dict[str, Any], pointer: str
) -> None:
    """Before any pixel is read, with a pointer to the parameter."""
    with pytest.raises(FilemillError) as refused:
        convert(parameters, operation)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


@pytest.mark.parametrize("operation", [Vignette(), DropShadow(sigma=20), Polaroid()], ids=repr)
def test_an_opaque_file_is_read_in_one_sequential_pass(operation: PictureOperation, tmp_path: Path) -> None:
    """The graph runs over a stream that can only be read from top to bottom."""
    path = tmp_path / "tall.png"
    plain(*ORANGE, width=300, height=2000).write_to_file(str(path))
    picture = Picture(lambda factor: pyvips.Image.new_from_file(str(path), access="sequential"), width=300, height=2000)
    result = operation.run(picture, CONTEXT).image
    assert len(result.write_to_memory()) == result.width * result.height * result.bands
