"""`compress-pdf` makes documents smaller and keeps what can be seen and read."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from filemill.testing.runner import Runner
from pdf_samples import difference, draws, flate, form, opened, page_pixels, photo, text_pdf

PLACED = "q 288 0 0 216 40 40 cm /Im Do Q BT /F1 20 Tf 40 300 Td (A picture and its text) Tj ET"
"""1200 pixels in four inches: 300 dpi."""


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A page with a picture of 1200x900 pixels at 300 dpi and a line of text."""
    with pikepdf.new() as pdf:
        draws(pdf, PLACED, Im=flate(pdf, photo()))
        pdf.save(tmp_path / "scan.pdf", deterministic_id=True)
    return tmp_path / "scan.pdf"


def picture(path: str, name: str = "/Im") -> pikepdf.Dictionary:
    """The dictionary of the first page's picture."""
    with pikepdf.open(path) as pdf:
        found = pdf.pages[0].obj.Resources.XObject[name]
        assert isinstance(found, pikepdf.Stream)
        facts = Dictionary({key: found.stream_dict[key] for key in ("/Width", "/Height", "/Filter")})
        facts["/Bytes"] = len(found.read_raw_bytes())
        return facts


def test_pictures_become_jpeg_of_the_wanted_resolution(scan: Path, filemill_run: Runner) -> None:
    """At 150 dpi the picture has half the pixels each way, the page looks the same, its text is text."""
    made = filemill_run(scan, {"op": "compress-pdf", "dpi": 150})
    output = made.outputs[0]
    assert output.size < scan.stat().st_size / 10
    assert made.report[0]["pictures"] == 1
    kept = picture(output.path)
    assert (int(kept.Width), int(kept.Height), str(kept.Filter)) == (600, 450, "/DCTDecode")
    assert difference(page_pixels(output.path), page_pixels(scan)) < 2
    assert opened(output.path).text(1).strip() == "A picture and its text"


def test_a_picture_that_may_be_drawn_larger_keeps_its_pixels(scan: Path, filemill_run: Runner) -> None:
    """Where a page can't be read to its end, nobody knows how large it draws a picture."""
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.Contents = pdf.make_stream(PLACED.replace("288 0 0 216", "28 0 0 21").encode())
        whole = pdf.make_stream(b"] >> " * 20 + PLACED.encode())
        broken = pdf.make_stream(b"broken", Filter=Name.FlateDecode)
        for content in (whole, broken):
            page = draws(pdf, "")
            page.obj.Contents, page.obj.Resources = content, pdf.pages[0].obj.Resources
            pdf.save(scan.with_name("both.pdf"))
            del pdf.pages[1]
            made = filemill_run(scan.with_name("both.pdf"), {"op": "compress-pdf"})
            assert made.report[0]["pictures"] == 0


def test_quality_counts(scan: Path, filemill_run: Runner) -> None:
    """A lower quality gives a smaller file."""
    sizes = [filemill_run(scan, {"op": "compress-pdf", "quality": quality}).outputs[0].size for quality in (30, 60, 90)]
    assert sizes == sorted(set(sizes))


def test_a_little_finer_is_fine_enough(scan: Path, filemill_run: Runner) -> None:
    """A picture of 300 dpi keeps its pixels where 280 are wanted."""
    kept = picture(filemill_run(scan, {"op": "compress-pdf", "dpi": 280}).outputs[0].path)
    assert (int(kept.Width), int(kept.Height)) == (1200, 900)


def test_without_pictures_nothing_is_encoded(scan: Path, filemill_run: Runner) -> None:
    """`pictures: false` keeps every pixel."""
    made = filemill_run(scan, {"op": "compress-pdf", "pictures": False})
    assert made.report[0]["pictures"] == 0
    assert difference(page_pixels(made.outputs[0].path), page_pixels(scan)) == 0


def test_the_largest_place_counts(tmp_path: Path, filemill_run: Runner) -> None:
    """A picture that stands small on one page and large, inside a scaled form, on another is fine enough for both."""
    path = tmp_path / "twice.pdf"
    with pikepdf.new() as pdf:
        image = pdf.make_indirect(flate(pdf, photo()))
        draws(pdf, "q 72 0 0 54 0 0 cm /Im Do Q", Im=image)
        inner = form(pdf, "q 0.5 0 0 0.5 0 0 cm /Im Do Q", (1, 1), Im=image)
        inner["/Matrix"] = Array([2, 0, 0, 2, 0, 0])
        draws(pdf, "q 288 0 0 216 0 0 cm /Fm Do Q", Fm=inner)
        pdf.save(path)
    assert picture(filemill_run(path, {"op": "compress-pdf", "dpi": 150}).outputs[0].path).Width == 600


def test_a_soft_mask_stays(tmp_path: Path, filemill_run: Runner) -> None:
    """A picture with a mask of its own looks the same; one mixed with a colour beforehand keeps its pixels."""
    for matte in (None, [0, 0, 0]):
        path = tmp_path / "masked.pdf"
        with pikepdf.new() as pdf:
            mask = flate(pdf, photo().extract_band(0))
            if matte is not None:
                mask["/Matte"] = Array(matte)
            draws(pdf, PLACED, Im=flate(pdf, photo(), SMask=pdf.make_indirect(mask)))
            pdf.save(path)
        output = filemill_run(path, {"op": "compress-pdf"}).outputs[0]
        assert difference(page_pixels(output.path), page_pixels(path)) < 2
        assert picture(output.path).Width == (600 if matte is None else 1200)


@pytest.mark.parametrize("kind", ["one-bit", "indexed", "colour-key", "decode"])
def test_other_kinds_of_pictures_stay(kind: str, tmp_path: Path, filemill_run: Runner) -> None:
    """What JPEG can't hold, or what would show other colours, keeps its pixels."""
    path = tmp_path / "other.pdf"
    with pikepdf.new() as pdf:
        image = flate(pdf, photo().extract_band(2) if kind == "indexed" else photo())
        if kind == "one-bit":
            image["/ColorSpace"], image["/BitsPerComponent"], image["/Width"] = Name.DeviceGray, 1, 28800
        elif kind == "indexed":
            palette = pikepdf.String(bytes(255 - value // 3 for value in range(768)))
            image["/ColorSpace"] = Array([Name.Indexed, Name.DeviceRGB, 255, palette])
        elif kind == "colour-key":
            image["/Mask"] = Array([0, 120, 0, 255, 0, 255])
        else:
            image["/Decode"] = Array([1, 0, 1, 0, 1, 0])
        draws(pdf, PLACED, Im=image)
        pdf.save(path, compress_streams=False)
    made = filemill_run(path, {"op": "compress-pdf"})
    assert made.report[0]["pictures"] == 0
    assert made.outputs[0].size < path.stat().st_size
    assert difference(page_pixels(made.outputs[0].path), page_pixels(path)) == 0


def test_what_does_not_get_smaller_stays_as_it_is(tmp_path: Path, filemill_run: Runner) -> None:
    """The result of a compression can't be compressed again: the same bytes come back."""
    first = filemill_run(text_pdf(tmp_path / "text.pdf", "one", "two"), {"op": "compress-pdf"}).outputs[0]
    second = filemill_run(Path(first.path), {"op": "compress-pdf"}).outputs[0]
    assert second.sha256 == first.sha256


def test_what_nothing_uses_goes(tmp_path: Path, filemill_run: Runner) -> None:
    """An object that nothing refers to is left out."""
    path = tmp_path / "unused.pdf"
    with pikepdf.new() as pdf:
        draws(pdf, "BT /F1 20 Tf 40 300 Td (short) Tj ET")
        pdf.Root["/Held"] = pdf.make_indirect(flate(pdf, photo()))
        pdf.save(path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        held = pdf.Root["/Held"].objgen[0]
    data = path.read_bytes().replace(b"/Held %d 0 R" % held, b"/Held null" + b" " * len(b"%d" % held))
    path.write_bytes(data)
    assert filemill_run(path, {"op": "compress-pdf"}).outputs[0].size < 2000


def test_the_same_each_time(scan: Path, filemill_run: Runner) -> None:
    """Two runs give the same bytes."""
    one, two = (filemill_run(scan, {"op": "compress-pdf"}).outputs[0].sha256 for _ in range(2))
    assert one == two
