"""Geometry from file to file: what the engine, the formats and the operations do together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import ErrorCode, FilemillError


def test_downsize_gives_a_small_file_back_as_it_is(run: Any, samples: Any) -> None:
    """IX-74: a file within all limits comes back byte for byte, also where its own format is named."""
    source = samples.photo(width=96, height=64)
    for step in (
        {"maxWidth": 96, "maxHeight": 64},
        {"maxWidth": 500, "maxSizeBytes": 100_000},
        {"maxHeight": 64, "format": "jpg"},
    ):
        (out,) = run(source, [{"op": "downsize", **step}]).made[0].outputs
        assert Path(out.path).read_bytes() == source.read_bytes()
        assert (out.facts["width"], out.facts["height"]) == (96, 64)


@pytest.mark.parametrize(
    ("step", "size"),
    [
        ({"maxWidth": 48}, (48, 32)),
        ({"maxHeight": 16}, (24, 16)),
        ({"maxWidth": 90, "maxHeight": 8}, (12, 8)),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_downsize_keeps_ratio_and_format(
    run: Any, samples: Any, name: str, step: dict[str, Any], size: tuple[int, int]
) -> None:
    """IX-73: what is too large is reduced within the limits, in the format it had."""
    outcome = run(samples.photo(name, 96, 64), [{"op": "downsize", **step}])
    (out,) = outcome.made[0].outputs
    assert (out.facts["width"], out.facts["height"]) == size
    assert out.format == outcome.sources[0]["format"]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_downsize_fits_bytes(run: Any, samples: Any, name: str) -> None:
    """IX-75: over the limit of bytes a JPEG or WebP loses quality, anything else becomes JPEG."""
    source = samples.save(samples.noise(300, 200), name)
    (out,) = run(source, [{"op": "downsize", "maxSizeBytes": 9000}]).made[0].outputs
    assert out.size <= 9000
    assert out.format == {"a.jpg": "jpeg", "a.png": "jpeg", "a.webp": "webp"}[name]
    assert (out.facts["width"], out.facts["height"]) == (300, 200)


def test_downsize_keeps_transparency_and_frames(run: Any, samples: Any) -> None:
    """IX-75: where there is transparency or animation, WebP holds it within the limit of bytes."""
    noise = samples.noise(200, 200)
    source = samples.save(noise.bandjoin(noise[0]), "a.png")
    (clear,) = run(source, [{"op": "downsize", "maxSizeBytes": 20_000}]).made[0].outputs
    assert (clear.format, clear.size <= 20_000) == ("webp", True)
    moving = samples.save(samples.frames(200, 150, 3), "a.gif")
    (out,) = run(moving, [{"op": "downsize", "maxSizeBytes": 4000}]).made[0].outputs
    assert (out.format, out.facts["frames"], out.size <= 4000) == ("webp", 3, True)


def test_downsize_leaves_what_fits_in_its_format(run: Any, samples: Any) -> None:
    """A PNG within the limit of bytes stays the PNG it is; a format that is named is kept to."""
    source = samples.photo("a.png")
    (out,) = run(source, [{"op": "downsize", "maxSizeBytes": 100_000}]).made[0].outputs
    assert Path(out.path).read_bytes() == source.read_bytes()
    noise = samples.save(samples.noise(300, 200), "b.png")
    (named,) = run(noise, [{"op": "downsize", "maxSizeBytes": 9000, "format": "webp"}]).made[0].outputs
    assert (named.format, named.size <= 9000) == ("webp", True)


def test_downsize_needs_a_limit(registry: Any) -> None:
    """A step without any limit is refused before anything is read."""
    from filemill.pipeline import read_steps

    with pytest.raises(FilemillError) as caught:
        read_steps(registry, [{"op": "downsize"}])
    assert [fault.pointer for fault in caught.value.faults] == ["/steps/0/maxWidth"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("width", [24, 240])
def test_upright_before_anything_else(
    run: Any, samples: Any, picture_of: Any, colour_difference: Any, orientation: int, width: int
) -> None:
    """EXIF orientation is applied before sizes are computed, reduced on load or enlarged."""
    source = samples.oriented(orientation, width=192, height=128)
    (out,) = run(source, [{"op": "resize", "width": width, "format": "png"}]).made[0].outputs
    assert (out.facts["width"], out.facts["height"]) == (width, width * 2 // 3)
    expected = samples.gradient(192, 128).resize(width / 192)
    assert colour_difference(picture_of(out), expected) < 3


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
@pytest.mark.parametrize(
    "step",
    [
        {"op": "resize", "width": 24},
        {"op": "resize", "width": 20, "height": 20, "fit": "cover", "gravity": "attention"},
        {"op": "resize", "width": 20, "height": 20, "fit": "blur"},
        {"op": "crop", "width": 20, "height": 20},
        {"op": "rotate", "angle": 90},
        {"op": "flip"},
        {"op": "pad", "all": 4},
    ],
)
def test_animations_keep_frames_and_timing(
    run: Any, samples: Any, picture_of: Any, name: str, step: dict[str, Any]
) -> None:
    """All frames of a GIF or WebP are changed; delays and loops are as they were."""
    source = samples.save(samples.frames(48, 32, 4), name)
    (out,) = run(source, [step]).made[0].outputs
    image = picture_of(out)
    assert out.facts["frames"] == image.get("n-pages") == 4
    assert image.get("delay") == [100, 200, 300, 400]
    assert image.get("loop") == 3
    assert image.get("page-height") == out.facts["height"]


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
def test_steps_follow_each_other(run: Any, samples: Any, picture_of: Any, format: str) -> None:
    """Many steps in a row, lazy and settled ones mixed, give one picture of the size that follows."""
    steps = [
        {"op": "resize", "width": 200},
        {"op": "rotate", "angle": 90},
        {"op": "crop", "width": 100, "height": 150},
        {"op": "flop"},
        {"op": "pad", "all": 10, "background": "teal"},
        {"op": "flip"},
        {"op": "smart-crop", "width": 64, "height": 64},
        {"op": "trim", "threshold": 0},
        {"op": "resize", "width": 40, "height": 30, "fit": "contain", "format": format},
    ]
    (out,) = run(samples.photo(width=640, height=480), steps).made[0].outputs
    image = picture_of(out)
    assert (image.width, image.height) == (40, 30)


@pytest.mark.parametrize(
    "step",
    [
        {"op": "resize", "width": 16384, "height": 16384, "fit": "fill"},
        {"op": "pad", "all": 16384},
        {"op": "pad", "left": 16300},
    ],
)
def test_too_large_a_result_is_refused(run: Any, samples: Any, step: dict[str, Any]) -> None:
    """A result over the limits is a typed error before a pixel of it is made."""
    with pytest.raises(FilemillError) as caught:
        run(samples.photo(), [step])
    assert caught.value.code is ErrorCode.INVALID_PARAMETER


@pytest.mark.parametrize("name", ["twowings.jpg", "ladybird.jpg", "harbour-2725x2225.jpg"])
def test_resized_photos_look_alike(
    run: Any, corpus: Path, picture_of: Any, hash_distance: Callable[[pyvips.Image, pyvips.Image], int],
    colour_difference: Callable[[pyvips.Image, pyvips.Image], float], name: str,
) -> None:  # fmt: skip
    """Reduced on load or not, a photo shows the same and is nearly the picture a plain Lanczos gives."""
    source = corpus / "photos" / name
    plain = pyvips.Image.new_from_file(str(source))
    (out,) = run(source, [{"op": "resize", "width": 300, "format": "png"}]).made[0].outputs
    expected = plain.resize(300 / plain.width)
    image = picture_of(out)
    assert hash_distance(image, expected) < 6
    assert colour_difference(image, expected.crop(0, 0, image.width, image.height)) < 2
