"""The tasks on the encode and on documents, from the text of a URL to the file that comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pypdf
import pytest
import pyvips

from filemill import ErrorCode, Limits
from filemill.registry import Registry
from filemill.task import Output
from filemill.testing.runner import Runner
from filemill.testing.samples import Samples
from filemill_server.dialects.filestack.tasks.base import Kind
from filemill_server.dialects.filestack.tasks.data import image_size, ocr_answer, pdf_info
from filemill_server.dialects.filestack.tasks.outputs import best_format
from filestack_chains import Chain, Drawn, Save, at, plan_of, refusal


@pytest.fixture
def photo(save: Save) -> Path:
    """A JPEG with EXIF, of colours that compress differently well."""
    ramps = pyvips.Image.xyz(200, 100)
    bands = ramps[0].bandjoin([ramps[1] * 2, (ramps[0] * 20).sin() * 60 + 128]).cast("uchar")
    image = bands.copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Artist", "someone")
    return save(image, "photo.jpg", Q=95)


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """A PDF of five pages, of which each has its own width."""
    writer = pypdf.PdfWriter()
    for number in range(1, 6):
        writer.add_blank_page(width=100 * number, height=144)
    writer.add_metadata({"/Title": "Five pages", "/Author": "someone"})
    path = tmp_path / "five.pdf"
    with path.open("wb") as stream:
        writer.write(stream)
    return path


def widths(path: str) -> list[int]:
    """The widths of a PDF's pages, in hundreds of points."""
    return [round(float(page.mediabox.width) / 100) for page in pypdf.PdfReader(path).pages]


def told_of(output: Output) -> dict[str, Any]:
    """The facts that a data operation found."""
    found = output.facts["data"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("options", "format"),
    [("jpg", "jpeg"), ("pjpg", "jpeg"), ("png", "png"), ("webp", "webp"), ("gif", "gif")],
)
def test_output_formats(made: Chain, quartered: Path, options: str, format: str) -> None:
    """FS-72: the picture formats; `pjpg` is progressive."""
    (output,) = made(f"output=format:{options}", quartered).outputs
    assert output.format == format
    if format == "jpeg":
        header = pyvips.Image.new_from_file(output.path)
        assert bool(header.get_typeof("interlaced") and header.get("interlaced")) == (options == "pjpg")


def test_output_quality(made: Chain, photo: Path) -> None:
    """FS-72, FS-73: `quality`, its short name, and the task of that name say the same; less of it is fewer bytes."""
    sizes = [
        made(chain, photo).outputs[0].size
        for chain in (
            "output=format:jpg,quality:20",
            "output=q:20,f:jpg",
            "quality=value:20",
            "output=quality:20",
            "output=format:jpg,quality:90",
        )
    ]
    assert len(set(sizes[:4])) == 1
    assert sizes[0] < sizes[4] / 2
    assert "quality" not in str(plan_of("output=format:jpg,quality:input").steps)


def test_output_background_and_metadata(drawn: Drawn, save: Save, quarters: pyvips.Image, photo: Path) -> None:
    """FS-72, DX-10, DX-11: the colour under what is transparent; EXIF stays where `strip:false` is said."""
    clear = save(quarters.bandjoin(0), "clear.png")
    assert at(drawn("output=format:jpg,background:0000ff,quality:100", clear), 10, 10) == pytest.approx(
        [0, 0, 255], abs=2
    )
    assert at(drawn("output=format:jpg,quality:100", clear), 10, 10) == [255] * 3
    for chain, kept in (
        ("output=format:jpg", False),
        ("output=format:jpg,strip:true", False),
        ("output=format:jpg,strip:false", True),
        ("pjpg=quality:50", False),
        ("pjpg=metadata:true", True),
        ("no_metadata", False),
        ("compress", False),
        ("compress=metadata:true", True),
    ):
        assert ("exif-ifd0-Artist" in drawn(chain, photo).get_fields()) == kept, chain


def test_compress(made: Chain, photo: Path) -> None:
    """FS-73: fewer bytes in the same format; as an option of `output` too."""
    for chain, name in (("compress", "jpeg"), ("output=format:webp,compress:true", "webp")):
        (output,) = made(chain, photo).outputs
        assert output.format == name
        assert output.size < photo.stat().st_size


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("image/avif,image/webp,*/*;q=0.8", "avif"),
        ("image/webp, image/png", "webp"),
        ("IMAGE/AVIF;q=0, image/webp;q=0.1", "webp"),
        ("image/avif;q=0.0", None),
        ("image/*", None),
        ("*/*", None),
        ("", None),
    ],
)
def test_auto_image(accept: str, format: str | None) -> None:
    """FS-73: the best format that is named."""
    assert best_format(accept) == format
    assert plan_of("auto_image").auto_image
    assert not plan_of("flip").auto_image


def test_a_page_of_a_pdf_as_a_picture(made: Chain, pdf: Path) -> None:
    """FS-72: `page` and `density`; tasks on pictures may follow."""
    (page,) = made("output=format:png,page:3,density:72", pdf, kind=Kind.DOCUMENT).outputs
    assert (page.format, page.facts["width"], page.facts["height"]) == ("png", 300, 144)
    (small,) = made("output=format:jpg/resize=width:50", pdf, kind=Kind.DOCUMENT).outputs
    assert (small.format, small.facts["width"]) == ("jpeg", 50)


def test_a_picture_as_pdf(made: Chain, quartered: Path) -> None:
    """FS-72, FS-81: `output=format:pdf` and `pdfconvert`, with paper and how it lies."""
    for chain in (
        "output=format:pdf,pageformat:a4,pageorientation:landscape",
        "pdfconvert=pageformat:a4,pageorientation:landscape",
    ):
        (output,) = made(chain, quartered).outputs
        box = pypdf.PdfReader(output.path).pages[0].mediabox
        assert (round(float(box.width)), round(float(box.height))) == (842, 595)
    assert refusal("output=format:pdf,pageformat:b4").code is ErrorCode.OPERATION_UNAVAILABLE
    assert refusal("pdfconvert=pageorientation:portrait").code is ErrorCode.OPERATION_UNAVAILABLE


@pytest.mark.parametrize(
    ("pages", "left"),
    [
        ("1-3,5", [1, 2, 3, 5]),
        ("5,1", [5, 1]),
        ("-2", [1, 2]),
        ("4-", [4, 5]),
        ("1,3-", [1, 3, 4, 5]),
        ("2", [2]),
    ],
)
def test_pdfconvert_takes_pages(made: Chain, pdf: Path, pages: str, left: list[int]) -> None:
    """FS-81: `n`, `a-b`, `a-`, `-b`."""
    (output,) = made(f"pdfconvert=pages:[{pages}]", pdf, kind=Kind.DOCUMENT).outputs
    assert widths(output.path) == left


def test_pdfconvert_metadata(made: Chain, pdf: Path) -> None:
    """FS-81: `metadata:false` removes it; all pages from the first on is no step."""
    (output,) = made("pdfconvert=metadata:false", pdf, kind=Kind.DOCUMENT).outputs
    assert "/Title" not in (pypdf.PdfReader(output.path).metadata or {})
    assert plan_of("pdfconvert=pages:[1-]", Kind.DOCUMENT).steps == ()
    for pages in ("3-,1", "2,2-", "1-,4-"):
        assert refusal(f"pdfconvert=pages:[{pages}]", Kind.DOCUMENT).code is ErrorCode.OPERATION_UNAVAILABLE


def test_doc_to_images(made: Chain, pdf: Path) -> None:
    """FS-82: one picture a page, in the format and density asked for."""
    outputs = made("doc_to_images=pages:[2-3,5],format:jpg,density:72", pdf, kind=Kind.DOCUMENT).outputs
    assert [(output.format, output.facts["width"]) for output in outputs] == [
        ("jpeg", 200),
        ("jpeg", 300),
        ("jpeg", 500),
    ]
    assert len(made("doc_to_images", pdf, kind=Kind.DOCUMENT).outputs) == 5
    for option in ("engine:x", "hidden_slides:true"):
        assert refusal(f"doc_to_images={option}", Kind.DOCUMENT).code is ErrorCode.OPERATION_UNAVAILABLE


def test_pdfcreate(made: Chain, pdf: Path, quartered: Path, photo: Path) -> None:
    """FS-83: PDFs one after the other, or pictures a page each."""
    (merged,) = made("pdfcreate", pdf, pdf, kind=Kind.DOCUMENT).outputs
    assert widths(merged.path) == [1, 2, 3, 4, 5] * 2
    (album,) = made("pdfcreate", quartered, photo).outputs
    assert len(pypdf.PdfReader(album.path).pages) == 2
    (part,) = made("pdfcreate/pdfconvert=pages:[6]", pdf, pdf, kind=Kind.DOCUMENT).outputs
    assert widths(part.path) == [1]


def test_a_text_of_a_pdf(made: Chain, filemill_samples: Samples) -> None:
    """FS-72: `format:txt`; smaller with `compress`."""
    (output,) = made("output=format:txt", filemill_samples.documents[0], kind=Kind.DOCUMENT).outputs
    assert "Page one of two" in Path(output.path).read_text()
    assert plan_of("compress", Kind.DOCUMENT).steps == ({"op": "compress-pdf"},)


def test_imagesize(made: Chain, quartered: Path) -> None:
    """FS-76: width and height, after the tasks before it."""
    for chain, size in (("imagesize", (80, 40)), ("resize=width:20/imagesize", (20, 10))):
        (output,) = made(chain, quartered).outputs
        assert image_size(told_of(output)) == {"width": size[0], "height": size[1]}


def test_pdfinfo(made: Chain, pdf: Path) -> None:
    """FS-80: the keys we promise."""
    (output,) = made("pdfinfo", pdf, kind=Kind.DOCUMENT).outputs
    told = pdf_info(told_of(output))
    assert told == {
        "pages": 5,
        "width": 100.0,
        "height": 144.0,
        "version": "1.3",
        "encrypted": False,
        "title": "Five pages",
        "author": "someone",
        "creator": None,
        "producer": "pypdf",
    }
    assert refusal("pdfinfo=colorinfo:true", Kind.DOCUMENT).code is ErrorCode.OPERATION_UNAVAILABLE


def test_ocr(filemill_registry: Registry, filemill_run: Runner, filemill_samples: Samples) -> None:
    """FS-85: text, areas with their four corners, lines and words; only with a signed policy."""
    plan = plan_of("ocr", Kind.DOCUMENT)
    assert plan.needs_policy
    assert not plan_of("imagesize").needs_policy
    if filemill_registry.operations["ocr"].missing is not None:
        pytest.skip("Tesseract is not installed")
    run = filemill_run(filemill_samples.documents[0], *plan.operations(filemill_registry, Limits()))
    (output,) = run.outputs
    told = ocr_answer(output.facts, Path(output.path).read_text())
    assert "Page one of two" in str(told["text"])
    document = told["document"]
    assert isinstance(document, dict)
    first, second = document["text_areas"]
    assert [line["text"] for line in first["lines"]] == ["Page one of two"]
    assert [word["text"] for word in second["lines"][0]["words"]] == ["Page", "two", "of", "two"]
    left_top, right_top, right_bottom, left_bottom = first["bounding_box"]
    assert left_top["x"] == left_bottom["x"] < right_top["x"] == right_bottom["x"]
    assert left_top["y"] == right_top["y"] < right_bottom["y"] == left_bottom["y"]
    assert 0 < float(str(told["text_area_percentage"])) < 100


def test_office_documents(filemill_run: Runner, filemill_registry: Registry, tmp_path: Path) -> None:
    """FS-72: a Word file becomes a PDF, a picture of its second page, and another format of its family."""
    document = docx.Document()
    document.add_paragraph("The first page.")
    document.add_page_break()
    document.add_paragraph("The second page.")
    document.save(str(tmp_path / "letter.docx"))
    made = {}
    for options in ("pdf", "png,page:2,density:36", "txt"):
        plan = plan_of(f"output=format:{options}", Kind.OTHER)
        run = filemill_run(tmp_path / "letter.docx", *plan.operations(filemill_registry, Limits()))
        (made[options[:3]],) = run.outputs
    assert [page.extract_text().strip() for page in pypdf.PdfReader(made["pdf"].path).pages] == [
        "The first page.",
        "The second page.",
    ]
    assert pyvips.Image.new_from_file(made["png"].path).height in range(390, 425), "a page of 11 or 11.7 inches"
    assert Path(made["txt"].path).read_text().split() == ["The", "first", "page.", "The", "second", "page."]


@pytest.mark.parametrize(
    ("chain", "kind"),
    [
        ("output=format:docx", Kind.PICTURE),
        ("output=format:html", Kind.DOCUMENT),
        ("output=format:svg", Kind.PICTURE),
        ("output=format:txt", Kind.PICTURE),
        ("output=format:svg", Kind.OTHER),
        ("output=format:jpg,colorspace:cmyk", Kind.PICTURE),
        ("output=format:jpg,colorspace:input", Kind.PICTURE),
        ("output=format:jpg,secure:true", Kind.PICTURE),
        ("output=format:jpg,docinfo:true", Kind.PICTURE),
        ("output=format:jpg,page:2", Kind.PICTURE),
        ("output=format:pdf,pageformat:a4", Kind.DOCUMENT),
        ("pdfconvert=pageformat:a4", Kind.DOCUMENT),
        ("pdfcreate=engine:x", Kind.DOCUMENT),
    ],
)
def test_what_is_known_and_not_done(chain: str, kind: Kind) -> None:
    """FS-53: 501, naming the option."""
    error = refusal(chain, kind)
    assert error.code is ErrorCode.OPERATION_UNAVAILABLE
    assert error.detail.startswith("/")


@pytest.mark.parametrize(
    ("chain", "kind"),
    [
        ("output=format:bmp", Kind.PICTURE),
        ("output=format:jpg,quality:0", Kind.PICTURE),
        ("output=format:jpg,quality:best", Kind.PICTURE),
        ("output=format:jpg,page:0", Kind.DOCUMENT),
        ("output=format:jpg,density:501", Kind.DOCUMENT),
        ("output=quality:5", Kind.DOCUMENT),
        ("output=quality:5", Kind.OTHER),
        ("quality", Kind.PICTURE),
        ("quality=value:101", Kind.PICTURE),
        ("pjpg=quality:101", Kind.PICTURE),
        ("compress=level:2", Kind.PICTURE),
        ("pdfconvert", Kind.DOCUMENT),
        ("pdfconvert=pages:[]", Kind.DOCUMENT),
        ("pdfconvert=pages:[0]", Kind.DOCUMENT),
        ("pdfconvert=pages:[3-1]", Kind.DOCUMENT),
        ("pdfconvert=pages:[-]", Kind.DOCUMENT),
        ("pdfconvert=pages:[a]", Kind.DOCUMENT),
        ("doc_to_images", Kind.PICTURE),
        ("resize=width:5", Kind.DOCUMENT),
        ("flip", Kind.OTHER),
        ("imagesize", Kind.DOCUMENT),
    ],
)
def test_what_is_out_of_range(chain: str, kind: Kind) -> None:
    """FS-53: 400, also for a task that does not fit its file."""
    assert refusal(chain, kind).code is ErrorCode.INVALID_PARAMETER
