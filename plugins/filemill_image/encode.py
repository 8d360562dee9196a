"""Operations that say how the result is encoded."""

from __future__ import annotations

from filemill import Context, Picture, PictureOperation, Priority
from filemill.encoding import Encoding


class Compress(PictureOperation, frozen=True, kw_only=True, tag="compress"):
    """Encode a picture in fewer bytes.

    The result is never larger than the source of the same format.
    """

    priority: Priority | None = None

    def encoding(self) -> Encoding:
        """Wish for quality 80 where none is given."""
        asked = Encoding(quality=80, lossless=False, never_larger=True)
        return asked.merge(super().encoding()).merge(Encoding(priority=self.priority))

    def run(self, picture: Picture, context: Context) -> Picture:
        """Leave the pixels as they are."""
        return picture


OPERATIONS = (Compress,)
