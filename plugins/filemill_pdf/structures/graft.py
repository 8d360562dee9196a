"""Copies pages together with everything that hangs on them from one PDF to another, in one go.

qpdf copies a page without the pages that it links to: a reference to another page becomes null, and with
it links, bookmarks and fields break. Pages that are marked with another type meanwhile are copied like any
other object, so that all references among them stay what they are; references to pages that are not
marked become null.
"""

from __future__ import annotations

from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Object

_COPIED = Name("/FilemillPage")


def graft(
    source: pikepdf.Pdf, target: pikepdf.Pdf, pages: Sequence[Object], parts: dict[str, Object]
) -> tuple[list[Object], Object]:
    """Copy pages and what else is given with them.

    Args:
        source: where from; its page objects lose their parent, so that it can't be saved any more.
        target: where to; the pages are added to its end.
        pages: page objects of the source, each once.
        parts: further objects of the source, by names of PDF (`/Outlines`).

    Returns:
        The page objects in the target, and a dictionary of the further objects in the target.
    """
    for page in pages:
        page["/Type"] = _COPIED
        if "/Parent" in page:
            del page["/Parent"]
    bundle = source.make_indirect(Dictionary({"/FilemillPages": Array(list(pages)), **parts}))
    try:
        made = target.copy_foreign(bundle)
    finally:
        for page in pages:
            page["/Type"] = Name.Page
    copied = list(made["/FilemillPages"])
    for page in copied:
        page["/Type"] = Name.Page
        target.pages.append(pikepdf.Page(page))
    return copied, made
