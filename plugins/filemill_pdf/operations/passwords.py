"""Passwords as parameters."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Password = Annotated[
    str, Meta(max_length=127, pattern=r"^[^\x00-\x1F\x7F]*$", description="A password of a PDF, at most 127 letters.")
]
