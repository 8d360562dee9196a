"""The operation `rotate`."""

from __future__ import annotations

from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Colour as ColourText
from filemill import Context, Picture, PictureOperation
from filemill_image import colour
from filemill_image.colour import Colour
from filemill_image.geometry.canvas import coloured, over
from filemill_image.geometry.scaling import rounded

_QUARTERS = {90.0: "d90", 180.0: "d180", 270.0: "d270"}


class Rotate(PictureOperation, frozen=True, kw_only=True, tag="rotate"):
    """Turn a picture clockwise by any angle.

    Multiples of 90 move pixels without changing any. At other angles the picture grows so that all
    of it stays visible; the corners are transparent, which is white in formats that hold no
    transparency, or have the colour `background`, which then also shows through transparent parts.
    """

    angle: Annotated[
        float, Meta(ge=-360, le=360, description="Degrees, clockwise; negative: the other way.", examples=[90])
    ]
    background: (
        Annotated[ColourText, Meta(description="Colour of the corners. Default: transparent.", examples=["white"])]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        if self.background is not None:
            colour.parse(self.background)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Turn every frame."""
        angle = self.angle % 360
        if angle == 0:
            return picture.map(lambda page: page)
        picture.settle()
        fill = colour.parse(self.background or "transparent")
        return picture.map(lambda page: turned(page, angle, fill))


def turned(page: pyvips.Image, angle: float, fill: Colour) -> pyvips.Image:
    """Turn one frame, which is in memory, clockwise; at no quarter turn a colour fills the corners.

    Args:
        page: the frame.
        angle: degrees, 0 to below 360.
        fill: the colour, which then also shows through transparent parts.
    """
    if angle == 0:
        return page
    if angle in _QUARTERS:
        return page.rot(_QUARTERS[angle])
    return _interpolated(page, angle, fill)


def _interpolated(page: pyvips.Image, angle: float, fill: Colour) -> pyvips.Image:
    """Turn one frame with bicubic interpolation; libvips premultiplies alpha around it."""
    page = coloured(page)
    bicubic = pyvips.Interpolate.new("bicubic")
    if fill.opaque:
        page = page.flatten(background=fill.rgb) if page.hasalpha() else page
        return page.rotate(angle, interpolate=bicubic, background=fill.rgb)
    page = page if page.hasalpha() else page.addalpha()
    page = rounded(page.rotate(angle, interpolate=bicubic, background=[0, 0, 0, 0]))
    return over(page, fill) if fill.alpha else page
