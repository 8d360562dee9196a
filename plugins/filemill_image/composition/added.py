"""The pictures that an operation takes beside its inputs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Picture, Source

MOST = 1000
"""How many there may be."""

Images = Annotated[list[Source], Meta(max_length=MOST, description="Pictures that follow the inputs, in this order.")]


def with_images(pictures: list[Picture], images: list[Source], context: Context) -> list[Picture]:
    """Return the inputs, and behind them the pictures of a parameter."""
    return [*pictures, *(context.source(image, Picture) for image in images)]
