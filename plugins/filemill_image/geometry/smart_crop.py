"""The operation `smart-crop`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Choice, Context, Picture, PictureOperation
from filemill_image.geometry.scaling import covered
from filemill_image.geometry.sizes import Height, Size, Width
from filemill_image.gravity import Gravity


class Strategy(Choice):
    """How the part that matters is found."""

    ATTENTION = "attention"
    ENTROPY = "entropy"


class SmartCrop(PictureOperation, frozen=True, kw_only=True, tag="smart-crop"):
    """Scale a picture to cover a size and keep the part that matters.

    The result has exactly width x height pixels. `attention` looks for edges, saturated colours and
    skin tones, `entropy` for the most detail. It is `resize` with fit `cover` and that gravity; to cut
    without scaling use `crop`.
    """

    width: Width
    height: Height
    strategy: Annotated[
        Strategy, Meta(description="`attention`: where the eye goes; `entropy`: most detail.", examples=["entropy"])
    ] = Strategy.ATTENTION

    def reduction(self, picture: Picture) -> float:
        """Return how far the picture may be reduced on load: until it just covers the size."""
        source = Size(picture.width, picture.height)
        return source.reduction_to(source.around(Size(self.width, self.height)))

    def run(self, picture: Picture, context: Context) -> Picture:
        """Scale and crop every frame; the first one decides which part."""
        pages = picture.pages(self.reduction(picture))
        return picture.with_pages(covered(pages, Size(self.width, self.height), Gravity(self.strategy.value)))
