"""Conversions: the edges by which a file of one format becomes one of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from filemill.operation import Missing, Shape, shape_of_function


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Edges of the graph of conversions: a file of any of the sources can become one of any of the targets.

    Between formats of one kind that are read and written there is an edge without anyone's saying so.

    Fields:
        sources: names of formats.
        targets: names of formats.
        run: `run(value: Kind, target: str, context: Context) -> Kind`, or a list of a kind. As with an operation,
            its annotations say what it takes and gives; `target` is the name of the wanted format. What it gives
            is of that format already, or is a `Picture` or `Text`, which is saved as it at the end.
        cost: what one file costs, in encodes of a picture: 1 for a copy or an encode, 10 where a program is
            started, 100 where it works for minutes. Of several paths the cheapest is taken.
        lossy: whether something is lost that the target could hold: a step that loses costs more than its `cost`.
        engine: short name of what does the work, such as `ffmpeg`.
        compresses: whether a pair of equal names is an edge as well. Its result is fewer bytes of the same format;
            where it is not smaller, the source stays.
        final: whether nothing is made of the results any more, such as of the text of a scan.
        first: whether a path may only begin with it: it is for files of its sources, not for what was made into one,
            such as an animation, which any picture could become.
        missing: what is missing on this machine for it; asked once.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    run: Callable[..., Any]
    cost: float
    lossy: bool
    engine: str
    compresses: bool = False
    final: bool = False
    first: bool = False
    missing: Callable[[], Missing | None] = lambda: None

    @property
    def shape(self) -> Shape:
        """What `run` takes and gives.

        Raises:
            TypeError: its annotations don't say.
        """
        return shape_of_function(self.run, ("value", "target", "context"))
