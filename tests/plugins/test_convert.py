"""`convert` over the plugins that are installed: paths, the same format, and what can't be had."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import docx
import pypdf
import pytest
import pyvips

from filemill.errors import ErrorCode, FilemillError
from filemill.testing.runner import Runner
from filemill.testing.samples import Samples, drawing

WORDS = "Sphinx of black quartz, judge my vow"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A Word document of two pages."""
    document = docx.Document()
    document.add_paragraph(WORDS)
    document.add_page_break()
    document.add_paragraph("The second page.")
    document.save(str(tmp_path / "letter.docx"))
    return tmp_path / "letter.docx"


def photo(path: Path, **settings: object) -> Path:
    """Write a picture that looks like a photo."""
    noise = pyvips.Image.gaussnoise(320, 240, mean=0, sigma=12, seed=7).bandjoin([drawing(320, 240)[0] * 0] * 2)
    (drawing(320, 240) + noise).cast("uchar").copy(interpretation="srgb").write_to_file(str(path), **settings)
    return path


def test_nobody_wrote_this_path(filemill_run: Runner, letter: Path) -> None:
    """A Word file becomes a WebP a page: LibreOffice, PDFium and libvips, and no page is encoded on the way."""
    made = filemill_run(letter, {"op": "convert", "format": "webp"})
    assert [output.name for output in made.outputs] == ["letter-1.webp", "letter-2.webp"]
    assert made.report[0]["path"] == ["docx", "pdf", "webp"]
    assert made.report[0]["engine"] == "libreoffice"
    pages = [pyvips.Image.new_from_file(output.path) for output in made.outputs]
    assert [page.get("vips-loader") for page in pages] == ["webpload"] * 2
    assert pages[0].height > pages[0].width
    assert pages[0].colourspace("b-w").min() < 64, "there is ink on it"


def test_a_conversion_is_a_step(filemill_run: Runner, letter: Path) -> None:
    """What is made of the result goes on from it: the first page of a Word file as a thumbnail."""
    steps = [
        {"op": "convert", "format": "pdf"},
        {"op": "extract-pages", "pages": "1"},
        {"op": "rasterize"},
        {"op": "resize", "width": 100, "format": "png"},
    ]
    (output,) = filemill_run(letter, *steps, in_worker=True).outputs
    assert (output.format, output.facts["width"]) == ("png", 100)


def test_a_changed_picture_becomes_a_document(filemill_run: Runner, tmp_path: Path) -> None:
    """After a resize the picture goes into the PDF as it then is."""
    made = filemill_run(photo(tmp_path / "a.jpg"), {"op": "resize", "width": 100}, {"op": "convert", "format": "pdf"})
    (output,) = made.outputs
    (image,) = pypdf.PdfReader(output.path).pages[0].images
    assert image.image is not None
    assert image.image.size == (100, 75)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.pdf", "a.txt"])
def test_the_same_format_is_never_larger(
    filemill_run: Runner, filemill_samples: Samples, tmp_path: Path, name: str
) -> None:
    """The second time, nothing can be gained any more: the bytes are those of the input."""
    if name == "a.pdf":
        path = filemill_samples.documents[0]
    elif name == "a.txt":
        path = filemill_samples.texts[0]
    else:
        path = photo(tmp_path / name, **({"Q": 97} if name == "a.jpg" else {}))
    step = {"op": "convert", "format": path.suffix[1:]}
    (once,) = filemill_run(path, step).outputs
    assert once.size <= path.stat().st_size
    (twice,) = filemill_run(Path(once.path), step).outputs
    assert twice.size <= once.size
    if name == "a.jpg":
        assert once.size < path.stat().st_size / 2
    if name == "a.png":
        before, after = (pyvips.Image.new_from_file(str(one)) for one in (path, once.path))
        assert (before - after).abs().max() == 0, "PNG is made smaller without a loss"


def test_settings_are_for_pictures(filemill_run: Runner, letter: Path) -> None:
    """A quality that nobody would look at is refused before anything is read."""
    with pytest.raises(FilemillError) as refused:
        filemill_run(letter, {"op": "convert", "format": {"type": "pdf", "quality": 50}})
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    with pytest.raises(FilemillError, match="are for pictures"):
        filemill_run(letter, {"op": "convert", "format": {"quality": 50}})


def test_what_can_not_be_had_is_named(filemill_run: Runner, filemill_samples: Samples) -> None:
    """A format nobody knows gets its nearest name; a pair without a path gets all that would be possible."""
    picture = filemill_samples.pictures[0]
    with pytest.raises(FilemillError, match="webp") as unknown:
        filemill_run(picture, {"op": "convert", "format": "webb"})
    assert [fault.pointer for fault in unknown.value.faults] == ["/steps/0/format"]
    with pytest.raises(FilemillError, match=r"It can become: .*webp") as impossible:
        filemill_run(picture, {"op": "convert", "format": "mp3"})
    assert impossible.value.code is ErrorCode.UNSUPPORTED_MEDIA


def test_the_chain_knows_what_a_conversion_gives(filemill_run: Runner, letter: Path) -> None:
    """A PDF is no picture: the chain is refused before anything is read."""
    with pytest.raises(FilemillError, match="takes Picture, but 'convert' before it gives Document"):
        filemill_run(letter, {"op": "convert", "format": "pdf"}, {"op": "resize", "width": 5})


def test_pictures_of_an_archive(filemill_run: Runner, tmp_path: Path) -> None:
    """Out of a ZIP, smaller, and into a new one."""
    with zipfile.ZipFile(tmp_path / "album.zip", "w") as archive:
        for name in ("one.jpg", "deep/two.png"):
            archive.write(photo(tmp_path / Path(name).name), name)
    steps = [{"op": "extract"}, {"op": "resize", "width": 32}, {"op": "create-archive", "format": "zip"}]
    (output,) = filemill_run(tmp_path / "album.zip", *steps, in_worker=True).outputs
    assert output.format == "zip"
    with zipfile.ZipFile(output.path) as archive:
        widths = {name: pyvips.Image.new_from_buffer(archive.read(name), "").width for name in archive.namelist()}
    assert len(widths) == 2
    assert set(widths.values()) == {32}


def test_damaged_files_of_every_kind(filemill_run: Runner, letter: Path, tmp_path: Path) -> None:
    """A file cut anywhere gives a result or a typed error, in a worker process that goes on."""
    chance = random.Random(6)
    data = letter.read_bytes()
    for number in range(3):
        path = tmp_path / f"cut-{number}.docx"
        path.write_bytes(data[: chance.randrange(100, len(data))])
        try:
            made = filemill_run(path, {"op": "convert", "format": "pdf"}, in_worker=True)
        except FilemillError as error:
            assert error.code in (ErrorCode.INVALID_FILE, ErrorCode.UNSUPPORTED_MEDIA), error.detail
        else:
            assert pypdf.PdfReader(io.BytesIO(Path(made.outputs[0].path).read_bytes())).pages
