"""`images-to-pdf` puts pictures on pages: sizes, places, and the bytes of JPEG files."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
import pyvips
from pikepdf import Name

from filemill import ErrorCode, FilemillError, Limits
from filemill.testing.runner import Runner
from pdf_samples import difference, ink_box, opened, page_pixels, photo

DPI_144 = 144 / 25.4
"""Pixels a millimetre."""


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A PNG of 400x200 dark pixels at 144 dpi: 200 x 100 points."""
    image = pyvips.Image.black(400, 200).linear(1, [40, 80, 120], uchar=True).copy(interpretation="srgb")
    image.copy(xres=DPI_144, yres=DPI_144).pngsave(str(tmp_path / "wide.png"))
    return tmp_path / "wide.png"


def scan_data(path: Path) -> bytes:
    """What of a JPEG is not metadata: from its first quantisation table on."""
    data = path.read_bytes()
    return data[data.index(b"\xff\xdb") :]


def boxes(path: str) -> list[tuple[float, float]]:
    """The size of each page."""
    document = opened(path)
    sizes = [document.size(number + 1) for number in range(document.pages)]
    return [(round(width, 1), round(height, 1)) for width, height in sizes]


@pytest.mark.parametrize(("step", "page", "box"), [
    ({}, (200, 100), (0, 0, 200, 100)),
    ({"margin": 36}, (272, 172), (36, 36, 200, 100)),
    ({"dpi": 72}, (400, 200), (0, 0, 400, 200)),
    ({"pageSize": "a4"}, (841.9, 595.3), (0, 88, 842, 420)),
    ({"pageSize": "a4", "orientation": "portrait"}, (595.3, 841.9), (0, 272, 595, 298)),
    ({"pageSize": "a4", "fit": "shrink"}, (841.9, 595.3), (321, 248, 200, 100)),
    ({"pageSize": "a5", "margin": 60, "fit": "cover"}, (595.3, 419.5), (60, 60, 475, 300)),
    ({"pageSize": "letter", "margin": 36, "orientation": "landscape"}, (792, 612), (36, 126, 720, 360)),
])  # fmt: skip
def test_page_and_place(
    step: dict[str, object],
    page: tuple[float, float],
    box: tuple[int, int, int, int],
    wide: Path,
    filemill_run: Runner,
) -> None:
    """The page has the size asked for, and the picture stands where its fit and margin say, in the middle."""
    path = filemill_run(wide, {"op": "images-to-pdf", **step}).outputs[0].path
    assert boxes(path) == [page]
    assert ink_box(page_pixels(path)) == pytest.approx(box, abs=2.5)


def test_jpeg_files_keep_their_bytes(tmp_path: Path, filemill_run: Runner) -> None:
    """What is between the tables and the end of a JPEG stands in the PDF as it was; its metadata does not."""
    path = tmp_path / "photo.jpg"
    photo(200, 150).jpegsave(str(path), Q=83)
    with_comment = path.read_bytes()
    path.write_bytes(with_comment[:2] + b"\xff\xe1\x00\x10Exif\0\0secret!!" + with_comment[2:])
    output = filemill_run(path, {"op": "images-to-pdf"}).outputs[0]
    with pikepdf.open(output.path) as pdf:
        stream = pdf.pages[0].obj.Resources.XObject.Im0
        assert isinstance(stream, pikepdf.Stream)
        assert stream.stream_dict.Filter == Name.DCTDecode
        kept = stream.read_raw_bytes()
    assert kept.endswith(scan_data(path))
    assert b"secret" not in kept
    assert boxes(output.path) == [(200, 150)]


def test_quality_encodes_anew(tmp_path: Path, filemill_run: Runner) -> None:
    """With `quality` a picture becomes a smaller JPEG that looks like it."""
    path = tmp_path / "photo.png"
    photo(300, 200).pngsave(str(path))
    lossless = filemill_run(path, {"op": "images-to-pdf", "dpi": 72}).outputs[0]
    small = filemill_run(path, {"op": "images-to-pdf", "dpi": 72, "quality": 70}).outputs[0]
    assert small.size < lossless.size / 4
    assert difference(page_pixels(lossless.path), photo(300, 200)) == 0
    assert 0 < difference(page_pixels(small.path), photo(300, 200)) < 5


@pytest.mark.parametrize("kind", ["turned", "cmyk", "grey", "profile", "16-bit"])
def test_other_pictures_look_right(kind: str, tmp_path: Path, filemill_run: Runner) -> None:
    """Turned by EXIF, in CMYK, grey, with a profile of its own, of 16 bits: shown as the picture is shown."""
    path = tmp_path / ("picture.png" if kind == "16-bit" else "picture.jpg")
    image = photo(120, 80).copy()
    if kind == "turned":
        image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    elif kind == "cmyk":
        image = image.icc_export(output_profile="cmyk")
    elif kind == "grey":
        image = image.colourspace("b-w")
    elif kind == "profile":
        image = image.icc_transform("p3")
    elif kind == "16-bit":
        image = image.colourspace("rgb16")
    image.write_to_file(str(path))
    output = filemill_run(path, {"op": "images-to-pdf", "dpi": 72}).outputs[0]
    shown = page_pixels(output.path)
    expected = pyvips.Image.new_from_file(str(path)).autorot()
    if kind in ("cmyk", "profile"):
        expected = expected.icc_transform("srgb")
    expected = expected.colourspace("srgb").cast("uchar")
    assert boxes(output.path) == [(80, 120) if kind == "turned" else (120, 80)]
    # Profiles can be followed in more than one way.
    assert difference(shown, expected) < (14 if kind in ("cmyk", "profile") else 3)
    if kind == "profile":  # PDFium shows device colours; readers that manage colours need the profile
        with pikepdf.open(output.path) as pdf:
            assert pdf.pages[0].obj.Resources.XObject.Im0.ColorSpace[0] == Name.ICCBased


def test_transparency_becomes_a_mask(tmp_path: Path, filemill_run: Runner) -> None:
    """Where a picture is transparent the page is white; an alpha that hides nothing leaves no mask."""
    image = photo(100, 100)
    half = pyvips.Image.black(50, 100).join((pyvips.Image.black(50, 100) + 255).cast("uchar"), "horizontal")
    for name, alpha in (("half", half), ("full", half * 0 + 255)):
        path = tmp_path / f"{name}.png"
        image.bandjoin(alpha.cast("uchar")).copy(interpretation="srgb").pngsave(str(path))
        output = filemill_run(path, {"op": "images-to-pdf", "dpi": 72}).outputs[0]
        with pikepdf.open(output.path) as pdf:
            assert ("/SMask" in pdf.pages[0].obj.Resources.XObject.Im0) == (name == "half")
        assert ink_box(page_pixels(output.path))[0] == pytest.approx(50 if name == "half" else 0, abs=1)


def test_many_pictures_and_frames_are_pages_in_order(tmp_path: Path, wide: Path, filemill_run: Runner) -> None:
    """One document of all files; a TIFF of three pages gives three."""
    frames = pyvips.Image.arrayjoin([photo(60, 40)] * 3, across=1).copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 40)
    frames.tiffsave(str(tmp_path / "frames.tif"))
    step = {"op": "images-to-pdf", "dpi": 72}
    outputs = filemill_run([wide, tmp_path / "frames.tif", wide], step).outputs
    assert len(outputs) == 1
    assert boxes(outputs[0].path) == [(400, 200), (60, 40), (60, 40), (60, 40), (400, 200)]
    with pytest.raises(FilemillError, match="5 pages; 4 are allowed"):
        filemill_run([wide, tmp_path / "frames.tif", wide], step, limits=Limits(max_frames=4))


def test_margins_that_leave_nothing(wide: Path, filemill_run: Runner) -> None:
    """They are the request's fault, at their pointer."""
    with pytest.raises(FilemillError) as caught:
        filemill_run(wide, {"op": "images-to-pdf", "pageSize": "a5", "margin": 210})
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert caught.value.faults[0].pointer.endswith("/margin")


def test_a_page_is_never_larger_than_readers_show(tmp_path: Path, filemill_run: Runner) -> None:
    """16000 pixels at 10 dpi would be 115,200 points: the page has 14,400."""
    (pyvips.Image.black(16000, 20) + 90).cast("uchar").pngsave(str(tmp_path / "long.png"))
    path = filemill_run(tmp_path / "long.png", {"op": "images-to-pdf", "dpi": 10, "margin": 20}).outputs[0].path
    assert boxes(path)[0][0] == 14400


def test_a_cut_jpeg_is_not_passed_on(tmp_path: Path, filemill_run: Runner) -> None:
    """A JPEG that ends early is refused as everywhere else, though it need not be decoded."""
    path = tmp_path / "cut.jpg"
    photo(300, 200).jpegsave(str(path))
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(FilemillError) as caught:
        filemill_run(path, {"op": "images-to-pdf"})
    assert caught.value.code is ErrorCode.INVALID_FILE


def test_pictures_come_back(wide: Path, filemill_run: Runner) -> None:
    """Onto a page and drawn again, it is the same picture."""
    steps = {"op": "images-to-pdf"}, {"op": "rasterize", "dpi": 144, "format": "png"}
    output = filemill_run(wide, *steps).outputs[0]
    before, after = (pyvips.Image.new_from_file(str(path))[:3] for path in (wide, output.path))
    assert difference(before, after) == 0


def test_the_same_each_time(wide: Path, filemill_run: Runner) -> None:
    """Two runs give the same bytes, and so does a worker."""
    step = {"op": "images-to-pdf", "pageSize": "a4"}
    digests = {filemill_run(wide, step, in_worker=there).outputs[0].sha256 for there in (False, False, True)}
    assert len(digests) == 1
