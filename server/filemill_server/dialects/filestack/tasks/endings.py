"""Tasks that say what becomes of the answer: store, zip, cache, fallback."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from filemill.errors import invalid
from filemill.faults import unknown
from filemill_server.dialects.filestack.tasks.base import TaskOptions

LOCATIONS = ("azure", "dropbox", "gcs", "rackspace", "s3")
MONTH = 2_592_000
"""Seconds that an answer is cached where nothing else is said."""
_YEAR = 31_536_000


class Store(TaskOptions, frozen=True, kw_only=True):
    """FS-86. `location` is one of the vendor's names, in any case; all are the server's own storage."""

    aliases: ClassVar = {"base64": "base64decode"}
    filename: Annotated[str, Meta(max_length=1024)] | None = None
    location: str | None = None
    path: Annotated[str, Meta(max_length=1024)] | None = None
    container: Annotated[str, Meta(max_length=255)] | None = None
    region: Annotated[str, Meta(max_length=64)] | None = None
    access: Literal["public", "private"] = "private"
    base64decode: bool = False
    workflows: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=20)] = []

    def __post_init__(self) -> None:
        """Refuse an unknown location."""
        if self.location is not None and self.location.lower() not in LOCATIONS:
            raise invalid("/location", unknown(self.location, LOCATIONS, "location"))


class Zip(TaskOptions, frozen=True, kw_only=True):
    """FS-84."""


class Cache(TaskOptions, frozen=True, kw_only=True):
    """FS-51."""

    aliases: ClassVar = {"e": "expiry"}
    expiry: Annotated[int, Meta(ge=0, le=_YEAR)] | Literal["max"] = MONTH

    @property
    def seconds(self) -> int:
        """How long the answer may be kept."""
        return _YEAR if self.expiry == "max" else self.expiry


class Fallback(TaskOptions, frozen=True, kw_only=True):
    """FS-75."""

    aliases: ClassVar = {"handle": "file"}
    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
    cache: Annotated[int, Meta(ge=1, le=_YEAR)] | None = None
