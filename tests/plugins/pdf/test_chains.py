"""Documents and pictures in one pipeline."""

from __future__ import annotations

from pathlib import Path

import pyvips

from filemill.testing.runner import Runner
from filemill.testing.samples import drawing
from pdf_samples import opened, text_pdf


def test_pages_become_pictures_of_a_size(tmp_path: Path, filemill_run: Runner) -> None:
    """`rasterize`, `resize`, `convert`: a WebP of each page."""
    path = text_pdf(tmp_path / "two.pdf", "one", "two")
    steps = [{"op": "rasterize"}, {"op": "resize", "width": 200}, {"op": "convert", "format": "webp"}]
    made = filemill_run(path, *steps)
    assert [output.name for output in made.outputs] == ["two-1.webp", "two-2.webp"]
    for output in made.outputs:
        assert pyvips.Image.new_from_file(output.path).width == 200
    assert [entry["op"] for entry in made.report] == ["rasterize", "resize", "convert", "encode"]


def test_parts_become_pictures(tmp_path: Path, filemill_run: Runner) -> None:
    """`split-pdf`, `rasterize`: the pictures are named for the pages."""
    path = text_pdf(tmp_path / "three.pdf", "one", "two", "three")
    made = filemill_run(path, {"op": "split-pdf", "pages": "3,1"}, {"op": "rasterize", "dpi": 72})
    assert [Path(output.name).stem for output in made.outputs] == ["page-0003-1", "page-0001-1"]


def test_parts_keep_their_names(tmp_path: Path, filemill_run: Runner) -> None:
    """FG-43: the names that the operation gave, and not numbers of the results."""
    path = text_pdf(tmp_path / "three.pdf", "one", "two", "three")
    made = filemill_run(path, {"op": "split-pdf", "pages": "3,1"})
    assert [output.name for output in made.outputs] == ["page-0003.pdf", "page-0001.pdf"]
    both = filemill_run([path, path], {"op": "split-pdf", "pages": "2"})
    assert [output.name for output in both.outputs] == ["page-0002-1.pdf", "page-0002-2.pdf"]


def test_pictures_become_a_document_that_is_changed(tmp_path: Path, filemill_run: Runner) -> None:
    """Picture, document, document: the second operation opens what the first one wrote."""
    picture = tmp_path / "picture.png"
    drawing(300, 200).write_to_file(str(picture))
    made = filemill_run([picture, picture], {"op": "images-to-pdf"}, {"op": "rotate-pages", "angle": 90, "pages": "2"})
    document = opened(made.outputs[0].path)
    assert [document.rotation(number) for number in (1, 2)] == [0, 90]
    assert "unchanged" not in made.report[-1]


def test_what_is_not_changed_is_said(tmp_path: Path, filemill_run: Runner) -> None:
    """Only a document that is the very file given is `unchanged`: one that was written is not."""
    path = text_pdf(tmp_path / "one.pdf", "one")
    assert "unchanged" not in filemill_run(path, {"op": "rotate-pages", "angle": 90}).report[-1]
