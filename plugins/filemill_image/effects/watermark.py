"""The operation `watermark`."""

from __future__ import annotations

import math
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Colour as ColourText
from filemill import Context, Picture, PictureOperation, Source
from filemill.errors import invalid
from filemill.lettering import Lettering
from filemill.limits import MAX_DIMENSION
from filemill_image.colour import parse
from filemill_image.effects.bands import COLOURS, filled, first_frame, with_alpha
from filemill_image.effects.lettering import lettered, measured
from filemill_image.geometry.scaling import scaled
from filemill_image.geometry.sizes import Size
from filemill_image.gravity import Position, offset

_SIZE = 0.25
"""Share of the picture's width that a watermark gets by default."""
_MARGIN = 0.02
"""Default distance from the edges, as share of the shorter side."""
_Offset = Annotated[int, Meta(ge=-MAX_DIMENSION, le=MAX_DIMENSION)]


class Watermark(PictureOperation, frozen=True, kw_only=True, tag="watermark"):
    """Put a picture or a text on a picture.

    Give exactly one of `image` and `text`. The watermark gets a share of the picture's width (`size`), or
    an image one of its own (`scale`), keeps its ratio, is turned by `rotate`, and is made smaller where it
    would not fit in. It lies at one of nine points, `margin` away from the edges, or where `x` and `y` say;
    `tile` repeats it over the whole picture. Of an animated watermark the first frame is taken. A text has
    the lines it is given with; none is wrapped.
    """

    image: Annotated[Source, Meta(description="The picture to put on.")] | None = None
    text: Lettering | None = None
    font: Annotated[
        str,
        Meta(
            max_length=100,
            pattern=r"^[A-Za-z][A-Za-z0-9 _-]*$",
            description="Font family of the text, with style words: `serif`, `DejaVu Sans Bold`.",
        ),
    ] = "sans"
    font_size: (
        Annotated[float, Meta(ge=4, le=2000, description="Font size, pixels, in place of `size`.", examples=[48])]
        | None
    ) = None
    colour: Annotated[ColourText, Meta(description="Colour of the text.", examples=["white"])] = "white"
    size: (
        Annotated[
            float,
            Meta(ge=0.01, le=1, description="Width as share of the picture's width. Default: 0.25.", examples=[0.3]),
        ]
        | None
    ) = None
    scale: (
        Annotated[
            float,
            Meta(ge=0.001, le=10, description="Width as share of the image's own width, in place of `size`."),
        ]
        | None
    ) = None
    position: Annotated[
        Position, Meta(description="Place in the picture: one of nine points.", examples=["top-right"])
    ] = Position.BOTTOM_RIGHT
    x: (
        Annotated[
            _Offset,
            Meta(description="Pixels from the left edge, or to the right edge where negative, in place of `position`."),
        ]
        | None
    ) = None
    y: (
        Annotated[
            _Offset,
            Meta(description="Pixels from the top edge, or to the bottom edge where negative, in place of `position`."),
        ]
        | None
    ) = None
    margin: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=4096,
                description="Pixels between watermark and edges, or between tiles."
                " Default: 2 percent of the shorter side.",
            ),
        ]
        | None
    ) = None
    opacity: Annotated[float, Meta(ge=0, le=1, description="1 is as it is, 0 can't be seen.", examples=[0.6])] = 1.0
    rotate: Annotated[float, Meta(ge=-360, le=360, description="Degrees clockwise.", examples=[-30])] = 0.0
    tile: Annotated[bool, Meta(description="Whether the watermark is repeated over the whole picture.")] = False

    def __post_init__(self) -> None:
        """Refuse no watermark and two, settings that contradict each other, and an unknown colour."""
        if (self.image is None) == (self.text is None):
            raise invalid("", "A watermark has exactly one of 'image' and 'text'.")
        if self.font_size is not None and (self.text is None or self.size is not None):
            raise invalid("/fontSize", "'fontSize' goes with 'text', and not together with 'size'.")
        if self.scale is not None and (self.image is None or self.size is not None):
            raise invalid("/scale", "'scale' goes with 'image', and not together with 'size'.")
        parse(self.colour, "/colour")

    def run(self, picture: Picture, context: Context) -> Picture:
        """Put the watermark on every frame."""
        size = Size(picture.width, picture.height)
        margin = round(min(size) * _MARGIN) if self.margin is None else self.margin
        room = Size(*(max(1, side - 2 * margin) for side in size)) if self.x is None and self.y is None else size
        mark = self._turned(self._mark(size, room, context), room).copy_memory()
        if self.tile:
            mark, left, top = _tiled(mark, margin, size), 0, 0
        else:
            left, top = self._place(Size(mark.width, mark.height), size, margin)
        return picture.map(lambda page: _over(page, mark, left, top))

    def _mark(self, size: Size, room: Size, context: Context) -> pyvips.Image:
        """Make the watermark, not turned yet, in four bands, so that it fits in its room once it is turned."""
        width = size.width * (self.size or _SIZE)
        if self.text is not None:
            natural = measured(self.text, self.font)
            scale = self.font_size / 1000 if self.font_size else width / natural.width
            mask = lettered(self.text, self.font, max(1.0, 1000 * scale * self._shrink(natural, scale, room)))
            ink = filled(mask.width, mask.height, parse(self.colour))
            ink, mask = with_alpha(ink), mask * (self.opacity / 255)
            return ink.extract_band(0, n=COLOURS).bandjoin((ink.extract_band(COLOURS) * mask + 0.5).cast("uchar"))
        assert self.image is not None
        source = context.source(self.image, Picture)
        natural = Size(source.width, source.height)
        scale = self.scale or width / natural.width
        target = natural.times(scale * self._shrink(natural, scale, room))
        mark = with_alpha(scaled(first_frame(source, natural.reduction_to(target)), target))
        return mark.linear([1, 1, 1, self.opacity], [0, 0, 0, 0.5], uchar=True)

    def _shrink(self, natural: Size, scale: float, room: Size) -> float:
        """Return the factor, at most 1, that lets a scaled and turned watermark fit in its room."""
        cosine, sine = (abs(part(math.radians(self.rotate))) for part in (math.cos, math.sin))
        width, height = natural.width * scale, natural.height * scale
        return min(1.0, room.width / (width * cosine + height * sine), room.height / (width * sine + height * cosine))

    def _turned(self, mark: pyvips.Image, room: Size) -> pyvips.Image:
        if self.rotate % 360:
            mark = mark.rotate(self.rotate, background=[0, 0, 0, 0])
        # Rounding, and the smallest font there is, can leave it a little larger than its room.
        size = Size(mark.width, mark.height)
        return scaled(mark, Size(min(size.width, room.width), min(size.height, room.height)))

    def _place(self, mark: Size, size: Size, margin: int) -> tuple[int, int]:
        free_width, free_height = size.width - mark.width, size.height - mark.height
        across, down = min(margin, free_width // 2), min(margin, free_height // 2)
        left, top = offset(self.position, free_width - 2 * across, free_height - 2 * down)
        return _along(self.x, free_width, left + across), _along(self.y, free_height, top + down)


def _along(given: int | None, free: int, default: int) -> int:
    """Return where a watermark begins, in pixels: a negative place counts from the far edge."""
    if given is None:
        return default
    return given if given >= 0 else free + given


def _tiled(mark: pyvips.Image, gap: int, size: Size) -> pyvips.Image:
    """Repeat a watermark over an area, the same on its left and right, and at its top and bottom."""
    cell = mark.embed(0, 0, mark.width + gap, mark.height + gap, extend="background", background=[0, 0, 0, 0])
    # An odd number of watermarks each way: one is in the middle.
    across, down = (
        2 * math.ceil(side / (2 * part)) + 1 for side, part in zip(size, (cell.width, cell.height), strict=True)
    )
    left, top = (across * cell.width - gap - size.width) // 2, (down * cell.height - gap - size.height) // 2
    return cell.copy_memory().replicate(across, down).crop(left, top, size.width, size.height)


def _over(page: pyvips.Image, mark: pyvips.Image, left: int, top: int) -> pyvips.Image:
    """Lay the watermark over one frame, which keeps its alpha or its lack of it."""
    marked = with_alpha(page).composite2(mark, "over", x=left, y=top).cast("uchar")
    return marked if page.hasalpha() else marked.extract_band(0, n=COLOURS)
