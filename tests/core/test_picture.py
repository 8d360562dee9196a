"""Pictures are lazy: a header until someone asks for pixels."""

from __future__ import annotations

import pytest
import pyvips

from filemill import FilemillError, Limits, Picture, check_size


def counted(factors: list[float], frames: int = 1) -> Picture:
    """A picture of 80x40 a frame that notes every load."""

    def load(factor: float) -> pyvips.Image:
        factors.append(factor)
        return pyvips.Image.black(80, 40 * frames, bands=3).cast("uchar").copy(interpretation="srgb")

    return Picture(load, width=80, height=40, frames=frames, format="x")


def test_nothing_is_loaded_until_pixels_are_asked_for() -> None:
    """Size and facts come from the header."""
    factors: list[float] = []
    assert counted(factors).facts == {"width": 80, "height": 40, "frames": 1}
    assert factors == []


def test_settled_pixels_are_loaded_once() -> None:
    """A weaker reduction that is in memory serves a stronger wish, not the other way round."""
    factors: list[float] = []
    picture = counted(factors)
    picture.settle(4)
    picture.reduced(8)
    picture.settle(5)
    assert factors == [4]
    picture.reduced(2)
    assert factors == [4, 2]
    assert picture.settled.width == 80
    assert picture.image.width == 80
    assert factors == [4, 2, 1]


def test_frames_come_one_by_one_and_go_together() -> None:
    """An animation is mapped frame by frame and keeps its number of frames."""
    picture = counted([], frames=3)
    assert [(page.width, page.height) for page in picture.pages()] == [(80, 40)] * 3
    changed = picture.map(lambda page: page.crop(0, 0, 10, 20))
    assert (changed.width, changed.height, changed.frames, changed.format) == (10, 20, 3, "x")
    assert changed.image.get("page-height") == 20
    assert changed.source is None


@pytest.mark.parametrize(
    ("width", "height", "frames", "word"),
    [(0, 5, 1, "no pixels"), (101, 5, 1, "101x5"), (5, 5, 11, "11 frames"), (50, 50, 2, "5000 pixels")],
)
def test_a_picture_over_the_limits_is_refused_from_its_header(width: int, height: int, frames: int, word: str) -> None:
    """Each limit says what was found and what is allowed."""
    limits = Limits(max_dimension=100, max_frames=10, max_pixels=4000)
    with pytest.raises(FilemillError, match=word):
        check_size(width, height, frames, limits, "x.png")
    check_size(40, 100, 1, limits, "x.png")
