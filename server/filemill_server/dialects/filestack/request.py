"""What a delivery or processing request says, once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from filemill.errors import ErrorCode, FilemillError

Value: TypeAlias = str | tuple["Value", ...]
"""An option's value as it was written: text, or a list of such values."""


class Task(Struct, frozen=True):
    """One task of a chain; `on` is false for `name=false`, which switches it off."""

    name: str
    options: Mapping[str, Value] = {}
    on: bool = True


class Handle(Struct, frozen=True):
    """A stored file; the extension behind a `+` only suggests a type."""

    handle: str
    extension: str | None = None


class ExternalUrl(Struct, frozen=True):
    """A file elsewhere, its address as it is to be fetched."""

    url: str


class Alias(Struct, frozen=True):
    """A file in storage that the app has given a name."""

    alias: str
    path: str


OneSource: TypeAlias = Handle | ExternalUrl | Alias


class SourceList(Struct, frozen=True):
    """Several files, for the tasks that take many."""

    sources: tuple[OneSource, ...]


class Security(Struct, frozen=True):
    """A policy and its signature, as they were sent."""

    policy: str
    signature: str


class DeliveryRequest(Struct, frozen=True):
    """A delivery URL, read.

    Fields:
        source: the file or files.
        tasks: in the order they run, without `security`.
        key: the app's key, where the path began with one.
        security: from the task or from the query.
        query: what the query says beside the security, in its order; empty where it belongs to the source.
        metadata: whether the path ended in `/metadata`.
    """

    source: OneSource | SourceList
    tasks: tuple[Task, ...] = ()
    key: str | None = None
    security: Security | None = None
    query: tuple[tuple[str, str], ...] = ()
    metadata: bool = False


def unreadable(detail: str) -> FilemillError:
    """Make the error for a URL or a body that can't be read."""
    return FilemillError(ErrorCode.BAD_REQUEST, detail)


def quoted(text: str) -> str:
    """Return a caller's text as an error repeats it: not longer than a line."""
    most = 60
    return repr(text if len(text) <= most else text[:most] + "…")
