"""OCR in pipelines with the operations of other plugins."""

from __future__ import annotations

from filemill.testing.runner import Runner
from ocr_scans import Scans


def text(outputs: object) -> list[str]:
    """Return what was read, line ends as spaces."""
    assert isinstance(outputs, list)
    return [" ".join(str(output.facts["text"]).split()) for output in outputs]


def test_pictures_to_pdf_to_text(scans: Scans, filemill_run: Runner) -> None:
    """`images-to-pdf` → `ocr`: pages in the order of the pictures."""
    files = [scans.png(f"{word}.png", text=f"Page {word} of two") for word in ("one", "two")]
    made = filemill_run(files, {"op": "images-to-pdf"}, {"op": "ocr"})
    assert text(made.outputs) == ["Page one of two Page two of two"]
    assert [page["source"] for page in made.outputs[0].facts["pages"]] == ["ocr", "ocr"]


def test_pages_to_pictures_to_text(scans: Scans, filemill_run: Runner) -> None:
    """`rasterize` → `resize` → `ocr`: each page a text of its own."""
    path = scans.pdf(scans.image("First words"), scans.image("Second words"))
    made = filemill_run(path, {"op": "rasterize", "dpi": 300}, {"op": "resize", "width": 700}, {"op": "ocr"})
    assert text(made.outputs) == ["First words", "Second words"]


def test_split_to_searchable(scans: Scans, filemill_run: Runner) -> None:
    """`split-pdf` → `searchable-pdf` → `ocr`: the last step reads the layer of the one before."""
    path = scans.pdf(scans.image("First words"), scans.image("Second words"))
    made = filemill_run(path, {"op": "split-pdf"}, {"op": "searchable-pdf"}, {"op": "ocr"})
    assert text(made.outputs) == ["First words", "Second words"]
    assert [output.facts["pages"][0]["source"] for output in made.outputs] == ["layer", "layer"]
