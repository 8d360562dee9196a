"""The tasks that make one picture of many, from the text of a URL to the pixels of the result."""

from __future__ import annotations

from pathlib import Path

import pytest
import pyvips

from filemill import ErrorCode
from filestack_chains import HANDLE, Chain, Drawn, Save, at, plan_of, refusal

RED, TEAL, WHITE = [255, 0, 0], [0, 128, 128], [255, 255, 255]


@pytest.fixture
def red(save: Save) -> Path:
    """Forty by forty pixels of red, as a PNG."""
    image = pyvips.Image.black(40, 40, bands=3).linear(1, RED, uchar=True)
    return save(image.copy(interpretation="srgb"), "red.png")


@pytest.fixture
def teal(save: Save) -> Path:
    """Eighty by forty pixels of teal, as a PNG."""
    image = pyvips.Image.black(80, 40, bands=3).linear(1, TEAL, uchar=True)
    return save(image.copy(interpretation="srgb"), "teal.png")


def test_collage(drawn: Drawn, red: Path, teal: Path) -> None:
    """FS-70: the source, then the files of the option, fill the size; 10 pixels of white around each by default."""
    image = drawn(f"collage=files:[{HANDLE}],width:150,height:60", red, watermark=teal)
    assert (image.width, image.height) == (150, 60)
    assert (at(image, 30, 30), at(image, 100, 30)) == (RED, TEAL)
    assert at(image, 5, 30) == at(image, 145, 30) == at(image, 53, 30) == at(image, 30, 8) == WHITE
    blue = drawn(f"collage=files:[{HANDLE}],width:150,height:60,margin:2,color:blue,fit:crop", red, watermark=teal)
    assert (at(blue, 74, 30), at(blue, 1, 1), at(blue, 70, 30), at(blue, 78, 30)) == (
        [0, 0, 255],
        [0, 0, 255],
        RED,
        TEAL,
    )


def test_collage_of_a_list_after_other_tasks(made: Chain, red: Path, teal: Path) -> None:
    """FS-70: autorotate turns what then fits better; a list is taken as well, and other tasks may follow."""
    assert plan_of(f"collage=files:[{HANDLE}],width:9,height:9,autorotate:true").steps[0]["turn"] is True
    chain = f"collage=files:[{HANDLE}],w:150,h:60/resize=width:75"
    (output,) = made(chain, red, teal, watermark=red).outputs
    assert (output.facts["width"], output.facts["height"]) == (75, 30)


def test_animate(made: Chain, red: Path, teal: Path) -> None:
    """FS-74: each of a list is a frame of a GIF; 100 ms, without end, whole on transparency by default."""
    (output,) = made("animate", teal, red).outputs
    image = pyvips.Image.new_from_file(output.path, n=-1)
    assert (output.format, image.width, image.height) == ("gif", 80, 80)
    assert (image.get("delay"), image.get("loop")) == ([100, 100], 0)
    assert at(image, 10, 20)[:3] == pytest.approx(TEAL, abs=2)
    assert (at(image, 10, 60)[3], at(image, 40, 60)) == (0, [*RED, 255])


def test_the_frames_of_animate(made: Chain, red: Path, teal: Path) -> None:
    """FS-74: size, fit, place, background, time and repetition are as the options say; other formats may follow."""
    chain = "animate=delay:50,loop:3,width:60,height:20,fit:clip,align:left,background:white/output=format:webp"
    (output,) = made(chain, teal, red).outputs
    image = pyvips.Image.new_from_file(output.path, n=-1)
    assert (output.format, image.width, image.height) == ("webp", 60, 40)
    assert (image.get("delay"), image.get("loop")) == ([50, 50], 3)
    assert at(image, 5, 30)[:3] == pytest.approx(RED, abs=8)
    assert at(image, 50, 30)[:3] == pytest.approx(WHITE, abs=8)
    for fit in ("scale", "crop"):
        (output,) = made(f"animate=width:60,height:20,fit:{fit}", teal, red).outputs
        assert at(pyvips.Image.new_from_file(output.path, n=-1), 50, 30)[:3] == RED


@pytest.mark.parametrize(
    "chain",
    [
        "collage",
        f"collage=files:[{HANDLE}],width:10",
        f"collage=files:[{HANDLE}],width:10,height:0",
        "collage=files:[],width:10,height:10",
        "collage=files:[a.png],width:10,height:10",
        f"collage=files:[{HANDLE}],width:10,height:10,margin:0",
        f"collage=files:[{HANDLE}],width:10,height:10,margin:101",
        f"collage=files:[{HANDLE}],width:10,height:10,fit:clip",
        f"collage=files:[{HANDLE}],width:10001,height:10",
        "animate=delay:10001",
        "animate=loop:1001",
        "animate=width:1801",
        "animate=fit:max",
        "animate=background:octarine",
    ],
)
def test_what_is_out_of_range(chain: str) -> None:
    """FS-53: 400."""
    assert refusal(chain).code is ErrorCode.INVALID_PARAMETER
