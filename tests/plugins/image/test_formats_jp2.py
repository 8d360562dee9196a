"""JPEG 2000: pixels as other programs read and write them, colours, sizes, and what is refused."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
import pyvips
from PIL import Image

from filemill import ErrorCode, FilemillError, Picture
from filemill.context import Context
from filemill.limits import Limits
from filemill.registry import Registry
from filemill_image.formats import jp2
from picture_codecs import encoded, made_by_ffmpeg, psnr, read_by_ffmpeg, read_by_pillow


@pytest.fixture
def context(registry: Registry, tmp_path: Path) -> Context:
    """The surroundings of one task."""
    return Context(limits=Limits(), folder=tmp_path, formats=registry.formats)


def opened(context: Context, data: bytes | Path) -> Picture:
    """A file as the pipeline opens it."""
    path = data if isinstance(data, Path) else context.path("jp2")
    if isinstance(data, bytes):
        path.write_bytes(data)
    file = context.formats.sniff(path, path.name)
    assert file.format == "jp2"
    return context.open(file, Picture)


@pytest.mark.parametrize("transparent", [False, True])
def test_without_loss_every_pixel_is_kept(transparent: bool, samples: Any, run: Any) -> None:
    """What is written without loss is what other programs read."""
    image = samples.alpha() if transparent else samples.gradient()
    path = samples.save(image, "drawing.png")
    output = run(path, [{"op": "convert", "format": "jp2", "lossless": True}]).made[0].outputs[0]
    assert (read_by_ffmpeg(output.path, (96, 64), image.bands) - image).abs().max() == 0
    again = run(Path(output.path), [{"op": "convert", "format": "png"}]).made[0].outputs[0]
    assert (pyvips.Image.new_from_file(again.path) - image).abs().max() == 0


def test_quality_decides_size_and_likeness(samples: Any, run: Any) -> None:
    """More quality is more bytes and a higher PSNR, near the one that is aimed at."""
    image = pyvips.Image.arrayjoin([samples.gradient(), samples.noise()], across=1)
    path = samples.save(image, "drawing.png")
    seen = []
    for quality, decibels in ((10, 28.5), (50, 35), (80, 39), (95, 45)):
        made = run(path, [{"op": "convert", "format": "jp2", "quality": quality}]).made[0]
        assert made.report[-1]["quality"] == quality
        likeness = psnr(read_by_ffmpeg(made.outputs[0].path, (96, 128)), image)
        assert likeness == pytest.approx(decibels, abs=3)
        seen.append((likeness, made.outputs[0].size))
    assert seen == sorted(seen)


def test_a_small_result_is_decoded_small(samples: Any, context: Context) -> None:
    """The decoder halves the picture as often as the result allows, and no more often than the file can."""
    picture = opened(context, encoded(samples.gradient(400, 300), "jp2"))
    assert [picture.reduced(factor).width for factor in (1, 1.9, 2, 3.9, 4, 1000)] == [400, 400, 200, 200, 100, 25]
    picture = opened(context, encoded(samples.gradient(400, 300), "jp2", num_resolutions=2))
    assert picture.reduced(8).width == 200
    for width in range(97, 105):
        small = opened(context, encoded(samples.gradient(width, 64), "jp2")).reduced(4)
        assert width / 4 <= small.width <= width / 2 + 1


def test_subsampled_colours_are_read(context: Context, tmp_path: Path) -> None:
    """A file in YCbCr with half the colour, as ffmpeg writes it, has its colours."""
    path = made_by_ffmpeg(tmp_path / "half.jp2", "yuv420p", "-c:v", "libopenjpeg", "-vf", "scale=out_range=pc")
    whole = made_by_ffmpeg(tmp_path / "whole.png", "rgb24")
    assert psnr(opened(context, path).image, pyvips.Image.new_from_file(str(whole))) > 20


@pytest.mark.parametrize("pixel_format", ["gray", "gray16le", "rgb48le", "rgba64le", "ya8"])
def test_any_depth_becomes_8_bits(pixel_format: str, context: Context, tmp_path: Path) -> None:
    """Grey, 16 bits, alpha: as ffmpeg shows them."""
    path = made_by_ffmpeg(tmp_path / "deep.jp2", pixel_format, "-c:v", "libopenjpeg")
    image = opened(context, path).image
    assert image.format == "uchar"
    assert bool(image.hasalpha()) is ("a" in pixel_format.replace("gray", ""))
    assert psnr(image.extract_band(0, n=3), read_by_ffmpeg(path, (96, 64))) > 35


def test_bare_codestream(samples: Any, context: Context) -> None:
    """A codestream without boxes (`.j2k`) is read; white of four bits is white."""
    picture = opened(context, encoded(samples.gradient(), "jp2", no_jp2=True))
    assert (picture.image - samples.gradient()).abs().max() == 0
    white = pyvips.Image.black(16, 16).linear(1, 15 << 4).cast("uchar")
    data = bytearray(encoded(white, "jp2", no_jp2=True))
    assert data[42] == 7
    data[42] = 3  # bits of a sample less one, and its values moved there
    grey = opened(context, bytes(data)).image
    assert grey.max() == 255


def test_cmyk_becomes_srgb(context: Context) -> None:
    """Full cyan is a blue-green, no ink is white."""
    written = io.BytesIO()
    inks = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    inks.paste((0, 0, 0, 0), (8, 0, 16, 16))
    inks.save(written, "JPEG2000")
    data = written.getvalue()
    assert b"colr\x01\x00\x00\x00\x00\x00\x0c" in data
    picture = opened(context, data)
    red, green, blue = picture.image(2, 2)
    assert red < 60 < green < blue
    assert min(picture.image(12, 2)) > 250
    assert not picture.transparent


def with_colour(data: bytes, colour: bytes, more: bytes = b"") -> bytes:
    """A file whose box of the colour space is another, and has more boxes after it."""
    at = data.index(b"colr") - 4
    old = int.from_bytes(data[at : at + 4], "big")
    box = struct.pack(">I4s", 8 + len(colour), b"colr") + colour + more
    header = data.index(b"jp2h") - 4
    length = int.from_bytes(data[header : header + 4], "big") + len(box) - old
    changed = data[:at] + box + data[at + old :]
    return changed[:header] + struct.pack(">I", length) + changed[header + 4 :]


def test_a_palette_gives_its_colours(context: Context) -> None:
    """Samples that are places in a palette of two colours become these."""
    places = Image.new("L", (16, 16), 0)
    places.paste(1, (8, 0, 16, 16))
    written = io.BytesIO()
    places.save(written, "JPEG2000")
    colours = struct.pack(">HB3B", 2, 3, 7, 7, 7) + bytes([200, 30, 20, 10, 40, 220])
    mapping = b"".join(struct.pack(">HBB", 0, 1, band) for band in range(3))
    boxes = b"".join(
        struct.pack(">I4s", 8 + len(body), kind) + body for kind, body in ((b"pclr", colours), (b"cmap", mapping))
    )
    data = with_colour(written.getvalue(), b"\x01\0\0" + struct.pack(">I", 16), boxes)
    image = opened(context, data).reduced(4)
    assert image.width == 16
    assert image(2, 2) == [200, 30, 20]
    assert image(12, 2) == [10, 40, 220]


def test_wide_gamut_becomes_srgb(samples: Any, context: Context) -> None:
    """Display P3 by an ICC profile turns into stronger numbers."""
    plain = pyvips.Image.black(16, 16, bands=3).linear(1, [100, 180, 100], uchar=True).copy(interpretation="srgb")
    profile = pyvips.Image.new_from_file(str(samples.save(plain, "p3.png", profile="p3"))).get("icc-profile-data")
    picture = opened(context, with_colour(encoded(plain, "jp2"), b"\x02\0\0" + bytes(profile)))
    red, green, _ = picture.image(5, 5)
    assert red < 90
    assert green > 180


def test_other_colour_spaces_are_refused(samples: Any, context: Context) -> None:
    """CIELab read as RGB would be other colours."""
    data = with_colour(encoded(samples.gradient(), "jp2"), b"\x01\0\0" + struct.pack(">I", 14))
    with pytest.raises(FilemillError) as caught:
        opened(context, data)
    assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA


def sized(data: bytes, width: int, height: int, *, both: bool = True) -> bytes:
    """A file that says it has another size: in its header, or in its codestream as well."""
    header, stream = data.index(b"ihdr") + 4, data.index(b"\xff\x4f\xff\x51") + 8
    data = data[:header] + struct.pack(">II", height, width) + data[header + 8 :]
    if not both:
        return data
    changed = bytearray(data)
    struct.pack_into(">II", changed, stream, width, height)
    struct.pack_into(">II", changed, stream + 16, width, height)
    return bytes(changed)


def test_bombs_are_refused_by_their_header(samples: Any, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A size over the limits is told from the header; one that the codestream does not have is a broken file."""
    monkeypatch.setattr(jp2, "_pixels", lambda *given: pytest.fail("it was decoded"))
    data = encoded(samples.gradient(), "jp2")
    for width, height, both, said in (
        (60_000, 60_000, True, "no side may have more"),
        (16_000, 16_000, True, "pixels in all"),
        (95, 64, False, "do not agree"),
        (0, 64, True, "not one of a picture"),
    ):
        with pytest.raises(FilemillError, match=said) as caught:
            opened(context, sized(data, width, height, both=both))
        assert caught.value.code is ErrorCode.INVALID_FILE


def test_a_promise_of_pixels_is_not_kept(samples: Any, run: Any) -> None:
    """A file of a few bytes that says it has ten thousand times its pixels is broken, not black."""
    path = samples.path("promise.jp2")
    path.write_bytes(sized(encoded(samples.gradient(), "jp2"), 960, 640))
    try:
        output = run(path, [{"op": "convert", "format": "png"}]).made[0].outputs[0]
    except FilemillError as error:
        assert error.code is ErrorCode.INVALID_FILE
    else:
        assert (output.facts["width"], output.facts["height"]) == (960, 640)


@pytest.mark.parametrize("boxes", [True, False])
def test_cut_short(boxes: bool, samples: Any, run: Any) -> None:
    """A file without its end is refused, wherever it is cut."""
    data = encoded(samples.gradient(), "jp2", no_jp2=not boxes)
    path = samples.path("cut.jp2")
    for part in (0.02, 0.1, 0.3, 0.6, 0.9, 0.99):
        path.write_bytes(data[: int(len(data) * part)])
        with pytest.raises(FilemillError) as caught:
            run(path, [{"op": "resize", "width": 20}, {"op": "convert", "format": "png"}])
        assert caught.value.code in (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA), part
        assert str(path.parent) not in caught.value.detail


def test_a_size_is_met(samples: Any, run: Any) -> None:
    """`compress-to-size` keeps the format and uses the bytes."""
    image = pyvips.Image.arrayjoin([samples.gradient(300, 200), samples.noise(300, 200)], across=1)
    path = samples.path("large.jp2")
    path.write_bytes(encoded(image, "jp2"))
    made = run(path, [{"op": "compress-to-size", "maxSizeBytes": 12_000}]).made[0]
    assert made.outputs[0].format == "jp2"
    assert 9_000 < made.outputs[0].size <= 12_000
    assert psnr(read_by_pillow(made.outputs[0].path), image) > 20


def test_compress_is_never_larger(samples: Any, run: Any) -> None:
    """A file without loss gets smaller; one that would grow stays."""
    path = samples.path("whole.jp2")
    path.write_bytes(encoded(samples.gradient(), "jp2"))
    first = run(path, [{"op": "compress"}]).made[0].outputs[0]
    assert first.size < path.stat().st_size
    second = run(Path(first.path), [{"op": "compress", "quality": 100}]).made[0].outputs[0]
    assert second.size <= first.size


def test_no_density(samples: Any, run: Any) -> None:
    """The report says that the density is not held."""
    steps = [{"op": "set-density", "dpi": 300}, {"op": "convert", "format": "jp2"}]
    assert run(samples.photo(), steps).made[0].report[-1]["density"] is None
