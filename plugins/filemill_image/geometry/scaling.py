"""Scaling: frames brought to an exact size, with a crop where only a part of them is wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pyvips

from filemill_image.geometry.sizes import Size
from filemill_image.gravity import Gravity, offset


def scaled(image: pyvips.Image, size: Size) -> pyvips.Image:
    """Scale one frame to an exact size: reduced with a Lanczos3 kernel, enlarged with a bicubic one."""
    if (image.width, image.height) == size:
        return image
    reduced = Size(min(size.width, image.width), min(size.height, image.height))

    def change(pixels: pyvips.Image) -> pyvips.Image:
        if (pixels.width, pixels.height) != reduced:
            pixels = pixels.resize(reduced.width / pixels.width, vscale=reduced.height / pixels.height)
        return pixels if reduced == size else enlarged(pixels, size, "bicubic")

    return premultiplied(image, change)


def enlarged(pixels: pyvips.Image, size: Size, interpolator: str) -> pyvips.Image:
    """Enlarge premultiplied pixels to an exact size, middle upon middle.

    libvips' `resize` would move an enlargement by half a pixel of the result (8.18).
    """
    return pixels.affine(
        [size.width / pixels.width, 0, 0, size.height / pixels.height],
        interpolate=pyvips.Interpolate.new(interpolator),
        oarea=[0, 0, size.width, size.height],
        idx=0.5,
        idy=0.5,
        odx=-0.5,
        ody=-0.5,
        extend="copy",
        premultiplied=True,
    )


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
