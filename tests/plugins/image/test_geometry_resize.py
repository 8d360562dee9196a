"""`resize` and `smart-crop`: sizes, parts kept, canvases, alpha, frames, reduction on load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill import Context, ErrorCode, FilemillError, Limits, Picture
from filemill.faults import convert
from filemill.formats import FormatTable
from filemill_image.geometry.resize import Fit, Resize
from filemill_image.geometry.smart_crop import SmartCrop
from filemill_image.gravity import Gravity

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
RED, GREEN, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]
SIDES = st.integers(1, 150)


def flat(colour: list[int], width: int, height: int) -> pyvips.Image:
    """One colour."""
    return (pyvips.Image.black(width, height) + colour).cast("uchar").copy(interpretation="srgb")


def quadrants(width: int, height: int) -> pyvips.Image:
    """Red, green / blue, white."""
    parts = [flat(colour, width // 2, height // 2) for colour in (RED, GREEN, BLUE, WHITE)]
    return pyvips.Image.arrayjoin(parts, across=2).copy_memory()


def resized(image: pyvips.Image, **parameters: Any) -> pyvips.Image:
    """The pixels that a resize with these parameters of the wire gives."""
    picture: Picture = convert(parameters, Resize).run(Picture.of(image), CONTEXT)
    out = picture.image.copy_memory()
    assert (out.width, out.height, out.format) == (picture.width, picture.height, "uchar")
    assert out.hasalpha() == picture.transparent
    return out


def near(image: pyvips.Image, x: int, y: int, colour: list[int], tolerance: int = 3) -> bool:
    """Whether a pixel has this colour, nearly."""
    return all(abs(one - other) <= tolerance for one, other in zip(image(x, y), colour, strict=True))


@given(SIDES, SIDES, SIDES, SIDES, st.booleans())
@settings(max_examples=150, deadline=None)
def test_inside_keeps_the_ratio(width: int, height: int, box_width: int, box_height: int, enlarge: bool) -> None:
    """Inside: one side is exactly the box's (or the source's), the other less than a pixel off the ratio."""
    out = resized(flat(RED, width, height), width=box_width, height=box_height, enlarge=enlarge)
    scale = min(box_width / width, box_height / height)
    scale = scale if enlarge else min(scale, 1.0)
    assert out.width <= max(box_width, 1)
    assert out.height <= max(box_height, 1)
    assert abs(out.width - width * scale) < 1
    assert abs(out.height - height * scale) < 1
    if enlarge or scale < 1:
        assert out.width == box_width or out.height == box_height
    else:
        assert (out.width, out.height) == (width, height)
    assert near(out, 0, 0, RED)


@given(SIDES, SIDES, SIDES, st.booleans(), st.sampled_from(Fit), st.booleans())
@settings(max_examples=100, deadline=None)
def test_one_side_keeps_the_ratio(width: int, height: int, side: int, wide: bool, fit: Fit, enlarge: bool) -> None:
    """One side alone is exact whatever the fit, the other follows the ratio; not enlarged where that is refused."""
    out = resized(flat(RED, width, height), **{"width" if wide else "height": side}, fit=fit, enlarge=enlarge)
    scale = side / (width if wide else height)
    if not enlarge and scale >= 1:
        assert (out.width, out.height) == (width, height)
    else:
        assert (out.width if wide else out.height) == side
        assert abs(out.width - width * scale) < 1
        assert abs(out.height - height * scale) < 1


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES), st.sampled_from(Fit), st.sampled_from(Gravity), st.booleans())
@settings(max_examples=200, deadline=None)
def test_the_box_is_met_exactly(
    source: tuple[int, int], box: tuple[int, int], fit: Fit, gravity: Gravity, alpha: bool
) -> None:
    """Cover, contain, blur and fill give exactly width x height, in the picture's own colour."""
    image = flat(RED, *source)
    image = image.addalpha() if alpha else image
    out = resized(image, width=box[0], height=box[1], fit=fit, gravity=gravity, background="ff0000")
    if fit is not Fit.INSIDE:
        assert (out.width, out.height) == box
    middle = out(out.width // 2, out.height // 2)
    assert all(abs(part - wanted) <= 1 for part, wanted in zip(middle, [*RED, 255], strict=False))


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES), st.sampled_from(Fit))
@settings(max_examples=150, deadline=None)
def test_without_enlarging(source: tuple[int, int], box: tuple[int, int], fit: Fit) -> None:
    """`enlarge: false`: contain and blur keep the canvas; cover keeps the box's ratio; no side grows otherwise."""
    out = resized(flat(RED, *source), width=box[0], height=box[1], fit=fit, enlarge=False)
    if fit in (Fit.CONTAIN, Fit.BLUR):
        assert (out.width, out.height) == box
        return
    assert out.width <= min(source[0], box[0])
    assert out.height <= min(source[1], box[1])
    if fit is Fit.FILL:
        assert (out.width, out.height) == (min(source[0], box[0]), min(source[1], box[1]))
    if fit is Fit.COVER:
        scale = min(1.0, source[0] / box[0], source[1] / box[1])
        assert abs(out.width - box[0] * scale) < 1
        assert abs(out.height - box[1] * scale) < 1


def test_contain_without_enlarging_leaves_the_pixels_alone() -> None:
    """A small picture stands unscaled in the middle of the canvas."""
    source = quadrants(20, 10)
    out = resized(source, width=60, height=50, fit="contain", enlarge=False)
    assert (out.extract_band(0, n=3).crop(20, 20, 20, 10) - source).abs().max() == 0
    assert out(19, 20) == [0, 0, 0, 0]


CORNERS = {"top-left": RED, "top-right": GREEN, "bottom-left": BLUE, "bottom-right": WHITE}
EDGES = {
    "top": (RED, GREEN), "bottom": (BLUE, WHITE), "left": (RED, BLUE), "right": (GREEN, WHITE), "center": (RED, WHITE),
}  # fmt: skip


@pytest.mark.parametrize("scale", [0.5, 2])
@pytest.mark.parametrize("gravity", [*CORNERS, *EDGES])
def test_cover_keeps_the_part_gravity_points_to(gravity: str, scale: float) -> None:
    """Of four coloured quadrants the right ones survive a cover to a strip, reduced and enlarged."""
    long, short = int(80 * scale), int(16 * scale)
    source = quadrants(80, 80)
    across = resized(source, width=long, height=short, fit="cover", gravity=gravity)
    down = resized(source, width=short, height=long, fit="cover", gravity=gravity)
    vertical = "top" if "top" in gravity else "bottom" if "bottom" in gravity else ""
    horizontal = "left" if "left" in gravity else "right" if "right" in gravity else ""
    rows = {"top": (RED, GREEN), "bottom": (BLUE, WHITE)}
    columns = {"left": (RED, BLUE), "right": (GREEN, WHITE)}
    left, right = (2, short // 2), (long - 3, short // 2)
    if vertical:
        assert near(across, *left, rows[vertical][0])
        assert near(across, *right, rows[vertical][1])
    else:  # the middle of the picture's height: both rows
        assert near(across, 2, 1, RED)
        assert near(across, 2, short - 2, BLUE)
    if horizontal:
        assert near(down, *left[::-1], columns[horizontal][0])
        assert near(down, *right[::-1], columns[horizontal][1])
    else:
        assert near(down, 1, 2, RED)
        assert near(down, short - 2, 2, GREEN)


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [("center", 0, 30), ("top", 0, 0), ("bottom-left", 0, 60), ("attention", 0, 30), ("right", 0, 30)],
)
def test_contain_places_the_picture(gravity: str, left: int, top: int) -> None:
    """Contain puts the whole picture where gravity says; a search counts as the middle."""
    out = resized(quadrants(80, 40), width=80, height=100, fit="contain", gravity=gravity, background="#f0f")
    assert near(out, left + 2, top + 2, RED)
    assert near(out, left + 77, top + 37, WHITE)
    assert all(near(out, 5, y, [255, 0, 255]) for y in range(0, 100, 5) if not top <= y < top + 40)


def test_contain_is_transparent_by_default() -> None:
    """Without a background the bars are clear; where there are none, no alpha is added."""
    out = resized(quadrants(80, 40), width=40, height=40, fit="contain")
    assert out(20, 2) == [0, 0, 0, 0]
    assert out(5, 12) == [*RED, 255]
    assert resized(quadrants(80, 40), width=40, height=20, fit="contain").bands == 3


def test_a_background_shows_through_transparency() -> None:
    """An opaque canvas makes a clear picture opaque, a half clear one mixes with it, also where they are one size."""
    clear = flat(RED, 20, 10).bandjoin(128)
    assert near(resized(clear, width=20, height=20, fit="contain", background="blue"), 10, 10, [128, 0, 127])
    assert near(resized(clear, width=20, height=10, fit="contain", background="blue"), 10, 5, [128, 0, 127])
    half = resized(clear, width=20, height=20, fit="contain", background="#0000ff80")
    assert half(10, 1) == [0, 0, 255, 128]
    assert 186 <= half(10, 10)[3] <= 194


def test_grey_gets_a_coloured_canvas() -> None:
    """A grey picture on a coloured canvas becomes coloured, and stays grey without one."""
    grey = flat([77, 77, 77], 40, 20).colourspace("b-w")
    assert grey.bands == 1
    out = resized(grey, width=40, height=40, fit="contain", background="teal")
    assert out(5, 2) == [0, 128, 128]
    assert near(out, 20, 20, [77, 77, 77])
    assert resized(grey, width=10).bands == 1


def test_blur_fills_with_the_picture_itself() -> None:
    """The bars of blur are opaque, near to the picture's own colours at their place, without an edge in them."""
    out = resized(quadrants(200, 100), width=200, height=300, fit="blur")
    assert near(out, 20, 120, RED)
    assert near(out, 180, 180, WHITE)
    assert out(10, 20)[0] > 200
    assert out(190, 20)[1] > 200
    assert out(10, 290)[2] > 200
    steps = (out.crop(0, 10, 199, 80).cast("float") - out.crop(1, 10, 199, 80)).abs().max()
    assert steps < 20


def test_blur_keeps_transparency() -> None:
    """A clear picture on its own blur is not darkened: clear pixels lend no colour."""
    image = flat(RED, 50, 50).bandjoin(pyvips.Image.black(50, 50).draw_rect(255, 10, 10, 30, 30, fill=True))
    out = resized(image, width=50, height=100, fit="blur").flatten(background=[255, 0, 0])
    assert (out - RED).abs().max() <= 3


@pytest.mark.parametrize("size", [(30, 30), (200, 200), (45, 100)])
def test_alpha_leaves_no_halo(size: tuple[int, int]) -> None:
    """A red disc on clear black stays pure red to its soft edge: scaled premultiplied."""
    xy = pyvips.Image.xyz(100, 100) - 50
    disc = (xy[0] ** 2 + xy[1] ** 2 < 40**2).ifthenelse([255, 0, 0, 255], [0, 0, 0, 0])
    disc = disc.cast("uchar").copy(interpretation="srgb")
    out = resized(disc, width=size[0], height=size[1], fit="fill")
    seen = out[3] > 8
    assert (seen & (out[0] < 235)).max() == 0
    assert (out.flatten(background=[255, 0, 0]) - RED).abs().max() <= 1


def test_eight_bit_products_are_good_enough() -> None:
    """The rounded product differs from a computation in floats by less than 2 levels, and by none on average."""
    bands = [pyvips.Image.perlin(240, 240, cell_size=cell, uchar=True, seed=cell) for cell in (20, 30, 50, 70)]
    image = bands[0].bandjoin(bands[1:]).copy(interpretation="srgb")
    exact = image.premultiply().resize(0.25).unpremultiply().flatten()
    difference = resized(image, width=60, height=60).flatten().cast("float") - exact
    assert difference.abs().max() < 2.5
    assert abs(difference.avg()) < 0.6  # flatten itself cuts fractions off


@pytest.mark.parametrize(
    ("source", "parameters", "expected"),
    [
        ((10000, 1), {"width": 100, "height": 100}, (100, 1)),
        ((1, 10000), {"width": 100, "height": 100}, (1, 100)),
        ((10000, 1), {"width": 100, "height": 100, "fit": "cover"}, (100, 100)),
        ((16384, 1), {"width": 1, "height": 16384, "fit": "cover"}, (1, 16384)),
        ((16384, 1), {"width": 64, "height": 64, "fit": "blur"}, (64, 64)),
        ((1, 16384), {"width": 64, "height": 64, "fit": "contain", "background": "red"}, (64, 64)),
        ((1, 1), {"width": 500, "height": 300, "fit": "fill"}, (500, 300)),
        ((1, 1), {"width": 50, "height": 30, "fit": "cover", "gravity": "attention"}, (50, 30)),
        ((3, 2), {"width": 1}, (1, 1)),
        ((16000, 16), {"width": 4, "height": 4, "fit": "fill"}, (4, 4)),
    ],
)
def test_extremes(source: tuple[int, int], parameters: dict[str, Any], expected: tuple[int, int]) -> None:
    """Lines of pixels, single pixels and the longest sides come out at the promised size."""
    out = resized(flat(RED, *source), **parameters)
    assert (out.width, out.height) == expected
    assert near(out.extract_band(0, n=3), out.width // 2, out.height // 2, RED)


def test_a_ratio_that_leads_too_far_is_refused() -> None:
    """One side alone that makes the other longer than any format holds is an error, not an attempt."""
    with pytest.raises(FilemillError, match="16384") as caught:
        resized(flat(RED, 1, 5000), width=16384)
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert caught.value.faults[0].pointer == "/width"


@pytest.mark.parametrize(
    ("steps", "pointers"),
    [
        ([{"op": "resize"}], ["/steps/0/width"]),
        ([{"op": "resize", "width": 0}], ["/steps/0/width"]),
        ([{"op": "resize", "width": 16385, "fit": "round"}], ["/steps/0/width", "/steps/0/fit"]),
        (
            [{"op": "resize", "width": 9, "background": "rde"}, {"op": "resize"}],
            ["/steps/0/background", "/steps/1/width"],
        ),
        ([{"op": "resize", "width": 9, "gravity": "north"}], ["/steps/0/gravity"]),
    ],
)
def test_wrong_parameters_are_named(steps: list[dict[str, Any]], pointers: list[str]) -> None:
    """NA-71: every wrong parameter of a step is told with its place, also what the schema can't express."""
    with pytest.raises(FilemillError) as caught:
        convert(steps, list[Resize], "/steps")
    assert [fault.pointer for fault in caught.value.faults] == pointers


class Recorded:
    """A source that can be reduced on load, by powers of two as a JPEG; it keeps the factors asked for."""

    def __init__(self, image: pyvips.Image) -> None:
        self.image = image
        self.factors: list[float] = []

    def __call__(self, factor: float) -> pyvips.Image:
        self.factors.append(factor)
        shrink = max(power for power in (1, 2, 4, 8) if power <= factor)
        return self.image.shrink(shrink, shrink, ceil=True)

    def picture(self) -> Picture:
        """The picture, not yet read."""
        return Picture(self, width=self.image.width, height=self.image.height)


@pytest.mark.parametrize(
    ("parameters", "factor"),
    [
        ({"width": 100}, 4.01),
        ({"width": 100, "height": 20, "fit": "cover"}, 4.01),
        ({"width": 20, "height": 100, "fit": "cover"}, 3.01),
        ({"width": 20, "height": 100, "fit": "fill"}, 3.01),
        ({"width": 200, "height": 200, "fit": "blur"}, 2.005),
        ({"width": 800}, 1.0),
        ({"width": 800, "enlarge": False}, 1.0),
    ],
)
def test_the_source_is_reduced_on_load(parameters: dict[str, Any], factor: float) -> None:
    """The source is read once, reduced as far as the result allows; that is also the factor of a shared decode."""
    source = Recorded(quadrants(402, 302).crop(0, 0, 401, 301))
    step = convert(parameters, Resize)
    out = step.run(source.picture(), CONTEXT)
    plain = step.run(Picture.of(source.image), CONTEXT)
    assert out.image.avg() > 0
    assert source.factors == [pytest.approx(factor, abs=0.06)]
    assert step.reduction(source.picture()) == source.factors[0]
    assert (out.width, out.height) == (plain.width, plain.height)


def test_nothing_is_read_before_it_is_asked_for() -> None:
    """The size of a result is known without pixels, so that the engine can refuse it."""
    broken = pyvips.Image.black(100, 100, bands=3).copy(interpretation="srgb")
    evaluated: list[int] = []
    broken.set_progress(True)
    broken.signal_connect("eval", lambda image, progress: evaluated.append(1))
    out = convert({"width": 16384, "height": 16384, "fit": "fill"}, Resize).run(Picture.of(broken), CONTEXT)
    assert (out.width, out.height) == (16384, 16384)
    assert not evaluated


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("gravity", ["center", "bottom-right", "attention"])
@pytest.mark.parametrize("box", [(60, 20), (20, 60), (700, 900)])
def test_a_source_is_read_from_top_to_bottom_once(tmp_path: Path, fit: Fit, gravity: str, box: tuple[int, int]) -> None:
    """Every fit works on a source that can be read only once, in order, and gives the same as from memory."""
    path = tmp_path / "source.png"
    quadrants(300, 200).write_to_file(str(path))
    parameters = {"width": box[0], "height": box[1], "fit": fit, "gravity": gravity}
    once = resized(pyvips.Image.new_from_file(str(path), access="sequential"), **parameters)
    free = resized(quadrants(300, 200), **parameters)
    assert (once.cast("short") - free).abs().max() <= 1


def animation(count: int = 3) -> Picture:
    """Frames of 60x40 with a white square that moves to the right, 100 ms and more apart."""
    pages = [flat(BLUE, 60, 40).draw_rect(WHITE, 5 + 20 * index, 15, 10, 10, fill=True) for index in range(count)]
    image = pyvips.Image.arrayjoin(pages, across=1).copy()
    image.set_type(pyvips.GValue.gint_type, "page-height", 40)
    image.set_type(pyvips.GValue.array_int_type, "delay", [100 + index for index in range(count)])
    return Picture(lambda factor: image, width=60, height=40, frames=count, format="gif")


@pytest.mark.parametrize("fit", Fit)
def test_every_frame_is_resized(fit: Fit) -> None:
    """An animation keeps frames and timing, and frames do not bleed into each other."""
    out = convert({"width": 30, "height": 30, "fit": fit}, Resize).run(animation(), CONTEXT)
    image = out.image.copy_memory()
    assert (out.frames, out.width, out.format) == (3, 30, "gif")
    assert image.height == 3 * out.height
    assert image.get("page-height") == out.height
    assert image.get("n-pages") == 3
    assert image.get("delay") == [100, 101, 102]
    if fit is not Fit.COVER:
        for index in range(3):
            y = index * out.height + out.height // 2
            assert near(image.extract_band(0, n=3), 5 + 10 * index, y, WHITE, 40)


def test_frames_are_cut_alike() -> None:
    """A search looks at the first frame only, so that a cropped animation does not jump."""
    image = SmartCrop(width=20, height=40).run(animation(), CONTEXT).image.copy_memory()
    assert image.crop(0, 0, 20, 40)[0].max() > 200
    assert image.crop(0, 80, 20, 40)[0].max() < 50


@pytest.mark.parametrize("strategy", ["attention", "entropy"])
@pytest.mark.parametrize("size", [(40, 40), (200, 200)])
def test_smart_crop_finds_what_stands_out(strategy: str, size: tuple[int, int]) -> None:
    """The one colourful, detailed spot of a wide grey picture is in the part that is kept, reduced or enlarged."""
    noise = pyvips.Image.gaussnoise(40, 40, mean=128, sigma=60, seed=3).cast("uchar")
    spot = noise.bandjoin([noise.invert(), noise * 0]).cast("uchar").copy(interpretation="srgb")
    image = flat([120, 120, 120], 400, 100).insert(spot, 320, 30)
    out = convert({"width": size[0], "height": size[1], "strategy": strategy.upper()}, SmartCrop)
    made = out.run(Picture.of(image), CONTEXT)
    assert (made.width, made.height) == size
    assert made.image[0].deviate() > 5


def test_enlarging_moves_nothing() -> None:
    """A picture that is its own mirror image stays one when it is enlarged, in one direction or both."""
    image = pyvips.Image.black(9, 9, bands=3).draw_rect(255, 3, 3, 3, 3, fill=True).copy(interpretation="srgb")
    for width, height in ((45, 45), (40, 4), (4, 40), (10, 9)):
        result = Resize(width=width, height=height, fit=Fit.FILL).run(Picture.of(image), CONTEXT).image.copy_memory()
        for mirror in (result.fliphor(), result.flipver()):
            assert (result - mirror).abs().max() <= 2
