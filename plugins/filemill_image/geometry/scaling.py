"""Scaling: pixels brought to an exact size, with a crop where only a part of it is wanted."""

from __future__ import annotations

import math
from collections.abc import Callable

import pyvips

from filemill_image.geometry.sizes import Size
from filemill_image.gravity import Gravity, offset


def scaled(image: pyvips.Image, size: Size) -> pyvips.Image:
    """Scale one frame to an exact size with a Lanczos3 kernel (bicubic where it is enlarged)."""
    if (image.width, image.height) == size:
        return image
    across, down = size.width / image.width, size.height / image.height
    return premultiplied(image, lambda pixels: pixels.resize(across, vscale=down))


def premultiplied(image: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]) -> pyvips.Image:
    """Apply a change that mixes neighbouring pixels so that transparent ones lend no colour.

    The 8-bit product keeps the vector code of libvips in use: a third of the time of floats, and at
    most one level of difference once the picture is laid on anything.
    """
    if not image.hasalpha():
        return change(image)
    changed = change(image.premultiply().linear(1, 0.5, uchar=True).copy(interpretation=image.interpretation))
    return changed.unpremultiply().linear(1, 0.5, uchar=True).copy(interpretation=image.interpretation)


def covered(image: pyvips.Image, box: Size, gravity: Gravity) -> pyvips.Image:
    """Scale one frame until it covers a box and keep the part that gravity points to, exactly the box."""
    full = Size(image.width, image.height).around(box)
    if full.width > image.width or full.height > image.height:
        # Enlarging: crop first, so that a strip of pixels does not become millions of columns.
        image = cropped(image, _window(image, box), gravity)
        full = Size(image.width, image.height).around(box)
    return cropped(scaled(image, full), box, gravity)


def cropped(image: pyvips.Image, box: Size, gravity: Gravity) -> pyvips.Image:
    """Cut the part of one frame that gravity points to."""
    if (image.width, image.height) == box:
        return image
    if gravity.searches:
        return image.copy_memory().smartcrop(box.width, box.height, interesting=gravity.value)
    left, top = offset(gravity, image.width - box.width, image.height - box.height)
    return image.crop(left, top, box.width, box.height)


def _window(image: pyvips.Image, box: Size) -> Size:
    """Return the part of an image that fills a box once it is scaled, in whole pixels."""
    scale = max(box.width / image.width, box.height / image.height)
    return Size(
        min(image.width, math.ceil(box.width / scale)), min(image.height, math.ceil(box.height / scale))
    )
