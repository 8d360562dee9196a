"""Packs: named pipelines read from preset files, one a YAML file, with exact places in their errors."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources.abc import Traversable
from typing import Annotated, Any

from msgspec import Meta, Struct

from filemill.errors import Fault, FilemillError
from filemill.faults import convert
from filemill.limits import MAX_DIMENSION, Limits
from filemill.operation import Operation
from filemill.pipeline import check_steps, read_steps
from filemill.registry import Registry
from filemill.yaml_text import YamlError, YamlFault, read_yaml

PackId = Annotated[str, Meta(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=64)]
Side = Annotated[int, Meta(ge=1, le=MAX_DIMENSION)]


class PresetFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a preset file says: the pack's id, its title and platform, its size in pixels and its steps."""

    id: PackId
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    platform: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    width: Side | None = None
    height: Side | None = None
    steps: list[dict[str, Any]]


class Pack(Struct, frozen=True, kw_only=True):
    """A named pipeline, checked against the installed operations. `origin` says which file it is from."""

    id: str
    title: str
    platform: str | None
    width: int | None
    height: int | None
    steps: list[Operation]
    origin: str


class PresetFault(Struct, frozen=True):
    """What is wrong in a preset file, and where: line and column count from 1."""

    file: str
    line: int
    column: int
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.detail}"


class PresetError(Exception):
    """A preset file that can't be used; `faults` are all that is wrong with it."""

    def __init__(self, faults: list[PresetFault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def read_pack(text: str, file: str, registry: Registry, limits: Limits) -> Pack:
    """Read a preset file's text.

    Args:
        text: YAML.
        file: its name, for errors.
        registry: the operations it may use.
        limits: those that pipelines are checked against.

    Raises:
        PresetError: with every fault, each with file, line and column.
    """
    try:
        read = read_yaml(text)
    except YamlError as error:
        raise PresetError([_in_file(error.fault, file)]) from None
    try:
        preset: PresetFile = convert(read.plain, PresetFile)
        steps = read_steps(registry, preset.steps)
        check_steps(registry, steps, limits)
    except FilemillError as error:
        faults = error.faults or (Fault("", error.detail),)
        raise PresetError([_in_file(read.placed(fault), file) for fault in faults]) from None
    return Pack(
        id=preset.id,
        title=preset.title,
        platform=preset.platform,
        width=preset.width,
        height=preset.height,
        steps=steps,
        origin=file,
    )


def preset_files(folder: Traversable) -> Iterable[Traversable]:
    """Return the preset files of a folder, by name: `*.yaml` and `*.yml`."""
    return sorted(
        (entry for entry in folder.iterdir() if entry.is_file() and entry.name.endswith((".yaml", ".yml"))),
        key=lambda entry: entry.name,
    )


def _in_file(fault: YamlFault, file: str) -> PresetFault:
    return PresetFault(file, fault.line, fault.column, fault.detail)
