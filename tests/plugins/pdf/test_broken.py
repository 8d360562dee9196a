"""Broken documents and bombs: a typed error or a result within the deadline, in a worker that goes on."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from pdf_samples import draws, form, text_pdf

DEADLINE = 3.0
LIMITS = Limits(deadline_seconds=DEADLINE, memory_bytes=512 << 20)
TYPED = {ErrorCode.INVALID_FILE, ErrorCode.DEADLINE_EXCEEDED, ErrorCode.INVALID_PARAMETER}
STEPS: list[dict[str, object]] = [
    {"op": "pdf-info"},
    {"op": "extract-text", "pages": "1"},
    {"op": "rasterize", "pages": "1", "dpi": 72},
    {"op": "compress-pdf"},
    {"op": "encrypt-pdf", "password": "x"},
    {"op": "pdf-metadata", "title": "x"},
    {"op": "watermark-pdf", "text": "x", "pages": "1"},
]
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step["op"]))


def outcome(run: Runner, path: Path, step: dict[str, object]) -> ErrorCode | None:
    """Run a step in a worker: None for a result, else the code; never later than the deadline, never anything else."""
    started = time.monotonic()
    try:
        run(path, step, limits=LIMITS, in_worker=True)
    except FilemillError as error:
        assert error.code in TYPED, f"{error.code}: {error.detail}"
        return error.code
    finally:
        assert time.monotonic() - started < DEADLINE + 4
    return None


@pytest.fixture(scope="module")
def gigabyte() -> bytes:
    """A gigabyte of zeros, deflated."""
    once, zeros = zlib.compressobj(), bytes(1 << 20)
    return b"".join(once.compress(zeros) for _ in range(1 << 10)) + once.flush()


@each_step
def test_a_page_deflated_three_times(
    step: dict[str, object], gigabyte: bytes, tmp_path: Path, filemill_run: Runner
) -> None:
    """A few thousand bytes that unfold to a gigabyte of content."""
    path = tmp_path / "bomb.pdf"
    with pikepdf.new() as pdf:
        page = draws(pdf, "")
        content = Stream(pdf, zlib.compress(zlib.compress(gigabyte, 9), 9))
        content["/Filter"] = Array([Name.FlateDecode] * 3)
        page.obj.Contents = pdf.make_indirect(content)
        pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    assert path.stat().st_size < 50_000
    outcome(filemill_run, path, step)


@each_step
def test_forms_in_forms(step: dict[str, object], tmp_path: Path, filemill_run: Runner) -> None:
    """Ten levels of forms that each draw the next one ten times: 10^10 drawings."""
    path = tmp_path / "forms.pdf"
    with pikepdf.new() as pdf:
        inner = pdf.make_indirect(form(pdf, "0 0 1 1 re f"))
        for _ in range(10):
            inner = pdf.make_indirect(form(pdf, "/Fm Do " * 10, Fm=inner))
        draws(pdf, "/Fm Do", Fm=inner)
        pdf.save(path)
    outcome(filemill_run, path, step)


@each_step
def test_a_form_that_draws_itself(step: dict[str, object], tmp_path: Path, filemill_run: Runner) -> None:
    """A ring ends, at the deadline where the page is drawn or read; what only copies it is done."""
    path = tmp_path / "ring.pdf"
    with pikepdf.new() as pdf:
        ring = pdf.make_indirect(form(pdf, "/Fm Do /Fm Do"))
        ring.Resources.XObject.Fm = ring
        draws(pdf, "/Fm Do", Fm=ring)
        pdf.save(path)
    found = outcome(filemill_run, path, step)
    if step["op"] in ("encrypt-pdf", "pdf-metadata", "compress-pdf"):
        assert found is None


@each_step
def test_99_000_pages(step: dict[str, object], tmp_path: Path, filemill_run: Runner) -> None:
    """More pages than are allowed are refused; a tree that names one page 99,000 times as well."""
    path = tmp_path / "tree.pdf"
    path.write_bytes(
        b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
        b"2 0 obj << /Type /Pages /Count 99000 /Kids [" + b"3 0 R " * 99_000 + b"] >> endobj\n"
        b"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >> endobj\n"
        b"trailer << /Root 1 0 R /Size 4 >>\n%%EOF\n"
    )
    assert outcome(filemill_run, path, step) is ErrorCode.INVALID_FILE


@each_step
def test_a_count_that_is_not_true(step: dict[str, object], tmp_path: Path, filemill_run: Runner) -> None:
    """A document that says it has 5,000 pages, and has one."""
    path = text_pdf(tmp_path / "count.pdf", "text")
    path.write_bytes(path.read_bytes().replace(b"/Count 1 ", b"/Count 5000 "))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.Root.Pages.Count = 5000
        pdf.save(path)
    outcome(filemill_run, path, step)


@each_step
@pytest.mark.parametrize("size", [(2_000_000, 2_000_000), (0, 0), (-100, 5), (1e-9, 1e9)])
def test_pages_of_odd_sizes(
    step: dict[str, object], size: tuple[float, float], tmp_path: Path, filemill_run: Runner
) -> None:
    """A page of 700 metres, of nothing, the wrong way round: a drawing within the limits or a typed error."""
    path = tmp_path / "size.pdf"
    with pikepdf.new() as pdf:
        page = draws(pdf, "BT /F1 20 Tf 40 300 Td (text) Tj ET")
        page.obj.MediaBox = Array([0, 0, *(pikepdf.Object.parse(f"{side:.9f}".encode()) for side in size)])
        pdf.save(path)
    found = outcome(filemill_run, path, step)
    if step["op"] == "rasterize" and size[0] > 1e6:
        assert found is ErrorCode.INVALID_FILE


@each_step
def test_a_picture_that_lies(step: dict[str, object], gigabyte: bytes, tmp_path: Path, filemill_run: Runner) -> None:
    """A picture of 100 x 100 pixels whose stream unfolds to a gigabyte."""
    path = tmp_path / "lie.pdf"
    with pikepdf.new() as pdf:
        about = Dictionary(
            Type=Name.XObject, Subtype=Name.Image, Width=100, Height=100, ColorSpace=Name.DeviceGray, BitsPerComponent=8
        )
        picture = Stream(pdf, gigabyte, about)
        picture["/Filter"] = Name.FlateDecode
        draws(pdf, "q 100 0 0 100 0 0 cm /Im Do Q", Im=picture)
        pdf.save(path, compress_streams=False)
    outcome(filemill_run, path, step)


@each_step
@pytest.mark.parametrize("kind", ["empty", "header", "no-pages", "cut", "no-root"])
def test_hardly_documents(kind: str, step: dict[str, object], tmp_path: Path, filemill_run: Runner) -> None:
    """Files that begin as a PDF and are none."""
    whole = text_pdf(tmp_path / "whole.pdf", "text").read_bytes()
    path = tmp_path / "hardly.pdf"
    path.write_bytes(
        {
            "empty": b"%PDF-1.7\n",
            "header": b"%PDF-1.7\n" + bytes(2000),
            "no-pages": b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages << /Kids [] /Count 0 >> >> endobj\n"
            b"trailer << /Root 1 0 R >>",
            "cut": whole[: len(whole) // 3],
            "no-root": whole.replace(b"/Root", b"/Rood"),
        }[kind]
    )
    found = outcome(filemill_run, path, step)
    if kind in ("empty", "header", "no-pages"):
        assert found is ErrorCode.INVALID_FILE


@pytest.mark.corpus
@each_step
def test_the_corpus(step: dict[str, object], corpus: Path, filemill_run: Runner) -> None:
    """Broken files from the wild."""
    files = sorted((corpus / "broken").glob("*.pdf"))
    assert files
    for path in files:
        outcome(filemill_run, path, step)


def test_the_worker_goes_on(tmp_path: Path, filemill_run: Runner) -> None:
    """After all of this the next document is done as ever."""
    path = text_pdf(tmp_path / "good.pdf", "text")
    assert [outcome(filemill_run, path, step) for step in STEPS] == [None] * len(STEPS)
