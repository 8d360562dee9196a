"""Scaling: frames brought to an exact size, with a crop where only a part of them is wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

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

    The product is rounded to 8 bits, which keeps the vector code of libvips in use: a third of the
    time of floats, and at most one level of difference once the picture is laid on anything.
    """
    if not image.hasalpha():
        return change(image)
    return rounded(change(rounded(image.premultiply())).unpremultiply())


def covered(pages: Sequence[pyvips.Image], box: Size, gravity: Gravity) -> list[pyvips.Image]:
    """Scale frames until they cover a box and keep the part that gravity points to, exactly the box."""
    source = Size(pages[0].width, pages[0].height)
    full = source.around(box)
    if full.width > source.width or full.height > source.height:
        # Cropped before they are enlarged, so that a line of pixels does not become millions of columns.
        scale = max(box.width / source.width, box.height / source.height)
        window = Size(math.ceil(box.width / scale), math.ceil(box.height / scale))
        source = Size(min(window.width, source.width), min(window.height, source.height))
        pages = cropped(pages, source, gravity)
        gravity = Gravity.CENTER if gravity.searches else gravity
        full = source.around(box)
    return cropped([scaled(page, full) for page in pages], box, gravity)


def cropped(pages: Sequence[pyvips.Image], box: Size, gravity: Gravity) -> list[pyvips.Image]:
    """Cut out of every frame the part that gravity points to; where it searches, it looks at the first."""
    pages = list(pages)
    if (pages[0].width, pages[0].height) == box:
        return pages
    if gravity.searches:
        pages[0] = pages[0].copy_memory()
        found = pages[0].smartcrop(box.width, box.height, interesting=gravity.value)
        left, top = -found.xoffset, -found.yoffset
    else:
        left, top = offset(gravity, pages[0].width - box.width, pages[0].height - box.height)
    return [page.crop(left, top, box.width, box.height) for page in pages]


def rounded(image: pyvips.Image) -> pyvips.Image:
    """Return 8-bit pixels of floats; a bare cast would cut the fraction off and darken them."""
    return image.rint().cast("uchar")
