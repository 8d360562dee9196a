"""The operation `extract`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, File, Missing, Operation
from filemill_archive import library
from filemill_archive.kind import Archive

_Patterns = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(min_length=1, max_length=100)]


class Extract(Operation, frozen=True, kw_only=True, tag="extract"):
    """Take the files out of an archive; the next step works on each of them.

    Results keep their names without folders; equal ones are numbered apart. Folders and symbolic links are no files
    and give nothing. In a pattern `*` stands for any letters, also for `/`, `?` for one, `[…]` for one of some; it has
    to fit the whole path in the archive or the name at its end, in any case of letters.
    """

    include: (
        Annotated[_Patterns, Meta(description="Patterns: only files that fit one of them.", examples=[["*.jpg"]])]
        | None
    ) = None
    exclude: (
        Annotated[_Patterns, Meta(description="Patterns: no file that fits one of them.", examples=[["drafts/*"]])]
        | None
    ) = None

    @classmethod
    def missing(cls) -> Missing | None:
        """Without libarchive nothing can be read."""
        return library.missing()

    def run(self, archive: Archive, context: Context) -> list[File]:
        """Unpack them."""
        from filemill_archive.extraction import Choosing, extracted  # noqa: PLC0415 - libarchive only in workers

        return extracted(archive, Choosing(self.include, self.exclude or ()), context)
