"""The operation `resize`."""

from __future__ import annotations

from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Choice, Context, Picture, PictureOperation
from filemill import Colour as ColourText
from filemill.errors import invalid
from filemill.limits import MAX_DIMENSION
from filemill_image import colour
from filemill_image.geometry.canvas import laid, on_blur
from filemill_image.geometry.scaling import covered, scaled
from filemill_image.geometry.sizes import Height, Size, Width
from filemill_image.gravity import Gravity, offset


class Fit(Choice):
    """How a picture meets a box of another ratio."""

    COVER = "cover"
    CONTAIN = "contain"
    INSIDE = "inside"
    FILL = "fill"
    BLUR = "blur"


class Resize(PictureOperation, frozen=True, kw_only=True, tag="resize"):
    """Resize a picture to exact or proportional dimensions.

    One dimension alone keeps the ratio. With both, `fit` decides: `inside` (default) keeps the ratio
    and gives the largest picture within them; `cover` fills them and crops what is over; `contain`
    fits the whole picture in and fills up with `background`; `blur` fills up with a blurred
    enlargement of the picture; `fill` stretches. All but `inside` give exactly width x height.

    With `enlarge: false` the picture's own pixels are never enlarged: `inside` gives at most the
    source's size; `contain` and `blur` put the picture at its own size on the canvas, which keeps its
    size; `cover` shrinks the box, keeping its ratio, until the picture covers it; `fill` leaves each
    side at most as long as it was.
    """

    width: Width | None = None
    height: Height | None = None
    fit: Annotated[Fit, Meta(description="How the picture meets width and height.", examples=["cover"])] = Fit.INSIDE
    enlarge: Annotated[bool, Meta(description="Whether the result may have more pixels than the source.")] = True
    gravity: Annotated[
        Gravity,
        Meta(
            description="Part that `cover` keeps: one of nine points, `attention` (where the eye goes) or"
            " `entropy` (most detail); place of the picture in `contain` and `blur`, where these two are `center`.",
            examples=["attention"],
        ),
    ] = Gravity.CENTER
    background: (
        Annotated[
            ColourText,
            Meta(
                description="Colour of the canvas of `contain`, also under transparent parts. Default:"
                " transparent, which is white in formats that hold no transparency."
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse a box without sides and an unknown colour."""
        if self.width is None and self.height is None:
            raise invalid("/width", "A resize needs 'width', 'height' or both.")
        if self.background is not None:
            colour.parse(self.background)

    def reduction(self, picture: Picture) -> float:
        """Return how far the picture may be reduced on load: to no less than it is scaled to."""
        source = Size(picture.width, picture.height)
        return source.reduction_to(self._plan(source)[0])

    def run(self, picture: Picture, context: Context) -> Picture:
        """Resize every frame."""
        source = Size(picture.width, picture.height)
        size, box = self._plan(source)
        pages = picture.pages(source.reduction_to(size))
        if self.fit is Fit.COVER and size != box:
            return picture.with_pages(covered(pages, box, self.gravity))
        return picture.with_pages([self._fitted(page, size, box) for page in pages])

    def _plan(self, source: Size) -> tuple[Size, Size]:
        """Return the size the whole picture is scaled to, and the size of the result."""
        if self.width is None or self.height is None:
            scale = self.width / source.width if self.width else (self.height or 1) / source.height
            size = _possible(source.times(scale if self.enlarge else min(scale, 1.0)))
            return size, size
        box = Size(self.width, self.height)
        if self.fit in (Fit.FILL, Fit.COVER):
            if not self.enlarge:
                most = Size(min(box.width, source.width), min(box.height, source.height))
                box = most if self.fit is Fit.FILL else box.inside(most, enlarge=False)
            return (box, box) if self.fit is Fit.FILL else (source.around(box), box)
        size = source.inside(box, enlarge=self.enlarge)
        return size, size if self.fit is Fit.INSIDE else box

    def _fitted(self, page: pyvips.Image, size: Size, box: Size) -> pyvips.Image:
        """Scale one frame, which may have been reduced on load, and lay it on a canvas."""
        page = scaled(page, size)
        left, top = offset(self.gravity, box.width - size.width, box.height - size.height)
        if size != box and self.fit is Fit.BLUR:
            return on_blur(page, left, top, box)
        if self.fit is Fit.CONTAIN and (size != box or self.background is not None):
            return laid(page, left, top, box, colour.parse(self.background or "transparent"))
        return page


def _possible(size: Size) -> Size:
    if max(size) <= MAX_DIMENSION:
        return size
    raise invalid(
        "/width" if size.height > size.width else "/height",
        f"Keeping the ratio makes {size.width}x{size.height} pixels; no side may have more than {MAX_DIMENSION}."
        " Give both dimensions.",
    )
