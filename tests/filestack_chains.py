"""Chains as a delivery URL has them, and what a test does with them without HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
import pyvips

from filemill import FilemillError
from filemill.task import Made
from filemill_server.dialects.filestack.grammar import parse
from filemill_server.dialects.filestack.tasks.base import Kind
from filemill_server.dialects.filestack.tasks.plan import Plan, translate

HANDLE = "aBcDeFgHiJ0123456789"
Save = Callable[..., Path]


class Chain(Protocol):
    """Runs a chain over files and gives what was made of them."""

    def __call__(self, chain: str, *files: Path, kind: Kind = Kind.PICTURE, watermark: Path | None = None) -> Made: ...


class Drawn(Protocol):
    """Runs a chain over a picture and gives the pixels."""

    def __call__(self, chain: str, file: Path, *, watermark: Path | None = None) -> pyvips.Image: ...


def plan_of(chain: str, kind: Kind = Kind.PICTURE, *, many: bool = False) -> Plan:
    """The plan of the tasks before a handle."""
    request = parse(f"/{chain}/{HANDLE}".encode(), b"", lambda key: False)
    return translate(request.tasks, kind, many=many)


def refusal(chain: str, kind: Kind = Kind.PICTURE, *, many: bool = False) -> FilemillError:
    """The error that a chain is refused with."""
    with pytest.raises(FilemillError) as caught:
        plan_of(chain, kind, many=many)
    return caught.value


def at(image: pyvips.Image, x: int, y: int) -> list[int]:
    """The values of one pixel."""
    return [round(value) for value in image.getpoint(x, y)]


def differs(one: pyvips.Image, other: pyvips.Image) -> float:
    """The largest difference of two pictures' values; they have equal sizes and bands."""
    assert (one.width, one.height, one.bands) == (other.width, other.height, other.bands)
    return float((one.cast("short") - other.cast("short")).abs().max())
