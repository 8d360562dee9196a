"""Camera RAW: colours, orientation, reduction, and how it is told from a TIFF."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill import ErrorCode, FilemillError, Picture
from filemill.context import Context
from filemill.limits import Limits
from filemill.registry import Registry
from filemill_image.formats import raw
from filemill_image.formats.raw_sniffing import is_raw, may_be_raw
from picture_codecs import write_dng

PATCHES = {(20, 20): [200, 60, 50], (60, 20): [60, 180, 80], (100, 20): [255, 255, 255], (20, 60): [128, 128, 128]}
"""Colours by a place in the middle of their patch of 40x40 pixels; the rest is a blue."""
BLUE = [50, 100, 150]


@pytest.fixture
def context(registry: Registry, tmp_path: Path) -> Context:
    """The surroundings of one task."""
    return Context(limits=Limits(), folder=tmp_path, formats=registry.formats)


def chart() -> pyvips.Image:
    """Patches of colour, 120x80."""
    image = pyvips.Image.black(120, 80, bands=3).linear(0, BLUE, uchar=True).copy(interpretation="srgb")
    for (x, y), colour in PATCHES.items():
        image = image.draw_rect(colour, x - 20, y - 20, 40, 40, fill=True)
    return image


def opened(context: Context, path: Path) -> Picture:
    """A file as the pipeline opens it."""
    file = context.formats.sniff(path, path.name)
    assert file.format == "raw"
    return context.open(file, Picture)


@pytest.mark.parametrize("neutral", [1.0, 0.5])
@pytest.mark.parametrize("factor", [1, 2, 8])
def test_colours(neutral: float, factor: int, context: Context, tmp_path: Path) -> None:
    """They are those of the scene, whatever the sensor's white balance, at full and at half size."""
    picture = opened(context, write_dng(tmp_path / "chart.dng", chart(), neutral=neutral))
    assert (picture.width, picture.height, picture.transparent) == (120, 80, False)
    image = picture.reduced(factor)
    scale = 1 if factor == 1 else 2
    assert (image.width, image.height) == (120 // scale, 80 // scale)
    for (x, y), colour in {**PATCHES, (100, 60): BLUE}.items():
        assert image(x // scale, y // scale) == pytest.approx(colour, abs=4)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int, context: Context, tmp_path: Path) -> None:
    """The picture is turned as its EXIF says, once."""
    picture = opened(context, write_dng(tmp_path / "turned.dng", chart(), orientation=orientation))
    told = chart().copy()
    told.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    upright = told.autorot()
    assert (picture.width, picture.height) == (upright.width, upright.height)
    assert (picture.image.gaussblur(4) - upright.gaussblur(4)).abs().avg() < 4


def test_it_becomes_any_picture(run: Any, picture_of: Any, tmp_path: Path) -> None:
    """A DNG is resized and written as JPEG."""
    path = write_dng(tmp_path / "chart.dng", chart())
    output = run(path, [{"op": "resize", "width": 60}, {"op": "convert", "format": "jpeg"}]).made[0].outputs[0]
    assert (output.facts["width"], output.facts["height"]) == (60, 40)
    assert picture_of(output)(50, 10) == pytest.approx([255, 255, 255], abs=6)


def test_picture_info(run: Any, tmp_path: Path) -> None:
    """The depth of the sensor and the camera are told; how the file lies is not."""
    data = run(write_dng(tmp_path / "chart.dng", chart()), [{"op": "picture-info", "hashes": False}]).made[0].outputs[0]
    assert data.facts["data"]["bitDepth"] == 12
    assert data.facts["data"]["format"] == "raw"
    assert data.facts["data"]["exif"] == {"Make": "Pinhole", "Model": "Model A", "Orientation": 1}


@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}, {"pyramid": True, "tile": True}, {"bigtiff": True}])
def test_a_tiff_stays_a_tiff(options: dict[str, Any], registry: Registry, tmp_path: Path) -> None:
    """Whatever its name: its pixels are no sensor's."""
    path = tmp_path / "photo.nef"
    chart().tiffsave(str(path), **options)
    assert registry.formats.sniff(path, path.name).format == "tiff"


def directory(order: str, *entries: tuple[int, int, int, bytes], following: int = 0) -> bytes:
    """One directory of a TIFF."""
    packed = b"".join(struct.pack(f"{order}HHL", *entry[:3]) + entry[3] for entry in entries)
    return struct.pack(f"{order}H", len(entries)) + packed + struct.pack(f"{order}L", following)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_pixels_may_be_told_of_further_on(order: str, tmp_path: Path) -> None:
    """As in NEF and ARW (a directory below the first, of several) and in CR2 (one after it)."""
    mosaic = struct.pack(f"{order}HH", 32803, 0)
    preview = struct.pack(f"{order}HH", 6, 0)
    sensor = directory(order, (262, 3, 1, mosaic))
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}L", 8)
    path = tmp_path / "camera"

    first = directory(order, (262, 3, 1, preview), (330, 4, 1, struct.pack(f"{order}L", 200)))
    path.write_bytes((start + first).ljust(200, b"\0") + sensor)
    assert is_raw(path)
    first = directory(order, (262, 3, 1, preview), (330, 4, 2, struct.pack(f"{order}L", 100)))
    children = struct.pack(f"{order}LL", 150, 200)
    below = directory(order, (262, 3, 1, preview))
    path.write_bytes(((start + first).ljust(100, b"\0") + children).ljust(150, b"\0") + below.ljust(50, b"\0") + sensor)
    assert is_raw(path)
    first = directory(order, (262, 3, 1, preview), following=200)
    path.write_bytes((start + first).ljust(200, b"\0") + sensor)
    assert is_raw(path)
    path.write_bytes((start + first).ljust(200, b"\0") + directory(order, (262, 3, 1, preview), following=8))
    assert not is_raw(path)
    path.write_bytes((start + first)[:20])
    assert not is_raw(path)


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]), st.integers(0, 3), st.binary(max_size=120))
def test_any_directory_is_looked_at(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, count: int, rest: bytes
) -> None:
    """Whatever stands in it, the answer is yes or no."""
    path = tmp_path_factory.getbasetemp() / "anything.tif"
    path.write_bytes(start + count.to_bytes(2, "little" if start.startswith(b"II") else "big") + rest)
    assert is_raw(path) in (True, False)


@pytest.mark.parametrize(
    "head", [b"IIRO\x08\0\0\0", b"IIU\0\x08\0\0\0", b"FUJIFILMCCD-RAW 0201", b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom"]
)
def test_names_of_their_own(head: bytes, context: Context, tmp_path: Path) -> None:
    """Olympus, Panasonic, Fujifilm and CR3 are known by their first bytes, and refused where nothing follows."""
    path = tmp_path / "camera"
    path.write_bytes(head + bytes(100))
    assert may_be_raw(head)
    with pytest.raises(FilemillError) as caught:
        opened(context, path)
    assert caught.value.code is ErrorCode.INVALID_FILE
    assert "b'" not in caught.value.detail


def test_sizes_over_the_limits_are_refused_by_the_header(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a pixel is developed."""
    monkeypatch.setattr(raw, "_developed", lambda *given: pytest.fail("it was developed"))
    path = write_dng(tmp_path / "chart.dng", chart())
    for limits, said in ((Limits(max_dimension=100), "no side may have"), (Limits(max_pixels=9000), "pixels in all")):
        with pytest.raises(FilemillError, match=said) as caught:
            opened(Context(limits=limits, folder=tmp_path, formats=registry.formats), path)
        assert caught.value.code is ErrorCode.INVALID_FILE


def test_a_promise_of_pixels_is_not_kept(context: Context, tmp_path: Path) -> None:
    """A file that says it has more pixels than its bytes are is broken."""
    path = write_dng(tmp_path / "bomb.dng", chart())
    data = path.read_bytes()
    for tag, side in ((256, 120), (257, 80)):
        entry = struct.pack("<HHLL", tag, 4, 1, side)
        assert data.count(entry) == 1
        data = data.replace(entry, struct.pack("<HHLL", tag, 4, 1, 9_000))
    path.write_bytes(data)
    with pytest.raises(FilemillError) as caught:
        opened(context, path).settle()
    assert caught.value.code is ErrorCode.INVALID_FILE


def test_cut_short(run: Any, tmp_path: Path) -> None:
    """A file without its end is refused, wherever it is cut."""
    path = write_dng(tmp_path / "cut.dng", chart())
    data = path.read_bytes()
    for part in (0.01, 0.1, 0.5, 0.9, 0.999):
        path.write_bytes(data[: int(len(data) * part)])
        with pytest.raises(FilemillError) as caught:
            run(path, [{"op": "convert", "format": "png"}])
        assert caught.value.code is ErrorCode.INVALID_FILE
