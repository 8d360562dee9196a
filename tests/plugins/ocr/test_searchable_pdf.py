"""The operation `searchable-pdf` with the real program."""

from __future__ import annotations

import shutil
from pathlib import Path

import pikepdf
import pytest
import pyvips

from filemill import Context, ErrorCode, FilemillError, Limits
from filemill.formats import FormatTable
from filemill_ocr.searchable_pdf import Mode, SearchablePdf
from ocr_scans import TEXT, Do, Scans, opened

READ = " ".join(TEXT.split())


def looks_same(one: str | Path, other: str | Path, number: int = 1) -> bool:
    """Whether a page is drawn the same in two documents."""
    first, second = (opened(path).render(number, 100).image for path in (one, other))
    return (first.width, first.height) == (second.width, second.height) and (first - second).abs().max() == 0


def looks_alike(one: str | Path, other: str | Path) -> bool:
    """Whether a first page is drawn nearly the same: its letters as a picture are smoothed anew."""
    first, second = (opened(path).render(1, 100).image for path in (one, other))
    return (first.width, first.height) == (second.width, second.height) and (first - second).abs().avg() < 1


@pytest.mark.parametrize(
    ("turn", "lean", "rotate", "origin"),
    [(0, 0, 0, 0), (180, 0, 0, 0), (90, 0, 0, 50), (0, 0, 90, 0), (270, 0, 270, -30), (0, 7, 0, 0), (0, -6, 180, 10)],
)
def test_scan(do: Do, scans: Scans, turn: int, lean: float, rotate: int, origin: float) -> None:
    """The text lies under its letters however the page lies, and the page looks as before."""
    image = scans.image(turn=turn, lean=lean)
    path = scans.pdf(image, rotate=rotate, origin=origin)
    (output,) = do(path, SearchablePdf()).outputs
    assert looks_same(path, output.path)
    after = opened(output.path)
    assert after.size(1) == opened(path).size(1)
    # PDFium sorts the words of leaning lines in its own way.
    assert sorted(after.text(1).split()) == sorted(READ.split())
    page = after.render(1, 72, grey=True).image
    words = after.words(1)
    middles = [((word.left + word.right) / 2, (word.top + word.bottom) / 2) for word in words]
    inked = 0
    for x, y in middles:
        around = page.crop(max(0, int(x) - 4), max(0, int(y) - 4), 8, 8)
        inked += around.min() < 160
    assert inked > 0.9 * len(words)


def test_picture(do: Do, scans: Scans, tmp_path: Path) -> None:
    """A JPEG becomes a page of its natural size that holds the JPEG itself, turned as EXIF says."""
    upright = scans.image().copy()
    stored = upright.rot("d270").copy()
    stored.set_type(pyvips.GValue.gint_type, "orientation", 6)
    path = tmp_path / "scan.jpg"
    stored.jpegsave(str(path), Q=90)
    (output,) = do(path, SearchablePdf()).outputs
    assert output.name == "scan.pdf"
    document = opened(output.path)
    width, height = document.size(1)
    assert (width, height) == pytest.approx((upright.width * 0.36, upright.height * 0.36), abs=0.1)
    assert " ".join(document.text(1).split()) == READ
    with pikepdf.open(output.path) as pdf:
        assert pdf.pages[0].Resources.XObject.Scan.read_raw_bytes() == path.read_bytes()


@pytest.mark.parametrize("colour", [False, True])
def test_lossless(do: Do, scans: Scans, tmp_path: Path, colour: bool) -> None:
    """Any other picture keeps every pixel."""
    image = scans.image().copy_memory()
    image = image.bandjoin([image, image.linear(0.8, 20).cast("uchar")]) if colour else image > 128
    path = tmp_path / "scan.png"
    image.copy(interpretation="srgb" if colour else "b-w", xres=200 / 25.4, yres=200 / 25.4).pngsave(str(path))
    (output,) = do(path, SearchablePdf()).outputs
    drawn = opened(output.path).draw(1, image.width, image.height).image
    wanted = image if colour else image.bandjoin([image, image])
    assert (drawn - wanted).abs().max() <= 1


def test_modes(do: Do, scans: Scans) -> None:
    """`skip` leaves text alone; `redo` and `force` put new text in the place of invisible text."""
    path = scans.pdf(scans.image(), scans.image("Second page"))
    (first,) = do(path, SearchablePdf()).outputs
    skipped, redone, forced = (do(Path(first.path), SearchablePdf(mode=mode)) for mode in Mode)
    assert skipped.outputs[0].sha256 == first.sha256
    assert skipped.report[0]["skipped"] == 2
    for made in (redone, forced):
        assert made.report[0]["layered"] == 2
        document = opened(made.outputs[0].path)
        assert " ".join(document.text(1).split()) == READ
        assert document.text(2).split() == ["Second", "page"]
        assert looks_same(first.path, made.outputs[0].path)


def pictures(page: pikepdf.Page) -> dict[str, bytes]:
    """Return the pictures of a page as they are stored."""
    drawn = page.Resources.XObject.items()
    return {name: item.read_raw_bytes() for name, item in drawn if item.Subtype == pikepdf.Name.Image}


@pytest.mark.parametrize("coding", ["/DCTDecode", "/LZWDecode", "/ASCIIHexDecode"])
def test_the_picture_is_the_same_bytes(do: Do, scans: Scans, coding: str) -> None:
    """In every mode the picture on a scan stays as it is stored, and the page keeps its boxes."""
    image = scans.image("Four words of text")
    path = scans.pdf(image, origin=20)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        stored = {
            "/DCTDecode": bytes(image.jpegsave_buffer(Q=80)),
            "/LZWDecode": bytes.fromhex("800B6050220C0C8501"),
            "/ASCIIHexDecode": bytes(image.write_to_memory()).hex().encode() + b">",
        }[coding]
        shown = page.Resources.XObject.Im
        if coding == "/LZWDecode":  # a tiny one beside the scan: nothing here writes LZW
            shown = page.Resources.XObject.Second = pdf.make_stream(b"")
            for key, value in page.Resources.XObject.Im.items():
                if key != "/Length":
                    shown[key] = value
            shown.Width, shown.Height = 3, 3
            page.contents_add(b"q 0 0 0 0 0 0 cm /Second Do Q")
        shown.write(stored, filter=pikepdf.Name(coding))
        page.cropbox = [25, 25, page.mediabox[2], page.mediabox[3]]
        pdf.save(path, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    (first,) = do(path, SearchablePdf()).outputs
    again = [do(Path(first.path), SearchablePdf(mode=mode)).outputs[0] for mode in Mode]
    with pikepdf.open(path) as before:
        for made in (first, *again):
            with pikepdf.open(made.path) as after:
                one, other = before.pages[0], after.pages[0]
                assert list(one.mediabox) == list(other.mediabox)
                assert list(one.cropbox) == list(other.cropbox)
                assert pictures(one) == pictures(other)
                assert stored in pictures(other).values()


def page_of(pdf: pikepdf.Pdf, content: str) -> None:
    """Add a page with a font and a content."""
    page = pdf.add_blank_page(page_size=(300, 200))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
    page.obj.Contents = pdf.make_stream(content.encode())


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A page with visible and invisible text."""
    with pikepdf.new() as pdf:
        page_of(pdf, "BT /F 20 Tf 20 100 Td (Visible) Tj ET q 3 Tr BT /F 20 Tf 20 50 Td (Hidden) Tj ET Q")
        pdf.save(path := tmp_path / "mixed.pdf")
    return path


@pytest.mark.parametrize("mode", [Mode.SKIP, Mode.REDO])
def test_visible_text_is_left_alone(do: Do, mixed: Path, mode: Mode) -> None:
    """A page with visible text is not touched: what is hidden on it may be the text of its picture."""
    made = do(mixed, SearchablePdf(mode=mode))
    assert made.report[0]["skipped"] == 1
    assert Path(made.outputs[0].path).read_bytes() == mixed.read_bytes()


def test_force_replaces_visible_text(do: Do, mixed: Path) -> None:
    """Forced, such a page becomes its picture with the text that is read on it, and looks the same."""
    (output,) = do(mixed, SearchablePdf(mode=Mode.FORCE)).outputs
    assert opened(output.path).text(1).split() == ["Visible"]
    assert looks_alike(mixed, output.path)
    with pikepdf.open(output.path) as pdf:
        assert "/Font" not in pdf.pages[0].Resources


def test_redo_of_forms(do: Do, scans: Scans, tmp_path: Path) -> None:
    """Invisible text goes from forms as well, also from forms inside of them; what they show stays."""
    path = scans.pdf(scans.image("Seen by all"))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page = pdf.pages[0]
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        inner, outer = (
            pdf.make_stream(content, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 200, 200])
            for content in (b"BT /F 20 Tf 9 9 Td (Wrong) Tj ET 1 0 0 rg 0 0 5 5 re f", b"3 Tr /In Do /In Do")
        )
        inner.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        outer.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(In=inner))
        page.Resources.XObject.Fm = outer
        page.contents_add(b"q /Fm Do Q", prepend=True)
        pdf.save(path)
    assert "Wrong" in opened(path).text(1)
    (output,) = do(path, SearchablePdf(mode=Mode.REDO)).outputs
    assert opened(output.path).text(1).split() == ["Seen", "by", "all"]
    assert looks_same(path, output.path)


def test_a_page_that_fails_keeps_its_text(
    do: Do, scans: Scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a page can't be read anew in its time, the text of the earlier OCR stays."""
    (first,) = do(scans.pdf(scans.image("One"), scans.image("Two")), SearchablePdf()).outputs
    slow = tmp_path / "tesseract"
    slow.write_text(
        f'#!/bin/sh\ncase "$1" in *sheet-2-*) exec sleep 30;; esac\nexec {shutil.which("tesseract")} "$@"\n'
    )
    slow.chmod(0o755)
    monkeypatch.setattr("pytesseract.pytesseract.tesseract_cmd", str(slow))
    made = do(Path(first.path), SearchablePdf(mode=Mode.REDO, page_seconds=3))
    assert made.report[0] | {"layered": 1, "failed": [2], "skipped": 0} == made.report[0]
    document = opened(made.outputs[0].path)
    assert [document.text(number).strip() for number in (1, 2)] == ["One", "Two"]


def test_growth(do: Do, tmp_path: Path) -> None:
    """Pages that become pictures may not make a document larger without bound."""
    noise = pyvips.Image.gaussnoise(900, 900, sigma=90, mean=128).cast("uchar").jpegsave_buffer(Q=10)
    with pikepdf.new() as pdf:
        for _ in range(2):
            page_of(pdf, "q 300 0 0 200 0 0 cm /Im Do Q BT /F 20 Tf 20 100 Td (Visible) Tj ET")
        shared = pdf.make_stream(noise, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image)
        shared.Width = shared.Height = 900
        shared.ColorSpace, shared.BitsPerComponent = pikepdf.Name.DeviceGray, 8
        shared.write(bytes(noise), filter=pikepdf.Name.DCTDecode)
        for page in pdf.pages:
            page.Resources.XObject = pikepdf.Dictionary(Im=shared)
        pdf.save(path := tmp_path / "noise.pdf")
    forced = SearchablePdf(mode=Mode.FORCE)
    assert do(path, forced, limits=Limits(deadline_seconds=60)).outputs
    with pytest.raises(FilemillError, match="times its size") as refused:
        do(path, forced, limits=Limits(deadline_seconds=60, max_growth=1))
    assert refused.value.code is ErrorCode.INVALID_FILE


def test_repeats(do: Do, scans: Scans) -> None:
    """The same scan gives the same bytes."""
    path = scans.pdf(scans.image("One"), scans.image("Two"))
    first, second = (do(path, SearchablePdf()).outputs[0].sha256 for _ in range(2))
    assert first == second


def test_restrictions(do: Do, scans: Scans, tmp_path: Path) -> None:
    """An encrypted scan that opens without password is read; where restrictions are honoured, it is refused."""
    path = tmp_path / "locked.pdf"
    with pikepdf.open(scans.pdf(scans.image("Owner only"))) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(owner="secret", user=""))
    (output,) = do(path, SearchablePdf()).outputs
    assert opened(output.path).text(1).split() == ["Owner", "only"]
    surroundings = Context(limits=Limits(honour_restrictions=True), folder=tmp_path, formats=FormatTable([]))
    with pytest.raises(FilemillError, match="forbids changes"):
        SearchablePdf().run(opened(path), surroundings)
