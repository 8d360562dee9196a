"""Packs: named pipelines read from preset files, one a YAML file, with exact places in their errors."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources.abc import Traversable
from typing import Annotated, Any

import yaml
from msgspec import Meta, Struct

from filemill.errors import Fault, FilemillError
from filemill.faults import convert
from filemill.limits import MAX_DIMENSION, Limits
from filemill.operation import Operation
from filemill.pipeline import check_steps, read_steps
from filemill.registry import Registry

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


class _Loader(yaml.SafeLoader):
    """Plain YAML, in which a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


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
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            plain = loader.construct_document(root) if root is not None else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise PresetError([PresetFault(file, line, column, error.problem or str(error))]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise PresetError([PresetFault(file, 1, 1, f"this is not YAML: {error}")]) from None
    try:
        preset: PresetFile = convert(plain, PresetFile)
        steps = read_steps(registry, preset.steps)
        check_steps(registry, steps, limits)
    except FilemillError as error:
        faults = error.faults or (Fault("", error.detail),)
        raise PresetError([_placed(fault, root, file) for fault in faults]) from None
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


def _placed(fault: Fault, root: yaml.Node | None, file: str) -> PresetFault:
    """Find the line and column of a pointer: the deepest node that exists on its way."""
    node = root
    for part in fault.pointer.strip("/").split("/") if fault.pointer else []:
        below = _child(node, part.replace("~1", "/").replace("~0", "~"))
        if below is None:
            break
        node = below
    if node is None:
        return PresetFault(file, 1, 1, fault.detail)
    return PresetFault(file, node.start_mark.line + 1, node.start_mark.column + 1, fault.detail)


def _child(node: yaml.Node | None, part: str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode):
        return node.value[int(part)] if part.isdigit() and int(part) < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    return None
