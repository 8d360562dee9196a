"""The operation `list-archive`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Data, Missing, Operation
from filemill_archive import library
from filemill_archive.kind import Archive


class ListArchive(Operation, frozen=True, kw_only=True, tag="list-archive"):
    """Tell what is in an archive: `count`, `unpackedBytes` and the `entries`.

    Each entry has `name`, `kind` (`file`, `folder`, `link`, `hard-link`, `device` or `pipe`), `permissions`,
    `modifiedAt`, a file `sizeBytes`, a link its `target`. One that is `encrypted` says so; `refused` says why the
    other operations refuse an archive with such an entry.
    """

    limit: Annotated[int, Meta(ge=1, le=10_000, description="How many entries are told of; all are counted.")] = 1000

    @classmethod
    def missing(cls) -> Missing | None:
        """Without libarchive nothing can be read."""
        return library.missing()

    def run(self, archive: Archive, context: Context) -> Data:
        """Read the headers."""
        from filemill_archive.listing import listed  # noqa: PLC0415 - libarchive only in workers

        return listed(archive, self.limit, context)
