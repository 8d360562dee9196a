"""The operations that say how the result is encoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pyvips
from PIL import Image

from filemill import ErrorCode, File, FilemillError
from filemill_image.formats.metadata import read_exif
from filemill_image.formats.stripping import stripped_jpeg

MAKER = 0x010F


def tagged(samples: Any, name: str, orientation: int = 1) -> Path:
    """Make a picture with EXIF (maker, orientation, a place), and XMP where the format has it."""
    exif = Image.Exif()
    exif[MAKER] = "Filemill"
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 30.0, 0.0), 3: "E", 4: (151.0, 15.0, 0.0)})
    plain = samples.photo("plain.png", 200, 150)
    path = samples.path(name)
    options = {"xmp": b"<x:xmpmeta/>"} if name.endswith(("webp", "jpg")) else {}
    Image.open(plain).save(path, exif=exif.tobytes(), **options)
    return Path(path)


def fields(path: str) -> set[str]:
    """The names of the metadata in a file."""
    found = pyvips.Image.new_from_file(path).get_fields()
    return {name for name in found if name.startswith("exif") or name.endswith("-data")}


def test_compress_makes_fewer_bytes_at_quality_80(samples: Any, run: Any) -> None:
    """A JPEG of high quality becomes smaller; the report says quality 80."""
    path = samples.save(samples.noise(300, 200), "noise.jpg", Q=98)
    made = run(path, [{"op": "compress"}]).made[0]
    assert made.outputs[0].size < path.stat().st_size / 2
    assert made.report[-1]["quality"] == 80


def test_compress_never_grows(samples: Any, run: Any) -> None:
    """What would grow comes back as it was, and the report says so."""
    path = samples.save(samples.noise(300, 200), "noise.jpg", Q=20)
    made = run(path, [{"op": "compress", "quality": 90}]).made[0]
    assert Path(made.outputs[0].path).read_bytes() == path.read_bytes()
    assert made.report[-1]["unchanged"] is True


def test_compress_reduces_the_colours_of_a_png(samples: Any, run: Any, picture_of: Any, colour_difference: Any) -> None:
    """A PNG is given a palette, looks nearly the same and is smaller."""
    path = samples.photo("photo.png", 300, 200)
    made = run(path, [{"op": "compress"}]).made[0]
    image = picture_of(made.outputs[0])
    assert made.report[-1]["colours"] == 256
    assert image.get("palette")
    assert made.outputs[0].size < path.stat().st_size
    assert colour_difference(image, samples.gradient(300, 200)) < 3


@pytest.mark.parametrize("form", ["jpeg", "webp", "avif", "png", "gif", "tiff"])
def test_priorities_give_the_same_picture(
    form: str, samples: Any, run: Any, picture_of: Any, hash_distance: Any
) -> None:
    """Every format takes every priority; `quality` is never larger than `speed` by much."""
    path = samples.photo("photo.tif", 160, 120)
    sizes = {}
    for priority in ("speed", "balanced", "Quality"):
        step = {"op": "resize", "width": 120, "format": {"type": form, "priority": priority}}
        output = run(path, [step]).made[0].outputs[0]
        assert hash_distance(picture_of(output), samples.gradient()) < 12
        sizes[priority] = output.size
    assert sizes["Quality"] <= sizes["speed"] * 1.05


@pytest.mark.parametrize("form", ["webp", "png", "tiff"])
def test_lossless_is_exact(form: str, samples: Any, run: Any, picture_of: Any) -> None:
    """`lossless` keeps every pixel."""
    path = samples.photo("photo.png")
    made = run(path, [{"op": "flip"}, {"op": "flip"}, {"op": "convert", "format": form, "lossless": True}]).made[0]
    assert (picture_of(made.outputs[0]) - samples.gradient()).abs().max() == 0
    assert made.report[-1]["lossless"] is True


@pytest.mark.parametrize(("form", "field"), [("jpeg", "interlaced"), ("png", "interlaced")])
def test_progressive(form: str, field: str, samples: Any, run: Any) -> None:
    """`progressive` interlaces JPEG and PNG."""
    step = {"op": "convert", "format": form, "progressive": True}
    output = run(samples.photo("photo.tif"), [step]).made[0].outputs[0]
    assert pyvips.Image.new_from_file(output.path).get(field)


def test_metadata_is_dropped_unless_asked_for(samples: Any, run: Any) -> None:
    """A re-encode keeps nothing of EXIF and XMP by default, all of it on request, with true dimensions."""
    path = tagged(samples, "tagged.jpg", orientation=6)
    small = {"op": "resize", "width": 60}
    assert fields(run(path, [small]).made[0].outputs[0].path) == set()
    for form in ("jpeg", "webp", "png", "avif"):
        output = run(path, [small | {"format": {"type": form, "metadata": "all"}}]).made[0].outputs[0]
        exif = read_exif(File(Path(output.path), "made", form, output.size))
        assert exif["Make"] == "Filemill", form
        assert exif.get("Orientation", 1) == 1, form
        assert exif["gps"]["latitude"] == pytest.approx(-33.5)
        if "ExifImageWidth" in exif:
            assert exif["ExifImageWidth"] == 60
        assert (output.facts["width"], output.facts["height"]) == (60, 80)


@pytest.mark.parametrize("name", ["tagged.jpg", "tagged.png", "tagged.webp"])
def test_strip_metadata_keeps_the_pixels(name: str, samples: Any, run: Any) -> None:
    """JPEG, PNG and WebP lose their metadata without being encoded again."""
    path = tagged(samples, name)
    assert fields(str(path))
    made = run(path, [{"op": "strip-metadata"}]).made[0]
    assert fields(made.outputs[0].path) == set()
    assert made.report[0]["reencoded"] is False
    before, after = (pyvips.Image.new_from_file(str(file)) for file in (path, made.outputs[0].path))
    assert (before - after).abs().max() == 0
    assert b"Filemill" not in Path(made.outputs[0].path).read_bytes()


def test_strip_metadata_turns_the_picture_first(samples: Any, run: Any, picture_of: Any, hash_distance: Any) -> None:
    """Without EXIF nothing says how to turn the picture, so it is turned."""
    made = run(samples.oriented(6), [{"op": "strip-metadata"}]).made[0]
    assert made.report[0]["reencoded"] is True
    assert hash_distance(picture_of(made.outputs[0]), samples.gradient()) < 6


def test_strip_metadata_holds_for_later_steps(samples: Any, run: Any) -> None:
    """After it, `metadata: all` has nothing left to keep."""
    steps = [{"op": "strip-metadata"}, {"op": "resize", "width": 60, "format": {"type": "jpeg", "metadata": "all"}}]
    for path in (tagged(samples, "tagged.jpg"), tagged(samples, "turned.jpg", orientation=3)):
        output = run(path, steps).made[0].outputs[0]
        assert "Make" not in read_exif(File(Path(output.path), "made", "jpeg", output.size))


def test_stripping_drops_what_follows_the_picture(samples: Any) -> None:
    """What a phone's camera puts after the picture, with metadata of its own, goes as well."""
    data = tagged(samples, "tagged.jpg").read_bytes()
    assert b"Filemill" not in stripped_jpeg(data + data)
    assert stripped_jpeg(data + data) == stripped_jpeg(data)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.tif"])
def test_set_density(name: str, samples: Any, run: Any) -> None:
    """The density is in the file, alone and after other steps, and the pixels are the same."""
    path = samples.photo(name)
    for steps in ([{"op": "set-density", "dpi": 300}], [{"op": "set-density", "dpi": 300}, {"op": "flip"}]):
        output = run(path, steps).made[0].outputs[0]
        with Image.open(output.path) as picture:
            assert [round(float(side)) for side in picture.info["dpi"]] == [300, 300]
    lossless = run(path, [{"op": "set-density", "dpi": 300}]).made[0].outputs[0]
    before, after = (pyvips.Image.new_from_file(str(file)) for file in (path, lossless.path))
    assert (before - after).abs().max() == 0


@pytest.mark.parametrize(("format", "told"), [("gif", True), ("webp", True), ("avif", True), ("tiff", False)])
def test_a_density_without_a_place_is_told(format: str, told: bool, samples: Any, run: Any) -> None:
    """GIF, WebP and AVIF hold none: the report says so, but only where one was asked for."""
    steps = [{"op": "set-density", "dpi": 300}, {"op": "flip", "format": format}]
    report = run(samples.photo(), steps).made[0].report
    assert (report[0]["density"], report[-1].get("density", "kept")) == (300, None if told else "kept")
    assert "density" not in run(samples.photo(), steps[1:]).made[0].report[-1]


@pytest.mark.parametrize("op", [{"op": "strip-metadata"}, {"op": "set-density", "dpi": 72}])
def test_a_cut_file_is_not_passed_on(op: dict[str, Any], samples: Any, run: Any) -> None:
    """What changes no pixel still refuses a file that is cut short."""
    for name in ("photo.jpg", "photo.png"):
        path = samples.photo(name, 300, 200)
        path.write_bytes(path.read_bytes()[:-400])
        with pytest.raises(FilemillError) as caught:
            run(path, [op])
        assert caught.value.code is ErrorCode.INVALID_FILE


def test_read_exif(samples: Any) -> None:
    """EXIF has plain values under the standard's names; the place is apart, in degrees."""
    path = tagged(samples, "tagged.jpg", orientation=6)
    exif = read_exif(File(path, path.name, "jpeg", path.stat().st_size))
    assert (exif["Make"], exif["Orientation"]) == ("Filemill", 6)
    assert exif["gps"]["longitude"] == pytest.approx(151.25)
    assert read_exif(File(samples.photo("none.png", keep="none"), "none.png", "png", 1)) == {}
