"""`crop`, `trim`, `pad`, `rotate`, `flip`, `flop`: which pixels survive, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill import Context, ErrorCode, FilemillError, Limits, Operation, Picture
from filemill.faults import convert
from filemill.formats import FormatTable
from filemill_image.geometry.crop import Crop
from filemill_image.geometry.flip import Flip, Flop
from filemill_image.geometry.pad import Pad
from filemill_image.geometry.rotate import Rotate
from filemill_image.geometry.trim import Trim

RED, GREEN, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]
SMALL = st.integers(1, 40)


@pytest.fixture
def context() -> Context:
    """A context that only collects reports."""
    return Context(limits=Limits(), folder=Path(), formats=FormatTable([]))


def flat(colour: list[int], width: int, height: int) -> pyvips.Image:
    """One colour."""
    return (pyvips.Image.black(width, height) + colour).cast("uchar").copy(interpretation="srgb")


def quadrants(width: int = 80, height: int = 40) -> pyvips.Image:
    """Red, green / blue, white."""
    parts = [flat(colour, width // 2, height // 2) for colour in (RED, GREEN, BLUE, WHITE)]
    return pyvips.Image.arrayjoin(parts, across=2).copy_memory()


def apply(operation: type[Operation], image: pyvips.Image, context: Context, **parameters: Any) -> pyvips.Image:
    """The pixels an operation gives with these parameters of the wire."""
    picture: Picture = convert(parameters, operation).run(Picture.of(image), context)
    out = picture.image.copy_memory()
    assert (out.width, out.height, out.format) == (picture.width, picture.height, "uchar")
    return out


def same(one: pyvips.Image, other: pyvips.Image) -> bool:
    """Whether two pictures have equal size, bands and pixels."""
    sizes = [(image.width, image.height, image.bands) for image in (one, other)]
    return sizes[0] == sizes[1] and (one.cast("short") - other).abs().max() == 0


@given(st.data(), SMALL, SMALL)
@settings(max_examples=60, deadline=None)
def test_crop_gives_exactly_the_part(data: st.DataObject, width: int, height: int) -> None:
    """Every rectangle within the picture comes out pixel by pixel."""
    part_width = data.draw(st.integers(1, width))
    part_height = data.draw(st.integers(1, height))
    x = data.draw(st.integers(0, width - part_width))
    y = data.draw(st.integers(0, height - part_height))
    source = pyvips.Image.xyz(width, height).cast("uchar").bandjoin(7).copy(interpretation="srgb")
    context = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
    out = apply(Crop, source, context, x=x, y=y, width=part_width, height=part_height)
    assert (out.width, out.height) == (part_width, part_height)
    assert out(0, 0) == [x, y, 7]
    assert out(part_width - 1, part_height - 1) == [x + part_width - 1, y + part_height - 1, 7]


@pytest.mark.parametrize(
    ("parameters", "colour"),
    [
        ({"gravity": "top-left"}, RED),
        ({"gravity": "top-right"}, GREEN),
        ({"gravity": "bottom-left"}, BLUE),
        ({"gravity": "bottom-right"}, WHITE),
        ({"x": 0, "gravity": "bottom"}, BLUE),
        ({"y": 0, "gravity": "right"}, GREEN),
        ({"x": 40, "y": 20, "gravity": "top-left"}, WHITE),
    ],
)
def test_crop_is_placed_by_gravity_where_no_edge_is_given(
    context: Context, parameters: dict[str, Any], colour: list[int]
) -> None:
    """`x` and `y` count first, an axis without them follows gravity."""
    assert same(apply(Crop, quadrants(), context, width=40, height=20, **parameters), flat(colour, 40, 20))


@pytest.mark.parametrize(
    ("parameters", "left", "top", "width", "height"),
    [
        ({"x": 60, "y": 30, "width": 100, "height": 100}, 60, 30, 20, 10),
        ({"x": 79, "y": 0, "width": 16384, "height": 1}, 79, 0, 1, 1),
        ({"width": 100, "height": 20, "gravity": "bottom"}, 0, 20, 80, 20),
        ({"x": 10, "y": 5, "width": 30, "height": 20}, 10, 5, 30, 20),
    ],
)
def test_a_clipped_crop_ends_at_the_edges(
    context: Context, parameters: dict[str, Any], left: int, top: int, width: int, height: int
) -> None:
    """What lies within the picture is left; a part that begins outside it is refused all the same."""
    pixels = quadrants()
    image = convert({**parameters, "clip": True}, Crop).run(Picture.of(pixels), context).image
    assert same(image, pixels.crop(left, top, width, height))
    with pytest.raises(FilemillError) as caught:
        Crop(x=80, y=0, width=1, height=1, clip=True).run(Picture.of(pixels), context)
    assert caught.value.faults[0].pointer == "/x"


@pytest.mark.parametrize(
    ("parameters", "pointers", "said"),
    [
        ({"width": 81, "height": 41}, ["/width", "/height"], "80 pixels"),
        ({"width": 80, "height": 10, "x": 1}, ["/x"], "80 pixels"),
        ({"width": 10, "height": 10, "x": 0, "y": 31}, ["/y"], "40 pixels"),
    ],
)
def test_crop_outside_names_the_size(
    context: Context, parameters: dict[str, Any], pointers: list[str], said: str
) -> None:
    """A part that reaches out of the picture is refused; the error says how large the picture is."""
    with pytest.raises(FilemillError, match=said) as caught:
        apply(Crop, quadrants(), context, **parameters)
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert [fault.pointer for fault in caught.value.faults] == pointers


@given(st.tuples(*[st.integers(0, 20)] * 4), st.sampled_from(["teal", "white", "#12345678", "transparent"]))
@settings(max_examples=50, deadline=None)
def test_trim_takes_off_what_pad_added(sides: tuple[int, ...], background: str) -> None:
    """Trim after pad gives the picture back, whatever the colour of the border."""
    context = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
    names = ("top", "right", "bottom", "left")
    red = flat(RED, 30, 20)
    padded = apply(Pad, red, context, **dict(zip(names, sides, strict=True)), background=background)
    assert (padded.width, padded.height) == (30 + sides[1] + sides[3], 20 + sides[0] + sides[2])
    trimmed = apply(Trim, padded, context, background=background)
    assert same(trimmed.extract_band(0, n=3), red)
    assert context.decided["trimmed"] == dict(zip(names, sides, strict=True))


def test_trim_looks_at_the_top_left_pixel_and_the_threshold(context: Context) -> None:
    """The border's colour is that of the first pixel; what differs by no more than the threshold belongs to it."""
    image = flat([250, 250, 250], 60, 40).draw_rect([240, 250, 250], 5, 5, 50, 30, fill=True)
    image = image.draw_rect(RED, 20, 10, 10, 10, fill=True)
    assert same(apply(Trim, image, context), flat(RED, 10, 10))
    assert (out := apply(Trim, image, context, threshold=9)).width == 50
    assert out.height == 30


def test_trim_keeps_thin_lines(context: Context) -> None:
    """A line of one pixel is content, not noise."""
    image = flat(WHITE, 50, 50).draw_rect([0, 0, 0], 25, 10, 1, 30, fill=True)
    assert same(apply(Trim, image, context), flat([0, 0, 0], 1, 30))


def test_trim_keeps_a_margin_as_far_as_there_is_one(context: Context) -> None:
    """The margin stays inside the picture."""
    image = flat(WHITE, 50, 40).draw_rect(RED, 3, 10, 10, 10, fill=True)
    out = apply(Trim, image, context, margin=5)
    assert (out.width, out.height) == (3 + 10 + 5, 20)
    assert context.decided["trimmed"] == {"top": 5, "right": 32, "bottom": 15, "left": 0}


def test_trim_sees_alpha(context: Context) -> None:
    """Clear pixels are alike whatever their hidden colour; black on clear black is content."""
    noise = pyvips.Image.gaussnoise(40, 30, seed=1).cast("uchar")
    hidden = noise.bandjoin([noise, noise, 0]).copy(interpretation="srgb")
    image = hidden.insert(flat([0, 0, 0], 10, 5).addalpha(), 8, 9)
    assert same(apply(Trim, image, context), flat([0, 0, 0], 10, 5).addalpha())


@pytest.mark.parametrize("alpha", [False, True])
def test_trim_leaves_a_picture_of_nothing(context: Context, alpha: bool) -> None:
    """Only background: it stays as it is, and the report says so."""
    image = flat(WHITE, 20, 10).addalpha() if alpha else flat(WHITE, 20, 10)
    assert same(apply(Trim, image, context), image)
    assert context.decided["trimmed"] == {"top": 0, "right": 0, "bottom": 0, "left": 0}


def test_trim_keeps_what_any_frame_needs(context: Context) -> None:
    """Of an animation the union of all frames' contents is kept."""
    pages = [flat(BLUE, 60, 40).draw_rect(WHITE, 5 + 20 * index, 15, 10, 10, fill=True) for index in range(3)]
    image = pyvips.Image.arrayjoin(pages, across=1)
    out = Trim().run(Picture(lambda factor: image, width=60, height=40, frames=3), context)
    assert (out.width, out.height, out.frames) == (50, 10, 3)


def test_pad_is_transparent_or_coloured(context: Context) -> None:
    """Without a colour the space is clear; an opaque colour adds no alpha; `all` gives way to a side's own value."""
    clear = apply(Pad, flat(RED, 10, 10), context, left=5)
    assert (clear.width, clear.height, clear(0, 0), clear(5, 0)) == (15, 10, [0, 0, 0, 0], [*RED, 255])
    green = apply(Pad, flat(RED, 10, 10), context, all=3, top=0, background="0f0")
    assert (green.width, green.height, green.bands) == (16, 13, 3)
    assert (green(3, 0), green(3, 10), green(0, 0)) == (RED, GREEN, GREEN)


def test_pad_shows_its_colour_through_the_picture(context: Context) -> None:
    """A given background is the paper: it shows through clear parts as well."""
    clear = flat(RED, 10, 10).bandjoin(0)
    assert same(apply(Pad, clear, context, all=1, background="blue"), flat(BLUE, 12, 12))


@pytest.mark.parametrize(
    ("operation", "parameters", "pointer"),
    [
        (Pad, {}, "/all"),
        (Pad, {"top": -1}, "/top"),
        (Pad, {"all": 1, "background": "blu"}, "/background"),
        (Rotate, {}, "/angle"),
        (Rotate, {"angle": 361}, "/angle"),
        (Rotate, {"angle": 1, "background": "blu"}, "/background"),
        (Trim, {"threshold": 256}, "/threshold"),
        (Trim, {"background": "blu"}, "/background"),
        (Crop, {"width": 5}, "/height"),
        (Crop, {"width": 5, "height": 5, "gravity": "attention"}, "/gravity"),
        (Flip, {"angle": 5}, "/angle"),
    ],
)
def test_wrong_parameters_are_named(operation: type[Operation], parameters: dict[str, Any], pointer: str) -> None:
    """NA-71: what is wrong is told by its place."""
    with pytest.raises(FilemillError) as caught:
        convert(parameters, operation)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


@pytest.mark.parametrize(
    ("angle", "corners"),
    [
        (0, (RED, GREEN, BLUE, WHITE)),
        (90, (BLUE, RED, WHITE, GREEN)),
        (180, (WHITE, BLUE, GREEN, RED)),
        (270, (GREEN, WHITE, RED, BLUE)),
        (-90, (GREEN, WHITE, RED, BLUE)),
        (-360, (RED, GREEN, BLUE, WHITE)),
        (360, (RED, GREEN, BLUE, WHITE)),
    ],
)
def test_quarter_turns_move_pixels_only(context: Context, angle: int, corners: tuple[list[int], ...]) -> None:
    """Multiples of 90, clockwise: no pixel changes, no alpha appears, width and height change places."""
    out = apply(Rotate, quadrants(), context, angle=angle)
    width, height = (80, 40) if angle % 180 == 0 else (40, 80)
    assert (out.width, out.height, out.bands) == (width, height, 3)
    assert (out(0, 0), out(width - 1, 0), out(0, height - 1), out(width - 1, height - 1)) == corners


@given(st.floats(-360, 360), SMALL, SMALL)
@settings(max_examples=60, deadline=None)
def test_any_angle_keeps_the_whole_picture(angle: float, width: int, height: int) -> None:
    """The result holds the turned picture: its diagonal bounds it, and its middle is the picture's."""
    context = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
    width, height = width + 8, height + 8  # so large that the interpolation at the middle sees no corner
    out = apply(Rotate, flat(RED, width, height), context, angle=angle, background="blue")
    diagonal = (width**2 + height**2) ** 0.5
    assert max(out.width, out.height) <= diagonal + 2
    assert min(out.width, out.height) >= min(width, height)
    middle = out(out.width // 2, out.height // 2)
    assert middle[0] > 200
    assert middle[2] < 55


def test_corners_of_a_turned_picture(context: Context) -> None:
    """Corners are clear, or have the colour; the picture turned clockwise, its edge free of foreign colour."""
    clear = apply(Rotate, quadrants(), context, angle=45)
    assert clear(0, 0) == [0, 0, 0, 0]
    assert clear.bands == 4
    assert clear(clear.width // 2 - 20, clear.height // 2 - 3)[:3] == BLUE  # bottom left went up
    assert ((clear[3] > 8) & (clear.extract_band(0, n=3).bandor() < 200)).max() == 0
    teal = apply(Rotate, quadrants(), context, angle=45, background="teal")
    assert (teal(0, 0), teal.bands) == ([0, 128, 128], 3)
    half = apply(Rotate, quadrants(), context, angle=45, background="#00808080")
    assert half(0, 0) == [0, 128, 128, 128]
    assert half(half.width // 2 - 20, half.height // 2 - 3) == [*BLUE, 255]


def test_mirrors(context: Context) -> None:
    """Flip turns top to bottom, flop left to right; done twice, nothing has changed."""
    flipped, flopped = apply(Flip, quadrants(), context), apply(Flop, quadrants(), context)
    assert (flipped(0, 0), flipped(79, 39)) == (BLUE, GREEN)
    assert (flopped(0, 0), flopped(79, 39)) == (GREEN, BLUE)
    assert same(apply(Flip, flipped, context), quadrants())
    assert same(apply(Flop, flopped, context), quadrants())


STEPS: list[tuple[type[Operation], dict[str, Any]]] = [
    (Crop, {"width": 50, "height": 30, "x": 200, "y": 150}),
    (Trim, {}),
    (Pad, {"all": 7}),
    (Rotate, {"angle": 90}),
    (Rotate, {"angle": 180}),
    (Rotate, {"angle": 33}),
    (Flip, {}),
    (Flop, {}),
]


@pytest.mark.parametrize(("operation", "parameters"), STEPS)
def test_a_source_may_be_readable_only_once(
    tmp_path: Path, context: Context, operation: type[Operation], parameters: dict[str, Any]
) -> None:
    """Every operation works on a source that is read once from top to bottom, as formats give it."""
    path = tmp_path / "source.png"
    quadrants(300, 200).write_to_file(str(path))
    once = apply(operation, pyvips.Image.new_from_file(str(path), access="sequential"), context, **parameters)
    assert same(once, apply(operation, quadrants(300, 200), context, **parameters))


@pytest.mark.parametrize(("operation", "parameters"), STEPS)
def test_every_frame_is_changed_and_timing_kept(
    context: Context, operation: type[Operation], parameters: dict[str, Any]
) -> None:
    """An animation comes out with each frame as if it were a picture of its own, and with its delays."""
    pages = [quadrants(300, 200), quadrants(300, 200).invert(), quadrants(300, 200).fliphor()]
    image = pyvips.Image.arrayjoin(pages, across=1).copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", 200)
    image.set_type(pyvips.GValue.array_int_type, "delay", [50, 60, 70])
    out = convert(parameters, operation).run(
        Picture(lambda factor: image, width=300, height=200, frames=3, format="gif"), context
    )
    pixels = out.image.copy_memory()
    assert (out.frames, pixels.get("page-height"), pixels.get("delay")) == (3, out.height, [50, 60, 70])
    for index, page in enumerate(pages):
        alone = apply(operation, page, context, **parameters)
        assert same(pixels.crop(0, index * out.height, out.width, out.height), alone)


@pytest.mark.parametrize(("operation", "parameters"), STEPS)
def test_grey_pictures_and_single_pixels(
    context: Context, operation: type[Operation], parameters: dict[str, Any]
) -> None:
    """Pictures of one band, with and without alpha, and of one pixel go through every operation."""
    grey = quadrants(300, 200).colourspace("b-w")
    assert apply(operation, grey, context, **parameters).width > 0
    assert apply(operation, grey.addalpha(), context, **parameters).hasalpha()
    if operation is not Crop:
        assert apply(operation, flat(RED, 1, 1), context, **parameters).width >= 1
