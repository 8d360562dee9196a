"""Tone and colour: known colours in, known colours out, alpha and size as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pyvips

from filemill import Context, Limits, Picture, PictureOperation
from filemill.formats import FormatTable
from filemill_image.effects.tone import Adjust, Grayscale, Negate, Sepia

RED, GREY, ORANGE = (255, 0, 0), (100, 100, 100), (200, 120, 40)
CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
EVERY = [Grayscale(), Adjust(brightness=1.3, contrast=0.8, saturation=1.5, hue=30), Sepia(amount=0.7), Negate()]


def plain(colour: tuple[int, ...], width: int = 4, height: int = 3) -> pyvips.Image:
    """An area of one colour."""
    one = pyvips.Image.black(width, height, bands=len(colour)).linear(1, list(colour), uchar=True)
    return one.copy(interpretation="srgb")


def colour_after(operation: PictureOperation, colour: tuple[int, ...]) -> list[int]:
    """What an operation makes of one colour."""
    image = operation.run(Picture.of(plain(colour)), CONTEXT).image
    assert (image.format, image.interpretation, image.bands) == ("uchar", "srgb", len(colour))
    return [round(value) for value in image.getpoint(2, 1)]


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        (Grayscale(), GREY, GREY),
        (Grayscale(), RED, (127, 127, 127)),  # linear luminance .2126, coded by the sRGB curve
        (Grayscale(), (0, 255, 0), (220, 220, 220)),
        (Negate(), ORANGE, (55, 135, 215)),
        (Sepia(), (255, 255, 255), (255, 255, 239)),
        (Sepia(), GREY, (135, 120, 94)),
        (Sepia(amount=0.5), GREY, (118, 110, 97)),
        (Adjust(brightness=0.5), ORANGE, (100, 60, 20)),
        (Adjust(brightness=3), ORANGE, (255, 255, 120)),
        (Adjust(brightness=0), ORANGE, (0, 0, 0)),
        (Adjust(contrast=0), ORANGE, (128, 128, 128)),
        (Adjust(contrast=2), ORANGE, (255, 113, 0)),
        (Adjust(saturation=0), ORANGE, (131, 131, 131)),
        (Adjust(saturation=2), GREY, GREY),
        (Adjust(hue=180), RED, (0, 109, 109)),
        (Adjust(hue=90), GREY, GREY),
    ],
)
def test_known_colours(operation: PictureOperation, given: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Each operation gives the colours its definition demands, within rounding."""
    assert colour_after(operation, given) == pytest.approx(list(expected), abs=1)


@pytest.mark.parametrize("operation", EVERY, ids=lambda operation: type(operation).__name__)
@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_alpha_stays(operation: PictureOperation, alpha: int) -> None:
    """Alpha is not touched, and the colour is the same as without it."""
    changed = colour_after(operation, (*ORANGE, alpha))
    assert changed == [*colour_after(operation, ORANGE), alpha]


@pytest.mark.parametrize("operation", EVERY, ids=lambda operation: type(operation).__name__)
def test_every_frame_changes_for_itself(operation: PictureOperation) -> None:
    """An animation keeps its frames, each changed as it would be alone."""
    colours = [RED, GREY, ORANGE]
    animated = Picture.of(plain(RED)).with_pages([plain(colour) for colour in colours])
    changed = operation.run(animated, CONTEXT)
    assert changed.facts == animated.facts
    for page, colour in zip(changed.pages(), colours, strict=True):
        assert page.getpoint(1, 1) == colour_after(operation, colour)


@pytest.mark.parametrize("operation", [Adjust(), Adjust(hue=360), Sepia(amount=0)], ids=repr)
def test_nothing_to_change_gives_the_same_picture(operation: PictureOperation) -> None:
    """Neutral parameters leave the pixels; the picture is encoded again, so that its metadata goes."""
    picture = Picture.of(plain(ORANGE))
    result = operation.run(picture, CONTEXT)
    assert result is not picture
    assert (result.image - picture.image).abs().max() == 0


@pytest.mark.parametrize(
    "operation", [Grayscale(), Sepia(), Adjust(brightness=1.4), Adjust(contrast=1.7), Adjust(saturation=1.8)], ids=repr
)
def test_greys_stay_in_order(operation: PictureOperation) -> None:
    """A gradient from black to white is nowhere darker than before a step to the right."""
    ramp = pyvips.Image.identity(bands=3).copy(interpretation="srgb")
    pixels = bytes(operation.run(Picture.of(ramp), CONTEXT).image.write_to_memory())
    rows = [list(pixels[band::3]) for band in range(3)]
    assert all(values == sorted(values) and values[-1] > values[0] for values in rows)


def test_negate_twice_is_the_original() -> None:
    """A negative of a negative is the picture."""
    ramp = pyvips.Image.identity(bands=3).copy(interpretation="srgb")
    twice = Negate().run(Negate().run(Picture.of(ramp), CONTEXT), CONTEXT)
    assert (twice.image - ramp).abs().max() == 0


@pytest.mark.parametrize("step", [{"op": "sepia"}, {"op": "border", "width": 2}, {"op": "blur", "sigma": 9}], ids=repr)
def test_an_animated_file_keeps_its_timing(step: dict[str, Any], run: Any, samples: Any) -> None:
    """From GIF to GIF: the frames, how long each is shown, and how often all are repeated."""
    path = samples.save(samples.frames(48, 32, 4), "moving.gif")
    (output,) = run(path, [step]).made[0].outputs
    image = pyvips.Image.new_from_file(output.path, n=-1)
    assert output.facts["frames"] == image.get("n-pages") == 4
    assert (image.get("delay"), image.get("loop")) == ([100, 200, 300, 400], 3)
