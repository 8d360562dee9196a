"""Text that is drawn on pictures and pages, as a parameter."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Lettering = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]*$",
        description="The text to put on; it may have several lines.",
        examples=["© Example Ltd"],
    ),
]
