"""Pages of real documents look the same after they were split, taken out and put in another order."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from filemill import Limits
from filemill.task import Output
from filemill.testing.runner import Runner
from pdf_samples import opened

pytestmark = pytest.mark.corpus
DPI = 20
"""Enough to tell a lost letter, at a fiftieth of the pixels of 150."""
MOST_PAGES = 40
"""Pages looked at in each file, spread over it: all 1,200 of the corpus would take minutes and show the same programs'
output again."""
LIMITS = Limits(deadline_seconds=60, max_growth=1000)
FILES = [
    *(f"pdf/{name}.pdf" for name in (
        "acroform", "attachment", "bad-dests", "enc-r3-empty", "form", "geobase", "indirect-rotation",
        "libreoffice-form", "link", "nettle", "pdflatex-outline", "side-by-side", "tagged", "toc",
        "two-different-pages", "valgrind_manual", "walden",
    )),
    *(f"scans/{name}.pdf" for name in (
        "cardinal", "ccitt", "jbig2", "linn", "multipage_scan", "skew", "vicksburg_ocr",
    )),
]  # fmt: skip
PASSWORD = "asdfzxcv"


def sample(count: int) -> list[int]:
    """Some page numbers, the first and the last among them."""
    return sorted({1 + step * (count - 1) // (MOST_PAGES - 1) for step in range(MOST_PAGES)})


def pixels(path: str | Path, numbers: list[int], password: str | None = None) -> list[bytes]:
    """Draw pages."""
    document = opened(path, password)
    drawn = (document.render(number, DPI).settled for number in numbers)
    return [f"{one.width}x{one.height} ".encode() + bytes(one.write_to_memory()) for one in drawn]


def intact(output: Output) -> None:
    """Hold a file to the syntax of PDF; how far streams may unfold is the worker's limit, and no fault."""
    with pikepdf.open(output.path) as pdf:
        assert [said for said in pdf.check_pdf_syntax() if "memory limit" not in said and "data loss" not in said] == []


@pytest.mark.filterwarnings("ignore:pikepdf is missing some specialized decoders")
@pytest.mark.parametrize("name", FILES)
def test_pages_look_the_same(name: str, corpus: Path, filemill_run: Runner) -> None:
    """0 pages differ after split, extract, reorder and remove."""
    path = corpus / name
    count = opened(path).pages
    numbers = sample(count)
    wanted = pixels(path, numbers)
    turned = numbers[::-1]
    listed = ",".join(map(str, turned))

    parts = filemill_run(path, {"op": "split-pdf", "pages": listed}, limits=LIMITS).outputs
    assert [pixels(part.path, [1])[0] for part in parts] == wanted[::-1]
    for part in parts:
        intact(part)

    places = list(range(1, len(numbers) + 1))
    extracted = filemill_run(path, {"op": "extract-pages", "pages": listed}, limits=LIMITS).outputs[0]
    assert pixels(extracted.path, places) == wanted[::-1]
    intact(extracted)

    reordered = filemill_run(path, {"op": "reorder-pages", "pages": listed}, limits=LIMITS).outputs[0]
    assert opened(reordered.path).pages == count
    assert pixels(reordered.path, places) == wanted[::-1]

    if count > 1:
        left = filemill_run(path, {"op": "remove-pages", "pages": "1"}, limits=LIMITS).outputs[0]
        assert pixels(left.path, [number - 1 for number in numbers[1:]]) == wanted[1:]


@pytest.mark.parametrize("name", ["enc-r4-user", "enc-r6-user", "enc-r6-owner"])
def test_locked_documents(name: str, corpus: Path, filemill_run: Runner) -> None:
    """What its password opens is split like any other."""
    path = corpus / "pdf" / f"{name}.pdf"
    steps = {"op": "decrypt-pdf", "password": PASSWORD}, {"op": "split-pdf"}
    parts = filemill_run(path, *steps, limits=LIMITS).outputs
    numbers = list(range(1, len(parts) + 1))
    assert [pixels(part.path, [1])[0] for part in parts] == pixels(path, numbers, PASSWORD)


@pytest.mark.parametrize("name", ["pdf/nettle.pdf", "pdf/toc.pdf", "pdf/pdflatex-outline.pdf"])
def test_text_stays_on_its_page(name: str, corpus: Path, filemill_run: Runner) -> None:
    """A part has the text of its page, and the text of no other."""
    document = opened(corpus / name)
    numbers = sample(document.pages)
    step = {"op": "split-pdf", "pages": ",".join(map(str, numbers))}
    parts = filemill_run(corpus / name, step, limits=LIMITS).outputs
    assert [(opened(part.path).pages, opened(part.path).text(1)) for part in parts] == [
        (1, document.text(number)) for number in numbers
    ]
