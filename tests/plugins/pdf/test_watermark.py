"""`watermark-pdf` marks pages where it is told to and leaves what is on them."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
import pyvips
from pikepdf import Array

from filemill import ErrorCode, FilemillError
from filemill.testing.runner import Runner
from pdf_samples import difference, ink_box, opened, page_pixels, text_pdf

RED = [220, 30, 40]


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    """Two pages of 400 x 600 points without anything."""
    return text_pdf(tmp_path / "blank.pdf", "", "", size=(400, 600))


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A red picture twice as wide as high."""
    image = (pyvips.Image.black(200, 100, bands=3) + RED).cast("uchar").copy(interpretation="srgb")
    image.pngsave(str(tmp_path / "logo.png"))
    return tmp_path / "logo.png"


def mark(**parameters: object) -> dict[str, object]:
    """A step with the logo, opaque."""
    return {"op": "watermark-pdf", "image": {"assetId": "logo"}, "opacity": 1, **parameters}


@pytest.mark.parametrize(("place", "left", "top"), [
    ("top-left", 20, 20), ("top", 150, 20), ("top-right", 280, 20),
    ("left", 20, 275), ("center", 150, 275), ("right", 280, 275),
    ("bottom-left", 20, 530), ("bottom", 150, 530), ("bottom-right", 280, 530),
])  # fmt: skip
@pytest.mark.parametrize("origin", [0, -100])
@pytest.mark.parametrize("rotate", [0, 180])
def test_the_nine_places(
    place: str, left: int, top: int, origin: int, rotate: int, blank: Path, logo: Path, filemill_run: Runner
) -> None:
    """A quarter of the page's width, its margin from the edges as the page is shown, wherever its origin is."""
    with pikepdf.open(blank, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.MediaBox = Array([origin, origin, origin + 400, origin + 600])
        pdf.pages[0].obj.Rotate = rotate
        pdf.save(blank)
    made = filemill_run(blank, mark(position=place, size=0.25, margin=20), sources=logo)
    assert ink_box(page_pixels(made.outputs[0].path)) == pytest.approx((left, top, 100, 50), abs=1.5)


@pytest.mark.parametrize("rotate", [90, 270, -90])
def test_it_stands_upright_on_a_turned_page(rotate: int, blank: Path, logo: Path, filemill_run: Runner) -> None:
    """On a page that is shown across, it lies as wide as it is, in the corner that is shown."""
    with pikepdf.open(blank, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.Rotate = rotate
        pdf.save(blank)
    made = filemill_run(blank, mark(position="top-left", size=0.5, margin=10), sources=logo)
    assert ink_box(page_pixels(made.outputs[0].path)) == pytest.approx((10, 10, 300, 150), abs=1.5)


def test_turned_by_degrees_it_stays_on_the_page(blank: Path, logo: Path, filemill_run: Runner) -> None:
    """A quarter turn stands twice as high as wide; larger than the room it has, it is made to fit."""
    made = filemill_run(blank, mark(rotate=90, size=0.5, margin=0), sources=logo)
    assert ink_box(page_pixels(made.outputs[0].path)) == pytest.approx((150, 200, 100, 200), abs=1.5)
    made = filemill_run(blank, mark(rotate=45, size=1, margin=0), sources=logo)
    left, _, width, _ = ink_box(page_pixels(made.outputs[0].path))
    assert (left, width) == pytest.approx((0, 400), abs=4)


def test_pages_opacity_and_colour(blank: Path, logo: Path, filemill_run: Runner) -> None:
    """Only the pages asked for are marked; half of an opacity is half of the way to white."""
    path = filemill_run(blank, mark(pages="2", opacity=0.5), sources=logo).outputs[0].path
    assert difference(page_pixels(path, 1), page_pixels(blank, 1)) == 0
    assert page_pixels(path, 2)(200, 300) == pytest.approx([(255 + value) / 2 for value in RED], abs=2)


def test_a_text(blank: Path, filemill_run: Runner) -> None:
    """Its letters are drawn in their colour, as wide as asked, and turn clockwise."""
    step = {"op": "watermark-pdf", "text": "DRAFT <&>", "colour": "#0000ff", "opacity": 1, "size": 0.5}
    path = filemill_run(blank, step).outputs[0].path
    image = page_pixels(path)
    left, top, width, height = ink_box(image)
    assert (left, width) == pytest.approx((100, 200), abs=4)
    assert abs(top + height / 2 - 300) < 4
    assert image[0].min() < 40
    assert image[2].min() > 250
    rising = ink_box(page_pixels(filemill_run(blank, step | {"rotate": -45}).outputs[0].path))
    assert rising[3] > 2 * height


def test_the_direction_of_a_turn(blank: Path, tmp_path: Path, filemill_run: Runner) -> None:
    """Turned by 90 degrees clockwise, the left edge of the picture is on top."""
    half = pyvips.Image.black(100, 100, bands=3).join(
        (pyvips.Image.black(100, 100, bands=3) + RED).cast("uchar"), "horizontal"
    )
    half.copy(interpretation="srgb").pngsave(str(tmp_path / "half.png"))
    made = filemill_run(blank, mark(rotate=90, size=0.5, margin=0), sources=tmp_path / "half.png")
    image = page_pixels(made.outputs[0].path)
    assert image(200, 250) == pytest.approx([0, 0, 0], abs=2)
    assert image(200, 350) == pytest.approx(RED, abs=2)


def test_under_and_over(tmp_path: Path, logo: Path, filemill_run: Runner) -> None:
    """`over` covers what a page shows; `under` lets it be seen. Both leave its text text."""
    path = text_pdf(tmp_path / "text.pdf", "", size=(400, 600))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        # A content that leaves its state changed, over two streams.
        pdf.pages[0].obj.Contents = Array(
            [
                pdf.make_stream(b"q 0 1 0 rg 150 250 100 100 re f 3 0 0 3 0 0 cm"),
                pdf.make_stream(b"BT /F1 9 Tf 10 10 Td (still text) Tj ET"),
            ]
        )
        pdf.save(path)
    shown = {}
    for layer in ("over", "under"):
        made = filemill_run(path, mark(layer=layer, size=0.5), sources=logo).outputs[0].path
        assert opened(made).text(1).strip() == "still text"
        shown[layer] = page_pixels(made)
        assert shown[layer](110, 300) == pytest.approx(RED, abs=2)
    assert shown["over"](200, 300) == pytest.approx(RED, abs=2)
    assert shown["under"](200, 300) == pytest.approx([0, 255, 0], abs=2)


def test_shared_and_odd_resources_stay(blank: Path, logo: Path, filemill_run: Runner) -> None:
    """Pages that share resources are marked apart; names in any encoding stay; a second mark takes another name."""
    with pikepdf.open(blank, allow_overwriting_input=True) as pdf:
        shared = pdf.make_indirect(pikepdf.Object.parse(b"<< /Font << /F#e4 null >> /XObject << /X#e4 << >> >> >>"))
        for page in pdf.pages:
            page.obj.Resources = shared
        pdf.save(blank)
    path = Path(filemill_run(blank, mark(pages="1"), sources=logo).outputs[0].path)
    path = Path(filemill_run(path, mark(pages="1"), sources=logo).outputs[0].path)
    with pikepdf.open(path) as pdf:
        first, second = (page.obj.Resources for page in pdf.pages)
        assert len(first.XObject) == 3
        assert b"/X#e4" in first.XObject.unparse()
        assert len(second.XObject) == 1


@pytest.mark.parametrize("step", [
    {}, {"text": "a", "image": {"assetId": "logo"}}, {"text": "a", "colour": "nocolour"}, {"text": "a", "pages": "0"},
    {"text": "a", "pages": "3"}, {"text": " \n"},
])  # fmt: skip
def test_what_is_no_watermark(step: dict[str, object], blank: Path, logo: Path, filemill_run: Runner) -> None:
    """Neither or both of text and picture, no colour, no page, nothing to see: the request's fault."""
    with pytest.raises(FilemillError) as caught:
        filemill_run(blank, {"op": "watermark-pdf", **step}, sources=logo)
    assert caught.value.code is ErrorCode.INVALID_PARAMETER


@pytest.mark.parametrize("step", [mark(), {"op": "watermark-pdf", "text": "DRAFT"}])
def test_the_same_each_time(step: dict[str, object], blank: Path, logo: Path, filemill_run: Runner) -> None:
    """Two runs give the same bytes."""
    one, two = (filemill_run(blank, step, sources=logo).outputs[0].sha256 for _ in range(2))
    assert one == two
