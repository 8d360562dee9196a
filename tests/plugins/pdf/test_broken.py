"""Broken documents: refused, or done with all that they hold; a defect of our own is told as one."""

from __future__ import annotations

import zlib
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Name

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from filemill_pdf import watermarks
from pdf_bombs import NOTE, gibibyte, packed
from pdf_outcomes import CHANGED, CUT, LATE, REFUSED, RESULT, SHORT, SHOWN, Step, outcome
from pdf_samples import draws, text_pdf

each_step = pytest.mark.parametrize("step", [*SHOWN, *CHANGED], ids=lambda step: str(step["op"]))
each_change = pytest.mark.parametrize("step", CHANGED, ids=lambda step: str(step["op"]))


@each_step
def test_a_count_that_is_not_true(step: Step, tmp_path: Path, filemill_run: Runner) -> None:
    """A document that says it has 5,000 pages, and has one, has one."""
    path = tmp_path / "count.pdf"
    with pikepdf.open(text_pdf(path, "text"), allow_overwriting_input=True) as pdf:
        pdf.Root.Pages.Count = 5000
        pdf.save(path)
    assert outcome(filemill_run, path, step) is RESULT


@each_step
@pytest.mark.parametrize("size", [(0, 0), (-100, 5), (1e-9, 1e9)])
def test_pages_of_odd_sizes(step: Step, size: tuple[float, float], tmp_path: Path, filemill_run: Runner) -> None:
    """A page of nothing, the wrong way round, a hair thin: done as well as it can be."""
    path = tmp_path / "size.pdf"
    with pikepdf.new() as pdf:
        page = draws(pdf, "BT /F1 20 Tf 40 300 Td (text) Tj ET")
        page.obj.MediaBox = Array([0, 0, *(pikepdf.Object.parse(f"{side:.9f}".encode()) for side in size)])
        pdf.save(path)
    assert outcome(filemill_run, path, step) is RESULT


@each_step
@pytest.mark.parametrize("kind", ["empty", "header", "no-pages", "cut"])
def test_hardly_documents(kind: str, step: Step, tmp_path: Path, filemill_run: Runner) -> None:
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
        }[kind]
    )
    assert outcome(filemill_run, path, step) is REFUSED


@each_step
def test_a_document_that_only_pypdf_opens(step: Step, tmp_path: Path, filemill_run: Runner) -> None:
    """Neither qpdf nor PDFium finds a catalog that the trailer does not name; written anew, all can read it."""
    path = text_pdf(tmp_path / "rootless.pdf", "text")
    path.write_bytes(path.read_bytes().replace(b"/Root", b"/Rood"))
    assert outcome(filemill_run, path, step) is RESULT


@pytest.mark.corpus
@each_step
def test_the_corpus(step: Step, corpus: Path, filemill_run: Runner) -> None:
    """Broken files from the wild give a result; how long one takes to draw depends on the machine."""
    files = sorted((corpus / "broken").glob("*.pdf"))
    assert files
    for path in files:
        if path.name == "hugemono.pdf" and step["op"] == "rasterize":
            assert outcome(filemill_run, path, step, SHORT) in {RESULT, LATE}
        else:
            assert outcome(filemill_run, path, step) is RESULT


PACKED = {
    "too large": (gibibyte(b"4 0 " + NOTE), b"/N 1 /First 4 /Filter /FlateDecode"),
    "broken": (zlib.compress(b"4 0 " + NOTE)[:20] + b"?" * 20, b"/N 1 /First 4 /Filter /FlateDecode"),
    "cut": (zlib.compress(b"4 0 " + NOTE)[:20], b"/N 1 /First 4 /Filter /FlateDecode"),
    "unknown filter": (b"4 0 " + NOTE, b"/N 1 /First 4 /Filter /NoDecode"),
    "too many": (b"4 0 " + NOTE, b"/N 5 /First 4"),
    "elsewhere": (b"4 0 " + NOTE, b"/N 1 /First 4000"),
}
"""Streams of objects out of which a note can't be had."""


@each_change
@pytest.mark.parametrize("kind", PACKED)
def test_a_result_misses_nothing(kind: str, step: Step, tmp_path: Path, filemill_run: Runner) -> None:
    """Qpdf takes an object that it can't read for null, warns, and goes on: here it is the file's fault."""
    path = tmp_path / "packed.pdf"
    packed(path, 4, *PACKED[kind])
    assert outcome(filemill_run, path, step) is REFUSED


@each_change
def test_a_result_misses_nothing_when_memory_runs_out(step: Step, tmp_path: Path, filemill_run: Runner) -> None:
    """A stream of objects that is within its own limit, under a limit of memory that it is not within."""
    path = tmp_path / "packed.pdf"
    packed(path, 4, zlib.compress(b"4 0 " + NOTE + bytes(100 << 20)))
    files = [path, path] if step["op"] == "merge-pdf" else path
    with pytest.raises(FilemillError) as caught:
        filemill_run(files, step, limits=Limits(memory_bytes=64 << 20), in_worker=True)
    assert caught.value.code is ErrorCode.INVALID_FILE
    filemill_run(files, step, limits=Limits(), in_worker=True)


@pytest.mark.parametrize(("first", "code"), [(4, RESULT), (4000, REFUSED)])
def test_pypdf_misses_nothing_either(first: int, code: ErrorCode | None, tmp_path: Path, filemill_run: Runner) -> None:
    """What pypdf warns of where it writes a document anew without an object is refused as well."""
    path = tmp_path / "packed.pdf"
    packed(path, 4, b"4 0 " + NOTE, b"/N 1 /First %d" % first, root=b"/Rood")
    assert outcome(filemill_run, path, {"op": "rotate-pages", "angle": 90}) is code


def test_what_pypdf_can_not_read_is_told(tmp_path: Path, filemill_run: Runner) -> None:
    """`pdf-info` says `damaged` where an object that it reads is missing."""
    path = tmp_path / "packed.pdf"
    for first, damaged in ((4, False), (4000, True)):
        packed(path, 4, b"4 0 " + NOTE, b"/N 1 /First %d" % first)
        path.write_bytes(path.read_bytes().replace(b"/Resources << >>", b"/Resources 4 0 R"))
        assert ("damaged" in Path(filemill_run(path, {"op": "pdf-info"}).outputs[0].path).read_text()) is damaged


@each_change
def test_a_stream_that_is_broken_stays_as_it_is(step: Step, tmp_path: Path, filemill_run: Runner) -> None:
    """What a page draws is written as it stands in the file where it can't be decoded: nothing is missing.

    Only where pages are cut out is it refused: it can't be told what belongs to them.
    """
    path = tmp_path / "stream.pdf"
    with pikepdf.new() as pdf:
        page = draws(pdf, "")
        page.obj.Contents = pdf.make_stream(b"broken", Filter=Array([Name.ASCIIHexDecode, Name.FlateDecode]))
        pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    if step["op"] in CUT:
        with pytest.raises(FilemillError, match="what belongs to the page") as refused:
            filemill_run(path, step)
        assert refused.value.code is REFUSED
        return
    files = [path, path] if step["op"] == "merge-pdf" else path
    made = Path(filemill_run(files, step).outputs[0].path)
    if step["op"] == "encrypt-pdf":
        made = Path(filemill_run(made, {"op": "decrypt-pdf", "password": "x"}).outputs[0].path)
    with pikepdf.open(made) as pdf:
        assert b"broken" in [item.read_raw_bytes() for item in pdf.objects if isinstance(item, pikepdf.Stream)]


def test_malformed_objects_are_the_files_fault(tmp_path: Path, filemill_run: Runner) -> None:
    """An object of another type than the standard says: told in the words of the library, not as a defect."""
    path = tmp_path / "malformed.pdf"
    with pikepdf.open(text_pdf(path, "text"), allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.MediaBox = Array([0, 0, Name.Wide, 200])
        pdf.pages[0].obj.Rotate = 45
        pdf.save(path)
    with pytest.raises(FilemillError) as caught:
        filemill_run(path, {"op": "watermark-pdf", "text": "x"})
    assert caught.value.code is ErrorCode.INVALID_FILE


@pytest.mark.parametrize("defect", ["a name that is not there", "a call that does not fit"])
def test_a_defect_is_not_the_files_fault(
    defect: str, tmp_path: Path, filemill_run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong in our own code comes through, so that the server logs it and answers `INTERNAL_ERROR`."""
    path = text_pdf(tmp_path / "good.pdf", "text")
    if defect == "a name that is not there":
        monkeypatch.setattr(watermarks, "math", object())
    else:
        monkeypatch.setattr(watermarks, "_numbers", lambda: "")
    with pytest.raises((AttributeError, TypeError), match=r"radians|argument"):
        filemill_run(path, {"op": "watermark-pdf", "text": "x"})
