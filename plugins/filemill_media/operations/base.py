"""What all operations on video and sound have in common."""

from __future__ import annotations

from filemill import Missing, Operation
from filemill_media import programs


class MediaOperation(Operation, frozen=True, kw_only=True):
    """Base of the operations that FFmpeg does."""

    @classmethod
    def missing(cls) -> Missing | None:
        """Without FFmpeg nothing can be done."""
        return programs.missing()
