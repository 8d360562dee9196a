"""The tasks on pictures, from the text of a URL to the pixels of the result."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import pyvips

from filemill import ErrorCode, FilemillError
from filestack_chains import HANDLE, Chain, Drawn, Save, at, differs, plan_of, refusal

RED, GREEN, BLUE, WHITE, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("width:20", (20, 10)),
        ("w:160", (160, 80)),
        ("height:10", (20, 10)),
        ("width:20,height:20", (20, 10)),
        ("width:160,height:160,fit:clip", (160, 80)),
        ("h:20,w:20,f:max", (20, 10)),
        ("width:160,height:160,fit:max", (80, 40)),
        ("width:20,height:20,fit:scale", (20, 20)),
        ("width:160,height:20,fit:scale", (160, 20)),
        ("width:20,height:20,fit:crop", (20, 20)),
        ("width:100,height:100,fit:crop", (100, 100)),
        ("width:0,height:20", (40, 20)),
    ],
)
def test_resize(drawn: Drawn, quartered: Path, options: str, size: tuple[int, int]) -> None:
    """FS-60: `clip` keeps the ratio within the box, `max` does not enlarge, `scale` stretches, `crop` fills."""
    image = drawn(f"resize={options}", quartered)
    assert (image.width, image.height) == size


@pytest.mark.parametrize(
    ("align", "box", "left", "top"),
    [
        ("left", (20, 40), 0, 0),
        ("right", (20, 40), 60, 0),
        ("middle", (20, 40), 30, 0),
        ("[middle,right]", (20, 40), 60, 0),
        ("top", (80, 10), 0, 0),
        ("[bottom,left]", (80, 10), 0, 30),
        ("[middle,center]", (80, 10), 0, 15),
    ],
)
def test_resize_crops_at_its_align(
    drawn: Drawn, quartered: Path, quarters: pyvips.Image, align: str, box: tuple[int, int], left: int, top: int
) -> None:
    """FS-60, FS-47: a word or a pair says which part is kept."""
    kept = drawn(f"resize=w:{box[0]},h:{box[1]},f:crop,a:{align}", quartered)
    assert differs(kept, quarters.crop(left, top, *box)) == 0


@pytest.mark.parametrize(
    ("box", "left", "top", "width", "height"),
    [
        ("10,5,20,10", 10, 5, 20, 10),
        ("60,30,100,100", 60, 30, 20, 10),
        ("0,0,100000,100000", 0, 0, 80, 40),
    ],
)
def test_crop(
    drawn: Drawn, quartered: Path, quarters: pyvips.Image, box: str, left: int, top: int, width: int, height: int
) -> None:
    """FS-61: the box is clipped to the picture."""
    assert differs(drawn(f"crop=dim:[{box}]", quartered), quarters.crop(left, top, width, height)) == 0


def test_crop_outside_the_picture(drawn: Drawn, quartered: Path) -> None:
    """FS-53, FS-61: nothing of the picture is left, which is the client's mistake."""
    for box in ("80,0,1,1", "20000,0,1,1"):
        with pytest.raises(FilemillError) as caught:
            drawn(f"crop=dim:[{box}]", quartered)
        assert caught.value.code is ErrorCode.INVALID_PARAMETER


def test_rotate(drawn: Drawn, quartered: Path, quarters: pyvips.Image) -> None:
    """FS-62: clockwise; at other angles the corners have the background, white where none is given."""
    assert differs(drawn("rotate=deg:90", quartered), quarters.rot90()) == 0
    assert at(drawn("rotate=deg:45", quartered), 0, 0) == WHITE
    turned = drawn("rotate=deg:45,background:0000ff", quartered)
    assert at(turned, 0, 0) == BLUE
    assert turned.width == pytest.approx(120 / math.sqrt(2), abs=2)
    assert at(drawn("rotate=deg:45,background:transparent", quartered), 0, 0)[3] == 0


def test_rotate_by_exif(drawn: Drawn, save: Save, quarters: pyvips.Image) -> None:
    """FS-62, DX-10: a picture is upright before any task, so `deg:exif` has nothing left to do."""
    turned = quarters.copy()
    turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
    file = save(turned, "turned.jpg", Q=100)
    assert plan_of("rotate=deg:exif").steps == plan_of("rotate=exif:true").steps == ()
    image = drawn("rotate=deg:exif/output=format:png", file)
    assert (image.width, image.height) == (40, 80)
    assert refusal("rotate=exif:false").code is ErrorCode.OPERATION_UNAVAILABLE


def test_flip_and_flop(drawn: Drawn, quartered: Path, quarters: pyvips.Image) -> None:
    """FS-63: `flip` top to bottom, `flop` left to right; a chain runs left to right (FS-40)."""
    assert differs(drawn("flip", quartered), quarters.flipver()) == 0
    assert differs(drawn("flop", quartered), quarters.fliphor()) == 0
    assert differs(drawn("crop=dim:[0,0,40,20]/flop", quartered), quarters.crop(0, 0, 40, 20)) == 0
    assert differs(drawn("flop/crop=dim:[0,0,40,20]", quartered), quarters.crop(40, 0, 40, 20)) == 0


@pytest.mark.parametrize("name", ["rounded_corners", "round_corners"])
def test_rounded_corners(drawn: Drawn, quartered: Path, name: str) -> None:
    """FS-64, AMB-FS-3: both names; transparent corners, or of the background; `max` makes a pill."""
    image = drawn(f"{name}=radius:10", quartered)
    assert (at(image, 0, 0)[3], at(image, 40, 0)[3], at(image, 0, 10)[3]) == (0, 255, 255)
    assert differs(drawn(name, quartered), image) == 0
    red = drawn(f"{name}=radius:10,blur:0.5,background:00f", quartered)
    assert at(red, 0, 0) == BLUE
    pill = drawn(f"{name}=radius:max", quartered)
    assert at(pill, 2, 5)[3] == 0
    assert differs(drawn(f"{name}=radius:10000", quartered), pill) == 0
    assert refusal(f"{name}=blur:5").code is ErrorCode.OPERATION_UNAVAILABLE


def test_circle(drawn: Drawn, quartered: Path, quarters: pyvips.Image, save: Save) -> None:
    """FS-65, DX-11: the middle square's circle; around it white where the format holds no transparency."""
    image = drawn("circle", quartered)
    assert (image.width, image.height) == (40, 40)
    assert [at(image, *place)[3] for place in ((0, 0), (39, 39), (20, 1), (1, 20))] == [0, 0, 255, 255]
    assert at(image, 10, 10) == [*RED, 255]
    assert at(drawn("circle=background:red", quartered), 39, 0) == RED
    jpeg = save(quarters, "quarters.jpg", Q=100)
    assert at(drawn("circle", jpeg), 0, 0) == pytest.approx(WHITE, abs=12)
    assert at(drawn("circle/output=format:png", jpeg), 0, 0)[3] == 0


def test_border(drawn: Drawn, quartered: Path, quarters: pyvips.Image, save: Save) -> None:
    """FS-65: around the picture; the background lies under what is transparent."""
    image = drawn("border=width:5,color:00f", quartered)
    assert (image.width, image.height, at(image, 0, 0), at(image, 5, 5)) == (90, 50, BLUE, RED)
    plain = drawn("border", quartered)
    assert (plain.width, at(plain, 2, 2)) == (86, BLACK)
    clear = save(quarters.bandjoin(0), "clear.png")
    assert at(drawn("border=width:1,background:gray50", clear), 10, 10)[:3] == [127, 127, 127]
    assert plan_of("border=width:0").steps == ()


def black_in(image: pyvips.Image) -> list[int]:
    """Left, top, width and height of what is black."""
    found: list[int] = (image == BLACK).bandand().find_trim(background=0, threshold=1)
    return found


def test_watermark(drawn: Drawn, quartered: Path, save: Save) -> None:
    """FS-68: `size` is a percentage of the watermark's own size, 100 and the middle by default."""
    mark = save((pyvips.Image.black(10, 10, bands=3)).cast("uchar").copy(interpretation="srgb"), "mark.png")
    middle = drawn(f"watermark=file:{HANDLE}", quartered, watermark=mark)
    assert black_in(middle) == [35, 15, 10, 10]
    corner = drawn(f"watermark=file:{HANDLE},size:200,position:[top,right]", quartered, watermark=mark)
    assert black_in(corner) == [60, 0, 20, 20]
    step = plan_of(f"watermark=file:{HANDLE}").steps[0]
    assert step["image"] == {"assetId": HANDLE}
    assert plan_of(f"watermark=file:{HANDLE},size:0").steps == ()
    assert refusal("watermark=size:10").code is ErrorCode.INVALID_PARAMETER


def test_smart_crop(drawn: Drawn, quartered: Path) -> None:
    """FS-74: exactly the size; faces and coordinates are 501."""
    image = drawn("smart_crop=mode:auto,width:30,height:30", quartered)
    assert (image.width, image.height) == (30, 30)
    for option in ("mode:face", "coords:true"):
        assert refusal(f"smart_crop=width:3,height:3,{option}").code is ErrorCode.OPERATION_UNAVAILABLE


@pytest.mark.parametrize(
    "chain",
    [
        "resize",
        "resize=width:0",
        "resize=width:10001",
        "resize=width:-1",
        "resize=width:ten",
        "resize=width:[10]",
        "resize=width:5,w:6",
        "resize=width:5,depth:6",
        "resize=width:5,fit:squeeze",
        "resize=width:5,height:5,fit:crop,align:[left,top]",
        "resize=width:5,align:somewhere",
        "crop",
        "crop=dim:[1,2,3]",
        "crop=dim:[0,0,0,5]",
        "crop=dim:[0,0,100001,5]",
        "crop=dim:[-1,0,5,5]",
        "rotate=deg:360",
        "rotate=deg:north",
        "rotate=deg:5,background:octarine",
        "rotate=deg:5,background:12345",
        "rotate=deg:5,background:gray101",
        "flip=much:true",
        "rounded_corners=radius:0",
        "rounded_corners=blur:21",
        "border=width:1001",
        f"watermark=file:{HANDLE},size:501",
        "watermark=file:a.png",
        "smart_crop=width:5",
        "smart_crop=width:5,height:0",
    ],
)
def test_what_is_out_of_range(chain: str) -> None:
    """FS-53: a value out of range and an unknown option are 400."""
    error = refusal(chain)
    assert error.code is ErrorCode.INVALID_PARAMETER
    assert error.faults[0].pointer.startswith(f"/{chain.split('=', maxsplit=1)[0]}")


def test_faces_are_known_and_not_done() -> None:
    """FS-53, FS-60: `align:faces` is 501."""
    assert refusal("resize=w:5,h:5,fit:crop,align:faces").code is ErrorCode.OPERATION_UNAVAILABLE


@pytest.mark.parametrize(
    ("written", "ours"),
    [("fff", "#fff"), ("FF8800", "#FF8800"), ("ff880080", "#ff880080"), ("SteelBlue", "steelblue"),
     ("gray0", "#000000"),
        ("gray30", "#4d4d4d"),
        ("gray90", "#e5e5e5"), ("grey100", "#ffffff"), ("none", "transparent"), ("transparent", "transparent")],
)  # fmt: skip
def test_colours(made: Chain, quartered: Path, written: str, ours: str) -> None:
    """FS-60ff, "Colours": hex without `#`, CSS and X11 names, `transparent`; our operations take each."""
    assert plan_of(f"rotate=deg:5,background:{written}").steps[0]["background"] == ours
    assert made(f"rotate=deg:5,background:{written}", quartered).outputs[0].format == "png"
