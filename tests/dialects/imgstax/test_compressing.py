"""compress, convert and compress-to-size (IX-40…IX-52)."""

from __future__ import annotations

import pytest
import pyvips

from imgstax_client import Imgstax, glass, photo, pixels, refused


def test_compress_makes_a_jpeg_unless_told_otherwise(imgstax: Imgstax) -> None:
    """IX-40, IX-41: quality 80 and Jpeg by default, also of a PNG; dimensions are unchanged."""
    made = imgstax.made("compress", photo("Png"))
    assert (made.body["format"], made.size) == ("Jpeg", (600, 400))
    same = imgstax.made("compress", photo("Png"), quality=80, format="Jpeg")
    assert made.data == same.data
    smaller, larger = (imgstax.made("compress", photo("Png"), quality=q) for q in (30, 95))
    assert len(smaller.data) < len(made.data) < len(larger.data)


@pytest.mark.parametrize("format", ["Jpeg", "Png", "Webp"])
def test_compress_formats(imgstax: Imgstax, format: str) -> None:
    """IX-40, IX-41: each of the three formats, of the same picture."""
    made = imgstax.made("compress", photo(), format=format)
    assert (made.body["format"], made.size) == (format, (600, 400))
    assert made.near(100, 100, (200, 40, 40))
    assert made.near(500, 300, (230, 210, 60))


def test_quality_means_nothing_to_png(imgstax: Imgstax) -> None:
    """IX-42: a PNG keeps every pixel, whatever quality is asked for."""
    low, high = (imgstax.made("compress", photo("Png"), format="Png", quality=q) for q in (1, 100))
    assert low.data == high.data
    assert (low.image - pyvips.Image.pngload_buffer(photo("Png"))).abs().max() == 0


@pytest.mark.parametrize("body", [{"quality": 0}, {"quality": 101}, {"quality": "80"}, {"quality": 80.5}])
def test_compress_quality_is_checked(imgstax: Imgstax, body: dict[str, object]) -> None:
    """IX-40: quality is an integer from 1 to 100."""
    refused(imgstax.post("compress", photo(), **body), 400, "quality", "1 to 100")


def test_convert(imgstax: Imgstax) -> None:
    """IX-45: the format is required; quality is 90 unless given; white takes the place of transparency (DX-11)."""
    for wanted in ("Jpeg", "Png", "Webp"):
        assert imgstax.made("convert", glass(), format=wanted).body["format"] == wanted
    made = imgstax.made("convert", glass(), format="Jpeg")
    assert made.near(50, 100, (220, 30, 30))
    assert made.near(250, 100, (255, 255, 255))
    assert imgstax.made("convert", photo("Png"), format="Webp").data == (
        imgstax.made("convert", photo("Png"), format="Webp", quality=90).data
    )
    refused(imgstax.post("convert", photo()), 400, "format")
    refused(imgstax.post("convert", photo(), format=None), 400, "format")


@pytest.mark.parametrize("endpoint", ["compress", "convert", "compress-to-size"])
def test_avif_is_not_for_all(imgstax: Imgstax, endpoint: str) -> None:
    """IX-66, IX-50: Avif is 400 on compress, convert and compress-to-size, as a string and as an object."""
    for wanted in ("Avif", {"type": "avif"}):
        refused(imgstax.post(endpoint, photo(), format=wanted, maxSizeBytes=9000), 400, "format", "Jpeg")


def test_an_object_stands_for_a_string(imgstax: Imgstax) -> None:
    """IX-68: where a string is documented an object does as well; of it type and quality are read."""
    said = {"type": "Webp", "quality": 40, "targetFileSizeBytes": "not read", "compressionPriority": "not read"}
    assert imgstax.made("compress", photo(), format=said).data == (
        imgstax.made("compress", photo(), format="Webp", quality=40).data
    )
    assert imgstax.made("convert", photo(), format={"type": "Png"}).body["format"] == "Png"
    refused(imgstax.post("convert", photo(), format={"quality": 40}), 400, "format")


def test_results_carry_no_metadata(imgstax: Imgstax) -> None:
    """DX-10: EXIF goes, also where the source would have fitted as it is."""
    assert b"Secret" in photo()
    for endpoint, body in (("compress", {}), ("compress-to-size", {"maxSizeBytes": 10_000_000})):
        assert b"Secret" not in imgstax.made(endpoint, photo(), **body).data


@pytest.mark.parametrize("format", [None, "Jpeg", "Webp"])
def test_compress_to_size(imgstax: Imgstax, format: str | None) -> None:
    """IX-50, IX-51, IX-52: at most the bytes asked for, of which most are used, at the same dimensions."""
    noisy = bytes((pyvips.Image.gaussnoise(600, 400, mean=128, sigma=40, seed=3)).cast("uchar").pngsave_buffer())
    for most in (35_000, 60_000):
        made = imgstax.made("compress-to-size", noisy, maxSizeBytes=most, **({"format": format} if format else {}))
        assert made.body["format"] == (format or "Jpeg")
        assert made.size == (600, 400)
        assert most * 0.85 < made.body["sizeBytes"] <= most


def test_compress_to_size_ends_at_quality_95(imgstax: Imgstax) -> None:
    """IX-52: where every quality fits it is 95."""
    made = imgstax.made("compress-to-size", photo("Png"), maxSizeBytes=10_000_000)
    assert made.data == imgstax.made("convert", photo("Png"), format="Jpeg", quality=95).data


def test_compress_to_size_refuses(imgstax: Imgstax) -> None:
    """IX-50, IX-52: Png, no size, less than 1024 bytes and a size that no quality reaches are 400."""
    refused(imgstax.post("compress-to-size", photo(), maxSizeBytes=9000, format="Png"), 400, "Jpeg, Webp")
    refused(imgstax.post("compress-to-size", photo()), 400, "maxSizeBytes")
    refused(imgstax.post("compress-to-size", photo(), maxSizeBytes=1023), 400, "1024")
    large = bytes(pixels(2400, 1600).jpegsave_buffer(Q=90))
    refused(imgstax.post("compress-to-size", large, maxSizeBytes=1024), 400, "1024")
