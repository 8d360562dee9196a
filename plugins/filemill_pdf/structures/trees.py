"""Name trees and number trees (ISO 32000-1, 7.9.6 and 7.9.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Object

from filemill_pdf.structures.names import whole_number

NAMES, NUMBERS = "/Names", "/Nums"
_LEAF_ENTRIES = 64


def entries(root: Object | None, pairs: str) -> Iterator[tuple[Object, Object]]:
    """Yield the keys and values of a tree, in its order; a node that comes twice is read once."""
    stack: list[Object | None] = [root]
    seen: set[tuple[int, int]] = set()
    while stack:
        node = stack.pop()
        if not isinstance(node, Dictionary):
            continue
        if node.is_indirect:
            if node.objgen in seen:
                continue
            seen.add(node.objgen)
        own = node.get(pairs)
        if isinstance(own, Array):
            items = list(own)
            yield from zip(items[::2], items[1::2], strict=False)
        kids = node.get("/Kids")
        if isinstance(kids, Array):
            stack += reversed(list(kids))


def named(root: Object | None) -> Iterator[tuple[bytes, Object]]:
    """Yield the entries of a name tree whose keys are strings."""
    for key, value in entries(root, NAMES):
        if isinstance(key, pikepdf.String):
            yield bytes(key), value


def numbered(root: Object | None) -> Iterator[tuple[int, Object]]:
    """Yield the entries of a number tree."""
    for key, value in entries(root, NUMBERS):
        number = whole_number(key)
        if number is not None:
            yield number, value


def name_tree(pdf: pikepdf.Pdf, content: dict[bytes, Object]) -> Object:
    """Make a name tree."""
    return _tree(pdf, [(pikepdf.String(key), content[key]) for key in sorted(content)], NAMES)


def number_tree(pdf: pikepdf.Pdf, content: dict[int, Object]) -> Object:
    """Make a number tree."""
    return _tree(pdf, [(key, content[key]) for key in sorted(content)], NUMBERS)


def _tree(pdf: pikepdf.Pdf, content: Sequence[tuple[object, Object]], pairs: str) -> Object:
    leaves = [content[start : start + _LEAF_ENTRIES] for start in range(0, len(content), _LEAF_ENTRIES)] or [content]
    if len(leaves) == 1:
        return pdf.make_indirect(Dictionary({pairs: Array(_flat(content))}))
    nodes = [Dictionary({pairs: Array(_flat(leaf)), "/Limits": Array([leaf[0][0], leaf[-1][0]])}) for leaf in leaves]
    while len(nodes) > _LEAF_ENTRIES:
        groups = [nodes[start : start + _LEAF_ENTRIES] for start in range(0, len(nodes), _LEAF_ENTRIES)]
        nodes = [
            Dictionary(
                Kids=Array([pdf.make_indirect(node) for node in group]),
                Limits=Array([group[0].Limits[0], group[-1].Limits[1]]),
            )
            for group in groups
        ]
    return pdf.make_indirect(Dictionary(Kids=Array([pdf.make_indirect(node) for node in nodes])))


def _flat(content: Sequence[tuple[object, Object]]) -> list[object]:
    return [part for pair in content for part in pair]
