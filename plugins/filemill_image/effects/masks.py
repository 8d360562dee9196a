"""Masks: what of a picture is kept, 255 for all of it to 0 for nothing."""

from __future__ import annotations

import pyvips

from filemill_image.colour import Colour
from filemill_image.effects.bands import COLOURS, filled, with_alpha
from filemill_image.geometry.canvas import coloured


def cut(page: pyvips.Image, mask: pyvips.Image, ground: Colour) -> pyvips.Image:
    """Keep of one frame what the mask shows; what it hides gets the ground's colour."""
    page = coloured(page)
    if ground.opaque and not page.hasalpha():
        return mask.ifthenelse(page, ground.rgb, blend=True).copy(interpretation="srgb")
    if ground.alpha == 0:
        if not page.hasalpha():
            return page.bandjoin(mask)
        shown = (page.extract_band(COLOURS) * mask / 255 + 0.5).cast("uchar")
        return page.extract_band(0, n=COLOURS).bandjoin(shown)
    under = with_alpha(filled(page.width, page.height, ground)).premultiply()
    blended = mask.ifthenelse(with_alpha(page).premultiply(), under, blend=True)
    return (blended.unpremultiply() + 0.5).cast("uchar").copy(interpretation="srgb")
