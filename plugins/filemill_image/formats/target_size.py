"""Size targets: the best quality whose encode fits a number of bytes, found in few encodes.

The pixels are decoded once. Two encodes of a sample of the picture (tiles of it, a twelfth of its area) place
it on its format's curve (`ladders`); the next, of the whole picture, corrects the place; a straight line
through the two encodes nearest to the target gives the last. Usually two or three whole encodes do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyvips

from filemill import Encoding, ErrorCode, FilemillError, OnUnreachable
from filemill_image.formats.ladders import Ladder, ladder
from filemill_image.formats.search import GOOD, Search
from filemill_image.geometry.scaling import scaled
from filemill_image.geometry.sizes import Size

MAX_ENCODES = 8
SAMPLE_SHARE = 12
"""A sample has one in so many of the picture's pixels."""
SAMPLE_TILE = 128
"""Side of a sample's tiles, pixels: a multiple of every encoder's blocks."""
SAMPLE_FROM = 500_000
"""Pixels from which on a sample is worth its encodes."""
_SCALE_POWER = 1.7
"""A picture scaled by s takes about s to this power of the bytes: smaller detail costs more bits a pixel."""
_TIGHT_AT_LEAST = 0.45
"""What is left of a JPEG of the least quality when its Huffman tables are made for it."""
_MARGIN = 0.9
"""The part of the bytes that a scaled picture is meant to take at the least quality."""

Encode = Callable[..., bytes]
"""Encodes an image with options of the saver laid over those that are planned."""


@dataclass(frozen=True)
class Fitted:
    """A result: its bytes, and what the report says of it."""

    data: bytes
    decided: dict[str, Any]


class Target:
    """One picture on its way to a size.

    Attributes:
        image: the pixels, in memory, frames stacked.
        frames: how many.
        steps: the settings that may be used.
        size: bytes that may be used.
        encode: the encoder as planned.
        least_scale: below which the picture is not scaled.
        encodes: how many were made so far, samples included.
    """

    def __init__(
        self, image: pyvips.Image, frames: int, steps: Ladder, size: int, encode: Encode, least_side: int = 1
    ) -> None:
        self.image = image.copy_memory()
        self.frames = frames
        self.steps = steps
        self.size = size
        self.encode = encode
        self.least_scale = min(least_side / min(image.width, image.height // frames), 1.0)
        self.encodes = 0

    def search(self, image: pyvips.Image, estimated: dict[int, float]) -> Search:
        """Return a search that encodes an image; `estimated` are sizes to expect by the index of their step."""
        pixels = image.width * image.height
        return Search(self.steps, self.size, pixels, lambda options: self.encode(image, **options), estimated=estimated)

    def at(self, scale: float, floor: int, estimated: dict[int, float]) -> Search:
        """Search at one scale, from a step up."""
        image = self.image if scale == 1 else _shrunk(self.image, self.frames, scale)
        search = self.search(image, estimated)
        search.run(floor, max(MAX_ENCODES - self.encodes, 1))
        self.encodes += search.encodes
        return search

    def sampled(self, floor: int) -> dict[int, float]:
        """Estimate the sizes at two steps from a sample; nothing for small pictures and animations."""
        if self.frames > 1 or self.image.width * self.image.height < SAMPLE_FROM or len(self.steps.steps) < 3:
            return {}
        sample = _sample(self.image)
        ratio = self.image.width * self.image.height / (sample.width * sample.height)
        probe = self.search(sample, {})
        estimated: dict[int, float] = {}
        index = (floor + len(self.steps.steps)) // 2
        for _ in range(2):
            size = probe.try_step(index)
            estimated[index] = max(size - self.steps.overhead, 1) * ratio + self.steps.overhead
            index = self.search(self.image, estimated).aimed(floor)
            if index in estimated:
                break
        self.encodes += probe.encodes
        return estimated

    def tightened(self, loose: Search) -> None:
        """Use the bytes that a finished search left over, or fit where it did not, with tighter options."""
        steps, used = self.steps, len(loose.best[1]) / self.size if loose.best else 0.0
        if not steps.tighter or used >= GOOD or self.encodes >= MAX_ENCODES:
            return
        start, budget, saved = (loose.best[0], 2, 1.0) if loose.best else (0, 4, _TIGHT_AT_LEAST)
        sizes = {index: size * saved for index, size in loose.sizes.items() if index >= start}
        tight = Search(
            steps, self.size, loose.pixels, lambda options: loose.encode(steps.tighter | options), estimated=sizes
        )
        tight.run(start, min(budget, MAX_ENCODES - self.encodes))
        self.encodes += tight.encodes
        if tight.best and (loose.best is None or len(tight.best[1]) > len(loose.best[1])):
            loose.best = tight.best

    def downscaled(self, wanted: float) -> tuple[Search, float]:
        """Search in ever smaller pictures; `wanted` is how many bytes the smallest whole one would have."""
        scale, floor = 1.0, self.steps.floor
        while True:
            step = min((self.size * _MARGIN / wanted) ** (1 / _SCALE_POWER), 0.97)
            step = max(step, self.least_scale / scale)
            scale *= step
            search = self.at(scale, floor, {floor: wanted * step**_SCALE_POWER})
            if search.best is not None or scale <= self.least_scale:
                return search, scale
            wanted = min(search.sizes.values())


def fitted(
    image: pyvips.Image, frames: int, format: str, options: dict[str, Any], encoding: Encoding, encode: Encode
) -> Fitted:
    """Encode an image in at most `encoding.max_size_bytes`.

    Args:
        image: the pixels, frames stacked.
        frames: how many.
        format: the format's name.
        options: what the encode is planned with.
        encoding: the wish; its quality is the highest that is used.
        encode: the encoder.

    Returns:
        the bytes, with `quality` (or `colours`), `scale`, `encodes`, and new facts where it was scaled.

    Raises:
        FilemillError: `TARGET_UNREACHABLE` with `smallestBytes` where nothing fits and nothing else was asked for.
    """
    assert encoding.max_size_bytes is not None
    steps = ladder(format, encoding.quality, options)
    target = Target(image, frames, steps, encoding.max_size_bytes, encode, encoding.least_side or 1)
    on_unreachable = encoding.on_unreachable or OnUnreachable.FAIL
    downscale = on_unreachable is OnUnreachable.DOWNSCALE
    floor = steps.floor if downscale else 0
    estimated = target.sampled(floor)
    least = target.search(image, estimated).predicted(floor)
    scale = 1.0
    if downscale and estimated and least > 1.3 * target.size:
        search, scale = target.downscaled(least)
    else:
        search = target.at(1.0, floor, estimated)
        if search.best is None and downscale:
            search, scale = target.downscaled(min(search.sizes.values()))
        else:
            target.tightened(search)
    if search.best is None:
        search.best = _smallest(search, target, format, fail=on_unreachable is OnUnreachable.FAIL)
    index, data = search.best
    decided = {**steps.steps[index].decided, "scale": round(scale, 4), "encodes": target.encodes}
    if scale != 1:
        decided["facts"] = _facts(image, frames, scale)
    return Fitted(data, decided)


def _smallest(search: Search, target: Target, format: str, *, fail: bool) -> tuple[int, bytes]:
    """Return the smallest encode there is, though it is over the size; or refuse, telling its size."""
    data = search.encode(target.steps.steps[0].options | target.steps.tighter)
    if fail:
        raise FilemillError(
            ErrorCode.TARGET_UNREACHABLE,
            f"No {format} of these dimensions fits {target.size} bytes; the smallest has {len(data)}.",
            smallestBytes=len(data),
        )
    return 0, data


def _sample(image: pyvips.Image) -> pyvips.Image:
    """Return tiles from all over an image beside each other."""
    count = max(image.width * image.height // SAMPLE_SHARE // SAMPLE_TILE**2, 4)
    across = max(round(math.sqrt(count * image.width / image.height)), 1)
    down = max(count // across, 1)
    width, height = min(SAMPLE_TILE, image.width), min(SAMPLE_TILE, image.height)
    tiles = [
        image.crop(
            (image.width - width) * (2 * column + 1) // (2 * across),
            (image.height - height) * (2 * row + 1) // (2 * down),
            width,
            height,
        )
        for row in range(down)
        for column in range(across)
    ]
    return pyvips.Image.arrayjoin(tiles, across=across).copy_memory()


def _scaled_size(image: pyvips.Image, frames: int, scale: float) -> Size:
    return Size(image.width, image.height // frames).times(scale)


def _facts(image: pyvips.Image, frames: int, scale: float) -> dict[str, int]:
    size = _scaled_size(image, frames, scale)
    return {"width": size.width, "height": size.height, "frames": frames}


def _shrunk(image: pyvips.Image, frames: int, scale: float) -> pyvips.Image:
    size, height = _scaled_size(image, frames, scale), image.height // frames
    pages = [scaled(image.crop(0, index * height, image.width, height), size) for index in range(frames)]
    if frames == 1:
        return pages[0].copy_memory()
    stacked = pyvips.Image.arrayjoin(pages, across=1).copy_memory()
    stacked.set_type(pyvips.GValue.gint_type, "page-height", size.height)
    return stacked
