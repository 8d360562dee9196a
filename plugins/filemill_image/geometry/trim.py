"""The operation `trim`."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import pyvips
from msgspec import Meta

from filemill import Colour as ColourText
from filemill import Context, Picture, PictureOperation
from filemill.limits import MAX_DIMENSION
from filemill_image import colour
from filemill_image.geometry.canvas import coloured


class Trim(PictureOperation, frozen=True, kw_only=True, tag="trim"):
    """Cut off borders of one colour.

    The smallest rectangle is kept outside of which every pixel is like the background: no channel,
    alpha included, differs by more than `threshold`. Of an animation all frames count. A picture of
    nothing but background stays as it is. The report's `trimmed` says how many pixels went on each side.
    """

    threshold: Annotated[
        int, Meta(ge=0, le=255, description="Largest difference from the background, levels.", examples=[10])
    ] = 10
    background: (
        Annotated[ColourText, Meta(description="Colour of the border. Default: that of the top left pixel.")] | None
    ) = None
    margin: Annotated[
        int, Meta(ge=0, le=MAX_DIMENSION, description="Pixels of the border to keep, as far as there are.")
    ] = 0

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        if self.background is not None:
            colour.parse(self.background)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Find what all frames need and cut every frame to it."""
        picture.settle()
        pages = picture.pages()
        border = self._border(pages[0])
        found = [box for page in pages if (box := _content(page, border, self.threshold)) is not None]
        whole = Box(0, 0, picture.width, picture.height)
        kept = whole if not found else _union(found).grown(self.margin, whole)
        context.report(
            trimmed={
                "top": kept.top,
                "right": whole.right - kept.right,
                "bottom": whole.bottom - kept.bottom,
                "left": kept.left,
            }
        )
        width, height = kept.right - kept.left, kept.bottom - kept.top
        return picture.map(lambda page: page.crop(kept.left, kept.top, width, height))

    def _border(self, page: pyvips.Image) -> list[float]:
        """Return the background in the bands that `_comparable` gives."""
        if self.background is None:
            return list(_comparable(page)(0, 0))
        given = colour.parse(self.background)
        if not page.hasalpha():
            return [float(part) for part in given.rgb]
        return [part * given.alpha / 255 for part in given.rgb] + [float(given.alpha)]


class Box(NamedTuple):
    """Edges of a rectangle, pixels; right and bottom are the first that are outside."""

    left: int
    top: int
    right: int
    bottom: int

    def grown(self, margin: int, limit: Box) -> Box:
        """Return the box with a margin on every side, within a limit."""
        return Box(
            max(self.left - margin, limit.left),
            max(self.top - margin, limit.top),
            min(self.right + margin, limit.right),
            min(self.bottom + margin, limit.bottom),
        )


def _union(boxes: list[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def _comparable(page: pyvips.Image) -> pyvips.Image:
    """Return bands in which invisible colours are equal: premultiplied, and alpha as a band like others."""
    page = coloured(page)
    return page.premultiply().copy(interpretation="multiband") if page.hasalpha() else page


def _content(page: pyvips.Image, border: list[float], threshold: int) -> Box | None:
    """Find the rectangle of what differs from the border; None where nothing does."""
    left, top, width, height = _comparable(page).find_trim(threshold=threshold, background=border, line_art=True)
    return Box(left, top, left + width, top + height) if width and height else None
