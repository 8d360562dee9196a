"""Changes of a document that are taken back: one part's are no other's."""

from __future__ import annotations

from pikepdf import Object


class Edits:
    """Changes entries of dictionaries, and takes the changes back at the end."""

    def __init__(self) -> None:
        self._before: list[tuple[Object, str, Object | None]] = []

    def put(self, holder: Object, key: str, value: object) -> None:
        """Set an entry; None removes it."""
        self._before.append((holder, key, holder.get(key)))
        _put(holder, key, value)

    def undo(self) -> None:
        """Take all changes back, the latest first."""
        while self._before:
            _put(*self._before.pop())


def _put(holder: Object, key: str, value: object) -> None:
    if value is not None:
        holder[key] = value
    elif key in holder:
        del holder[key]
