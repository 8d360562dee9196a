"""`watermark`: pictures and texts, where they lie, how large they are, what they leave alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill import Context, ErrorCode, FilemillError, Limits, Picture, Source
from filemill.faults import convert
from filemill.formats import Format, FormatTable
from filemill.kinds import File
from filemill_image.effects.lettering import measured
from filemill_image.effects.watermark import Watermark
from filemill_image.gravity import Position

RED, BLUE, GREY = [255, 0, 0], [0, 0, 255], [100, 100, 100]
LOGO = {"url": "https://example.com/logo.png"}


def plain(colour: list[int], width: int, height: int) -> pyvips.Image:
    """An area of one colour."""
    one = pyvips.Image.black(width, height, bands=len(colour)).linear(1, colour, uchar=True)
    return one.copy(interpretation="srgb")


def context_with(logo: pyvips.Image, frames: int = 1) -> Context:
    """Surroundings in which the source `LOGO` is these pixels."""

    def opened(file: File, context: Context) -> Picture:
        return Picture.of(logo).with_image(logo, frames)

    form = Format(
        name="logo", title="Logo", media_types=(), extensions=(), kind=Picture, sniff=lambda head: True, open=opened
    )
    extras = {Source(**LOGO).key: File(Path(), "logo.png", "logo", 1)}
    return Context(limits=Limits(), folder=Path(), formats=FormatTable([form]), extras=extras)


def marked(base: pyvips.Image, logo: pyvips.Image, **parameters: Any) -> pyvips.Image:
    """What the operation makes of a picture with a picture as watermark; the size must stay."""
    step = convert({"image": LOGO, **parameters}, Watermark)
    image = step.run(Picture.of(base), context_with(logo)).image.copy_memory()
    assert (image.width, image.height, image.bands, image.format) == (base.width, base.height, base.bands, "uchar")
    return image


def lettered(base: pyvips.Image, **parameters: Any) -> pyvips.Image:
    """What the operation makes of a picture with a text; the size must stay."""
    step = convert(parameters, Watermark)
    image = step.run(Picture.of(base), context_with(base)).image.copy_memory()
    assert (image.width, image.height, image.bands, image.format) == (base.width, base.height, base.bands, "uchar")
    return image


def box_of(image: pyvips.Image, ground: list[int]) -> tuple[int, int, int, int]:
    """Left, top, width and height of what differs from an even ground."""
    left, top, width, height = image.find_trim(background=ground, threshold=3)
    return left, top, width, height


@pytest.fixture(scope="module")
def fonts() -> None:
    """Skips where the machine has no font at all."""
    try:
        measured("x", "sans")
    except FilemillError as error:
        pytest.skip(error.detail)


@pytest.mark.parametrize(
    ("position", "place"),
    [
        ("top-left", (5, 5)),
        ("top", (75, 5)),
        ("top-right", (145, 5)),
        ("left", (5, 37)),
        ("center", (75, 37)),
        ("right", (145, 37)),
        ("bottom-left", (5, 70)),
        ("bottom", (75, 70)),
        ("bottom-right", (145, 70)),
    ],
)
def test_nine_points(position: str, place: tuple[int, int]) -> None:
    """A quarter of the width wide, five pixels from the edges, at each of the nine points."""
    image = marked(plain(GREY, 200, 100), plain(RED, 80, 40), position=position, margin=5)
    assert box_of(image, GREY) == (*place, 50, 25)
    assert image.getpoint(place[0] + 20, place[1] + 10) == RED


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"x": 10, "y": 20}, (10, 20)),
        ({"x": -10, "y": -20}, (140, 55)),
        ({"x": 0}, (0, 73)),
        ({"y": 0, "position": "left"}, (2, 0)),
    ],
)
def test_offsets(parameters: dict[str, Any], place: tuple[int, int]) -> None:
    """Pixels from the near edge, negative ones from the far edge; an axis not given follows the position."""
    image = marked(plain(GREY, 200, 100), plain(RED, 80, 40), **parameters)
    assert box_of(image, GREY) == (*place, 50, 25)


def test_what_lies_outside_is_cut() -> None:
    """A watermark may hang over the edge, and lie wholly outside."""
    base, logo = plain(GREY, 200, 100), plain(RED, 80, 40)
    assert box_of(marked(base, logo, x=180, y=90), GREY) == (180, 90, 20, 10)
    assert marked(base, logo, x=500, y=0).min() == 100


@pytest.mark.parametrize("size", [0.05, 0.2, 0.5, 1])
def test_size_is_a_share_of_the_width(size: float) -> None:
    """The watermark keeps its own ratio, enlarged or reduced."""
    image = marked(plain(GREY, 200, 150), plain(RED, 80, 40), size=size, margin=0)
    _, _, width, height = box_of(image, GREY)
    assert (width, height) == (200 * size, 100 * size)


@pytest.mark.parametrize(("scale", "width"), [(0.5, 10), (1, 20), (2, 40), (5, 100)])
def test_scale_is_a_share_of_its_own_width(scale: float, width: int) -> None:
    """It keeps its size whatever the picture's, as long as it fits in."""
    image = marked(plain(GREY, 200, 120), plain(RED, 20, 10), scale=scale, margin=0, position="center")
    assert box_of(image, GREY)[2:] == (width, width // 2)


def test_a_tall_watermark_is_made_to_fit() -> None:
    """It never is higher than the picture less its margins."""
    image = marked(plain(GREY, 200, 100), plain(RED, 40, 160), size=1, margin=10, position="center")
    assert box_of(image, GREY) == (90, 10, 20, 80)


@pytest.mark.parametrize(("opacity", "expected"), [(0, GREY), (0.5, [178, 50, 50]), (1, RED)])
def test_opacity(opacity: float, expected: list[int]) -> None:
    """It mixes the watermark with the picture under it."""
    image = marked(plain(GREY, 200, 100), plain(RED, 80, 40), opacity=opacity, position="center")
    assert image.getpoint(100, 50) == pytest.approx(expected, abs=1)


def test_transparency_of_both_is_respected() -> None:
    """Clear parts of the watermark show the picture; on a clear picture the watermark's alpha is the result's."""
    logo = plain([*RED, 255], 40, 40).insert(plain([*BLUE, 0], 20, 40), 20, 0)
    image = marked(plain(GREY, 200, 100), logo, size=0.2, x=0, y=0)
    assert (image.getpoint(5, 5), image.getpoint(35, 5)) == (RED, GREY)
    clear = marked(plain([*GREY, 0], 200, 100), plain([*RED, 128], 40, 40), size=0.2, x=0, y=0)
    assert clear.getpoint(5, 5) == [*RED, 128]
    assert clear.getpoint(100, 50)[3] == 0


@pytest.mark.parametrize("degrees", [45, 90, -90, 180])
def test_rotation_keeps_it_within_the_margins(degrees: float) -> None:
    """Turned, it still fits; its corners are clear, with nothing of another colour at the edge."""
    image = marked(plain(BLUE, 200, 100), plain(RED, 80, 40), rotate=degrees, size=1, margin=10, position="center")
    left, top, width, height = box_of(image, BLUE)
    assert left >= 9
    assert top >= 9
    assert max(width, height) >= 79
    assert image.extract_band(1).max() <= 1
    assert image.getpoint(100, 50) == RED


def test_tiles_cover_the_picture_evenly() -> None:
    """Repeated with the margin between, one in the middle, and mirrored left to right as top to bottom."""
    image = marked(plain(GREY, 200, 100), plain(RED, 20, 20), size=0.1, margin=10, tile=True)
    red = image.extract_band(1).linear(-1, 100)
    assert (red - red.fliphor()).abs().max() == 0
    assert (red - red.flipver()).abs().max() == 0
    assert image.getpoint(100, 50) == RED
    assert red.avg() / 100 == pytest.approx((20 / 30) ** 2, rel=0.15)
    corners = [(x, y, 60, 60) for x in (0, 140) for y in (0, 40)]
    assert all(red.crop(*corner).max() == 100 for corner in corners)


def test_every_frame_is_marked() -> None:
    """All frames of an animation get it, and of an animated watermark the first frame is taken."""
    base = [plain(GREY, 200, 100), plain(BLUE, 200, 100)]
    logo = plain(RED, 80, 40).join(plain(BLUE, 80, 40), "vertical")
    picture = Picture.of(base[0]).with_pages(base)
    changed = convert({"image": LOGO, "position": "center"}, Watermark).run(picture, context_with(logo, frames=2))
    first, second = changed.pages()
    assert changed.facts == picture.facts
    assert (first.getpoint(100, 50), second.getpoint(100, 50)) == (RED, RED)
    assert (first.getpoint(1, 1), second.getpoint(1, 1)) == (GREY, BLUE)


@pytest.mark.usefixtures("fonts")
def test_text_has_its_width_colour_and_place() -> None:
    """The ink is as wide as asked for, in the colour asked for, in the corner asked for."""
    image = lettered(plain(BLUE, 400, 200), text="FileMill", size=0.5, colour="red", position="top-left", margin=10)
    left, top, width, height = box_of(image, BLUE)
    assert (left, top) == (pytest.approx(10, abs=1), pytest.approx(10, abs=1))
    assert width == pytest.approx(200, abs=4)
    assert 20 < height < 80
    assert (image.extract_band(0).max(), image.extract_band(1).max()) == (255, 0)


@pytest.mark.usefixtures("fonts")
def test_font_size_counts_pixels() -> None:
    """Twice the size is twice the height; too large a size is made to fit."""
    heights = [box_of(lettered(plain(BLUE, 400, 200), text="H", fontSize=size), BLUE)[3] for size in (30, 60, 2000)]
    assert heights[0] == pytest.approx(22, abs=2)
    assert heights[1] == pytest.approx(2 * heights[0], abs=2)
    assert heights[2] == pytest.approx(192, abs=3)


@pytest.mark.usefixtures("fonts")
def test_markup_is_text() -> None:
    """What looks like Pango markup is drawn as it stands, and can't break anything."""
    base = plain(BLUE, 400, 200)
    tagged = lettered(base, text="<b>x</b> & <span size='9999999'>", fontSize=20)
    bare = lettered(base, text="x & ", fontSize=20)
    assert box_of(tagged, BLUE)[2] > 2 * box_of(bare, BLUE)[2]


@pytest.mark.usefixtures("fonts")
@pytest.mark.parametrize("text", ["first\nsecond", "שלום עולם", "漢字", "e\u0301 👍 \t x", "x" * 60])
def test_any_script_is_drawn(text: str) -> None:
    """Several lines, right to left, without a glyph, and the longest text: something is drawn, within the picture."""
    image = lettered(plain(BLUE, 300, 200), text=text, colour="yellow", size=1)
    assert image.extract_band(0).max() > 100


@pytest.mark.usefixtures("fonts")
@pytest.mark.parametrize("text", [" ", "\n", "\u200b"])
def test_a_text_without_ink_is_refused(text: str) -> None:
    """Nothing would be seen of it: the error says so."""
    with pytest.raises(FilemillError, match="draws nothing") as refused:
        lettered(plain(BLUE, 300, 200), text=text)
    assert refused.value.faults[0].pointer == "/text"


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({}, ""),
        ({"image": LOGO, "text": "x"}, ""),
        ({"text": ""}, "/text"),
        ({"text": "x" * 501}, "/text"),
        ({"text": "a\x00b"}, "/text"),
        ({"text": "x", "colour": "octarine"}, "/colour"),
        ({"text": "x", "fontSize": 20, "size": 0.5}, "/fontSize"),
        ({"image": LOGO, "fontSize": 20}, "/fontSize"),
        ({"image": LOGO, "scale": 2, "size": 0.5}, "/scale"),
        ({"text": "x", "scale": 2}, "/scale"),
        ({"text": "x", "font": "sans 400, <b>"}, "/font"),
        ({"text": "x", "opacity": 1.5}, "/opacity"),
        ({"image": {"url": "https://a", "base64": "AA"}}, "/image"),
        ({"text": "x", "position": "middle"}, "/position"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], pointer: str) -> None:
    """Before any pixel is read, with a pointer to the parameter."""
    with pytest.raises(FilemillError) as refused:
        convert(parameters, Watermark)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_a_machine_without_fonts_says_what_to_install(tmp_path: Path) -> None:
    """Text is OPERATION_UNAVAILABLE with the package's name, not a row of boxes."""
    config = tmp_path / "fonts.conf"
    config.write_text(f"<fontconfig><dir>{tmp_path / 'none'}</dir><cachedir>{tmp_path}</cachedir></fontconfig>")
    program = (
        "from filemill.errors import FilemillError\n"
        "from filemill_image.effects.lettering import measured\n"
        "try:\n    print(measured('Hello', 'sans'))\n"
        "except FilemillError as error:\n    print(error.code.name, error.detail)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FONTCONFIG_FILE": str(config)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("OPERATION_UNAVAILABLE")
    assert "fonts-dejavu-core" in done.stdout


SIZES = st.tuples(st.integers(1, 90), st.integers(1, 90))
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "size": st.floats(0.01, 1),
        "position": st.sampled_from([point.value for point in Position]),
        "x": st.integers(-16384, 16384),
        "y": st.integers(-16384, 16384),
        "margin": st.integers(0, 4096),
        "opacity": st.floats(0, 1),
        "rotate": st.floats(-360, 360),
        "tile": st.booleans(),
    },
)


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, PARAMETERS, st.booleans())
def test_any_parameters_give_the_same_size(
    size: tuple[int, int], logo: tuple[int, int], parameters: dict[str, Any], clear: bool
) -> None:
    """Whatever is asked for, the result has the size and bands of the picture."""
    marked(plain([*GREY, 90] if clear else GREY, *size), plain([*RED, 200], *logo), **parameters)


@pytest.mark.usefixtures("fonts")
@settings(max_examples=60, deadline=None)
@given(SIZES, PARAMETERS, st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12))
def test_any_text_gives_the_same_size(size: tuple[int, int], parameters: dict[str, Any], text: str) -> None:
    """The same for texts in any script, letters with and without a glyph."""
    lettered(plain(GREY, *size), text=f"A{text}", **parameters)
