"""`POST /api/v1/convert`: FG-20…FG-25."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import pyvips

from filagram_wire import COLOURS, colour_at, done, fetched, form, near, opened, refused

MEMBERS = ("url", "format", "size")
PATH = "/api/v1/convert"
ENDINGS = {"jpeg": ".jpg", "jpg": ".jpg", "png": ".png", "webp": ".webp"}


@pytest.mark.parametrize("source", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("target", ["jpeg", "jpg", "png", "webp"])
def test_every_pair(filagram: httpx.Client, photo: Path, source: str, target: str) -> None:
    """FG-20, FG-21, FG-22, FG-23: three formats into three; the answer says `jpeg` where `jpg` was asked for."""
    data = pyvips.Image.new_from_file(str(photo)).resize(0.1).write_to_buffer(source)
    body = done(filagram.post(PATH, files={"file": data}, data={"to": target}), *MEMBERS)
    name = "jpeg" if target == "jpg" else target
    assert body["format"] == name
    assert body["url"].endswith(ENDINGS[target])
    made = fetched(body["url"])
    assert len(made) == body["size"]
    image = opened(made)
    assert image.get("vips-loader") == f"{name}load_buffer"
    assert (image.width, image.height) == (120, 80)
    assert near(colour_at(image, 0.25, 0.25), COLOURS[0], 16)
    assert near(colour_at(image, 0.75, 0.75), COLOURS[3], 16)


@pytest.mark.corpus
@pytest.mark.parametrize("target", ["jpeg", "png", "webp"])
def test_heic_is_read(filagram: httpx.Client, corpus: Path, target: str) -> None:
    """FG-21: HEIC is read."""
    body = done(filagram.post(PATH, files=form(corpus / "formats" / "rgba.heif"), data={"to": target}), *MEMBERS)
    image = opened(fetched(body["url"]))
    assert image.get("vips-loader") == f"{target}load_buffer"
    assert min(image.width, image.height) > 100
    assert image.deviate() > 10


@pytest.mark.parametrize("target", ["heic", "gif", "avif", "tiff", "pdf", "jpeg2000", "null", "'"])
def test_targets_outside_the_list(filagram: httpx.Client, photo: Path, target: str) -> None:
    """FG-21, FG-24: the target is a parameter: 400, not 422, and HEIC is only read."""
    assert "to" in refused(filagram.post(PATH, files=form(photo), data={"to": target}), 400, "BAD_REQUEST")


@pytest.mark.parametrize("data", [{}, {"to": ""}, {"format": "png"}])
def test_the_target_is_needed(filagram: httpx.Client, photo: Path, data: dict[str, str]) -> None:
    """FG-11, FG-20, FG-61: without `to`, or with an empty one, it is 400."""
    assert "'to'" in refused(filagram.post(PATH, files=form(photo), data=data), 400, "BAD_REQUEST")


@pytest.mark.parametrize("suffix", [".gif", ".tif", ".avif"])
def test_other_inputs(filagram: httpx.Client, photo: Path, suffix: str) -> None:
    """FG-21, FG-64: other formats are 422."""
    data = pyvips.Image.new_from_file(str(photo)).resize(0.1).write_to_buffer(suffix)
    response = filagram.post(PATH, files={"file": ("a.jpg", data)}, data={"to": "png"})
    assert refused(response, 422, "INVALID_FILE") == "The uploaded file is not a supported image format."


@pytest.mark.parametrize(("target", "frames"), [("jpeg", 1), ("png", 1), ("webp", 3)])
def test_frames(filagram: httpx.Client, animation: Path, target: str, frames: int) -> None:
    """FG-25: the first frame for JPEG and PNG; WebP to WebP goes on moving."""
    made = opened(fetched(done(filagram.post(PATH, files=form(animation), data={"to": target}), *MEMBERS)["url"]))
    assert (made.width, made.height) == (60, 40 * frames)
    assert near(colour_at(made.crop(0, 0, 60, 40), 0.5, 0.5), (220, 20, 20))
    if frames > 1:
        assert made.get("n-pages") == frames
        assert made.get("delay") == [100, 100, 100]


def test_transparency_becomes_white(filagram: httpx.Client) -> None:
    """DX-11: where a format has no transparency, white is behind; else it stays."""
    image = pyvips.Image.black(40, 40).linear([1] * 4, [0, 0, 255, 0]).cast("uchar").copy(interpretation="srgb")
    files = {"file": image.pngsave_buffer()}
    flat = opened(fetched(done(filagram.post(PATH, files=files, data={"to": "jpeg"}), *MEMBERS)["url"]))
    assert near(colour_at(flat, 0.5, 0.5), (255, 255, 255), 2)
    kept = opened(fetched(done(filagram.post(PATH, files=files, data={"to": "webp"}), *MEMBERS)["url"]))
    assert kept.bands == 4
    assert kept.extract_band(3).max() == 0


def test_no_metadata_goes_out(filagram: httpx.Client, photo: Path) -> None:
    """DX-10: EXIF, with the place, is left behind, also from JPEG to JPEG."""
    image = pyvips.Image.new_from_file(str(photo)).copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd3-GPSLatitude", "48/1 12/1 0/1")
    files = {"file": image.jpegsave_buffer()}
    made = opened(fetched(done(filagram.post(PATH, files=files, data={"to": "jpeg"}), *MEMBERS)["url"]))
    assert not [name for name in made.get_fields() if name.startswith("exif")]
