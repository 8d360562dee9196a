"""What flows through a pipeline besides pictures and documents: plain files, text and data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None
Facts: TypeAlias = dict[str, Json]
"""What is known of a value and shown to the caller: `width`, `pages`, …"""


class File(Struct, frozen=True):
    """A file on disk whose content has been sniffed.

    Fields:
        path: where it is; the owner of the working folder removes it.
        name: the caller's name for it, without folders.
        format: name of the format found by content, such as `jpeg`.
        size: bytes.
        named: whether a result keeps the ending of this name, as that of a file out of an archive: `main.py` is no
            `main.txt`, though its content is text. Else it gets that of its format.
    """

    path: Path
    name: str
    format: str
    size: int
    named: bool = False

    @property
    def facts(self) -> Facts:
        """Nothing beyond its format and size is known of a plain file."""
        return {}


@runtime_checkable
class Held(Protocol):
    """A kind that is a whole file on disk: a `Document`, and what plugins bring, such as a video or an archive.

    Any class with these two members is one; it is saved as a copy of its file.

    Members:
        file: the file, complete and closed.
        facts: what is known of it and shown to the caller.
    """

    @property
    def file(self) -> File:
        """The file."""

    @property
    def facts(self) -> Facts:
        """What is known of it."""


class Text(Struct, frozen=True):
    """Text, with what its maker knows of it (`confidence`, `pages`).

    Fields:
        text: the text itself.
        known: further facts.
        format: name of the format it is saved as.
        body: what is saved, where the format says more than the text itself (boxes of words, …).
    """

    text: str
    known: Facts = {}
    format: str = "text"
    body: str | None = None

    @property
    def facts(self) -> Facts:
        """The text itself and what is known of it."""
        return {"text": self.text, **self.known}


class Data(Struct, frozen=True):
    """A JSON value: the answer of an operation that measures instead of making."""

    value: Facts

    @property
    def facts(self) -> Facts:
        """The value, as `data`."""
        return {"data": self.value}
