"""Broken scans and bombs: a typed error or a result within the deadline, in a worker that goes on."""

from __future__ import annotations

import time
import zlib
from functools import cache
from pathlib import Path

import pikepdf
import pytest
import pyvips
from pikepdf import Array, Name, Stream

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from pdf_samples import draws, form, text_pdf

DEADLINE = 2.0
TYPED = {ErrorCode.INVALID_FILE, ErrorCode.DEADLINE_EXCEEDED, ErrorCode.UNSUPPORTED_MEDIA}
STEPS: list[dict[str, object]] = [{"op": "ocr"}, {"op": "searchable-pdf", "mode": "redo"}]
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step["op"]))


def outcome(run: Runner, path: Path, step: dict[str, object], deadline: float = DEADLINE) -> ErrorCode | None:
    """Run a step in a worker: None for a result, else the code; never later than the deadline, never anything else."""
    started = time.monotonic()
    limits = Limits(deadline_seconds=deadline, memory_bytes=512 << 20)
    try:
        run(path, step, limits=limits, in_worker=True)
    except FilemillError as error:
        assert error.code in TYPED, f"{error.code}: {error.detail}"
        assert str(path.parent) not in error.detail
        return error.code
    finally:
        assert time.monotonic() - started < deadline + 4
    return None


@cache
def deflated_three_times() -> bytes:
    """Return a gigabyte of zeros in a few thousand bytes."""
    once, zeros = zlib.compressobj(), bytes(1 << 20)
    gigabyte = b"".join(once.compress(zeros) for _ in range(1 << 10)) + once.flush()
    return zlib.compress(zlib.compress(gigabyte, 9), 9)


@each_step
def test_a_page_deflated_three_times(step: dict[str, object], tmp_path: Path, filemill_run: Runner) -> None:
    """A few thousand bytes that unfold to a gigabyte of content."""
    with pikepdf.new() as pdf:
        page = draws(pdf, "")
        content = Stream(pdf, deflated_three_times())
        content["/Filter"] = Array([Name.FlateDecode] * 3)
        page.obj.Contents = pdf.make_indirect(content)
        path = tmp_path / "bomb.pdf"
        pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    outcome(filemill_run, path, step)


@each_step
@pytest.mark.parametrize("shown", ["0 0 1 1 re f", "3 Tr BT /F1 9 Tf (hidden) Tj ET"])
def test_forms_in_forms(step: dict[str, object], shown: str, tmp_path: Path, filemill_run: Runner) -> None:
    """Ten levels of forms that each draw the next one ten times: 10^10 drawings."""
    path = tmp_path / "forms.pdf"
    with pikepdf.new() as pdf:
        inner = pdf.make_indirect(form(pdf, shown))
        for _ in range(10):
            inner = pdf.make_indirect(form(pdf, "/Fm Do " * 10, Fm=inner))
        draws(pdf, "/Fm Do", Fm=inner)
        pdf.save(path)
    outcome(filemill_run, path, step)


@each_step
def test_a_form_that_draws_itself(step: dict[str, object], tmp_path: Path, filemill_run: Runner) -> None:
    """A ring ends."""
    path = tmp_path / "ring.pdf"
    with pikepdf.new() as pdf:
        ring = pdf.make_indirect(form(pdf, "3 Tr BT (hidden) Tj ET /Fm Do /Fm Do"))
        ring.Resources.XObject.Fm = ring
        draws(pdf, "/Fm Do", Fm=ring)
        pdf.save(path)
    outcome(filemill_run, path, step)


@each_step
@pytest.mark.parametrize("size", [(2_000_000, 2_000_000), (0, 0), (-100, 5), (1e-9, 1e9), (3, 14_000)])
def test_pages_of_odd_sizes(
    step: dict[str, object], size: tuple[float, float], tmp_path: Path, filemill_run: Runner
) -> None:
    """A page of 700 metres, of nothing, the wrong way round: read within the limits or refused."""
    path = tmp_path / "size.pdf"
    with pikepdf.new() as pdf:
        page = draws(pdf, "0 0 100 100 re f")
        page.obj.MediaBox = Array([0, 0, *(pikepdf.Object.parse(f"{side:.9f}".encode()) for side in size)])
        pdf.save(path)
    outcome(filemill_run, path, step)


@each_step
@pytest.mark.parametrize("size", [(1, 1), (1, 16_000), (16_000, 2), (3, 3)])
def test_pictures_of_odd_sizes(
    step: dict[str, object], size: tuple[int, int], tmp_path: Path, filemill_run: Runner
) -> None:
    """A picture of hardly any pixels is no page; it is told so, or read as an empty one."""
    path = tmp_path / "size.png"
    pyvips.Image.black(*size).pngsave(str(path))
    assert outcome(filemill_run, path, step, 30) in (None, ErrorCode.INVALID_FILE)


@each_step
def test_pages_of_malformed_objects(step: dict[str, object], tmp_path: Path, filemill_run: Runner) -> None:
    """Resources, contents and operands of other types than the standard says."""
    for number, wrong in enumerate(
        (
            b"/Resources 5 /Contents [4 0 R 5 0 R null 7]",
            b"/Resources << /XObject 3 >> /Contents 4 0 R /Rotate (x)",
            b"/Resources << /XObject << /A 6 0 R /B null >> >> /Contents 4 0 R /Rotate 45",
        )
    ):
        path = tmp_path / f"wrong-{number}.pdf"
        path.write_bytes(
            b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
            b"2 0 obj << /Type /Pages /Count 1 /Kids [3 0 R] >> endobj\n"
            b"3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] " + wrong + b" >> endobj\n"
            b"4 0 obj << /Length 39 >> stream\nQ Q (x) Tr Tr /A Do 3 Do Do /B Do Tj [ ET\nendstream endobj\n"
            b"6 0 obj << /Subtype /Form /Resources [] /Length 17 >> stream\n3 Tr 4 Tr (x) Tj\nendstream endobj\n"
            b"trailer << /Root 1 0 R /Size 7 >>\n%%EOF\n"
        )
        assert outcome(filemill_run, path, step, 30) in (None, ErrorCode.INVALID_FILE)


@pytest.mark.corpus
@each_step
def test_the_corpus(step: dict[str, object], corpus: Path, filemill_run: Runner) -> None:
    """Broken files from the wild."""
    files = sorted((corpus / "broken").iterdir())
    assert files
    for path in files:
        outcome(filemill_run, path, step)


def test_the_worker_goes_on(tmp_path: Path, filemill_run: Runner) -> None:
    """After all of this the next document is done as ever."""
    path = text_pdf(tmp_path / "good.pdf", "text")
    assert [outcome(filemill_run, path, step, 30) for step in STEPS] == [None] * len(STEPS)
