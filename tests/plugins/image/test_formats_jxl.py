"""JPEG XL: pixels as other programs read and write them, orientation, metadata, sizes, and what is refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pyvips
from PIL import Image
from pillow_jxl import Decoder, Encoder

from filemill import ErrorCode, FilemillError, Picture
from filemill.context import Context
from filemill.limits import Limits
from filemill.registry import Registry
from filemill_image.formats import jxl
from filemill_image.formats.jxl_header import JxlHeader, read_header
from picture_codecs import encoded, made_by_ffmpeg, psnr, read_by_ffmpeg, read_by_pillow

TURNED = bytes.fromhex(
    "ff0a012d101308000100a4004b12c582055260035ac6e09131583046f6023100bc8a3600d4ff8359ba485870f8c53ceb97bb83bc03"
)
"""12x8 pixels, red on the left, blue on the right, green in the lower right corner, that lie as EXIF's 6."""
ANIMATED = bytes.fromhex(
    "ff0a03054d002026080401003c004b188b15805df8ff0022ba0a833a24080401003c004b188b15805df8ff000e9586853a24"
    "080405003c004b188b15805df8ff00229586853a24"
)
"""Three frames of 24x16 pixels, by libjxl's own encoder."""

PACK = partial(Encoder, decoding_speed=0, effort=4, use_container=True, use_original_profile=False, num_threads=0)
"""libjxl's encoder as its binding gives it."""


@pytest.fixture
def context(registry: Registry, tmp_path: Path) -> Context:
    """The surroundings of one task."""
    return Context(limits=Limits(), folder=tmp_path, formats=registry.formats)


def opened(context: Context, data: bytes | Path) -> Picture:
    """A file as the pipeline opens it."""
    path = data if isinstance(data, Path) else context.path("jxl")
    if isinstance(data, bytes):
        path.write_bytes(data)
    file = context.formats.sniff(path, path.name)
    assert file.format == "jxl"
    return context.open(file, Picture)


@pytest.mark.parametrize("transparent", [False, True])
def test_without_loss_every_pixel_is_kept(transparent: bool, samples: Any, run: Any) -> None:
    """What is written without loss is what other programs read."""
    image = samples.alpha() if transparent else samples.gradient()
    path = samples.save(image, "drawing.png")
    output = run(path, [{"op": "convert", "format": "jxl", "lossless": True}]).made[0].outputs[0]
    assert (read_by_ffmpeg(output.path, (96, 64), image.bands) - image).abs().max() == 0
    again = run(Path(output.path), [{"op": "convert", "format": "png"}]).made[0].outputs[0]
    assert (pyvips.Image.new_from_file(again.path) - image).abs().max() == 0


def test_quality_decides_size_and_likeness(samples: Any, run: Any) -> None:
    """More quality is more bytes and a higher PSNR, up to the highest."""
    path = samples.save(samples.gradient(300, 200), "drawing.png")
    seen = []
    for quality in (10, 50, 80, 95, 100):
        made = run(path, [{"op": "convert", "format": "jxl", "quality": quality}]).made[0]
        assert made.report[-1]["quality"] == quality
        likeness = psnr(read_by_ffmpeg(made.outputs[0].path, (300, 200)), samples.gradient(300, 200))
        seen.append((likeness, made.outputs[0].size))
    assert seen == sorted(seen)
    assert seen[2][0] > 32


@pytest.mark.parametrize("pixel_format", ["gray", "gray16le", "ya8", "ya16le", "rgb24", "rgb48le", "rgba", "rgba64le"])
def test_any_depth_becomes_8_bits(pixel_format: str, context: Context, tmp_path: Path) -> None:
    """Grey, 16 bits, alpha: as ffmpeg shows them; the header tells which before it is decoded."""
    path = made_by_ffmpeg(tmp_path / "deep.jxl", pixel_format, "-c:v", "libjxl", "-distance", "0")
    header = read_header(path)
    assert (header.width, header.height, header.orientation) == (96, 64, 1)
    assert header.grey is pixel_format.startswith(("gray", "ya"))
    assert header.alpha is pixel_format.startswith(("ya", "rgba"))
    assert header.bits == (16 if pixel_format.endswith("le") else 8)
    picture = opened(context, path)
    assert picture.transparent is header.alpha
    assert picture.image.format == "uchar"
    assert psnr(picture.image.extract_band(0, n=3), read_by_ffmpeg(path, (96, 64))) > 35


def test_real_numbers_become_8_bits(context: Context) -> None:
    """Samples between 0 and 1 of linear light, as the profile says, get the curve of sRGB."""
    light = [index / 255 for index in range(256)]
    ramp = pyvips.Image.new_from_array([light]).cast("float")
    data = PACK(mode="F", lossless=True, quality=100)(bytes(ramp.write_to_memory()), 256, 1, jpeg_encode=False)
    image = opened(context, bytes(data)).settled
    curve = [12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055 for value in light]
    seen = [image(x, 0)[0] for x in range(256)]
    assert seen[8:] == pytest.approx([255 * value for value in curve[8:]], abs=1.5)
    assert seen == sorted(seen)


def test_the_codestream_tells_how_pixels_lie(context: Context) -> None:
    """The picture stands upright, and its size is that of the upright one."""
    picture = opened(context, TURNED)
    assert (picture.width, picture.height) == (8, 12)
    image = picture.settled
    corners = {name: image(x, y) for name, x, y in (("top", 4, 0), ("left", 0, 11), ("right", 7, 11))}
    assert corners == {"top": [250, 20, 20], "left": [20, 250, 20], "right": [20, 20, 250]}


def test_sizes_without_a_usual_ratio(context: Context, samples: Any) -> None:
    """Small, large, square, flat: the header's size is the decoder's."""
    for width, height in ((1, 1), (8, 8), (256, 8), (257, 8), (1, 700), (640, 360), (513, 9), (100, 120)):
        data = encoded(samples.gradient(width, height), "jxl", lossless=True)
        picture = opened(context, data)
        assert (picture.width, picture.height) == (width, height)
        assert (picture.image - samples.gradient(width, height)).abs().max() == 0


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_packed_jpeg_is_the_jpeg(orientation: int, samples: Any, context: Context) -> None:
    """A JPEG that was packed without loss has its pixels, upright."""
    path = samples.oriented(orientation)
    pack = PACK(mode="RGB", lossless=False, quality=90)
    picture = opened(context, bytes(pack(path.read_bytes(), 96, 64, jpeg_encode=True)))
    assert (picture.width, picture.height) == (96, 64)
    assert (picture.image - pyvips.Image.jpegload(str(path)).autorot()).abs().max() == 0


def test_metadata_is_kept_where_it_is_asked_for(samples: Any, run: Any) -> None:
    """EXIF goes along, upright; otherwise there is none."""
    path = samples.oriented(6)
    kept, dropped = (
        run(path, [{"op": "convert", "format": {"type": "jxl", "metadata": wish}}]).made[0].outputs[0]
        for wish in ("all", "none")
    )
    with Image.open(kept.path) as image:
        assert image.getexif()[0x0112] == 1
        assert image.size == (96, 64)
    assert b"Exif\0\0\0\0" in Path(kept.path).read_bytes()
    told = run(Path(kept.path), [{"op": "picture-info", "hashes": False, "colours": 0}]).made[0].outputs[0]
    assert told.facts["data"]["exif"]["Orientation"] == 1
    with Image.open(dropped.path) as image:
        assert not image.getexif()


def test_exif_is_told(samples: Any, run: Any) -> None:
    """`picture-info` reads it out of the container."""
    exif = Image.Exif()
    exif[0x010F] = "Pinhole"
    path = samples.path("camera.jxl")
    path.write_bytes(encoded(samples.gradient(), "jxl", exif=exif.tobytes()))
    output = run(path, [{"op": "picture-info", "hashes": False, "colours": 0}]).made[0].outputs[0]
    assert output.facts["data"]["exif"] == {"Make": "Pinhole"}
    path.write_bytes(encoded(samples.gradient(), "jxl"))
    output = run(path, [{"op": "picture-info", "hashes": False, "colours": 0}]).made[0].outputs[0]
    assert output.facts["data"]["exif"] == {}


def test_animations_are_refused(context: Context) -> None:
    """They are told from the header: the library would give their last frame."""
    with pytest.raises(FilemillError, match="animated JPEG XL") as caught:
        opened(context, ANIMATED)
    assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA


class Bits:
    """Writes a header, the lowest bit first."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def add(self, count: int, value: int) -> Bits:
        self.bits += [value >> place & 1 for place in range(count)]
        return self

    def data(self) -> bytes:
        value = sum(bit << place for place, bit in enumerate(self.bits))
        return b"\xff\x0a" + value.to_bytes(len(self.bits) // 8 + 40, "little")


def headed(width: int, height: int) -> Bits:
    """The beginning of a header of any size."""
    bits = Bits().add(1, 0)
    bits.add(2, 3).add(30, height - 1).add(3, 0)
    return bits.add(2, 3).add(30, width - 1)


def test_bombs_are_refused_by_their_header(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A size over the limits is refused before a pixel is asked for."""
    monkeypatch.setattr(jxl, "_decoded", lambda *given: pytest.fail("it was decoded"))
    for width, height, said in ((1 << 30, 1 << 30, "no side may have more"), (16_000, 16_000, "pixels in all")):
        with pytest.raises(FilemillError, match=said) as caught:
            opened(context, headed(width, height).add(1, 1).data())
        assert caught.value.code is ErrorCode.INVALID_FILE


def test_all_kinds_of_channels_are_passed_over(tmp_path: Path) -> None:
    """Names, spot colours, depth and shifts stand between the header and what comes after."""
    bits = headed(300, 200).add(1, 0).add(1, 0)  # not everything as usual; no orientation
    bits.add(1, 1).add(2, 2).add(4, 7)  # real numbers of 24 bits
    bits.add(1, 1).add(2, 2).add(4, 2)  # four channels
    bits.add(1, 0).add(2, 2).add(4, 0).add(1, 0).add(2, 0).add(2, 0).add(2, 1).add(4, 2).add(16, 0x4141).add(64, 0)
    bits.add(1, 0).add(2, 2).add(4, 3).add(1, 0).add(2, 1).add(2, 1).add(2, 0).add(2, 1).add(2, 0)
    bits.add(1, 0).add(2, 0).add(1, 0).add(2, 0).add(2, 3).add(3, 1).add(2, 0).add(1, 1)
    bits.add(1, 0).add(2, 2).add(4, 2).add(1, 0).add(2, 0).add(2, 0).add(2, 0)
    bits.add(1, 1).add(1, 0).add(1, 0).add(2, 1)  # grey
    path = tmp_path / "header.jxl"
    path.write_bytes(bits.data())
    assert read_header(path) == JxlHeader(300, 200, 1, 24, grey=True, alpha=True, black=True)


def test_cut_short(samples: Any, run: Any) -> None:
    """A file without its end is refused, wherever it is cut."""
    data = encoded(samples.gradient(), "jxl")
    path = samples.path("cut.jxl")
    for part in (0.02, 0.1, 0.3, 0.6, 0.9, 0.99):
        path.write_bytes(data[: int(len(data) * part)])
        with pytest.raises(FilemillError) as caught:
            run(path, [{"op": "convert", "format": "png"}])
        assert caught.value.code in (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA), part


def test_a_size_is_met(samples: Any, run: Any) -> None:
    """`compress-to-size` keeps the format and uses the bytes."""
    image = pyvips.Image.arrayjoin([samples.gradient(300, 200), samples.noise(300, 200)], across=1)
    path = samples.path("large.jxl")
    path.write_bytes(encoded(image, "jxl", lossless=True))
    made = run(path, [{"op": "compress-to-size", "maxSizeBytes": 12_000}]).made[0]
    assert made.outputs[0].format == "jxl"
    assert 9_000 < made.outputs[0].size <= 12_000
    assert psnr(read_by_pillow(made.outputs[0].path), image) > 20


def test_the_profile_that_libjxl_writes_is_srgb(samples: Any) -> None:
    """So that no pixel is transformed for nothing."""
    from filemill_image.formats.colourspace import is_srgb

    assert is_srgb(bytes(Decoder(num_threads=0)(encoded(samples.gradient(), "jxl"))[3]))
