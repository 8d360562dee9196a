"""Operations on a picture's edge and ground: rounded corners, border, flatten."""

from __future__ import annotations

from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Choice, Context, Picture, PictureOperation
from filemill import Colour as ColourText
from filemill.errors import invalid
from filemill_image.colour import TRANSPARENT, WHITE, Colour, parse
from filemill_image.effects.bands import COLOURS, filled, with_alpha
from filemill_image.effects.masks import cut
from filemill_image.geometry.canvas import coloured


class Most(Choice):
    """The largest radius there can be."""

    MAX = "max"


class RoundedCorners(PictureOperation, frozen=True, kw_only=True, tag="rounded-corners"):
    """Round the corners of a picture.

    With `radius: max` a square becomes a circle and any other picture a pill. Corners become
    transparent, so ask for a format that can hold that (`"format": "png"`, `webp`, `avif`), or give a
    `background`: a source that is a JPEG stays one by default, and its corners would be white.
    """

    radius: Annotated[
        Annotated[int, Meta(ge=1, le=8192)] | Most,
        Meta(description="Radius of the corners, pixels, at most half the shorter side; or `max`.", examples=[24]),
    ] = 16
    background: (
        Annotated[ColourText, Meta(description="Colour of the corners. Default: transparent.", examples=["white"])]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        if self.background is not None:
            parse(self.background)

    def run(self, picture: Picture, context: Context) -> Picture:
        """Round the corners of every frame."""
        largest = min(picture.width, picture.height) / 2
        radius = largest if isinstance(self.radius, Most) else min(self.radius, largest)
        mask = _rounded(picture.width, picture.height, radius)
        ground = parse(self.background or "transparent")
        return picture.map(lambda page: cut(page, mask, ground))


class Border(PictureOperation, frozen=True, kw_only=True, tag="border"):
    """Draw a border around a picture.

    The picture grows by `width` on each of its four sides; with `inside: true` it keeps its size and
    the border covers its edges.
    """

    width: Annotated[int, Meta(ge=1, le=4096, description="Width of the border, pixels.", examples=[10])] = 10
    colour: Annotated[ColourText, Meta(description="Colour of the border.", examples=["#336699"])] = "black"
    inside: Annotated[bool, Meta(description="Whether the border covers the picture's edges.")] = False

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        parse(self.colour, "/colour")

    def run(self, picture: Picture, context: Context) -> Picture:
        """Draw the border around every frame."""
        ink = parse(self.colour, "/colour")
        if self.inside:
            self._check_room(picture)
            return picture.map(lambda page: _framed(page, self.width, ink))
        return picture.map(lambda page: _enlarged(page, self.width, ink))

    def _check_room(self, picture: Picture) -> None:
        most = (min(picture.width, picture.height) - 1) // 2
        if self.width > most:
            raise invalid(
                "/width",
                f"A border of {self.width} pixels inside {picture.width}x{picture.height} leaves nothing of the"
                f" picture; at most {most} are possible.",
            )


class Flatten(PictureOperation, frozen=True, kw_only=True, tag="flatten"):
    """Lay a transparent picture on a colour.

    The result has no transparency. An opaque picture stays as it is.
    """

    background: Annotated[
        ColourText, Meta(description="Colour under the picture; it must be opaque.", examples=["#ffffff"])
    ] = "white"

    def __post_init__(self) -> None:
        """Refuse an unknown colour and one that is not opaque."""
        if not parse(self.background).opaque:
            raise invalid("/background", f"{self.background!r} is not opaque: the result would be transparent again.")

    def run(self, picture: Picture, context: Context) -> Picture:
        """Flatten every frame; only encoded again where none is transparent."""
        if not picture.transparent:
            return picture.map(lambda pixels: pixels)
        ground = parse(self.background)
        return picture.map(lambda page: coloured(page).flatten(background=ground.rgb))


def _rounded(width: int, height: int, radius: float) -> pyvips.Image:
    """Return a mask: 255 within the rounded rectangle, 0 in its corners, between them along the edge.

    A pixel's share is taken from the distance of its middle to the corner's circle, which is within
    a few hundredths of the area that is covered.
    """
    side = int(radius + 0.5)
    across, down = pyvips.Image.xyz(side, side).bandsplit()
    distance = ((across + 0.5 - radius) ** 2 + (down + 0.5 - radius) ** 2) ** 0.5
    corner = ((radius + 0.5 - distance) * 255 + 0.5).cast("uchar").copy_memory()
    mask = filled(width, height, WHITE).extract_band(0)
    top = mask.insert(corner, 0, 0).insert(corner.fliphor(), width - side, 0)
    bottom = corner.flipver()
    return top.insert(bottom, 0, height - side).insert(bottom.fliphor(), width - side, height - side)


def _enlarged(page: pyvips.Image, width: int, ink: Colour) -> pyvips.Image:
    page = coloured(page) if ink.opaque else with_alpha(page)
    background = list(ink) if page.hasalpha() else ink.rgb
    return page.embed(
        width, width, page.width + 2 * width, page.height + 2 * width, extend="background", background=background
    )


def _framed(page: pyvips.Image, width: int, ink: Colour) -> pyvips.Image:
    page = coloured(page)
    inner = filled(page.width - 2 * width, page.height - 2 * width, TRANSPARENT)
    frame = inner.embed(width, width, page.width, page.height, extend="background", background=list(ink))
    framed = page.composite2(frame, "over").cast("uchar")
    return framed if page.hasalpha() else framed.extract_band(0, n=COLOURS)
