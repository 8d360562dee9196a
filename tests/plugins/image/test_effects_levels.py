"""Auto levels: black and white points are found, and all between them follows."""

from __future__ import annotations

from pathlib import Path

import pytest
import pyvips

from filemill import Context, Limits, Picture
from filemill.formats import FormatTable
from filemill_image.effects.levels import AutoLevels


def ramp(low: int, high: int, bands: int = 3) -> pyvips.Image:
    """Values from `low` to `high`, evenly, in equal bands."""
    one = pyvips.Image.xyz(200, 20)[0].linear((high - low) / 199, low + 0.5, uchar=True)
    return one.bandjoin([one] * (bands - 1)).copy(interpretation="srgb").copy_memory()


def context() -> Context:
    """A fresh context, for what a step reports."""
    return Context(limits=Limits(), folder=Path(), formats=FormatTable([]))


def stretched(image: pyvips.Image, clip: float = 0.0, *, channels: bool = False) -> pyvips.Image:
    """The pixels of one frame."""
    picture: Picture = AutoLevels(clip=clip, channels=channels).run(Picture.of(image), context())
    return picture.image.copy_memory()


def values(image: pyvips.Image, band: int = 0) -> list[int]:
    """One line of a band."""
    return list(bytes(image.crop(0, 10, image.width, 1).extract_band(band).write_to_memory()))


def test_contrast_is_stretched_to_the_full_range() -> None:
    """The darkest is black, the lightest white, and the middle stays in the middle."""
    row = values(stretched(ramp(60, 180)))
    assert (row[0], row[-1]) == (0, 255)
    assert row == pytest.approx([index * 255 / 199 for index in range(200)], abs=2)
    told = context()
    AutoLevels(clip=0).run(Picture.of(ramp(60, 180)), told)
    assert told.decided == {"levels": [[60, 180]]}


def test_a_share_at_each_end_is_passed_over() -> None:
    """Single black and white pixels don't decide; nothing is passed over where the share is 0."""
    image = ramp(60, 180).draw_rect([0, 0, 0], 0, 0, 3, 1, fill=True).draw_rect([255] * 3, 5, 0, 3, 1, fill=True)
    assert (stretched(image, 0) - image).abs().max() == 0
    row = values(stretched(image, 0.5))
    assert (row[0], row[-1]) == (0, 255)


def test_colours_keep_their_hue_unless_channels_go_alone() -> None:
    """All three channels are stretched by the brightness; each by itself, a cast is gone."""
    cast = ramp(60, 180).extract_band(0).bandjoin([ramp(80, 200).extract_band(0), ramp(20, 100).extract_band(0)])
    cast = cast.copy(interpretation="srgb")
    together, alone = stretched(cast), stretched(cast, channels=True)
    assert values(together, 1)[100] > values(together, 0)[100] + 10
    assert values(alone, 0) == pytest.approx(values(alone, 1), abs=3)
    assert values(alone, 2) == pytest.approx(values(alone, 1), abs=4)


def test_even_pictures_stay() -> None:
    """There is no contrast to stretch, only noise; nor is there in what is all clear."""
    for image in (ramp(100, 110), ramp(0, 255), ramp(60, 180).bandjoin(0)):
        assert (stretched(image) - image).abs().max() <= 1


def test_what_is_clear_does_not_count() -> None:
    """Hidden black and white around a shape have no say, and alpha stays."""
    shape = ramp(60, 180).bandjoin(255).embed(50, 0, 300, 20, extend="background", background=[0, 0, 0, 0])
    image = stretched(shape.copy(interpretation="srgb"))
    row = values(image)
    assert (row[50], row[249]) == (0, 255)
    assert (image.extract_band(3) - shape.extract_band(3)).abs().max() == 0


def test_frames_change_alike() -> None:
    """The darkest and lightest of all frames decide."""
    pages = [ramp(60, 120), ramp(120, 180)]
    first, second = AutoLevels(clip=0).run(Picture.of(pages[0]).with_pages(pages), context()).pages()
    assert (values(first)[0], values(first)[-1]) == (0, pytest.approx(127, abs=2))
    assert (values(second)[0], values(second)[-1]) == (pytest.approx(127, abs=2), 255)


def test_a_file_that_is_read_once(tmp_path: Path) -> None:
    """It is measured and changed from one decode."""
    path = tmp_path / "ramp.png"
    ramp(60, 180).write_to_file(str(path))
    loads: list[float] = []

    def load(factor: float) -> pyvips.Image:
        loads.append(factor)
        return pyvips.Image.new_from_file(str(path), access="sequential")

    picture = AutoLevels(clip=0).run(Picture(load, width=200, height=20), context())
    assert (picture.image.max(), len(loads)) == (255, 1)
