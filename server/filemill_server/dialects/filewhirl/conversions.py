"""What FileWhirl's `to` comes to: the conversions of the graph, whose results are of that format."""

from __future__ import annotations

from collections.abc import Mapping

from filemill.registry import Registry

Step = Mapping[str, object]


def conversions(registry: Registry, target: str) -> Mapping[str, Step]:
    """Return the step that makes a format of each other one, and of itself a smaller file (FW-12, FW-13).

    Args:
        registry: the formats and the operations that there are.
        target: the wanted format, by any of its names; one that nothing can become gives nothing.
    """
    wanted = registry.formats.find(target)
    if wanted is None:
        return {}
    return {source: {"op": "convert", "format": wanted.name} for source in registry.conversions.sources_of(wanted.name)}
