"""resize, and the format object (IX-55…IX-69)."""

from __future__ import annotations

from typing import Any

import pytest
import pyvips

from imgstax_client import QUARTERS, Imgstax, glass, photo, refused

RED, GREEN, BLUE, YELLOW = QUARTERS
JPEG = {"type": "Jpeg", "quality": 95}


def test_one_dimension_keeps_the_ratio(imgstax: Imgstax) -> None:
    """IX-55, IX-56: width or height alone; neither is 400."""
    assert imgstax.made("resize", photo(), width=150).size == (150, 100)
    assert imgstax.made("resize", photo(), height=200).size == (300, 200)
    for body in ({}, {"width": None}, {"fit": "Cover"}):
        refused(imgstax.post("resize", photo(), **body), 400, "width", "height")


@pytest.mark.parametrize("fit", ["Cover", "Contain", "FitBlurBackground", None])
def test_fits_that_give_the_size_exactly(imgstax: Imgstax, fit: str | None) -> None:
    """IX-57, IX-58: these three give exactly width x height, smaller and larger; `Cover` is the default."""
    for width, height in ((120, 120), (700, 500)):
        made = imgstax.made("resize", photo(), width=width, height=height, format=JPEG, **({"fit": fit} if fit else {}))
        assert made.size == (width, height)


def test_cover_crops_and_contain_pads(imgstax: Imgstax) -> None:
    """IX-57, IX-60: `Cover` fills all, `Contain` leaves white in a JPEG and nothing in others."""
    cover = imgstax.made("resize", photo(), width=300, height=100, fit="Cover", format=JPEG)
    assert [cover.near(x, y, c) for x, y, c in ((5, 5, RED), (295, 5, GREEN), (5, 95, BLUE), (295, 95, YELLOW))]
    contain = imgstax.made("resize", photo(), width=300, height=100, fit="Contain", format=JPEG)
    assert contain.near(5, 50, (255, 255, 255), 6)
    assert contain.near(80, 5, RED, 40)
    for wanted in ("Png", "Webp", "Avif"):
        clear = imgstax.made("resize", photo(), width=300, height=100, fit="Contain", format=wanted)
        assert clear.image(5, 50)[3] == 0
        assert clear.image(150, 50)[3] == 255


def test_blurred_background(imgstax: Imgstax) -> None:
    """IX-57: `FitBlurBackground` lays the whole picture over a blurred enlargement of it."""
    made = imgstax.made("resize", photo(), width=300, height=100, fit="FitBlurBackground", format="Png")
    assert not made.image.hasalpha()
    for y, colour in ((45, RED), (54, BLUE)):
        assert made.near(90, y, colour, 30), "the picture is as sharp as it was"
        assert not made.near(30, y, colour, 30), "beside it the same colours run into each other"
    assert made.image(30, 5)[0] > 120 > made.image(30, 95)[0], "red above blue, as in the picture"


def test_downscale_only(imgstax: Imgstax) -> None:
    """IX-57, IX-58: `DownscaleOnly` fits inside the box without padding, and never enlarges."""
    assert imgstax.made("resize", photo(), width=300, height=300, fit="DownscaleOnly").size == (300, 200)
    assert imgstax.made("resize", photo(), width=3000, height=500, fit="DownscaleOnly").size == (600, 400)
    assert imgstax.made("resize", photo(), width=3000, fit="DownscaleOnly").size == (600, 400)


@pytest.mark.parametrize(
    ("gravity", "wide", "tall"),
    [
        (None, (RED, GREEN), (RED, BLUE)),
        ("Center", (RED, GREEN), (RED, BLUE)),
        ("Top", (RED, GREEN), (RED, BLUE)),
        ("Bottom", (BLUE, YELLOW), (RED, BLUE)),
        ("Left", (RED, GREEN), (RED, BLUE)),
        ("Right", (RED, GREEN), (GREEN, YELLOW)),
        ("TopLeft", (RED, GREEN), (RED, BLUE)),
        ("TopRight", (RED, GREEN), (GREEN, YELLOW)),
        ("BottomLeft", (BLUE, YELLOW), (RED, BLUE)),
        ("BottomRight", (BLUE, YELLOW), (GREEN, YELLOW)),
        ("bottomright", (BLUE, YELLOW), (GREEN, YELLOW)),
    ],
)
def test_gravity_of_cover(imgstax: Imgstax, gravity: str | None, wide: Any, tall: Any) -> None:
    """IX-59: which part survives: of a wide box the upper or lower half, of a tall one the left or right."""
    said = {"gravity": gravity} if gravity else {}
    across = imgstax.made("resize", photo(), width=400, height=60, format="Png", **said)
    assert across.near(20, 5, wide[0])
    assert across.near(380, 5, wide[1])
    down = imgstax.made("resize", photo(), width=60, height=400, format="Png", **said)
    assert down.near(5, 20, tall[0])
    assert down.near(5, 380, tall[1])


def test_gravity_of_contain(imgstax: Imgstax) -> None:
    """IX-59: where the picture sits in `Contain` and `FitBlurBackground`."""
    for gravity, empty, there in (("Left", 250, 5), ("TopRight", 50, 295)):
        made = imgstax.made("resize", photo(), width=300, height=100, fit="Contain", gravity=gravity, format="Png")
        assert made.image(empty, 50)[3] == 0
        assert made.image(there, 50)[3] == 255
    blur = {"width": 300, "height": 100, "fit": "FitBlurBackground", "format": "Png"}
    left = imgstax.made("resize", photo(), gravity="Left", **blur)
    assert left.near(3, 5, RED)
    assert left.near(140, 95, YELLOW)


@pytest.mark.parametrize(
    "body", [{"width": 0}, {"width": 16385}, {"height": -1}, {"width": "100"}, {"width": 9.5}, {"width": True}]
)
def test_dimensions_are_checked(imgstax: Imgstax, body: dict[str, object]) -> None:
    """IX-61: integers from 1 to 16384."""
    refused(imgstax.post("resize", photo(), **body), 400, "1 to 16384")


def test_pixels_are_limited(imgstax: Imgstax) -> None:
    """IX-61: at most 100 megapixels."""
    assert "100000000" in refused(imgstax.post("resize", photo(), width=10001, height=10000), 400)


@pytest.mark.parametrize("body", [{"fit": "Fill"}, {"fit": 1}, {"gravity": "North"}, {"gravity": ["Top"]}])
def test_names_are_checked(imgstax: Imgstax, body: dict[str, object]) -> None:
    """IX-57, IX-59: an unknown name is 400 and told of."""
    refused(imgstax.post("resize", photo(), width=100, **body), 400, next(iter(body)), "one of")


@pytest.mark.parametrize("endpoint", ["resize", "process", "downsize"])
def test_format_object_and_string(imgstax: Imgstax, endpoint: str) -> None:
    """IX-65, IX-66, IX-68: four types, Avif among them, as an object or a string; quality 90 by default."""
    own: dict[str, Any] = {
        "resize": {"width": 90},
        "process": {"resize": {"width": 90}},
        "downsize": {"maxWidth": 90, "maxHeight": 90},
    }[endpoint]
    for wanted in ("Jpeg", "Png", "Webp", "Avif"):
        made = imgstax.made(endpoint, photo(), **own, format={"type": wanted})
        assert (made.body["format"], made.size) == (wanted, (90, 60))
        assert made.near(20, 15, RED, 40)
    assert imgstax.made(endpoint, photo(), **own, format="avif").body["format"] == "Avif"
    plain = imgstax.made(endpoint, photo(), **own, format="Webp")
    assert plain.data == imgstax.made(endpoint, photo(), **own, format={"type": "Webp", "quality": 90}).data
    assert len(plain.data) > len(imgstax.made(endpoint, photo(), **own, format={"type": "Webp", "quality": 20}).data)


@pytest.mark.parametrize(
    "format",
    [
        {"type": "Jpeg", "quality": 0},
        {"type": "Jpeg", "quality": 101},
        {"type": "Gif"},
        {"type": "Jpeg", "compressionPriority": "Fast"},
        {"type": "Jpeg", "targetFileSizeBytes": "1 MB"},
        {"type": "Png", "targetFileSizeBytes": 20000},
        {"type": "Avif", "targetFileSizeBytes": 20000},
        "Tiff",
        7,
        ["Jpeg"],
    ],
)
def test_format_is_checked(imgstax: Imgstax, format: object) -> None:
    """IX-65, IX-67: bounds, names, and a target only for formats that can be aimed."""
    refused(imgstax.post("resize", photo(), width=90, format=format), 400, "format")


def test_target_size(imgstax: Imgstax) -> None:
    """IX-67: the target holds for Jpeg and Webp and puts quality aside; unreachable is 400, as is a source's PNG."""
    for type_ in ("Jpeg", "Webp"):
        for quality in (1, 100):
            wanted = {"type": type_, "quality": quality, "targetFileSizeBytes": 9000}
            made = imgstax.made("resize", photo(), width=500, format=wanted)
            assert 6000 < made.body["sizeBytes"] <= 9000
    refused(imgstax.post("resize", photo(), width=2000, format={"type": "Jpeg", "targetFileSizeBytes": 1024}), 400)
    refused(imgstax.post("resize", glass(), width=90, format={"targetFileSizeBytes": 9000}), 400, "Png")


def test_priority_is_the_effort(imgstax: Imgstax) -> None:
    """IX-65, IX-69: `Quality` takes longer for fewer bytes; `Balanced` is the default."""
    sizes = {}
    for priority in ("Speed", "Balanced", "Quality", None):
        wanted = {"type": "Webp"} | ({"compressionPriority": priority} if priority else {})
        sizes[priority] = imgstax.made("resize", photo(), width=400, format=wanted).body["sizeBytes"]
    assert sizes["Quality"] < sizes["Speed"]
    assert sizes[None] == sizes["Balanced"]


@pytest.mark.parametrize("format", ["Jpeg", "Png", "Webp", "Avif"])
def test_format_is_kept(imgstax: Imgstax, format: str) -> None:
    """IX-69: without `format` the source's stays where it is one of the four."""
    for endpoint, body in (("resize", {"width": 90}), ("process", {"resize": {"width": 90}})):
        assert imgstax.made(endpoint, photo(format), **body).body["format"] == format


def test_other_formats_become_jpeg(imgstax: Imgstax) -> None:
    """IX-69: of any other source it is a JPEG."""
    gif = bytes(pyvips.Image.jpegload_buffer(photo()).gifsave_buffer())
    for endpoint, body in (("resize", {"width": 90}), ("process", {}), ("downsize", {"maxWidth": 900})):
        assert imgstax.made(endpoint, gif, **body).body["format"] == "Jpeg"
