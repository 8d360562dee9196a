"""The libraries that decode and encode beside libvips give what libvips gives."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from filemill import ErrorCode, FilemillError, Picture
from filemill.context import Context
from filemill.limits import Limits
from filemill.registry import Registry
from filemill.testing.checks import damaged
from filemill.testing.samples import drawing
from filemill_image.formats import jpeg_encoding, png
from filemill_image.formats.opening import load

FILTERS = ("none", "sub", "up", "avg", "paeth", "all")


def grey() -> pyvips.Image:
    """One band."""
    return drawing()[0].copy(interpretation="b-w")


def opened(registry: Registry, path: Path) -> Picture:
    """A file as the pipeline opens it."""
    context = Context(limits=Limits(), folder=path.parent, formats=registry.formats)
    return context.open(registry.formats.sniff(path, path.name), Picture)


def read(registry: Registry, path: Path) -> pyvips.Image:
    """All pixels of a file."""
    return opened(registry, path).image.copy_memory()


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize(
    ("image", "mode"), [(drawing(), "rgb"), (drawing(transparent=True), "rgba"), (grey(), "mono")], ids=str
)
def test_a_plain_png_is_decoded_without_libvips(
    image: pyvips.Image, mode: str, filter: str, registry: Registry, tmp_path: Path
) -> None:
    """Every pixel, the profile and the density are those that libvips reads."""
    path = tmp_path / "plain.png"
    image = image.copy(xres=4.0, yres=3.0)
    image.pngsave(str(path), filter=filter, profile="sgrey" if image.bands == 1 else "p3")
    file = registry.formats.sniff(path, "plain.png")
    header = load("pngload", file)
    assert png._mode(file, header) == mode
    decoded = png._plain(file, header, mode)
    assert bytes(decoded.write_to_memory()) == bytes(header.write_to_memory())
    for field in ("width", "height", "bands", "format", "interpretation", "xres", "yres", "icc-profile-data"):
        assert decoded.get(field) == header.get(field), field


@pytest.mark.parametrize(
    "options", [{"interlace": True}, {"bitdepth": 16}, {"palette": True}, {"palette": True, "bitdepth": 4}], ids=str
)
def test_any_other_png_is_decoded_by_libvips(options: dict[str, Any], registry: Registry, tmp_path: Path) -> None:
    """Interlaced, 16 bits a sample, a palette."""
    path = tmp_path / "other.png"
    drawing().pngsave(str(path), **options)
    file = registry.formats.sniff(path, "other.png")
    assert png._mode(file, load("pngload", file)) is None
    assert read(registry, path).avg() == pytest.approx(drawing().avg(), abs=4)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FILTERS), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_damaged_png_is_what_libvips_makes_of_it(
    registry: Registry, tmp_path_factory: pytest.TempPathFactory, filter: str, transparent: bool, seed: int
) -> None:
    """It is refused, or has the pixels that libvips reads: no other half of a picture."""
    path = tmp_path_factory.mktemp("damaged") / "damaged.png"
    path.write_bytes(damaged(drawing(transparent=transparent).pngsave_buffer(filter=filter), seed))
    try:
        decoded = read(registry, path)
    except FilemillError as error:
        assert error.code in (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA)
        return
    except pyvips.Error:
        return  # told by the engine as INVALID_FILE
    other = pyvips.Image.pngload(str(path), fail_on="none").colourspace("srgb")
    assert bytes(decoded.write_to_memory()) == bytes(other.write_to_memory())


@pytest.mark.parametrize("image", [drawing(331, 207), drawing(331, 207)[0].copy(interpretation="b-w")], ids=str)
@pytest.mark.parametrize("factor", [1.0, 2.0, 8.0])
def test_a_jpeg_is_decoded_as_by_libvips(
    image: pyvips.Image, factor: float, registry: Registry, tmp_path: Path
) -> None:
    """In colour and in grey, whole and reduced while it is decoded."""
    path = tmp_path / "photo.jpg"
    image.gaussblur(6).jpegsave(str(path), Q=95)
    decoded = opened(registry, path).reduced(factor)
    assert (decoded.width, decoded.height) == (math.ceil(331 / factor), math.ceil(207 / factor))
    assert (decoded.bands, decoded.interpretation) == (3, "srgb")
    whole = pyvips.Image.jpegload(str(path)).colourspace("srgb")
    expected = whole.resize(decoded.width / 331, vscale=decoded.height / 207)
    assert (decoded - expected).abs().avg() < 3


@pytest.mark.parametrize("mode", ["auto", "on", "off"])
@pytest.mark.parametrize("quality", [1, 50, 89, 90, 100])
def test_a_plain_jpeg_is_like_that_of_libvips(quality: int, mode: str) -> None:
    """As many bytes, the same tables, pixels that differ by rounding, and the density."""
    image = drawing(307, 211).copy(xres=150 / 25.4, yres=72 / 25.4)
    options = {"keep": "none", "Q": quality, "subsample_mode": mode}
    ours, theirs = jpeg_encoding.encode_jpeg(image, options), image.jpegsave_buffer(**options)
    assert jpeg_encoding._turbo(image, quality, mode)[2:] in ours
    assert len(ours) == pytest.approx(len(theirs), rel=0.02, abs=30)
    assert ours[:18] == b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\2\1\0\x96\0\x48"
    mine, other = (Image.open(io.BytesIO(data)) for data in (ours, theirs))
    assert (mine.quantization, mine.layer) == (other.quantization, other.layer)
    difference = (pyvips.Image.jpegload_buffer(ours) - pyvips.Image.jpegload_buffer(theirs)).abs()
    assert difference.avg() < 1
