"""The operation `merge-pdf`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from filemill import Context, Document, File, Operation
from filemill.errors import ErrorCode, FilemillError, invalid
from filemill_pdf.bookmarks import Bookmarks
from filemill_pdf.operations.passwords import Password


class MergePdf(Operation, frozen=True, kw_only=True, tag="merge-pdf"):
    """Merge PDFs into one, in the order given.

    Outlines, named destinations, page labels, form fields, annotations, links, attachments, layers and
    article threads of all documents are kept; equal names are made distinct, and what refers to them
    follows. Metadata, language and view settings are those of the first document; tags are kept where every
    document has them. A merged document is not encrypted, and signatures do not outlive a merge.
    """

    bookmarks: Annotated[
        Bookmarks,
        Meta(
            description="`keep`: those of all documents, one after the other; `per-file`: one for each document,"
            " with its own below; `none`."
        ),
    ] = Bookmarks.KEEP
    passwords: Annotated[
        list[Password | None],
        Meta(max_length=1000, description="Passwords of encrypted documents, in the order of the documents."),
    ] = []

    def run(self, documents: list[Document | File], context: Context) -> Document:
        """Merge them."""
        from filemill_pdf.appearances import draw_fields  # noqa: PLC0415 - qpdf only in workers
        from filemill_pdf.merging import merge  # noqa: PLC0415 - qpdf only in workers
        from filemill_pdf.opening import check_pages, open_file, reading  # noqa: PLC0415 - qpdf only in workers

        if len(self.passwords) > len(documents):
            raise invalid("/passwords", f"There are {len(self.passwords)} passwords for {len(documents)} documents.")
        passwords = [*self.passwords, *[None] * (len(documents) - len(self.passwords))]
        pdfs = []
        files = [one.file if isinstance(one, Document) else one for one in documents]
        for number, (one, file, password) in enumerate(zip(documents, files, passwords, strict=True), 1):
            if file.format != "pdf":
                raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, f"Input {number}, {file.name!r}, is not a PDF.")
            known = one.password if isinstance(one, Document) else None
            pdfs.append(open_file(file, context, password or known, label=f"Input {number}, "))
            if len(documents) > 1:
                with reading(file):
                    draw_fields(pdfs[-1], password or known, context)
        check_pages(files[0], sum(len(pdf.pages) for pdf in pdfs))
        return merge(pdfs, files, self.bookmarks, context)
