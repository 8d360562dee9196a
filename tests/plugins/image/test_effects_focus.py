"""Blur, sharpen, pixelate: what neighbours lend each other, and what transparency must not lend."""

from __future__ import annotations

from pathlib import Path

import pytest
import pyvips

from filemill import Context, Limits, Picture, PictureOperation
from filemill.formats import FormatTable
from filemill_image.effects.focus import Blur, Pixelate, Sharpen

CONTEXT = Context(limits=Limits(), folder=Path(), formats=FormatTable([]))
EVERY = [Blur(sigma=1.5), Blur(sigma=20), Sharpen(sigma=1.2, amount=1.5), Pixelate(size=7)]


def plain(*colour: int, width: int = 64, height: int = 48) -> pyvips.Image:
    """An area of one colour."""
    one = pyvips.Image.black(width, height, bands=len(colour)).linear(1, list(colour), uchar=True)
    return one.copy(interpretation="srgb")


def step_edge(width: int = 256, height: int = 32) -> pyvips.Image:
    """Black on the left, white on the right."""
    return plain(0, 0, 0, width=width, height=height).insert(
        plain(255, 255, 255, width=width, height=height), width // 2, 0
    )


def cut_out() -> pyvips.Image:
    """An opaque red square in the middle of clear pixels that hide a bright green."""
    return plain(0, 255, 0, 0, width=60, height=60).insert(plain(200, 0, 0, 255, width=20, height=20), 20, 20)


def spread(image: pyvips.Image) -> float:
    """The standard deviation of the brightness."""
    return float(image.extract_band(0).deviate())


@pytest.mark.parametrize("operation", EVERY, ids=repr)
@pytest.mark.parametrize("colour", [(200, 120, 40), (200, 120, 40, 255), (0, 0, 0), (255, 255, 255)])
def test_an_even_area_stays(operation: PictureOperation, colour: tuple[int, ...]) -> None:
    """Where all neighbours are alike nothing changes, up to the edges of the picture."""
    image = operation.run(Picture.of(plain(*colour)), CONTEXT).image
    assert (image.width, image.height, image.bands, image.format) == (64, 48, len(colour), "uchar")
    assert (image - plain(*colour)).abs().max() <= 1


@pytest.mark.parametrize("operation", EVERY, ids=repr)
def test_clear_pixels_lend_no_colour(operation: PictureOperation) -> None:
    """The hidden green of clear pixels never shows: no halo around what is visible."""
    image = operation.run(Picture.of(cut_out()), CONTEXT).image
    visible = image.extract_band(3) > 2
    green = visible.ifthenelse(image.extract_band(1), 0)
    assert green.max() <= 1
    assert image.extract_band(3).max() > 0


@pytest.mark.parametrize("operation", EVERY, ids=repr)
def test_frames_do_not_mix(operation: PictureOperation) -> None:
    """A white frame below a black one: each stays what it is."""
    black, white = plain(0, 0, 0), plain(255, 255, 255)
    changed = operation.run(Picture.of(black).with_pages([black, white]), CONTEXT)
    first, second = changed.pages()
    assert (changed.frames, first.max(), second.min()) == (2, 0, 255)


def test_sharpening_keeps_alpha() -> None:
    """The alpha band is the same bytes."""
    picture = Picture.of(cut_out())
    changed = Sharpen(sigma=2, amount=3).run(picture, CONTEXT).image
    assert (changed.extract_band(3) - picture.image.extract_band(3)).abs().max() == 0


@pytest.mark.parametrize("sigma", [0.3, 1, 3, 4, 4.5, 7, 12, 30])
def test_a_blurred_edge_is_the_gaussian_integral(sigma: float) -> None:
    """A step becomes the plain computation's curve, also where it is computed on a smaller picture."""
    exact = step_edge().cast("float").gaussblur(sigma, precision="float", min_ampl=0.001)
    changed = Blur(sigma=sigma).run(Picture.of(step_edge()), CONTEXT).image
    assert (changed - exact).abs().max() <= 3
    row = list(bytes(changed.crop(0, 16, 256, 1).extract_band(0).write_to_memory()))
    assert row == sorted(row)


def test_more_sigma_is_more_blur() -> None:
    """The spread of values falls with every larger sigma."""
    noise = pyvips.Image.gaussnoise(200, 150, mean=128, sigma=50, seed=3).cast("uchar")
    picture = Picture.of(noise.bandjoin([noise, noise]).copy(interpretation="srgb"))
    spreads = [spread(Blur(sigma=sigma).run(picture, CONTEXT).image) for sigma in (0.3, 1, 2, 4, 8, 16, 60)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] < 3


def test_a_strong_blur_asks_for_less_than_all_pixels() -> None:
    """A loader that can reduce is asked to; a weak blur needs every pixel."""
    picture = Picture.of(plain(1, 2, 3))
    assert Blur(sigma=40).reduction(picture) == 10
    assert Blur(sigma=3).reduction(picture) == 1


def test_blur_from_a_reduced_decode_has_the_full_size() -> None:
    """Pixels that come reduced from the loader are blurred as if they had not been."""
    edge = step_edge(512, 64)

    def load(factor: float) -> pyvips.Image:
        asked.append(factor)
        return edge.shrink(4, 4)

    asked: list[float] = []
    changed = Blur(sigma=32).run(Picture(load, width=512, height=64), CONTEXT)
    assert asked == [8]
    assert (changed.width, changed.height) == (512, 64)
    assert (changed.image - Blur(sigma=32).run(Picture.of(edge), CONTEXT).image).abs().max() <= 4


def test_sharpening_steepens_an_edge() -> None:
    """Both sides of an edge move apart, the more the larger the amount, and far from it nothing moves."""
    edge = step_edge().linear(0.5, 64, uchar=True)
    gentle, strong = (Sharpen(amount=amount).run(Picture.of(edge), CONTEXT).image for amount in (0.5, 2))
    assert 64 > gentle.min() > strong.min()
    assert 191 < gentle.max() < strong.max()
    assert (strong.crop(0, 0, 100, 32) - edge.crop(0, 0, 100, 32)).abs().max() == 0


@pytest.mark.parametrize("operation", [Sharpen(amount=0), Pixelate(size=1)], ids=repr)
def test_nothing_to_change_gives_the_same_picture(operation: PictureOperation) -> None:
    """Neutral parameters leave the pixels; the picture is encoded again, so that its metadata goes."""
    picture = Picture.of(cut_out())
    result = operation.run(picture, CONTEXT)
    assert result is not picture
    assert (result.image - picture.image).abs().max() == 0


def test_blocks_have_the_mean_of_what_they_cover() -> None:
    """Four by four pixels of a gradient become one colour: their mean; so do the two columns of a cut block."""
    ramp = pyvips.Image.xyz(30, 10).extract_band(0).linear(8, 0, uchar=True)
    picture = Picture.of(ramp.bandjoin([ramp, ramp]).copy(interpretation="srgb"))
    image = Pixelate(size=4).run(picture, CONTEXT).image
    values = list(bytes(image.crop(0, 5, 30, 1).extract_band(0).write_to_memory()))
    assert values[:8] == [12] * 4 + [44] * 4
    assert values[28:] == [228, 228]


def test_a_block_larger_than_the_picture_is_its_mean() -> None:
    """One colour everywhere: half of black and white."""
    image = Pixelate(size=4096).run(Picture.of(step_edge(20, 10)), CONTEXT).image
    assert (image.width, image.height) == (20, 10)
    assert image.min() == image.max() == pytest.approx(127.5, abs=0.5)


@pytest.mark.parametrize("operation", EVERY, ids=repr)
def test_a_file_is_read_in_one_sequential_pass(operation: PictureOperation, tmp_path: Path) -> None:
    """The graph runs over a stream that can only be read from top to bottom."""
    path = tmp_path / "tall.png"
    noise = pyvips.Image.gaussnoise(300, 2000, mean=128, sigma=50, seed=3).cast("uchar")
    noise.bandjoin([noise, noise]).copy(interpretation="srgb").write_to_file(str(path))
    picture = Picture(lambda factor: pyvips.Image.new_from_file(str(path), access="sequential"), width=300, height=2000)
    changed = operation.run(picture, CONTEXT)
    assert len(changed.image.write_to_memory()) == 300 * 2000 * 3
