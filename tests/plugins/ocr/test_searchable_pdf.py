"""The operation `searchable-pdf` with the real program."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
import pyvips

from filemill import Context, FilemillError, Limits
from filemill.formats import FormatTable
from filemill_ocr.searchable_pdf import Mode, SearchablePdf
from ocr_scans import TEXT, Do, Scans, opened

READ = " ".join(TEXT.split())


def looks_same(one: str | Path, other: str | Path, number: int = 1) -> bool:
    """Whether a page is drawn the same in two documents."""
    first, second = (opened(path).render(number, 100).image for path in (one, other))
    return (first.width, first.height) == (second.width, second.height) and (first - second).abs().max() == 0


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


def test_modes(do: Do, scans: Scans, tmp_path: Path) -> None:
    """`skip` leaves text alone, `redo` replaces invisible text, `force` replaces the page by its picture."""
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


def test_redo_keeps_visible_text(do: Do, tmp_path: Path) -> None:
    """A page with visible text stays as it is, whatever invisible text is taken out of it."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(300, 200))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
    hidden = "q 3 Tr BT /F 20 Tf 20 50 Td (Hidden) Tj ET Q"
    text = f"BT /F 20 Tf 20 100 Td (Visible) Tj ET {hidden} BT /F 9 Tf 20 20 Td (last) Tj ET".encode()
    page.obj.Contents = pdf.make_stream(text)
    path = tmp_path / "both.pdf"
    pdf.save(path)
    made = do(path, SearchablePdf(mode=Mode.REDO))
    assert opened(made.outputs[0].path).text(1).split() in (["Visible", "last"], ["last", "Visible"])
    assert looks_same(path, made.outputs[0].path)


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
