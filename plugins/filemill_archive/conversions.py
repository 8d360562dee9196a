"""The edges between the formats of archives."""

from __future__ import annotations

from filemill import Context, Conversion
from filemill_archive import library
from filemill_archive.kind import Archive
from filemill_archive.layouts import LAYOUTS, WRITTEN


def convert(archive: Archive, target: str, context: Context) -> Archive:
    """Pack what is in an archive in another format, or in its own as small as can be."""
    from filemill_archive.repacking import packed_anew  # noqa: PLC0415 - libarchive only in workers

    return packed_anew(archive, target, context)


CONVERSIONS = [
    Conversion(
        sources=tuple(LAYOUTS),
        targets=WRITTEN,
        run=convert,
        cost=5,
        lossy=False,
        engine="libarchive",
        compresses=True,
        missing=library.missing,
    )
]
