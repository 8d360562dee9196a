"""Torn edges: how deep, how rough, and the same every time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import pyvips

from filemill import Context, FilemillError, Limits, Picture
from filemill.faults import convert
from filemill.formats import FormatTable
from filemill_image.effects.torn_edges import TornEdges

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
ORANGE = [200, 120, 40]


def plain(width: int, height: int, colour: list[int] = ORANGE) -> pyvips.Image:
    """An area of one colour."""
    one = pyvips.Image.black(width, height, bands=len(colour)).linear(1, colour, uchar=True)
    return one.copy(interpretation="srgb")


def torn(image: pyvips.Image, step: TornEdges) -> pyvips.Image:
    """The pixels of one torn frame."""
    picture: Picture = step.run(Picture.of(image), CONTEXT)
    return picture.image.copy_memory()


def depths(image: pyvips.Image) -> list[list[float]]:
    """How much is torn off the left, top, right and bottom edge, at each of their pixels but near the corners."""
    found = []
    alpha = image.extract_band(3)
    for turned in (alpha, alpha.rot270(), alpha.rot180(), alpha.rot90()):
        part = turned.crop(0, 60, turned.width // 2, turned.height - 120)
        found.append([part.width - sum(row) / 255 for row in part.tolist()])
    return found


def test_tears_lie_between_two_depths() -> None:
    """On all four sides, reaching near to both; the colours stay, and the middle is untouched."""
    image = torn(plain(600, 500), TornEdges(least=5, most=40))
    assert (image.width, image.height, image.bands) == (600, 500, 4)
    sides = depths(image)
    assert all(4.4 <= depth <= 40.6 for side in sides for depth in side)
    assert min(map(min, sides)) < 12
    assert max(map(max, sides)) > 35
    assert image.crop(41, 41, 518, 418).extract_band(3).min() == 255
    assert (image.extract_band(0, n=3) - plain(600, 500)).abs().max() == 0


def test_tears_are_rough_and_each_is_another() -> None:
    """Most neighbours differ, by little; no two sides are alike; the same picture is torn alike each time."""
    sides = depths(torn(plain(600, 600), TornEdges(least=5, most=40)))
    for side in sides:
        steps = [abs(one - other) for one, other in pairwise(side)]
        assert sum(step > 0 for step in steps) > 0.8 * len(steps)
        assert max(steps) < 12
    assert len({tuple(side) for side in sides}) == 4
    again = torn(plain(600, 600), TornEdges(least=5, most=40))
    assert depths(again) == sides


def test_what_is_torn_off_has_the_background() -> None:
    """An opaque one leaves no transparency; what was transparent keeps its alpha within."""
    image = torn(plain(90, 90), TornEdges(least=5, background="teal"))
    assert (image.bands, image.getpoint(1, 40), image.getpoint(45, 45)) == (3, [0, 128, 128], ORANGE)
    glass = torn(plain(90, 90, [*ORANGE, 100]), TornEdges(least=5))
    assert (glass.getpoint(1, 40)[3], glass.getpoint(45, 45)) == (0, [*ORANGE, 100])


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 9), (40, 3), (90, 60)])
def test_a_small_picture_is_not_torn_away(width: int, height: int) -> None:
    """Tears reach into a third of the shorter side at most."""
    image = torn(plain(width, height), TornEdges(least=10_000, most=10_000))
    assert image.getpoint(width // 2, height // 2)[3] > 0
    if min(width, height) > 9:
        assert image.getpoint(width // 2, min(width, height) // 3 - 2)[3] == 0


def test_frames_and_files() -> None:
    """Every frame is torn alike; depths in the wrong order and unknown colours are refused."""
    pages = [plain(90, 90), plain(90, 90, [0, 0, 0])]
    first, second = TornEdges().run(Picture.of(pages[0]).with_pages(pages), CONTEXT).pages()
    assert (first.extract_band(3) - second.extract_band(3)).abs().max() == 0
    for parameters, pointer in (({"least": 20, "most": 10}, "/least"), ({"background": "octarine"}, "/background")):
        with pytest.raises(FilemillError) as refused:
            convert(parameters, TornEdges)
        assert [fault.pointer for fault in refused.value.faults] == [pointer]
