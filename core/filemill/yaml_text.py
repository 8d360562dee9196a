"""YAML that people write, read so that every fault can be shown where it stands.

Plain data is all that it can hold: tags make no objects, and aliases neither circles nor bombs.
"""

from __future__ import annotations

from typing import Any

import yaml
from msgspec import Struct

from filemill.errors import Fault

MAX_NODES = 20_000
"""Values that a text may hold, each counted as often as aliases repeat it."""
MAX_DEPTH = 64
"""Brackets and braces that may stand in each other: the time to read them grows with the square of their number."""

_PLAIN = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge")
)
_SHOWN = 40  # characters of a wrong value that an error repeats


class YamlFault(Struct, frozen=True):
    """What is wrong in a text, and where: line and column count from 1."""

    line: int
    column: int
    detail: str


class YamlError(Exception):
    """A text that is not YAML."""

    def __init__(self, fault: YamlFault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class YamlText(Struct, frozen=True):
    """A text that was read: its plain data, and the nodes that tell where it stands."""

    plain: Any
    root: Any

    def placed(self, fault: Fault) -> YamlFault:
        """Find the line and column of a pointer: the deepest node that exists on its way."""
        node: yaml.Node | None = self.root
        for part in fault.pointer.strip("/").split("/") if fault.pointer else []:
            below = _child(node, part.replace("~1", "/").replace("~0", "~"))
            if below is None:
                break
            node = below
        if node is None:
            return YamlFault(1, 1, fault.detail)
        return _fault(node, fault.detail)


class _Loader(yaml.SafeLoader):
    """Plain YAML, in which a key that stands twice is an error."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Make a value; PyYAML itself fails in ways of its own where a value is not what its tag says."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            detail = f"{str(node.value)[:_SHOWN]!r} is no {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, detail, node.start_mark) from error

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        if self.flow_level >= MAX_DEPTH:
            detail = f"brackets stand in each other more than {MAX_DEPTH} deep"
            raise yaml.scanner.ScannerError(None, None, detail, self.get_mark())
        super().fetch_flow_collection_start(token)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> YamlText:
    """Read a text.

    Raises:
        YamlError: it is not YAML, a key stands twice in it or is no text, it has other tags than those of plain data,
            it contains itself, or holds more than `MAX_NODES` values.
    """
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return YamlText(None, None)
            if _count(root, {}) > MAX_NODES:
                raise YamlError(_fault(root, f"it holds more than {MAX_NODES} values, repeated ones counted"))
            return YamlText(loader.construct_document(root), root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlError(YamlFault(line, column, error.problem or str(error))) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(YamlFault(1, 1, f"this is not YAML: {error}")) from None


def _count(node: yaml.Node, counted: dict[int, int | None]) -> int:
    """Count a node and what is below it; `counted` holds the nodes that were met, None where one is still open."""
    if id(node) in counted:
        count = counted[id(node)]
        if count is None:
            raise YamlError(_fault(node, "it contains itself"))
        return count
    if node.tag not in _PLAIN:
        raise YamlError(_fault(node, f"{_short(node.tag)} is no plain text, number, truth, list or mapping; quote it"))
    counted[id(node)] = None
    below: list[yaml.Node] = []
    if isinstance(node, yaml.SequenceNode):
        below = node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError(_fault(key, "a key must be a text"))
            below += [key, value]
    count = 1 + sum(_count(child, counted) for child in below)
    counted[id(node)] = count
    return count


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _fault(node: yaml.Node, detail: str) -> YamlFault:
    return YamlFault(node.start_mark.line + 1, node.start_mark.column + 1, detail)


def _child(node: yaml.Node | None, part: str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode):
        return node.value[int(part)] if part.isdigit() and int(part) < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    return None
