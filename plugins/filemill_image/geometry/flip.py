"""The operations `flip` and `flop`."""

from __future__ import annotations

from filemill import Context, Picture, PictureOperation


class Flip(PictureOperation, frozen=True, kw_only=True, tag="flip"):
    """Mirror a picture top to bottom."""

    def run(self, picture: Picture, context: Context) -> Picture:
        """Mirror every frame."""
        picture.settle()
        return picture.map(lambda page: page.flipver())


class Flop(PictureOperation, frozen=True, kw_only=True, tag="flop"):
    """Mirror a picture left to right."""

    def run(self, picture: Picture, context: Context) -> Picture:
        """Mirror every frame."""
        return picture.map(lambda page: page.fliphor())
