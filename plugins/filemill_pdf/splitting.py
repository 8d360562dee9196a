"""Splits documents, and takes pages out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from filemill import Context, Document, ErrorCode, FilemillError
from filemill.errors import invalid
from filemill_pdf.carve.carver import Carver
from filemill_pdf.opening import Growth, check_complete, open_pdf, save_pdf

Parts = list[list[int]]
"""Page numbers, from 1, of each part."""


def split(document: Document, choose: Callable[[Carver], Parts], context: Context) -> list[Document]:
    """Split a document.

    Args:
        document: is not changed.
        choose: says which pages, counted from 1, make up each part.
        context: gives the folder, the limits and the progress.

    Raises:
        FilemillError: `INVALID_PARAMETER` where there are more parts than a task may give, before any work.
    """
    with open_pdf(document, context) as source:
        carver = Carver(source)
        parts = choose(carver)
        if len(parts) > context.limits.max_outputs:
            raise invalid("", f"There would be {len(parts)} documents; {context.limits.max_outputs} are allowed.")
        growth = Growth(context, document.file.size)
        made: list[Document] = []
        for numbers, name in zip(parts, _names(parts), strict=True):
            with carver.part([number - 1 for number in numbers]) as part:
                made.append(growth.add(save_pdf(part, context, name)))
            context.progress(len(made), len(parts))
        check_complete([source], document.file.name)
        return made


def bookmark_parts(carver: Carver) -> Parts:
    """Return the parts that begin where the topmost bookmarks lead."""
    starts = sorted({page for _, page in carver.outline.tops()})
    if not starts:
        raise FilemillError(ErrorCode.INVALID_FILE, "The document has no bookmarks to split by.")
    edges = sorted({0, *starts, len(carver.pages)})
    return [list(range(first + 1, last + 1)) for first, last in pairwise(edges)]


def take(document: Document, numbers: Sequence[int], context: Context, *, whole: bool) -> Document:
    """Make a document of some pages, counted from 1, in the order given.

    Args:
        document: is not changed.
        numbers: the pages, each once.
        context: gives the folder and the limits.
        whole: whether the result is still the document, with its attachments, and not a part of it.
    """
    with open_pdf(document, context) as source:
        carver = Carver(source, whole=whole)
        with carver.part([number - 1 for number in numbers]) as part:
            return Growth(context, document.file.size).add(save_pdf(part, context, document.file.name, [source]))


def _names(parts: Parts) -> list[str]:
    """Name parts by their first and last page in the document; a name that comes again gets a number."""
    names: list[str] = []
    times: Counter[str] = Counter()
    for numbers in parts:
        first, last = min(numbers), max(numbers)
        stem = f"page-{first:04}" if first == last else f"pages-{first:04}-{last:04}"
        times[stem] += 1
        names.append(f"{stem}.pdf" if times[stem] == 1 else f"{stem}-{times[stem]}.pdf")
    return names
