"""Formats: every readable picture against every writable one, upright, in sRGB, frames and timing kept."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
import pyvips
from PIL import Image

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.checks import damaged
from filemill.testing.runner import Runner
from filemill_image.formats.brands import is_avif, is_heif
from filemill_image.formats.colourspace import is_srgb, profile_name
from filemill_image.formats.svg import is_svg
from picture_codecs import PILLOW, encoded, write_dng

WRITTEN = ("jpeg", "png", "webp", "avif", "gif", "tiff", "jxl", "jp2")
READ = (*WRITTEN, "heic", "svg", "raw")
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64">'
    '<rect width="48" height="64" fill="#c03020"/><rect x="48" width="48" height="64" fill="#2060c0"/></svg>'
)


def written(samples: Any, form: str) -> Path:
    """Make a small picture of a format, opaque."""
    if form == "svg":
        path = samples.path("made.svg")
        path.write_text(SVG)
        return Path(path)
    if form == "heic":
        path = samples.path("made.heic")
        encoders = pillow_heif.libheif_info()["encoders"]
        if not any("265" in name or "hevc" in name.lower() for name in encoders):
            pytest.skip("this build of pillow-heif has no HEVC encoder")
        source = samples.photo("for-heic.png")
        pillow_heif.from_pillow(Image.open(source)).save(path, quality=90)
        return Path(path)
    if form in PILLOW:
        path = samples.path(f"made.{form}")
        path.write_bytes(encoded(samples.gradient(), form))
        return Path(path)
    if form == "raw":
        return write_dng(samples.path("made.dng"), samples.gradient())
    return Path(samples.photo(f"made.{form}"))


@pytest.mark.parametrize("to", WRITTEN)
@pytest.mark.parametrize("source", READ)
def test_every_readable_to_every_writable(
    source: str, to: str, samples: Any, run: Any, picture_of: Any, hash_distance: Any
) -> None:
    """A picture of any format converted to any other shows the same, in the same size."""
    path = written(samples, source)
    output = run(path, [{"op": "resize", "width": 48}, {"op": "convert", "format": to}]).made[0].outputs[0]
    made = picture_of(output)
    assert (output.format, made.width, made.height, output.facts["width"]) == (to, 48, 32, 48)
    if source == "svg":
        assert made(4, 16)[0] > made(4, 16)[2]
        assert made(44, 16)[2] > made(44, 16)[0]
    else:
        assert hash_distance(made, samples.gradient()) < 10


@pytest.mark.parametrize("source", ["png", "webp", "avif", "tiff"])
def test_alpha_survives_where_the_format_has_it(source: str, samples: Any, run: Any, picture_of: Any) -> None:
    """Transparency is kept in PNG, WebP, AVIF, TIFF and GIF, and is laid on white in JPEG only."""
    path = samples.save(samples.alpha(), f"alpha.{source}", Q=90)
    for to in WRITTEN:
        made = run(path, [{"op": "convert", "format": to}, {"op": "flip"}]).made[0]
        image = picture_of(made.outputs[0])
        assert bool(image.hasalpha()) is (to != "jpeg"), to
        assert ("background" in made.report[-1]) is (to == "jpeg")
        if to == "jpeg":
            assert min(image(0, 32)) > 235


def test_background_is_used_where_there_is_no_alpha(samples: Any, run: Any, picture_of: Any) -> None:
    """The background of a JPEG made of a transparent picture is the one asked for."""
    path = samples.save(samples.alpha(), "alpha.png")
    output = run(path, [{"op": "convert", "format": "jpeg", "background": "#00f"}]).made[0].outputs[0]
    red, _, blue = picture_of(output)(0, 32)
    assert red < 30
    assert blue > 220


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["jpg", "tif", "webp", "png", "avif"])
def test_orientation_is_applied(
    orientation: int, form: str, samples: Any, run: Any, picture_of: Any, hash_distance: Any
) -> None:
    """A picture under any EXIF orientation comes out upright, with orientation gone."""
    path = samples.oriented(orientation, f"turned-{orientation}.{form}")
    made = picture_of(run(path, [{"op": "convert", "format": "png"}, {"op": "resize", "width": 90}]).made[0].outputs[0])
    assert (made.width, made.height) == (90, 60)
    assert hash_distance(made, samples.gradient()) < 6
    assert not made.get_typeof("orientation")


@pytest.mark.parametrize("source", ["gif", "webp", "tiff"])
@pytest.mark.parametrize("to", ["gif", "webp", "tiff"])
def test_frames_and_timing_are_kept(source: str, to: str, samples: Any, run: Any, picture_of: Any) -> None:
    """All frames are resized; delays and loop survive between formats that have them."""
    path = samples.save(samples.frames(), f"moving.{source}")
    output = run(path, [{"op": "resize", "width": 24}, {"op": "convert", "format": to}]).made[0].outputs[0]
    made = picture_of(output)
    assert output.facts == {"width": 24, "height": 16, "frames": 4}
    assert made.get("n-pages") == 4
    assert made.height == 64
    if source != "tiff" and to != "tiff":
        assert made.get("delay") == [100, 200, 300, 400]
        assert made.get("loop") == 3


def test_timing_survives_a_round_trip(samples: Any, run: Any, picture_of: Any) -> None:
    """GIF to WebP to GIF keeps every delay."""
    first = run(samples.save(samples.frames(), "moving.gif"), [{"op": "convert", "format": "webp"}])
    second = run(Path(first.made[0].outputs[0].path), [{"op": "convert", "format": "gif"}])
    assert picture_of(second.made[0].outputs[0]).get("delay") == [100, 200, 300, 400]


def test_still_format_takes_the_first_frame_and_says_so(samples: Any, run: Any, picture_of: Any) -> None:
    """A JPEG of an animation is its first frame; report and facts tell."""
    made = run(samples.save(samples.frames(), "moving.gif"), [{"op": "convert", "format": "jpeg"}]).made[0]
    assert made.report[-1]["frames"] == "1 of 4"
    assert made.outputs[0].facts == {"width": 48, "height": 32, "frames": 1}
    assert picture_of(made.outputs[0]).height == 32


def test_tiff_pages_of_different_sizes_give_the_first(samples: Any, run: Any) -> None:
    """Of a TIFF whose pages differ in size only the first is read, and the report says so."""
    path = samples.path("pages.tif")
    pages = [Image.new("RGB", size, "teal") for size in ((40, 30), (20, 15))]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    made = run(path, [{"op": "resize", "width": 20}]).made[0]
    assert made.outputs[0].facts == {"width": 20, "height": 15, "frames": 1}
    assert "1 of 2" in made.report[0]["pages"]


@pytest.mark.parametrize("bands", [1, 2])
def test_grey_and_sixteen_bits_become_srgb(bands: int, samples: Any, run: Any, picture_of: Any) -> None:
    """A 16-bit grey PNG, with or without alpha, comes out as the same grey in 8 bits."""
    grey = pyvips.Image.black(32, 32).linear(1, 128 * 257).cast("ushort").copy(interpretation="grey16")
    if bands == 2:
        grey = grey.bandjoin(65535).copy(interpretation="grey16")
    made = picture_of(run(samples.save(grey, "grey.png"), [{"op": "flip"}]).made[0].outputs[0])
    assert made.format == "uchar"
    assert made(3, 3)[:3] == pytest.approx([128, 128, 128], abs=1)


def test_wide_gamut_becomes_srgb(samples: Any, run: Any, picture_of: Any) -> None:
    """Full Display P3 green is out of sRGB, a middle one turns into stronger numbers; no profile is left."""
    plain = pyvips.Image.black(16, 16, bands=3).linear(1, [100, 180, 100], uchar=True).copy(interpretation="srgb")
    made = picture_of(run(samples.save(plain, "p3.png", profile="p3"), [{"op": "flip"}]).made[0].outputs[0])
    red, green, _ = made(5, 5)
    assert red < 90
    assert green > 180
    assert not made.get_typeof("icc-profile-data")


def test_srgb_profile_changes_nothing(samples: Any, run: Any, picture_of: Any) -> None:
    """Pixels under an sRGB profile are passed on exactly."""
    path = samples.save(samples.gradient(), "srgb.png", profile="srgb")
    profile = pyvips.Image.new_from_file(str(path)).get("icc-profile-data")
    assert is_srgb(profile), profile_name(profile)
    made = picture_of(run(path, [{"op": "flip"}, {"op": "flip"}]).made[0].outputs[0])
    assert (made - samples.gradient()).abs().max() == 0


@pytest.mark.parametrize(("form", "most"), [("webp", 16383)])
def test_side_too_long_for_a_format(form: str, most: int, samples: Any, run: Any) -> None:
    """A side that the format can't hold is refused as a wrong parameter, before it is encoded."""
    path = samples.save(pyvips.Image.black(most + 1, 2, bands=3).copy(interpretation="srgb"), "long.png")
    with pytest.raises(FilemillError) as caught:
        run(path, [{"op": "convert", "format": form}])
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert str(most) in caught.value.detail


def test_same_input_same_bytes(samples: Any, run: Any) -> None:
    """Every encoder gives the same bytes for the same picture."""
    path = samples.photo("same.png")
    for form in WRITTEN:
        once, again = (run(path, [{"op": "convert", "format": form}, {"op": "flip"}]).made[0].outputs[0] for _ in "12")
        assert once.sha256 == again.sha256, form


@pytest.mark.parametrize(("form", "options"), [("jxl", {"lossless": True, "effort": 1}), ("jp2", {})])
def test_more_pixels_than_memory(form: str, options: Any, samples: Any, filemill_run: Runner) -> None:
    """A good file whose pixels have no room is told from a broken one; halved by JPEG 2000 they may have."""
    path = samples.path(f"plain.{form}")
    path.write_bytes(encoded(pyvips.Image.black(2500, 2000, bands=3), form, **options))
    limits = Limits(memory_bytes=64 << 20)
    with pytest.raises(FilemillError, match="more memory") as caught:
        filemill_run(path, {"op": "flip"}, limits=limits, in_worker=True)
    assert caught.value.code is ErrorCode.INVALID_FILE
    if form == "jp2":
        assert filemill_run(path, {"op": "resize", "width": 9}, limits=limits, in_worker=True).outputs


@pytest.mark.parametrize("form", ["jxl", "jp2", "raw"])
def test_a_damaged_file_gives_a_picture_or_a_typed_error(form: str, samples: Any, run: Any) -> None:
    """Altered bytes, most of them in the header, and cuts: no library raises anything else, or ends the process."""
    data = written(samples, form).read_bytes()
    path = samples.path("damaged")
    outcomes: Counter[str] = Counter()
    for seed in range(60):
        harmed = damaged(data[:400], seed) + data[400:] if seed % 3 else damaged(data, seed)
        path.write_bytes(harmed)
        try:
            run(path, [{"op": "resize", "width": 40 + seed % 50}, {"op": "convert", "format": "png"}])
            outcomes["read"] += 1
        except FilemillError as error:
            assert error.code in (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA), (seed, error)
            outcomes["refused"] += 1
    assert outcomes["refused"] > 0


def test_libraries_are_loaded_where_work_is_done() -> None:
    """What a format is read with costs the start of the server nothing."""
    program = "import sys, filemill_image; print(*{'numpy', 'pillow_jxl', 'rawpy', 'simplejpeg'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert said.stdout.split() == []


@pytest.mark.parametrize(
    ("head", "avif", "heif"),
    [
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", True, False),
        (b"\0\0\0\x1cftypavis\0\0\0\0avifmif1msf1", True, False),
        (b"\0\0\0\x18ftypmif1\0\0\0\0avifmiaf", True, False),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heicmiaf", False, True),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1avif", False, True),
        (b"\0\0\0\x18ftypisom\0\0\0\0avifmp41", False, False),
        (b"\0\0\0\x18moov", False, False),
    ],
)
def test_brands_tell_avif_from_heic(head: bytes, avif: bool, heif: bool) -> None:
    """The major brand decides; where it is general, the compatible ones do."""
    assert (is_avif(head), is_heif(head)) == (avif, heif)


@pytest.mark.parametrize(
    ("head", "svg"),
    [
        (b"<svg/>", True),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a --><!DOCTYPE svg PUBLIC "x" "y" [<!ENTITY a "b">]>\n<svg ', True),
        ("<s:svg xmlns:s='http://www.w3.org/2000/svg'>".encode("utf-16"), True),
        (b"<html><svg/></html>", False),
        (b"svg", False),
    ],
)
def test_svg_is_known_by_its_first_element(head: bytes, svg: bool) -> None:
    """An SVG is one whose root is svg, whatever stands before it."""
    assert is_svg(head) is svg
