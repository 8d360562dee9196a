"""A plugin for tests of discovery, packs and the OpenAPI document: every shape an operation can have."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from filemill import (
    Choice,
    Colour,
    Context,
    Data,
    Document,
    File,
    Format,
    Missing,
    Operation,
    Picture,
    PictureOperation,
    Source,
    Text,
    hookimpl,
)
from filemill.encoding import Encoding
from filemill.registry import Registry, load_registry


class Fit(Choice):
    """How a picture goes into its box."""

    COVER = "cover"
    INSIDE = "inside"


class Shrink(PictureOperation, frozen=True, tag="shrink"):
    """Make a picture smaller.

    Keeps the ratio.
    """

    width: Annotated[int, Meta(ge=1, le=16384, description="Target width, pixels.", examples=[800])]
    fit: Annotated[Fit, Meta(description="How it goes into its box.")] = Fit.INSIDE
    background: Colour | None = None

    def run(self, picture: Picture, context: Context) -> Picture:
        return picture


class Stamp(PictureOperation, frozen=True, tag="stamp"):
    """Put a picture on a picture."""

    overlay: Annotated[Source, Meta(description="The picture to put on it.")]

    def run(self, picture: Picture, context: Context) -> Picture:
        return picture


class Join(Operation, frozen=True, tag="join"):
    """Make one document of many."""

    def run(self, documents: list[Document], context: Context) -> Document:
        return documents[0]


class Split(Operation, frozen=True, tag="split"):
    """Make a document of every page."""

    every: Annotated[int, Meta(ge=1)] = 1

    def run(self, document: Document, context: Context) -> list[Document]:
        return [document]


class Measure(Operation, frozen=True, tag="measure"):
    """Measure a file."""

    def run(self, file: Picture | Document, context: Context) -> Data:
        return Data({})


class Read(Operation, frozen=True, tag="read"):
    """Read the text of a picture."""

    @classmethod
    def missing(cls) -> Missing | None:
        return Missing("No reader is installed.", "Install the reader.")

    def run(self, picture: Picture, context: Context) -> Text:
        return Text("")


def _save(value: object, path: Path, encoding: Encoding, context: Context) -> None:
    path.write_bytes(b"")


def _open(file: File, context: Context) -> Picture:
    raise AssertionError("nothing is opened in these tests")


JPEG = Format(
    name="jpeg",
    title="JPEG",
    media_types=("image/jpeg", "image/jpg"),
    extensions=("jpg", "jpeg"),
    kind=Picture,
    sniff=lambda head: head.startswith(b"\xff\xd8\xff"),
    open=_open,
    save=_save,
    transparent=False,
)
AVIF = Format(
    name="avif",
    title="AVIF",
    media_types=("image/avif",),
    extensions=("avif",),
    kind=Picture,
    sniff=lambda head: head[4:12] == b"ftypavif",
    save=_save,
)
HEIC = Format(
    name="heic",
    title="HEIC",
    media_types=("image/heic",),
    extensions=("heic",),
    kind=Picture,
    sniff=lambda head: head[4:12] == b"ftypheic",
    open=_open,
)


@pytest.fixture
def registry() -> Registry:
    """A registry with this plugin and a broken one."""
    return _registry_of()


@pytest.fixture
def registry_of() -> Callable[..., Registry]:
    """Makes a registry with this plugin, a broken one, and one more plugin for each folder of presets."""
    return _registry_of


@pytest.fixture
def preset() -> Callable[..., str]:
    """Makes the text of a preset file."""
    return _preset


def _registry_of(*folders: Path) -> Registry:
    entries = [_point("small", _Small()), EntryPoint("broken", "absent_module_of_a_plugin", "filemill")]
    entries += [_point(f"brand{number}", _Brand(folder)) for number, folder in enumerate(folders)]
    return load_registry(entries=entries)


class _Small:
    @hookimpl
    def filemill_operations(self) -> Sequence[type[Operation]]:
        return [Shrink, Stamp, Join, Split, Measure, Read]

    @hookimpl
    def filemill_formats(self) -> Sequence[Format]:
        return [JPEG, AVIF, HEIC]


class _Brand:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @hookimpl
    def filemill_presets(self) -> Sequence[Traversable]:
        return [self.folder]


class _Point:
    def __init__(self, name: str, plugin: object) -> None:
        self.name = name
        self.plugin = plugin
        self.dist = None

    def load(self) -> object:
        return self.plugin


def _point(name: str, plugin: object) -> EntryPoint:
    return _Point(name, plugin)  # type: ignore[return-value]


def _preset(pack_id: str, width: int = 100, title: str = "A pack") -> str:
    step = json.dumps({"op": "shrink", "width": width})
    return f"id: {pack_id}\ntitle: {title}\nwidth: {width}\nsteps:\n  - {step}\n"
