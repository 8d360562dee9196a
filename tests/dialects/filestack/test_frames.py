"""The tasks on what surrounds a picture, and those on parts of it, from the text of a URL to the pixels."""

from __future__ import annotations

from pathlib import Path

import pytest
import pyvips

from filemill import ErrorCode
from filestack_chains import Drawn, Save, at, differs, plan_of, refusal


@pytest.fixture
def teal(save: Save) -> Path:
    """A hundred by sixty pixels of one colour, as a PNG."""
    image = pyvips.Image.black(100, 60, bands=3).linear(1, [0, 128, 128], uchar=True)
    return save(image.copy(interpretation="srgb"), "teal.png")


def test_vignette(drawn: Drawn, teal: Path) -> None:
    """FS-65: fades to transparency or the background, by that percentage in the corners; 0 changes nothing."""
    clear, red = drawn("vignette=amount:60", teal), drawn("vignette=amount:60,background:red", teal)
    assert (at(clear, 50, 30), at(red, 50, 30)) == ([0, 128, 128, 255], [0, 128, 128])
    assert at(clear, 0, 0)[3] == pytest.approx(255 * 0.4, abs=4)
    assert at(red, 0, 0) == pytest.approx([153, 51, 51], abs=4)
    linear = drawn("vignette=amount:60,background:red,blurmode:linear", teal)
    assert at(linear, 90, 30)[0] < at(red, 90, 30)[0] - 5
    assert differs(drawn("vignette", teal), drawn("vignette=amount:20,blurmode:gaussian", teal)) == 0
    assert plan_of("vignette=amount:0").steps == ()


def test_shadow(drawn: Drawn, teal: Path) -> None:
    """FS-65: a shadow of that softness, opacity and colour, moved by the vector."""
    hard = drawn("shadow=blur:0,opacity:50,vector:[10,-5],color:red", teal)
    assert (hard.width, hard.height) == (110, 65)
    assert at(hard, 50, 30) == [0, 128, 128, 255]
    assert at(hard, 105, 30) == at(hard, 105, 5) == [255, 0, 0, 128]
    assert at(hard, 105, 62)[3] == 0
    white = drawn("shadow=background:white", teal)
    assert white.bands == 3
    assert at(white, 112, 40)[0] < 200 < at(white, 2, 2)[0]
    assert differs(white, drawn("shadow=blur:4,opacity:60,vector:[4,4],color:black,background:white", teal)) == 0


def test_polaroid(drawn: Drawn, teal: Path) -> None:
    """FS-65: paper around the picture, wider below, turned clockwise on the background."""
    card = drawn("polaroid=background:red", teal)
    middle = card.width // 2
    column = [at(card, middle, y) for y in range(card.height)]
    assert column.count([0, 128, 128]) == 60
    assert column.count([255, 250, 250]) == 4 + 16
    assert at(card, 0, 0) == pytest.approx([255, 0, 0], abs=2)
    turned = drawn("polaroid=rotate:90,color:yellow,background:red", teal)
    row = [at(turned, x, turned.height // 2) for x in range(turned.width)]
    paper = [x for x, value in enumerate(row) if value == [255, 255, 0]]
    assert len(paper) == 20
    assert paper[15] - paper[0] == 15, "what was below is on the left"
    assert drawn("polaroid=rotate:30", teal).bands == 4


def test_torn_edges(drawn: Drawn, teal: Path) -> None:
    """FS-65: torn off on all sides, between the two depths of the spread, in any order; 1 and 10 by default."""
    clear, red = drawn("torn_edges=spread:[4,15]", teal), drawn("torn_edges=spread:[15,4],background:red", teal)
    assert clear.crop(16, 16, 68, 28).extract_band(3).min() == 255
    assert clear.crop(0, 0, 100, 3).extract_band(3).max() == clear.crop(0, 0, 3, 60).extract_band(3).max() == 0
    assert 100 < clear.extract_band(3).avg() < 230
    assert (at(red, 50, 30), at(red, 1, 30)) == ([0, 128, 128], [255, 0, 0])
    assert differs(drawn("torn_edges", teal), drawn("torn_edges=spread:[1,10],background:transparent", teal)) == 0
    assert drawn("torn_edges=spread:[10000,10000]", teal).getpoint(50, 30)[3] == 255


def test_partial_blur(drawn: Drawn, quartered: Path, quarters: pyvips.Image) -> None:
    """FS-69: boxes are blurred; all else stays, but for the soft edge; 0 changes nothing."""
    part = drawn("partial_blur=objects:[[30,10,20,20],[0,0,5,5]],amount:4,blur:0", quartered)
    whole = drawn("blur=amount:4", quartered)
    assert differs(part.crop(30, 10, 20, 20), whole.crop(30, 10, 20, 20)) == 0
    assert differs(part.crop(50, 0, 30, 40), quarters.crop(50, 0, 30, 40)) == 0
    soft = drawn("partial_blur=objects:[[30,10,20,20]]", quartered)
    assert differs(soft, drawn("partial_blur=objects:[[30,10,20,20]],amount:10,blur:4,type:rect", quartered)) == 0
    assert differs(soft.crop(50, 10, 4, 20), quarters.crop(50, 10, 4, 20)) > 0
    assert plan_of("partial_blur=objects:[[30,10,20,20]],amount:0").steps == ()


def test_partial_pixelate(drawn: Drawn, quartered: Path, quarters: pyvips.Image) -> None:
    """FS-69: boxes, or the ovals in them, become blocks; boxes beyond the picture are ignored."""
    part = drawn("partial_pixelate=objects:[[32,12,16,16],[9000,0,5,5]],amount:16,blur:0", quartered)
    assert at(part, 33, 13) == at(part, 47, 15) == at(drawn("pixelate=amount:16", quartered), 40, 14)
    assert differs(part.crop(0, 0, 32, 40), quarters.crop(0, 0, 32, 40)) == 0
    oval = drawn("partial_pixelate=objects:[[32,12,16,16]],amount:16,blur:0,type:oval", quartered)
    assert at(oval, 32, 12) == at(quarters, 32, 12)
    assert at(oval, 36, 15) == at(part, 36, 15)
    assert plan_of("partial_pixelate=objects:[[0,0,9,9]]").steps[0]["size"] == 10


@pytest.mark.parametrize(
    "chain",
    [
        "vignette=amount:101",
        "vignette=blurmode:cubic",
        "vignette=background:octarine",
        "shadow=blur:21",
        "shadow=opacity:-1",
        "shadow=vector:[1001,0]",
        "shadow=vector:[4]",
        "polaroid=rotate:360",
        "polaroid=color:octarine",
        "torn_edges=spread:[0,5]",
        "torn_edges=spread:[1,2,3]",
        "partial_blur",
        "partial_blur=objects:[]",
        "partial_blur=objects:[[1,2,3]]",
        "partial_blur=objects:[[1,2,0,4]]",
        "partial_blur=objects:[[1,2,3,10001]]",
        "partial_blur=objects:[" + ",".join(["[1,2,3,4]"] * 51) + "]",
        "partial_pixelate=objects:[[1,2,3,4]],amount:101",
        "partial_pixelate=objects:[[1,2,3,4]],type:star",
    ],
)
def test_what_is_out_of_range(chain: str) -> None:
    """FS-53: 400."""
    assert refusal(chain).code is ErrorCode.INVALID_PARAMETER
