"""The operation `create-archive`."""

from __future__ import annotations

from typing import Annotated, Self

from msgspec import Meta

from filemill import Choice, Context, File, Missing, Operation
from filemill_archive import library
from filemill_archive.kind import Archive


class ArchiveFormat(Choice):
    """What an archive is written as: `tar.gz` and `tgz` are `tar-gz` as well."""

    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar-gz"
    TAR_XZ = "tar-xz"
    TAR_ZST = "tar-zst"
    SEVEN_ZIP = "7z"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        folded = _SHORT.get(value.lower(), value.replace(".", "-"))
        return super()._missing_(folded)


_SHORT = {"tgz": "tar-gz", "txz": "tar-xz", "tzst": "tar-zst"}


class CreateArchive(Operation, frozen=True, kw_only=True, tag="create-archive"):
    """Put files of any kind into one archive, in the order given.

    They keep their names; equal ones are numbered apart. Equal files give equal archives: all have the same date.
    """

    format: Annotated[
        ArchiveFormat, Meta(description="Format of the archive: `zip`, `tar`, `tar-gz`, `tar-xz`, `tar-zst` or `7z`.")
    ] = ArchiveFormat.ZIP

    @classmethod
    def missing(cls) -> Missing | None:
        """Without libarchive nothing can be written."""
        return library.missing()

    def run(self, files: list[File], context: Context) -> Archive:
        """Write it."""
        from filemill_archive.creation import created  # noqa: PLC0415 - libarchive only in workers

        return created(files, self.format.value, context)
