"""How libarchive reads and writes each format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A format in libarchive's terms.

    Attributes:
        reads: its format.
        filter: what the whole archive is compressed with.
        writes: the format it is written in; "": it is only read.
        option: which setting is the strength of compression.
        level: of an archive that is made.
        best: of one that is to become smaller.
        fixed: further settings.
        headers_apart: whether its headers can be read without its files.
        backslashes: whether a backslash in a name stands between folders.
    """

    reads: str
    filter: str = "none"
    writes: str = ""
    option: str = ""
    level: int = 6
    best: int = 9
    fixed: str = ""
    headers_apart: bool = False
    backslashes: bool = False

    @property
    def tar(self) -> bool:
        """Whether it is a tar, compressed or not: these have hard links and tell whose a file is."""
        return self.reads == "tar"

    def options(self, *, best: bool) -> str:
        """Return the settings of a writer."""
        level = f"{self.option}:compression-level={self.best if best else self.level}" if self.option else ""
        return ",".join(part for part in (level, self.fixed) if part)


_TAR = "pax_restricted"
LAYOUTS = {
    # The list of files at its end decides: other readers see no more either.
    "zip": Layout(
        reads="zip_seekable", writes="zip", option="zip", fixed="hdrcharset=UTF-8", headers_apart=True, backslashes=True
    ),
    "tar": Layout(reads="tar", writes=_TAR, headers_apart=True),
    # Without its moment of making: equal files give equal bytes.
    "tar-gz": Layout(reads="tar", filter="gzip", writes=_TAR, option="gzip", fixed="gzip:!timestamp"),
    "tar-bz2": Layout(reads="tar", filter="bzip2"),
    "tar-xz": Layout(reads="tar", filter="xz", writes=_TAR, option="xz"),
    "tar-zst": Layout(reads="tar", filter="zstd", writes=_TAR, option="zstd", level=3, best=19),
    "7z": Layout(reads="7zip", writes="7zip", option="7zip", backslashes=True),
}
WRITTEN = tuple(name for name, layout in LAYOUTS.items() if layout.writes)
