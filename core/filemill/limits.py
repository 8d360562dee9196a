"""The limits that hold for every piece of work."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

MAX_DIMENSION = 16384
"""Largest width or height of a picture read or written, pixels (the limit of WebP and AVIF encoders)."""


class Limits(Struct, frozen=True, kw_only=True):
    """What one task may use.

    Fields:
        max_pixels: pixels of one picture, all frames together.
        max_pixels_of: whose limit that is, for errors; "": the server's own.
        max_dimension: width or height of a picture, pixels.
        max_frames: frames or pages of a picture.
        max_steps: steps of a pipeline.
        max_outputs: files one task may give.
        memory_bytes: what a task may allocate on top of an idle worker.
        max_growth: how many times the bytes of its inputs (at least 1 MiB) a step on documents, archives or media may
            write or unpack.
        honour_restrictions: whether a document that opens without password but forbids changes is refused.
        deadline_seconds: wall time until the worker is killed.
    """

    max_pixels: Annotated[int, Meta(ge=1)] = 100_000_000
    max_pixels_of: str = ""
    max_dimension: Annotated[int, Meta(ge=1, le=65535)] = MAX_DIMENSION
    max_frames: Annotated[int, Meta(ge=1)] = 1000
    max_steps: Annotated[int, Meta(ge=1)] = 64
    max_outputs: Annotated[int, Meta(ge=1)] = 1000
    max_growth: Annotated[int, Meta(ge=1)] = 200
    honour_restrictions: bool = False
    memory_bytes: Annotated[int, Meta(ge=64 << 20)] = 1 << 30
    deadline_seconds: Annotated[float, Meta(gt=0)] = 30.0

    @property
    def pixels(self) -> str:
        """`max_pixels` for errors, with whose limit it is."""
        return f"{self.max_pixels} ({self.max_pixels_of})" if self.max_pixels_of else str(self.max_pixels)
