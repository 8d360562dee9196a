"""The tasks on the look of pictures, from the text of a URL to the pixels of the result."""

from __future__ import annotations

from pathlib import Path

import pytest
import pyvips

from filemill import ErrorCode
from filestack_chains import Drawn, Save, at, differs, plan_of, refusal


@pytest.fixture
def ramp(save: Save) -> Path:
    """All 256 greys side by side, four rows of each."""
    grey = pyvips.Image.identity().resize(1, vscale=4, kernel="nearest")
    return save(grey.bandjoin([grey, grey]).copy(interpretation="srgb"), "ramp.png")


def test_blur(drawn: Drawn, quartered: Path, quarters: pyvips.Image) -> None:
    """FS-66: a Gaussian of that sigma; 2 by default, 0 changes nothing."""
    soft = drawn("blur=amount:4", quartered)
    assert differs(soft, quarters.gaussblur(4, min_ampl=0.001, precision="float").rint().cast("uchar")) <= 4
    assert differs(drawn("blur", quartered), drawn("blur=amount:2", quartered)) == 0
    assert plan_of("blur=amount:0").steps == ()


def test_sharpen(drawn: Drawn, ramp: Path, save: Save) -> None:
    """FS-66: an edge gets steeper, more so with a larger amount, and an even area stays; 0 changes nothing."""
    step = (pyvips.Image.xyz(40, 10)[0] >= 20).ifthenelse(180, 80).cast("uchar")
    edge = save(step.bandjoin([step, step]).copy(interpretation="srgb"), "edge.png")
    some, more = drawn("sharpen", edge), drawn("sharpen=amount:6", edge)
    assert at(some, 2, 5) == [80] * 3
    assert at(more, 19, 5)[0] < at(some, 19, 5)[0] < 80
    assert at(more, 20, 5)[0] > at(some, 20, 5)[0] > 180
    assert plan_of("sharpen=amount:0").steps == ()


def test_pixelate(drawn: Drawn, ramp: Path) -> None:
    """FS-66: blocks of that side, each of one colour."""
    image = drawn("pixelate=amount:16", ramp)
    for left in (0, 16, 240):
        block = image.crop(left, 0, 16, 4)
        assert block.min() == block.max() == pytest.approx(left + 7.5, abs=1)
    assert plan_of("pixelate").steps[0]["size"] == 2


def test_oil_paint(drawn: Drawn, quartered: Path, quarters: pyvips.Image, save: Save) -> None:
    """FS-66: details within the radius become even, and edges stay."""
    assert differs(drawn("oil_paint=amount:8", quartered), quarters) == 0
    dotted = save(quarters.draw_rect([0, 0, 0], 10, 10, 2, 2, fill=True), "dotted.png")
    assert at(drawn("oil_paint=amount:8", dotted), 12, 12) == [255, 0, 0]
    assert at(drawn("oil_paint", dotted), 11, 11)[0] < 240
    assert plan_of("oil_paint").steps == ({"op": "oil-paint", "radius": 2},)


def test_enhance(drawn: Drawn, save: Save) -> None:
    """FS-74: contrast is stretched; vivid colours are stronger, a cast goes; what looks at the motif is 501."""
    grey = pyvips.Image.xyz(200, 4)[0].linear(0.5, 60, uchar=True)
    dull = save(grey.bandjoin([grey, grey * 0.8]).cast("uchar").copy(interpretation="srgb"), "dull.png")
    plain, vivid, tint = (drawn(f"enhance{preset}", dull) for preset in ("", "=preset:vivid", "=preset:fix_tint"))
    assert (plain.extract_band(0).min(), plain.extract_band(0).max()) == (pytest.approx(0, abs=20), 255)
    assert differs(plain, drawn("enhance=preset:auto", dull)) == 0
    middle, strong = at(plain, 100, 2), at(vivid, 100, 2)
    assert strong[0] - strong[2] > middle[0] - middle[2] + 5 > 10
    assert at(tint, 100, 2) == pytest.approx([127] * 3, abs=3)
    for preset in ("beautify", "beautify_plus", "fix_dark", "fix_noise", "outdoor", "fireworks"):
        assert refusal(f"enhance=preset:{preset}").code is ErrorCode.OPERATION_UNAVAILABLE


def test_monochrome_and_negative(drawn: Drawn, quartered: Path, quarters: pyvips.Image) -> None:
    """FS-67: three equal bands in the order of brightness; every value inverted."""
    grey = drawn("monochrome", quartered)
    shades = [at(grey, *place) for place in ((60, 30), (60, 10), (10, 10), (10, 30))]
    assert all(len(set(shade)) == 1 for shade in shades)
    assert [shade[0] for shade in shades] == sorted((shade[0] for shade in shades), reverse=True)
    assert differs(drawn("negative", quartered), quarters.invert()) == 0


def test_sepia(drawn: Drawn, quartered: Path, quarters: pyvips.Image) -> None:
    """FS-67: from no change to all brown; 80 percent by default."""
    assert differs(drawn("sepia=tone:0", quartered), quarters) == 0
    assert at(drawn("sepia=tone:100", quartered), 10, 10) == pytest.approx([100, 89, 69], abs=1)
    assert differs(drawn("sepia", quartered), drawn("sepia=tone:80", quartered)) == 0


@pytest.mark.parametrize("threshold", [0, 1, 4, 5, 10, 20, 40, 50, 60, 80, 99, 100])
def test_blackwhite(drawn: Drawn, ramp: Path, threshold: int) -> None:
    """FS-67: what has that share of 255 and more is white, all else black."""
    image = drawn(f"blackwhite=threshold:{threshold}", ramp)
    line = [at(image, x, 0) for x in range(256)]
    assert [values[0] for values in line] == [255 if value * 100 >= threshold * 255 else 0 for value in range(256)]
    assert all(len(set(values)) == 1 for values in line)


def test_modulate(drawn: Drawn, ramp: Path, quartered: Path, quarters: pyvips.Image) -> None:
    """FS-67: percentages of brightness and saturation, degrees of hue; 100, 100 and 0 change nothing."""
    assert plan_of("modulate").steps == ()
    assert at(drawn("modulate=brightness:50", ramp), 100, 0) == [50] * 3
    assert at(drawn("modulate=brightness:10000", ramp), 2, 0) == [200] * 3
    dull = at(drawn("modulate=saturation:0", quartered), 10, 10)
    assert len(set(dull)) == 1
    assert at(drawn("modulate=hue:120", quartered), 10, 10)[1] > 50
    assert differs(drawn("modulate=saturation:10000", quartered), quarters) <= 1


@pytest.mark.parametrize(
    "chain",
    [
        "blur=amount:21",
        "blur=amount:-1",
        "sharpen=amount:20.5",
        "pixelate=amount:1",
        "pixelate=amount:101",
        "oil_paint=amount:1",
        "oil_paint=amount:101",
        "enhance=preset:magic",
        "sepia=tone:101",
        "blackwhite=threshold:-1",
        "modulate=hue:360",
        "modulate=brightness:10001",
        "monochrome=a:b",
    ],
)
def test_what_is_out_of_range(chain: str) -> None:
    """FS-53: 400."""
    assert refusal(chain).code is ErrorCode.INVALID_PARAMETER
