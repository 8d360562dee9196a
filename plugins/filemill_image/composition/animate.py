"""The operation `animate`."""

from __future__ import annotations

from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Choice, Context, Encoding, Picture, PictureOperation
from filemill import Colour as ColourText
from filemill.errors import invalid
from filemill_image.colour import TRANSPARENT, WHITE, Colour, parse
from filemill_image.composition.added import Images, with_images
from filemill_image.effects.bands import COLOURS
from filemill_image.geometry.canvas import laid
from filemill_image.geometry.scaling import covered, scaled
from filemill_image.geometry.sizes import Height, Size, Width
from filemill_image.gravity import Gravity, Position, offset


class FrameFit(Choice):
    """How a picture meets a frame of another ratio."""

    CONTAIN = "contain"
    COVER = "cover"
    FILL = "fill"


class Animate(PictureOperation, frozen=True, kw_only=True, tag="animate"):
    """Make an animation of many pictures.

    Each is a frame, in the order given; frames of an animation are frames of their own. The size is that of
    the first picture unless `width` and `height` say otherwise. The result is a GIF unless a `format` is
    asked for; WebP holds animations as well.
    """

    images: Images = []
    width: Width | None = None
    height: Height | None = None
    fit: Annotated[
        FrameFit,
        Meta(description="How each meets the size: `contain` shows all, `cover` fills and cuts, `fill` stretches."),
    ] = FrameFit.CONTAIN
    position: Annotated[Position, Meta(description="Place in the frame, or the part that `cover` keeps.")] = (
        Position.CENTER
    )
    background: Annotated[ColourText, Meta(description="Colour of what is left free. Default: transparent.")] | None = (
        None
    )
    delay: Annotated[
        int, Meta(ge=0, le=60_000, description="How long each is shown, milliseconds; a GIF counts in tens.")
    ] = 100
    loop: Annotated[int, Meta(ge=0, le=65_535, description="How many times it is shown; 0: without end.")] = 0

    def __post_init__(self) -> None:
        """Refuse an unknown colour."""
        if self.background is not None:
            parse(self.background)

    def encoding(self) -> Encoding:
        """Wish for a GIF where no other format is asked for."""
        return Encoding(type="gif").merge(super().encoding())

    def run(self, pictures: list[Picture], context: Context) -> Picture:
        """Make a frame of each."""
        every = with_images(pictures, self.images, context)
        size, count = self._size(every[0]), sum(picture.frames for picture in every)
        if count > context.limits.max_frames:
            raise invalid("", f"There would be {count} frames; {context.limits.max_frames} are allowed.")
        if size.width * size.height * count > context.limits.max_pixels:
            frames_of = f"{count} frames of {size.width}x{size.height}"
            raise invalid("", f"{frames_of} have more than {context.limits.pixels} pixels in all.")
        ground = parse(self.background) if self.background else TRANSPARENT
        frames: list[pyvips.Image] = []
        for number, picture in enumerate(every, 1):
            factor = self._reduction(Size(picture.width, picture.height), size)
            frames += [self._frame(page, size, ground).copy_memory() for page in picture.pages(factor)]
            context.progress(number, len(every))
        made = every[0].with_pages(_without_needless_alpha(frames))
        image = made.image.copy()
        image.set_type(pyvips.GValue.array_int_type, "delay", [self.delay] * count)
        image.set_type(pyvips.GValue.gint_type, "loop", self.loop)
        return made.with_image(image, frames=count)

    def _size(self, first: Picture) -> Size:
        source = Size(first.width, first.height)
        if self.width and self.height:
            return Size(self.width, self.height)
        return source.times((self.width or 0) / source.width or (self.height or 0) / source.height or 1.0)

    def _reduction(self, source: Size, size: Size) -> float:
        """Return how far a picture may be reduced on load."""
        if self.fit is FrameFit.COVER:
            return source.reduction_to(source.around(size))
        return source.reduction_to(size if self.fit is FrameFit.FILL else source.inside(size, enlarge=True))

    def _frame(self, page: pyvips.Image, size: Size, ground: Colour) -> pyvips.Image:
        """Return a frame of exactly a size; all have an alpha band, or with an opaque background none has."""
        if self.fit is FrameFit.COVER:
            (image,) = covered([page], size, Gravity(self.position.value))
            return laid(image, 0, 0, size, ground)
        if self.fit is FrameFit.FILL:
            return laid(scaled(page, size), 0, 0, size, ground)
        image = scaled(page, Size(page.width, page.height).inside(size, enlarge=True))
        left, top = offset(self.position, size.width - image.width, size.height - image.height)
        return laid(image, left, top, size, ground)


def _without_needless_alpha(frames: list[pyvips.Image]) -> list[pyvips.Image]:
    """Return frames, which are in memory, without alpha bands where none has a pixel that is not opaque."""
    if all(frame.hasalpha() and frame.extract_band(COLOURS).min() == WHITE.alpha for frame in frames):
        return [frame.extract_band(0, n=COLOURS) for frame in frames]
    return frames
