"""YAML that people write, read so that every fault can be shown where it stands."""

from __future__ import annotations

from typing import Any

import yaml
from msgspec import Struct

from filemill.errors import Fault

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
        return YamlFault(node.start_mark.line + 1, node.start_mark.column + 1, fault.detail)


class _Loader(yaml.SafeLoader):
    """Plain YAML, in which a key that stands twice is an error, and so is one that is no text or number."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Make a value; PyYAML itself fails in ways of its own where a value is not what its tag says."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            detail = f"{str(node.value)[:_SHOWN]!r} is no {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, detail, node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is a list or has keys", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> YamlText:
    """Read a text.

    Raises:
        YamlError: it is not YAML, or a key stands twice in it.
    """
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            return YamlText(loader.construct_document(root) if root is not None else None, root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlError(YamlFault(line, column, error.problem or str(error))) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(YamlFault(1, 1, f"this is not YAML: {error}")) from None


def _child(node: yaml.Node | None, part: str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode):
        return node.value[int(part)] if part.isdigit() and int(part) < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    return None
