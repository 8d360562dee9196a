"""`picture-info`: facts of the header, EXIF with and without GPS, palette, BlurHash and ThumbHash."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import blurhash
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill import Context, Limits, Picture
from filemill.formats import FormatTable
from filemill_image.effects.palette import dominant_colours
from filemill_image.effects.picture_info import PictureInfo
from filemill_image.effects.thumb_hash import thumb_hash

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))


def plain(*colour: int, width: int = 40, height: int = 30) -> pyvips.Image:
    """An area of one colour."""
    one = pyvips.Image.black(width, height, bands=len(colour)).linear(1, list(colour), uchar=True)
    return one.copy(interpretation="srgb")


def info(run: Any, path: Path, **parameters: Any) -> dict[str, Any]:
    """What the operation tells of a file, through the engine."""
    (output,) = run(path, [{"op": "picture-info", **parameters}]).made[0].outputs
    assert (output.format, output.media_type) == ("json", "application/json")
    data: dict[str, Any] = output.facts["data"]
    return data


def noise(width: int, height: int, *, opaque: bool) -> bytes:
    """Repeatable RGBA bytes: the linear congruential generator of ANSI C, its bits 16 to 23."""
    state, pixels = 1, bytearray()
    for _ in range(width * height * 4):
        state = (1103515245 * state + 12345) % 2**31
        pixels.append(state >> 16 & 255)
    if opaque:
        pixels[3::4] = b"\xff" * (width * height)
    return bytes(pixels)


@pytest.fixture
def tagged(samples: Any) -> Path:
    """A photo that stands on its side, with a camera's name and a place."""
    image = samples.gradient(96, 64).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    for field, text in {
        "exif-ifd0-Make": "Nikon (Nikon, ASCII, 6 components, 6 bytes)",
        "exif-ifd3-GPSLatitudeRef": "N (N, ASCII, 2 components, 2 bytes)",
        "exif-ifd3-GPSLatitude": "52/1 30/1 0/1 (52, 30, 0, Rational, 3 components, 24 bytes)",
        "exif-ifd3-GPSLongitudeRef": "W (W, ASCII, 2 components, 2 bytes)",
        "exif-ifd3-GPSLongitude": "13/1 15/1 0/1 (13, 15, 0, Rational, 3 components, 24 bytes)",
    }.items():
        image.set_type(pyvips.GValue.gstr_type, field, text)
    path: Path = samples.save(image, "tagged.jpg", Q=90)
    return path


def test_facts_of_a_photo(run: Any, tagged: Path) -> None:
    """Size upright, bytes, and what the header tells."""
    facts = info(run, tagged)
    assert facts["format"] == "jpeg"
    assert facts["sizeBytes"] == tagged.stat().st_size
    assert (facts["width"], facts["height"], facts["frames"]) == (64, 96, 1)
    assert facts["orientation"] == 6
    assert facts["hasAlpha"] is False
    assert facts["colourSpace"] == "srgb"


def test_exif_comes_without_the_place(run: Any, tagged: Path) -> None:
    """GPS is told only where it is asked for; EXIF can be left out."""
    facts = info(run, tagged)
    assert facts["exif"]["Make"] == "Nikon"
    assert "gps" not in facts
    assert "gps" not in facts["exif"]
    assert "52" not in str(facts["exif"])
    place = info(run, tagged, gps=True, exif=False)
    assert "exif" not in place
    assert (place["gps"]["latitude"], place["gps"]["longitude"]) == (52.5, -13.25)


def test_a_picture_without_exif(run: Any, samples: Any) -> None:
    """An empty object, and no place."""
    facts = info(run, samples.photo("bare.png", keep="none"), gps=True)
    assert (facts["exif"], facts["gps"]) == ({}, None)


def test_an_animation(run: Any, samples: Any) -> None:
    """Width and height are of one frame; frames and their delays are told."""
    facts = info(run, samples.save(samples.frames(48, 32, 4), "moving.gif"))
    assert (facts["width"], facts["height"], facts["frames"]) == (48, 32, 4)
    assert facts["delays"] == [100, 200, 300, 400]


def test_only_the_header_is_read_where_no_pixel_is_asked_for() -> None:
    """No colours and no hashes: the loader is not called."""

    def load(factor: float) -> pyvips.Image:
        raise AssertionError(factor)

    picture = Picture(load, width=5000, height=4000, known=lambda: {"colourSpace": "cmyk"})
    facts = PictureInfo(colours=0, hashes=False).run(picture, CONTEXT).value
    assert facts["colourSpace"] == "cmyk"
    assert not {"colours", "blurHash", "thumbHash"} & set(facts)


def test_pixels_are_read_once_and_reduced() -> None:
    """One decode, at the thumbnail's size."""
    asked: list[float] = []

    def load(factor: float) -> pyvips.Image:
        asked.append(factor)
        return plain(200, 120, 40, width=500, height=400)

    facts = PictureInfo().run(Picture(load, width=4000, height=3200), CONTEXT).value
    assert asked == [62.5]
    assert facts["colours"] == [{"colour": "#c87828", "share": 1.0}]


def test_facts_within_a_pipeline(run: Any, tagged: Path) -> None:
    """After another step the result's own size is told, and nothing that was the source's."""
    (output,) = run(tagged, [{"op": "resize", "width": 32}, {"op": "picture-info"}]).made[0].outputs
    facts = output.facts["data"]
    assert (facts["width"], facts["height"]) == (32, 48)
    assert facts["exif"] == {}
    assert "sizeBytes" not in facts


def test_colours_are_ranked_by_share() -> None:
    """Three colours in known shares; near ones count as one; more are not invented."""
    image = plain(250, 10, 10, 255, width=60, height=10)
    image = image.insert(plain(10, 10, 250, 255, width=20, height=10), 0, 0)
    image = image.insert(plain(240, 20, 14, 255, width=10, height=10), 20, 0)
    image = image.insert(plain(20, 200, 20, 255, width=10, height=10), 50, 0)
    found: Any = dominant_colours(image, 5)
    assert [round(entry["share"], 2) for entry in found] == [0.5, 0.33, 0.17]
    assert [entry["colour"] for entry in found] == ["#f70d0b", "#0a0afa", "#14c814"]
    assert dominant_colours(image, 1) == found[:1]


def test_clear_pixels_have_no_colour() -> None:
    """What can't be seen does not count; a wholly clear picture has no colours."""
    half = plain(0, 255, 0, 0).insert(plain(200, 0, 0, 255, width=10, height=10), 0, 0)
    assert dominant_colours(half, 5) == [{"colour": "#c80000", "share": 1.0}]
    assert dominant_colours(plain(0, 255, 0, 0), 5) == []


def test_blur_hash_shows_the_picture() -> None:
    """Decoded again, left is red and right is blue; a tall picture has more waves down than across."""
    image = plain(220, 20, 20, width=60).insert(plain(20, 20, 220, width=30), 30, 0)
    found = PictureInfo().run(Picture.of(image), CONTEXT).value["blurHash"]
    assert isinstance(found, str)
    assert blurhash.components(found) == (4, 3)
    row = blurhash.decode(found, 20, 10)[5]
    assert row[2][0] > 150 > row[2][2]
    assert row[17][2] > 150 > row[17][0]
    tall = PictureInfo().run(Picture.of(image.rot90()), CONTEXT).value["blurHash"]
    assert blurhash.components(tall) == (3, 4)


@pytest.mark.parametrize(
    ("width", "height", "opaque", "expected"),
    [
        (32, 24, True, "2008020d82a6d57e93759a63f43b395fa5e9f06b67"),
        (24, 32, True, "2008020d02a5d993bc369349655f25a708f9f1736b"),
        (7, 32, True, "df070212025a76a9988a73f5e35ffd8bd0"),
        (32, 32, False, "200882050007cab1b051c60757026976e807a0fc617bea986a"),
        (32, 5, False, "1f08820982070afd8b8cac23f8780324bc6c6ab88f8789"),
        (100, 64, False, "200882038007039566868c7e0d64cfda647a8837760527"),
    ],
)
def test_thumb_hash_equals_the_reference(width: int, height: int, opaque: bool, expected: str) -> None:
    """Byte for byte what the author's own Rust implementation gives (crate thumbhash 0.1.0)."""
    assert thumb_hash(width, height, noise(width, height, opaque=opaque)).hex() == expected


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([0, 90, 255]), st.integers(0, 32))
def test_any_picture_has_info(width: int, height: int, alpha: int, colours: int) -> None:
    """Of any ratio and transparency: hashes that can be read, at most the colours asked for, always the same."""
    ramp = pyvips.Image.xyz(width, height).extract_band(0).cast("uchar")
    picture = Picture.of(ramp.bandjoin([ramp, ramp, alpha]).copy(interpretation="srgb"))
    facts: Any = PictureInfo(colours=colours).run(picture, CONTEXT).value
    assert facts == PictureInfo(colours=colours).run(picture, CONTEXT).value
    assert len(facts.get("colours", [])) <= colours
    assert blurhash.components(facts["blurHash"]) in {(4, 3), (3, 4)}
    assert 5 < len(b64decode(facts["thumbHash"])) <= 26
