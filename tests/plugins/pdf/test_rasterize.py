"""`rasterize` draws pages in the size that is wanted."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdfium2
import pytest
import pyvips
from pikepdf import Array, Dictionary, Name
from PIL import Image

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from pdf_samples import ink_box, page_pixels, text_pdf


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two pages of 420 x 595 points."""
    return text_pdf(tmp_path / "two.pdf", "the first", "the second")


@pytest.mark.parametrize(("size", "expected"), [
    ({}, (875, 1240)), ({"dpi": 72}, (420, 595)), ({"dpi": 10}, (58, 83)), ({"width": 210}, (210, 298)),
    ({"width": 1}, (1, 1)),
])  # fmt: skip
def test_the_size(size: dict[str, int], expected: tuple[int, int], two: Path, filemill_run: Runner) -> None:
    """Points times resolution; or the width, with the height in proportion. Without either, 150 dpi."""
    outputs = filemill_run(two, {"op": "rasterize", **size}).outputs
    assert [(output.facts["width"], output.facts["height"]) for output in outputs] == [expected] * 2


def test_pages_in_order_and_by_name(two: Path, filemill_run: Runner) -> None:
    """A picture for each page wanted, numbered; each shows its own page."""
    outputs = filemill_run(two, {"op": "rasterize", "pages": "2,1", "dpi": 72, "format": "png"}).outputs
    assert [output.name for output in outputs] == ["two-1.png", "two-2.png"]
    for output, number in zip(outputs, (2, 1), strict=True):
        drawn = pyvips.Image.new_from_file(output.path)
        assert (drawn[:3] - page_pixels(two, number)).abs().max() == 0
        assert ink_box(drawn[:3])[0] == pytest.approx(40, abs=3)


def test_a_turned_page_stands_as_it_is_shown(tmp_path: Path, filemill_run: Runner) -> None:
    """`/Rotate` 90 lies across."""
    path = text_pdf(tmp_path / "turned.pdf", "text", rotate=90)
    output = filemill_run(path, {"op": "rasterize", "dpi": 72, "format": "png"}).outputs[0]
    assert (output.facts["width"], output.facts["height"]) == (595, 420)


def test_the_resolution_stands_in_the_picture(two: Path, filemill_run: Runner) -> None:
    """The file says at how many dots per inch it was drawn."""
    output = filemill_run(two, {"op": "rasterize", "dpi": 100, "pages": "1", "format": "png"}).outputs[0]
    with Image.open(output.path) as picture:
        assert round(float(picture.info["dpi"][0])) == 100


def test_a_page_is_drawn_at_the_size_that_a_resize_wants(
    two: Path, filemill_run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a `resize` follows, no more pixels are drawn than it needs."""
    drawn: list[int] = []
    native = pypdfium2.PdfBitmap.new_native

    def counted(width: int, height: int, *rest: object, **named: object) -> pypdfium2.PdfBitmap:
        drawn.append(width * height)
        return native(width, height, *rest, **named)

    monkeypatch.setattr(pypdfium2.PdfBitmap, "new_native", counted)
    steps = {"op": "rasterize", "dpi": 300, "pages": "1"}, {"op": "resize", "width": 175}
    output = filemill_run(two, *steps).outputs[0]
    assert output.facts["width"] == 175
    assert len(drawn) == 1
    assert drawn[0] <= 4 * 175 * 248


def test_what_is_too_large_is_refused_before_it_is_drawn(
    tmp_path: Path, two: Path, filemill_run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the limits of a picture: a typed error, and no page was drawn."""
    drawn: list[object] = []
    monkeypatch.setattr(pypdfium2.PdfBitmap, "new_native", lambda *given, **named: drawn.append(given))
    huge = text_pdf(tmp_path / "huge.pdf", "text", size=(14400, 14400))
    for path, step in ((two, {"dpi": 2400}), (huge, {"dpi": 300}), (huge, {"width": 16000})):
        with pytest.raises(FilemillError) as caught:
            filemill_run(path, {"op": "rasterize", **step}, limits=Limits(max_dimension=10_000))
        assert caught.value.code in (ErrorCode.INVALID_FILE, ErrorCode.INVALID_PARAMETER)
    assert drawn == []


def test_too_many_pictures_are_refused(two: Path, filemill_run: Runner) -> None:
    """More pages than results are allowed: nothing is drawn."""
    with pytest.raises(FilemillError, match="2 pictures; 1 are allowed"):
        filemill_run(two, {"op": "rasterize"}, limits=Limits(max_outputs=1))


def test_one_of_dpi_and_width(two: Path, filemill_run: Runner) -> None:
    """Both at once contradict each other."""
    with pytest.raises(FilemillError) as caught:
        filemill_run(two, {"op": "rasterize", "dpi": 72, "width": 100})
    assert caught.value.code is ErrorCode.INVALID_PARAMETER


def test_annotations_and_fields_are_drawn(tmp_path: Path, filemill_run: Runner) -> None:
    """What stands in a form field is seen."""
    path = text_pdf(tmp_path / "blank.pdf", "")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        look = pdf.make_stream(
            b"1 0 0 rg 0 0 50 50 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 50, 50])
        )
        square = Dictionary(
            Type=Name.Annot, Subtype=Name.Square, Rect=Array([100, 100, 150, 150]), F=4, AP=Dictionary(N=look)
        )
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(square)])
        pdf.save(path)
    output = filemill_run(path, {"op": "rasterize", "dpi": 72, "format": "png"}).outputs[0]
    assert ink_box(pyvips.Image.new_from_file(output.path)[:3]) == (100, 445, 50, 50)


def test_the_same_each_time(two: Path, filemill_run: Runner) -> None:
    """Two runs give the same bytes, and so does a worker."""
    results = [
        [output.sha256 for output in filemill_run(two, {"op": "rasterize"}, in_worker=there).outputs]
        for there in (False, False, True)
    ]
    assert results[0] == results[1] == results[2]
    assert len(set(results[0])) == 2
