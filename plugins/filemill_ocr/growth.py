"""How large a document may become: pictures of pages without loss are many times their PDF."""

from __future__ import annotations

from filemill import ErrorCode, File, FilemillError, Limits

_LEAST_ALLOWED_BYTES = 1 << 20


class Growth:
    """Bounds what is stored in a document by the size of what was given.

    Args:
        given: the input.
        limits: say how many times as much may be written.
    """

    def __init__(self, given: File, limits: Limits) -> None:
        self._name = given.name
        self._factor = limits.max_growth
        self._left = limits.max_growth * max(given.size, _LEAST_ALLOWED_BYTES)

    def add(self, size: int) -> None:
        """Count what was stored.

        Raises:
            FilemillError: `INVALID_FILE` where all together are over the limit.
        """
        self._left -= size
        if self._left < 0:
            reason = f"The pictures of the pages of {self._name!r} would take more than {self._factor} times its size."
            raise FilemillError(ErrorCode.INVALID_FILE, reason)
