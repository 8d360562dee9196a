"""How long the results of the parts of a batch are kept.

They are needed until the last part has ended, however long that takes. What the caller says counts from then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from filemill.kinds import Facts
from filemill_server.jobs.work import Assembly
from filemill_server.messages import Archive
from filemill_server.tables import to_stored

GATHER_SECONDS = 7 * 24 * 3600
"""How long a part's results are kept at least while its batch goes on, seconds."""


class Term(Struct, frozen=True):
    """When files end: at a moment, or None: when they are deleted."""

    files: Sequence[str]
    end: datetime | None

    @property
    def stored_end(self) -> int | None:
        """The moment as it is stored."""
        return None if self.end is None else to_stored(self.end)


def term_of(order: Assembly, results: Iterable[Facts], now: datetime) -> Term:
    """Return when the results of the parts of a batch end that ends now: in a ZIP they are of no more use.

    Args:
        order: of the batch.
        results: of its parts.
        now: the moment.
    """
    files = [asset for result in results for asset in asset_ids(result)]
    if order.output.archive is Archive.ZIP:
        return Term(files, now)
    seconds = order.output.ttl_seconds
    return Term(files, None if seconds is None else now.replace(microsecond=0) + timedelta(seconds=seconds))


def outputs_in(result: Facts) -> list[Facts]:
    """Return what a result says of its files, of each by itself."""
    several = result.get("outputs", result.get("results"))
    if isinstance(several, list):
        return several
    return [result]


def asset_ids(result: Facts) -> list[str]:
    """Return the ids of a result's files."""
    return [str(output["assetId"]) for output in outputs_in(result)]
