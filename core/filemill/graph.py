"""The graph of conversions: which formats can become which, and over which path."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from filemill.conversions import Conversion
from filemill.formats import Format, FormatTable
from filemill.kinds import File
from filemill.operation import Missing, Shape
from filemill.picture import Picture

MOST_EDGES = 4
"""Of a path: what is further away is not the same thing any more."""
_LOSS = 5.0
"""What a loss costs besides: as much as five encodes, and half a start of a program."""
_SAVING = 1.0
"""What it costs to open a value and to save it in another format of its kind."""
LIBVIPS = "libvips"


@dataclass(frozen=True, slots=True)
class Edge:
    """One step of a path.

    Fields:
        source, target: names of formats.
        engine: what does it.
        weight: what it costs, losses included.
        lossy: whether something is lost.
        final: whether no path goes on from its result.
        first: whether it only begins a path.
        missing: what is missing for it; None: it works here.
        shape: what it takes and gives; None: it is opened as its kind, which is saved in the other format.
        run: does it, where there is more to do than that.
    """

    source: str
    target: str
    engine: str
    weight: float
    lossy: bool
    final: bool = False
    first: bool = False
    missing: Missing | None = None
    shape: Shape | None = None
    run: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A way from one format to another, or to fewer bytes of the same one; no edges: the file stays as it is."""

    source: str
    target: str
    edges: tuple[Edge, ...]

    @property
    def formats(self) -> list[str]:
        """The formats on the way, both ends included."""
        return [self.source, *(edge.target for edge in self.edges)]

    @property
    def lossy(self) -> bool:
        """Whether something is lost on the way."""
        return any(edge.lossy for edge in self.edges)

    @property
    def missing(self) -> list[Missing]:
        """What is missing on this machine to go this way."""
        return list(dict.fromkeys(edge.missing for edge in self.edges if edge.missing is not None))

    @property
    def engine(self) -> str:
        """What does the dearest part of the work; empty where nothing is done."""
        return max(self.edges, key=lambda edge: edge.weight).engine if self.edges else ""


class ConversionGraph:
    """The formats of a registry with all edges between them.

    Args:
        formats: all formats.
        conversions: those of all plugins; edges from or to formats that are not installed are left out.
    """

    def __init__(self, formats: FormatTable, conversions: Iterable[Conversion]) -> None:
        self._formats = formats
        self._edges: dict[str, list[Edge]] = {form.name: [] for form in formats}
        self._same: dict[str, Edge] = {}
        for edge in _kind_edges(formats):
            self._edges[edge.source].append(edge)
        for conversion in conversions:
            self._add(conversion)

    def _add(self, conversion: Conversion) -> None:
        missing, shape = conversion.missing(), conversion.shape
        for source in conversion.sources:
            for target in conversion.targets:
                if source not in self._edges or target not in self._edges:
                    continue
                edge = Edge(
                    source,
                    target,
                    conversion.engine,
                    conversion.cost + (_LOSS if conversion.lossy else 0.0),
                    conversion.lossy,
                    conversion.final,
                    conversion.first,
                    missing,
                    shape,
                    conversion.run,
                )
                if source != target:
                    self._edges[source].append(edge)
                elif conversion.compresses:
                    self._same[source] = edge

    def path(self, sources: Sequence[str], target: str) -> Path | None:
        """Return the cheapest path that can be gone here; else the cheapest that misses a program; else None.

        Args:
            sources: names of formats that the value can be had in; the first is its own.
            target: the name of a format.
        """
        if target in sources:
            edge = self._same.get(target)
            return Path(target, target, () if edge is None or edge.missing is not None else (edge,))
        for every in (False, True):
            found = self._cheapest(sources, every)
            if target in found:
                return found[target]
        return None

    def paths_from(self, source: str) -> dict[str, Path]:
        """Return the path to each format that a format can become, itself included, those that miss something too."""
        found = {**self._cheapest([source], every=True), **self._cheapest([source], every=False)}
        if (same := self.path([source], source)) is not None and self._keeps(source):
            found[source] = same
        return found

    @cached_property
    def all_paths(self) -> dict[str, dict[str, Path]]:
        """Every path, by source and target."""
        return {form.name: self.paths_from(form.name) for form in self._formats}

    @cached_property
    def targets(self) -> frozenset[str]:
        """Every format that something can become, also where a program is missing for it."""
        return frozenset(target for paths in self.all_paths.values() for target in paths)

    def sources_of(self, target: str) -> dict[str, Path]:
        """Return the path from each format that can become one."""
        return {source: paths[target] for source, paths in self.all_paths.items() if target in paths}

    def makes(self, target: str) -> bool:
        """Whether something else can become a format here."""
        paths = self.sources_of(target)
        return any(source != target and not path.missing for source, path in paths.items())

    def _keeps(self, name: str) -> bool:
        """Whether a file of a format can become one of the same: it is read, and written or passed on as it is."""
        form = self._formats[name]
        return form.open is not None and (form.save is not None or not issubclass(form.kind, Picture))

    def _cheapest(self, sources: Sequence[str], every: bool) -> dict[str, Path]:
        """Find the cheapest path to each format (Dijkstra); one that ends in a final edge is gone no further.

        Args:
            sources: where paths begin; further ones cost as much as saving the value does.
            every: whether edges count that miss something.
        """
        order = count()
        found: dict[str, Path] = {}
        settled: set[tuple[str, bool]] = set()
        start = [(index and _SAVING, source) for index, source in enumerate(sources)]
        heap = [(weight, next(order), Path(source, source, ())) for weight, source in start]
        heapq.heapify(heap)
        while heap:
            weight, _, path = heapq.heappop(heap)
            final = bool(path.edges) and path.edges[-1].final
            if (path.target, final) in settled:
                continue
            settled.add((path.target, final))
            if path.edges:
                found.setdefault(path.target, path)
            if final or len(path.edges) == MOST_EDGES:
                continue
            for edge in self._edges.get(path.target, ()):
                if (every or edge.missing is None) and not (edge.first and path.edges):
                    further = Path(path.source, edge.target, (*path.edges, edge))
                    heapq.heappush(heap, (weight + edge.weight, next(order), further))
        return {target: path for target, path in found.items() if target not in sources}


def _kind_edges(formats: FormatTable) -> Iterator[Edge]:
    """Formats of one kind that are read and written."""
    for source in formats:
        if source.open is None or source.kind is File:
            continue
        for target in formats.written(source.kind):
            if target is not source and target.kind is not File:
                lossy = target.lossy and not source.lossy
                yield Edge(source.name, target.name, LIBVIPS, _SAVING + (_LOSS if lossy else 0.0), lossy)


def nearest(form: Format, formats: FormatTable) -> list[str]:
    """Return the formats that a value of a format can be had in without a conversion: its own first."""
    written = [known.name for known in formats.written(form.kind) if known is not form and not known.lossy]
    return [form.name, *written]
