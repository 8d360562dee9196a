"""`POST /api/v1/resize`: FG-26…FG-33."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import pyvips

from filagram_wire import COLOURS, colour_at, done, fetched, form, near, opened, refused

MEMBERS = ("url", "width", "height", "size")
PATH = "/api/v1/resize"


def resized(client: httpx.Client, path: Path, **data: Any) -> tuple[pyvips.Image, dict[str, Any]]:
    """Resize a picture, check that the answer says what was made, and return the picture."""
    body = done(client.post(PATH, files=form(path), data={name: str(value) for name, value in data.items()}), *MEMBERS)
    made = fetched(body["url"])
    image = opened(made)
    assert (body["width"], body["height"], body["size"]) == (image.width, image.height, len(made))
    return image, body


@pytest.mark.parametrize("fit", [{}, {"fit": "contain"}])
def test_contain_is_the_default_and_does_not_pad(filagram: httpx.Client, photo: Path, fit: dict[str, str]) -> None:
    """FG-26, FG-27, FG-28, FG-29: the largest size within the box, the ratio kept, nothing added."""
    image, _ = resized(filagram, photo, width=300, height=300, **fit)
    assert (image.width, image.height) == (300, 200)
    for (x, y), colour in zip([(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)], COLOURS, strict=True):
        assert near(colour_at(image, x, y), colour)


def test_cover_crops_the_centre(filagram: httpx.Client, tmp_path: Path) -> None:
    """FG-29: `cover` fills the box, and both ends go in equal parts."""
    thirds = [(pyvips.Image.black(100, 100) + list(colour)).cast("uchar") for colour in COLOURS[:3]]
    path = tmp_path / "thirds.png"
    pyvips.Image.arrayjoin(thirds, across=3).copy(interpretation="srgb").pngsave(str(path))
    image, _ = resized(filagram, path, width=50, height=50, fit="cover")
    assert (image.width, image.height) == (50, 50)
    assert (image - list(COLOURS[1])).abs().crop(4, 0, 42, 50).max() <= 2


def test_fill_stretches(filagram: httpx.Client, photo: Path) -> None:
    """FG-29: `fill` gives exactly the box, with all of the picture in it."""
    image, _ = resized(filagram, photo, width=100, height=400, fit="fill")
    assert (image.width, image.height) == (100, 400)
    for (x, y), colour in zip([(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)], COLOURS, strict=True):
        assert near(colour_at(image, x, y), colour)


@pytest.mark.parametrize("fit", ["contain", "cover", "fill"])
def test_one_dimension_alone(filagram: httpx.Client, photo: Path, fit: str) -> None:
    """FG-30: the other one follows from the ratio, whatever `fit` says."""
    for data in ({"width": 300}, {"height": 200}, {"width": 300, "height": ""}):
        image, _ = resized(filagram, photo, fit=fit, **data)
        assert (image.width, image.height) == (300, 200)


@pytest.mark.parametrize("data", [{}, {"fit": "cover"}, {"width": "", "height": ""}])
def test_no_dimension_means_nothing(filagram: httpx.Client, photo: Path, data: dict[str, str]) -> None:
    """FG-31: neither width nor height is 400."""
    assert "width" in refused(filagram.post(PATH, files=form(photo), data=data), 400, "BAD_REQUEST")


def test_enlargement(filagram: httpx.Client, photo: Path) -> None:
    """FG-32: a picture may become larger."""
    image, _ = resized(filagram, photo, width=1800)
    assert (image.width, image.height) == (1800, 1200)
    assert near(colour_at(image, 0.25, 0.25), COLOURS[0])


@pytest.mark.parametrize(
    "data",
    [
        {"width": "0"},
        {"width": "16385"},
        {"height": "-1"},
        {"height": "10.5"},
        {"width": "ten"},
        {"width": "1e3"},
        {"width": "100", "height": "0"},
        {"width": "9" * 400},
        {"width": "١٠٠"},
        {"width": "16384", "height": "16384", "fit": "fill"},
        {"width": "100", "fit": "inside"},
        {"width": "100", "fit": "crop"},
    ],
)
def test_bad_parameters(filagram: httpx.Client, photo: Path, data: dict[str, str]) -> None:
    """FG-26, FG-32, FG-61: sides from 1 to 16384 and in all within the server's pixels, three ways to fit."""
    refused(filagram.post(PATH, files=form(photo), data=data), 400, "BAD_REQUEST")


def test_the_other_side_may_not_be_too_long(filagram: httpx.Client, tmp_path: Path) -> None:
    """FG-32: where the ratio would make a side longer than 16384 it is 400."""
    path = tmp_path / "line.png"
    pyvips.Image.black(10, 1000).pngsave(str(path))
    assert "16384" in refused(filagram.post(PATH, files=form(path), data={"width": "200"}), 400, "BAD_REQUEST")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_the_format_stays(filagram: httpx.Client, photo: Path, tmp_path: Path, suffix: str) -> None:
    """FG-33: the output has the input's format."""
    path = tmp_path / f"photo{suffix}"
    pyvips.Image.new_from_file(str(photo)).write_to_file(str(path))
    _, body = resized(filagram, path, width=64)
    assert body["url"].endswith(suffix)


def test_an_animation_keeps_its_frames(filagram: httpx.Client, animation: Path) -> None:
    """FG-28, FG-33: `width` and `height` are those of a frame."""
    body = done(filagram.post(PATH, files=form(animation), data={"width": "30"}), *MEMBERS)
    assert (body["width"], body["height"]) == (30, 20)
    image = opened(fetched(body["url"]))
    assert (image.get("n-pages"), image.height) == (3, 60)


@pytest.mark.corpus
def test_no_heic(filagram: httpx.Client, corpus: Path) -> None:
    """FG-33, FG-64: HEIC is 422 here."""
    response = filagram.post(PATH, files=form(corpus / "formats" / "pug.heic"), data={"width": "50"})
    assert refused(response, 422, "INVALID_FILE") == "The uploaded file is not a supported image format."


@pytest.mark.corpus
@pytest.mark.parametrize("number", range(1, 9))
def test_every_orientation(filagram: httpx.Client, corpus: Path, number: int) -> None:
    """DX-10: pictures come out upright."""
    image, _ = resized(filagram, corpus / "orientation" / f"landscape-{number}.jpg", width=60)
    assert image.width > image.height
    assert image.get_typeof("orientation") == 0 or image.get("orientation") == 1
