"""downsize (IX-70…IX-75)."""

from __future__ import annotations

import pytest
import pyvips

from imgstax_client import Imgstax, glass, photo, pixels, refused


def test_caps_of_dimensions(imgstax: Imgstax) -> None:
    """IX-70, IX-71, IX-72: both caps, or one; 0 is none."""
    for body, size in (
        ({"maxWidth": 300, "maxHeight": 300}, (300, 200)),
        ({"maxWidth": 600, "maxHeight": 100}, (150, 100)),
        ({"maxWidth": 300}, (300, 200)),
        ({"maxHeight": 100}, (150, 100)),
        ({"maxWidth": 0, "maxHeight": 100}, (150, 100)),
        ({"maxWidth": 300, "maxHeight": 0}, (300, 200)),
    ):
        assert imgstax.made("downsize", photo(), **body).size == size


@pytest.mark.parametrize(
    "body",
    [{}, {"maxWidth": 0, "maxHeight": 0}, {"maxWidth": 0}, {"maxSizeBytes": 0}, {"maxWidth": -1}, {"maxHeight": "9"}],
)
def test_a_cap_is_needed(imgstax: Imgstax, body: dict[str, object]) -> None:
    """IX-71, IX-72: no positive cap at all is 400."""
    refused(imgstax.post("downsize", photo(), **body), 400, "max")


@pytest.mark.parametrize("format", ["Jpeg", "Png", "Webp", "Avif"])
def test_within_all_caps_nothing_changes(imgstax: Imgstax, format: str) -> None:
    """IX-73, IX-74: identical bytes in a new asset, also where `format` names the source's type."""
    first = imgstax.made("downsize", photo(format), maxWidth=600, maxHeight=400)
    assert first.data == photo(format)
    again = imgstax.made("downsize", photo(format), maxWidth=99999, format={"type": format, "quality": 5})
    assert again.data == photo(format)
    assert first.body["assetId"] != again.body["assetId"]
    if format in ("Jpeg", "Webp"):
        assert imgstax.made("downsize", photo(format), maxSizeBytes=len(photo(format))).data == photo(format)
        refused(imgstax.post("downsize", photo(format), maxSizeBytes=len(photo(format)), format="Png"), 400)


def test_within_all_caps_the_format_may_change(imgstax: Imgstax) -> None:
    """IX-73: never enlarged; an optional change of format all the same."""
    made = imgstax.made("downsize", photo(), maxWidth=5000, maxHeight=5000, format={"type": "Webp"})
    assert (made.body["format"], made.size) == ("Webp", (600, 400))


def test_caps_meet_the_upright_picture(imgstax: Imgstax) -> None:
    """IX-72, DX-10: a photo on its side is measured as it is seen, and is upright where it is made anew."""
    image = pixels().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    lying = bytes(image.jpegsave_buffer(Q=90))
    within = imgstax.post("downsize", lying, maxWidth=400, maxHeight=600).json()
    assert (within["width"], within["height"], within["sizeBytes"]) == (400, 600, len(lying))
    assert imgstax.made("downsize", lying, maxWidth=200).size == (200, 300)


def test_cap_of_bytes(imgstax: Imgstax) -> None:
    """IX-75: dimensions first, then size; the result has at most so many bytes."""
    large = bytes(pixels(1200, 800).jpegsave_buffer(Q=95))
    made = imgstax.made("downsize", large, maxSizeBytes=30_000)
    assert (made.body["format"], made.size) == ("Jpeg", (1200, 800))
    assert made.body["sizeBytes"] <= 30_000
    both = imgstax.made("downsize", large, maxWidth=600, maxSizeBytes=9_000, format="Webp")
    assert (both.body["format"], both.size) == ("Webp", (600, 400))
    assert both.body["sizeBytes"] <= 9_000
    refused(imgstax.post("downsize", large, maxSizeBytes=500), 400)


def test_format_where_bytes_are_capped(imgstax: Imgstax) -> None:
    """IX-75: else than Jpeg and Webp becomes Jpeg, or Webp where it is transparent; named it is 400."""
    assert imgstax.made("downsize", photo("Png"), maxSizeBytes=20_000).body["format"] == "Jpeg"
    assert imgstax.made("downsize", photo("Avif"), maxSizeBytes=3_000).body["format"] == "Jpeg"
    noise = pyvips.Image.gaussnoise(300, 200, mean=128, sigma=50, seed=1).cast("uchar")
    clear = bytes(pyvips.Image.pngload_buffer(glass())[:3].bandjoin(noise).pngsave_buffer())
    made = imgstax.made("downsize", clear, maxSizeBytes=25_000)
    assert made.body["format"] == "Webp"
    assert made.image.hasalpha()
    for named in ("Png", {"type": "Avif"}, {"type": "png", "quality": 3}):
        refused(imgstax.post("downsize", photo(), maxWidth=9, maxSizeBytes=90_000, format=named), 400, "maxSizeBytes")
