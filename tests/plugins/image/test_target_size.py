"""Size targets: never over, near the target, in few encodes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill import ErrorCode, FilemillError
from filemill_image.formats.ladders import Ladder, Step, ladder
from filemill_image.formats.search import Search


@pytest.fixture
def textured(samples: Any) -> Path:
    """A picture with smooth parts and detail, without loss."""
    noise = samples.noise(640, 480).gaussblur(2)
    return Path(samples.save((samples.gradient(640, 480) * 0.6 + noise * 0.4).cast("uchar"), "textured.png"))


@pytest.mark.parametrize("form", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("size", [12_000, 30_000])
def test_best_quality_that_fits(form: str, size: int, textured: Path, run: Any, picture_of: Any) -> None:
    """The result is within the target, uses most of it, keeps its dimensions, and says how it was found."""
    step = {"op": "compress-to-size", "maxSizeBytes": size, "format": form}
    made = run(textured, [step]).made[0]
    said = made.report[-1]
    assert made.outputs[0].size <= size
    assert made.outputs[0].size >= 0.85 * size or said["quality"] == 95
    assert 1 <= said["encodes"] <= 8
    assert said["scale"] == 1
    assert picture_of(made.outputs[0]).width == 640


def test_unreachable_is_an_error_with_the_smallest_size(textured: Path, run: Any) -> None:
    """By default a size that no quality reaches is refused, and the error tells what would be possible."""
    with pytest.raises(FilemillError) as caught:
        run(textured, [{"op": "compress-to-size", "maxSizeBytes": 900, "format": "jpeg"}])
    assert caught.value.code is ErrorCode.TARGET_UNREACHABLE
    smallest = caught.value.extra["smallestBytes"]
    assert isinstance(smallest, int)
    assert smallest > 900
    fits = run(textured, [{"op": "compress-to-size", "maxSizeBytes": smallest, "format": "jpeg"}]).made[0].outputs[0]
    assert fits.size <= smallest


@pytest.mark.parametrize("form", ["jpeg", "png", "avif"])
def test_downscaling_ends_at_the_least_side(form: str, textured: Path, run: Any, picture_of: Any) -> None:
    """No side gets smaller than asked for: the smallest encode of that size is the result, though it is over."""
    encoding = {"type": form, "maxSizeBytes": 64, "onUnreachable": "downscale", "leastSide": 48}
    made = run(textured, [{"op": "convert", "format": encoding}]).made[0]
    image = picture_of(made.outputs[0])
    assert (image.width, image.height) == (64, 48)
    assert made.outputs[0].facts == {"width": 64, "height": 48, "frames": 1}
    assert 64 < made.outputs[0].size < 2500


@pytest.mark.parametrize("form", ["jpeg", "webp", "png", "gif", "avif", "tiff"])
def test_downscale_gives_a_smaller_picture(form: str, textured: Path, run: Any, picture_of: Any) -> None:
    """With `downscale` the picture is scaled until it fits; facts, report and file agree on the size."""
    step = {"op": "compress-to-size", "maxSizeBytes": 2500, "format": form, "onUnreachable": "downscale"}
    made = run(textured, [step]).made[0]
    image = picture_of(made.outputs[0])
    assert made.outputs[0].size <= 2500
    assert made.report[-1]["scale"] < 1
    assert made.outputs[0].facts == {"width": image.width, "height": image.height, "frames": 1}
    assert image.width / image.height == pytest.approx(4 / 3, rel=0.05)


def test_smallest_is_what_was_asked_for_though_over(textured: Path, run: Any) -> None:
    """With `smallest` the smallest encode comes back, over the size."""
    step = {"op": "compress-to-size", "maxSizeBytes": 500, "format": "webp", "onUnreachable": "smallest"}
    made = run(textured, [step]).made[0]
    assert made.outputs[0].size > 500
    assert made.report[-1]["quality"] == 1


def test_a_file_within_the_size_stays_as_it_is(textured: Path, run: Any) -> None:
    """A PNG that fits is not touched, not even its format."""
    made = run(textured, [{"op": "compress-to-size", "maxSizeBytes": textured.stat().st_size}]).made[0]
    assert Path(made.outputs[0].path).read_bytes() == textured.read_bytes()


def test_without_a_format_lossless_sources_change(textured: Path, samples: Any, run: Any) -> None:
    """A PNG becomes a JPEG, a transparent or moving one a WebP."""
    step = {"op": "compress-to-size", "maxSizeBytes": 9000, "onUnreachable": "downscale"}
    assert run(textured, [step]).made[0].outputs[0].format == "jpeg"
    clear = samples.save(samples.noise(400, 300).bandjoin(samples.alpha(400, 300)[3]), "clear.png")
    assert run(clear, [step]).made[0].outputs[0].format == "webp"
    moving = samples.save(samples.frames(200, 150, 8), "moving.gif")
    made = run(moving, [step | {"maxSizeBytes": 3000}]).made[0].outputs[0]
    assert (made.format, made.facts["frames"]) == ("webp", 8)
    assert made.size <= 3000


def test_png_gives_up_colours(textured: Path, run: Any, picture_of: Any) -> None:
    """A PNG that has to fit keeps its dimensions and loses colours."""
    size = textured.stat().st_size // 3
    made = run(textured, [{"op": "compress-to-size", "maxSizeBytes": size, "format": "png"}]).made[0]
    assert made.outputs[0].size <= size
    assert made.report[-1]["colours"] <= 256
    assert picture_of(made.outputs[0]).width == 640


def test_quality_is_the_highest_that_is_used(textured: Path, run: Any) -> None:
    """A quality beside the size caps the search."""
    step = {"op": "compress-to-size", "maxSizeBytes": 500_000, "format": "webp", "quality": 60}
    assert run(textured, [step]).made[0].report[-1]["quality"] == 60


def test_settles_the_same_way_twice(textured: Path, run: Any) -> None:
    """The search is deterministic."""
    step = {"op": "compress-to-size", "maxSizeBytes": 20_000, "format": "jpeg"}
    assert len({run(textured, [step]).made[0].outputs[0].sha256 for _ in range(2)}) == 1


@pytest.mark.parametrize("form", ["jpeg", "webp", "avif", "png", "gif"])
@pytest.mark.parametrize("highest", [None, 1, 30, 92, 100])
def test_ladders_rise(form: str, highest: int | None) -> None:
    """Steps rise along the curve (within a small dent where JPEG gains chroma), and have a floor among them."""
    steps = ladder(form, highest, {})
    curve = [step.curve for step in steps.steps]
    assert all(later >= earlier - 0.01 for earlier, later in itertools.pairwise(curve))
    assert 0 <= steps.floor < len(curve)
    assert all(step.options.get("Q", 0) <= (highest or 95) for step in steps.steps if form in ("jpeg", "webp", "avif"))


@given(
    offset=st.floats(-2, 3),
    slope=st.floats(0.5, 2),
    bend=st.floats(-0.3, 0.3),
    target=st.integers(2_000, 2_000_000),
)
def test_search_finds_the_best_step_of_any_curve(offset: float, slope: float, bend: float, target: int) -> None:
    """On any rising curve: nothing over is returned, and where something fits it is near the best."""
    steps = ladder("webp", None, {}).steps
    sizes = [round(100_000 * 2.718 ** (offset + slope * step.curve + bend * step.curve**2)) for step in steps]
    sizes = [max(sizes[: index + 1]) for index in range(len(sizes))]
    numbered = [Step({"index": index}, step.curve, {}) for index, step in enumerate(steps)]
    search = Search(Ladder(numbered, 0, 0), target, 800_000, lambda options: bytes(sizes[options["index"]]))
    search.run(0, 10)
    fitting = [size for size in sizes if size <= target]
    if not fitting:
        assert search.best is None
    else:
        assert search.best is not None
        assert fitting[-1] * 0.9 <= len(search.best[1]) <= target
