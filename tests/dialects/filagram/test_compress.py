"""`POST /api/v1/compress`: FG-12…FG-19."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import pyvips

from filagram_wire import COLOURS, colour_at, done, fetched, form, near, opened, refused
from filemill_server.dialects.filagram.pictures import saved_percent

MEMBERS = ("url", "original_size", "output_size", "saved_percent")
PATH = "/api/v1/compress"


@pytest.fixture(scope="session")
def colourful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PNG of 128x128 in which every pixel has a colour of its own, stored without compression."""
    ramp = pyvips.Image.xyz(128, 128)
    image = (ramp[0] * 2).bandjoin([ramp[1] * 2, (ramp[0] + ramp[1]) % 251]).cast("uchar")
    path = tmp_path_factory.mktemp("colourful") / "colourful.png"
    image.copy(interpretation="srgb").pngsave(str(path), compression=0)
    return path


def distinct_colours(image: pyvips.Image) -> int:
    """Count the colours of a picture."""
    pixels = image.colourspace("srgb").extract_band(0, n=3).write_to_memory()
    return len({pixels[at : at + 3] for at in range(0, len(pixels), 3)})


def test_fewer_bytes_same_format_same_pixels(filagram: httpx.Client, photo: Path) -> None:
    """FG-12, FG-14, FG-15, FG-16, FG-18: quality 80 by default, the input's format, what was saved, the same size."""
    body = done(filagram.post(PATH, files=form(photo)), *MEMBERS)
    result = fetched(body["url"])
    assert body["url"].endswith(".jpg")
    assert body["original_size"] == photo.stat().st_size
    assert body["output_size"] == len(result) < photo.stat().st_size
    assert body["saved_percent"] == round((1 - len(result) / photo.stat().st_size) * 100, 1) > 0
    image = opened(result)
    assert image.get("vips-loader") == "jpegload_buffer"
    assert (image.width, image.height) == (1200, 800)
    places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    for (x, y), colour in zip(places, COLOURS, strict=True):
        assert near(colour_at(image, x, y), colour)
    same = done(filagram.post(PATH, files=form(photo), data={"quality": "80"}), *MEMBERS)
    assert fetched(same["url"]) == result


def test_quality_counts(filagram: httpx.Client, photo: Path) -> None:
    """FG-12: a lower quality gives fewer bytes."""
    sizes = []
    for quality in ("1", "40", "80"):
        body = done(filagram.post(PATH, files=form(photo), data={"quality": quality}), *MEMBERS)
        sizes.append(body["output_size"])
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("quality", ["0", "101", "-5", "80.5", "high", "1e1", "٨٠", "9" * 40])
def test_quality_out_of_range(filagram: httpx.Client, photo: Path, quality: str) -> None:
    """FG-12, FG-61: 1 to 100, whole; everything else is 400."""
    response = filagram.post(PATH, files=form(photo), data={"quality": quality})
    assert "quality" in refused(response, 400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("asked", "loader", "ending"),
    [
        ("jpeg", "jpegload_buffer", ".jpg"),
        ("jpg", "jpegload_buffer", ".jpg"),
        ("png", "pngload_buffer", ".png"),
        ("webp", "webpload_buffer", ".webp"),
    ],
)
def test_formats(filagram: httpx.Client, photo: Path, asked: str, loader: str, ending: str) -> None:
    """FG-08, FG-12, FG-23: `format` is one of three, and `jpg` is `jpeg`."""
    body = done(filagram.post(PATH, files=form(photo), data={"format": asked}), *MEMBERS)
    assert body["url"].endswith(ending)
    image = opened(fetched(body["url"]))
    assert image.get("vips-loader") == loader
    assert (image.width, image.height) == (1200, 800)


@pytest.mark.parametrize("asked", ["gif", "avif", "heic", "pdf", "jpeg;png", "../png"])
def test_unknown_format(filagram: httpx.Client, photo: Path, asked: str) -> None:
    """FG-12, FG-24: another target is 400."""
    assert "format" in refused(filagram.post(PATH, files=form(photo), data={"format": asked}), 400, "BAD_REQUEST")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_inputs(filagram: httpx.Client, photo: Path, suffix: str) -> None:
    """FG-13, FG-14, DX-09: three formats are read, told by their content and not by name or type; each is kept."""
    data = pyvips.Image.new_from_file(str(photo)).resize(0.2).write_to_buffer(suffix)
    body = done(filagram.post(PATH, files={"file": ("holiday.txt", data, "text/plain")}), *MEMBERS)
    assert body["url"].endswith(suffix)


@pytest.mark.parametrize("suffix", [".gif", ".tif", ".avif", ".svg", ".pdf"])
def test_other_inputs(filagram: httpx.Client, photo: Path, suffix: str) -> None:
    """FG-13, FG-64: what is none of the three is 422, whatever it is called."""
    if suffix == ".svg":
        data = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    elif suffix == ".pdf":
        data = b"%PDF-1.4\n"
    else:
        data = pyvips.Image.new_from_file(str(photo)).resize(0.1).write_to_buffer(suffix)
    response = filagram.post(PATH, files={"file": ("photo.jpg", data, "image/jpeg")})
    assert refused(response, 422, "INVALID_FILE") == "The uploaded file is not a supported image format."


@pytest.mark.corpus
def test_no_heic(filagram: httpx.Client, corpus: Path) -> None:
    """FG-13: HEIC is 422 here."""
    response = filagram.post(PATH, files=form(corpus / "formats" / "pug.heic"))
    assert refused(response, 422, "INVALID_FILE") == "The uploaded file is not a supported image format."


def test_share_of_bytes_removed() -> None:
    """FG-16: the contract's own figures, with one decimal."""
    assert saved_percent(214000, 89400) == 58.2
    assert saved_percent(1000, 1000) == 0.0
    assert saved_percent(1000, 1500) == -50.0


def test_what_would_not_shrink_stays_as_it_is(filagram: httpx.Client, photo: Path) -> None:
    """FG-17: the original bytes, metadata and all, where encoding again would not make them fewer."""
    image = pyvips.Image.new_from_file(str(photo)).copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Artist", "Ada")
    small = image.jpegsave_buffer(Q=15)
    body = done(filagram.post(PATH, files={"file": small}, data={"quality": "95"}), *MEMBERS)
    assert fetched(body["url"]) == small
    assert (body["original_size"], body["output_size"], body["saved_percent"]) == (len(small), len(small), 0.0)


def test_a_second_time_changes_nothing(filagram: httpx.Client, colourful: Path) -> None:
    """FG-17: bytes that encoding again would make neither fewer nor more stay too."""
    first = done(filagram.post(PATH, files=form(colourful), data={"quality": "100"}), *MEMBERS)
    made = fetched(first["url"])
    second = done(filagram.post(PATH, files={"file": made}, data={"quality": "100"}), *MEMBERS)
    assert fetched(second["url"]) == made
    assert second["saved_percent"] == 0.0


def test_another_format_may_be_larger(filagram: httpx.Client) -> None:
    """FG-17: where the format changes the true value is given, below zero too."""
    flat = pyvips.Image.black(64, 64).linear([1, 1, 1], [10, 200, 30]).cast("uchar").copy(interpretation="srgb")
    data = flat.pngsave_buffer(compression=9)
    body = done(filagram.post(PATH, files={"file": data}, data={"format": "jpeg"}), *MEMBERS)
    assert body["output_size"] > body["original_size"] == len(data)
    assert body["saved_percent"] == round((1 - body["output_size"] / len(data)) * 100, 1) < 0


def test_dimensions_of_a_turned_picture(filagram: httpx.Client, photo: Path) -> None:
    """FG-18, DX-10: a picture that EXIF turns is as large as it is shown, and its metadata is gone."""
    image = pyvips.Image.new_from_file(str(photo)).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd3-GPSLatitude", "48/1 12/1 0/1")
    data = image.jpegsave_buffer(Q=95)
    assert "exif-ifd3-GPSLatitude" in opened(data).get_fields()
    made = opened(fetched(done(filagram.post(PATH, files={"file": data}), *MEMBERS)["url"]))
    assert (made.width, made.height) == (800, 1200)
    assert not [name for name in made.get_fields() if name.startswith("exif")]
    assert near(colour_at(made, 0.25, 0.25), COLOURS[2])


@pytest.mark.parametrize(("quality", "few"), [("60", True), ("99", True), ("100", False)])
def test_png_with_and_without_loss(filagram: httpx.Client, colourful: Path, quality: str, few: bool) -> None:
    """FG-19: below 100 a PNG may get a palette; at 100 not a pixel changes."""
    body = done(filagram.post(PATH, files=form(colourful), data={"quality": quality}), *MEMBERS)
    assert body["saved_percent"] > 0
    made = opened(fetched(body["url"]))
    assert (distinct_colours(made) <= 256) is few
    source = pyvips.Image.new_from_file(str(colourful))
    assert ((made - source).abs().max() == 0) is not few


def test_an_animation_goes_on_moving(filagram: httpx.Client, animation: Path) -> None:
    """FG-18: compressed in its own format a WebP keeps all of its frames."""
    body = done(filagram.post(PATH, files=form(animation), data={"quality": "10"}), *MEMBERS)
    made = opened(fetched(body["url"]))
    assert (made.get("n-pages"), made.width, made.get("page-height")) == (3, 60, 40)
