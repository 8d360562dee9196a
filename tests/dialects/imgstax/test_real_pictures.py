"""Real files: what cameras and programs write, and what is broken (IX-15, IX-69, IX-82, DX-09, DX-10)."""

from __future__ import annotations

from pathlib import Path

import pytest
import pyvips

from imgstax_client import Imgstax, refused

pytestmark = pytest.mark.corpus


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("alpha.webp", "Webp"),
        ("alpha-2048x1536.png", "Png"),
        ("photo.avif", "Avif"),
        ("cmyk-profile.jpg", "Jpeg"),
        ("display-p3.png", "Png"),
        ("animated.gif", "Jpeg"),
        ("pug.heic", "Jpeg"),
        ("photoshop.tiff", "Jpeg"),
        ("check.svg", "Jpeg"),
    ],
)
def test_formats(imgstax: Imgstax, corpus: Path, name: str, kept: str) -> None:
    """IX-69, DX-09, DX-11: whatever can be read is taken; its own format stays where it is one of the four."""
    data = (corpus / "formats" / name).read_bytes()
    made = imgstax.made("process", data, resize={"width": 64})
    assert (made.body["format"], made.body["width"]) == (kept, 64)


@pytest.mark.parametrize("number", range(1, 9))
def test_orientation(imgstax: Imgstax, corpus: Path, number: int) -> None:
    """IX-82, DX-10: each of the eight orientations gives the same upright picture, without EXIF."""
    first, turned = (
        imgstax.made("process", (corpus / "orientation" / f"landscape-{n}.jpg").read_bytes(), resize={"width": 60})
        for n in (1, number)
    )
    assert turned.size == first.size
    assert (turned.image - first.image).abs().avg() < 20, (
        "they are photos of one scene; turned wrongly they differ by 40 and more"
    )
    assert turned.image.get_typeof("exif-data") == 0


@pytest.mark.parametrize("name", ["65536x65536-bomb.png", "corrupt-header.jpg", "corrupted.heic", "enormous.pdf"])
def test_broken(imgstax: Imgstax, corpus: Path, name: str) -> None:
    """IX-15: what can't be decoded, and what would take all memory, is 400."""
    upload = imgstax.source((corpus / "broken" / name).read_bytes())
    for endpoint, body in (("compress", {}), ("downsize", {"maxWidth": 60}), ("packs/tiktok", {})):
        refused(imgstax.post(endpoint, source=upload, **body), 400)


def test_size_of_a_real_photo(imgstax: Imgstax, corpus: Path) -> None:
    """IX-51, IX-52: a photo of a camera fits, with most of the bytes used."""
    data = (corpus / "photos" / "harbour-2725x2225.jpg").read_bytes()
    made = imgstax.made("compress-to-size", data, maxSizeBytes=153_600)
    assert 120_000 < made.body["sizeBytes"] <= 153_600
    whole = pyvips.Image.jpegload_buffer(data).autorot()
    assert made.size == (whole.width, whole.height)
