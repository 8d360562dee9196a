"""Paper sizes."""

from __future__ import annotations

from filemill.choices import Choice


class PageSize(Choice):
    """A size of paper, or as large as what is on it."""

    FIT = "fit"
    A3 = "a3"
    A4 = "a4"
    A5 = "a5"
    LETTER = "letter"
    LEGAL = "legal"
    TABLOID = "tabloid"

    @property
    def size(self) -> tuple[float, float] | None:
        """Width and height upright, points; ISO 216 to a tenth of a point."""
        return _SIZES.get(self)

    @property
    def shorter_side(self) -> float | None:
        """The shorter side, points."""
        return None if self.size is None else min(self.size)


_SIZES = {
    PageSize.A3: (841.9, 1190.6),
    PageSize.A4: (595.3, 841.9),
    PageSize.A5: (419.5, 595.3),
    PageSize.LETTER: (612.0, 792.0),
    PageSize.LEGAL: (612.0, 1008.0),
    PageSize.TABLOID: (792.0, 1224.0),
}
