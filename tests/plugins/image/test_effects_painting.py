"""Oil paint: even strokes with sharp edges."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
import pyvips

from filemill import Context, Limits, Picture
from filemill.formats import FormatTable
from filemill_image.effects import painting
from filemill_image.effects.painting import OilPaint

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))


def grey(values: list[list[int]]) -> pyvips.Image:
    """An opaque picture of these values in three equal bands."""
    band = pyvips.Image.new_from_array(values).cast("uchar")
    return band.bandjoin([band, band]).copy(interpretation="srgb")


def noise(width: int = 60, height: int = 40) -> pyvips.Image:
    """Repeatable grey noise."""
    band = pyvips.Image.gaussnoise(width, height, mean=128, sigma=50, seed=5).cast("uchar")
    return band.bandjoin([band, band]).copy(interpretation="srgb").copy_memory()


def painted(image: pyvips.Image, radius: int) -> pyvips.Image:
    """The pixels of one painted frame."""
    picture: Picture = OilPaint(radius=radius).run(Picture.of(image), CONTEXT)
    return picture.image.copy_memory()


def rows(image: pyvips.Image) -> list[list[int]]:
    """The values of the first band."""
    return [[int(value) for value in row] for row in image.extract_band(0).tolist()]


@pytest.mark.parametrize(("radius", "reach"), [(1, 1), (4, 2), (8, 4)])
def test_it_is_the_filter_of_kuwahara(radius: int, reach: int) -> None:
    """Each pixel has the mean of one of its four squares, of one that is hardly less even than the evenest."""
    given, result = rows(noise(16, 12)), rows(painted(noise(16, 12), radius))

    def square(x: int, y: int) -> list[int]:
        places = range(-reach, reach + 1)
        # A square that reaches out of the picture is the one whose middle is the nearest in it.
        x, y = min(max(x, 0), 15), min(max(y, 0), 11)
        return [given[min(max(y + down, 0), 11)][min(max(x + across, 0), 15)] for down in places for across in places]

    for y in range(12):
        for x in range(16):
            squares = [square(x + left, y + top) for left in (-reach, reach) for top in (-reach, reach)]
            least = min(map(statistics.pstdev, squares))
            fitting = [statistics.fmean(one) for one in squares if statistics.pstdev(one) <= least + 0.6]
            assert min(abs(result[y][x] - value) for value in fitting) <= 1


def test_edges_stay_and_details_go() -> None:
    """A straight edge is the same to the pixel; of a dot is left what it has of the squares around it."""
    edge = [[40] * 30 + [220] * 30 for _ in range(40)]
    assert rows(painted(grey(edge), 8)) == edge
    dotted = [list(row) for row in edge]
    dotted[20][10] = 255
    left = painted(grey(dotted), 8)
    assert (left - painted(grey(edge), 8)).abs().max() == pytest.approx((255 - 40) / 81, abs=0.5)
    assert left.getpoint(9, 20) == [40] * 3


def test_strokes_are_even() -> None:
    """The larger the radius, the less neighbours differ."""
    differences = []
    for radius in (1, 4, 8, 16, 40):
        image = painted(noise(), radius).extract_band(0)
        differences.append((image.crop(1, 0, 59, 40) - image.crop(0, 0, 59, 40)).abs().avg())
    assert differences == sorted(differences, reverse=True)
    assert differences[-1] < 3


@pytest.mark.parametrize("radius", [3, 12])
def test_clear_pixels_lend_no_colour(radius: int) -> None:
    """The hidden green of clear pixels never shows, and an opaque shape stays opaque."""
    clear = pyvips.Image.black(60, 60, bands=4).linear(1, [0, 255, 0, 0], uchar=True).copy(interpretation="srgb")
    red = pyvips.Image.black(40, 40, bands=4).linear(1, [200, 0, 0, 255], uchar=True).copy(interpretation="srgb")
    image = painted(clear.insert(red, 10, 10), radius)
    assert (image.extract_band(3) > 2).ifthenelse(image.extract_band(1), 0).max() <= 1
    assert image.getpoint(30, 30) == [200, 0, 0, 255]


def test_large_strokes_and_large_pictures_are_painted_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loader that can reduce is asked to; the result has the full size and looks the same."""
    assert OilPaint(radius=8).reduction(Picture.of(noise())) == 1
    assert OilPaint(radius=40).reduction(Picture.of(noise())) == 5
    edge = grey([[40] * 60 + [220] * 60 for _ in range(60)])
    full = painted(edge, 4)
    monkeypatch.setattr(painting, "_MOST_PIXELS", 30 * 60)
    assert OilPaint().reduction(Picture.of(edge)) == 2
    small = painted(edge, 4)
    assert (small.width, small.height) == (120, 60)
    assert (small.crop(0, 0, 56, 60) - full.crop(0, 0, 56, 60)).abs().max() <= 3


def test_a_file_is_read_in_one_sequential_pass(tmp_path: Path) -> None:
    """The graph runs over a stream that can only be read from top to bottom; frames do not mix."""
    path = tmp_path / "tall.png"
    noise(300, 2000).write_to_file(str(path))
    picture = Picture(lambda factor: pyvips.Image.new_from_file(str(path), access="sequential"), width=300, height=2000)
    assert OilPaint().run(picture, CONTEXT).image.avg() == pytest.approx(128, abs=6)
    black, white = grey([[0] * 20] * 20), grey([[255] * 20] * 20)
    first, second = OilPaint().run(Picture.of(black).with_pages([black, white]), CONTEXT).pages()
    assert (first.max(), second.min()) == (0, 255)
