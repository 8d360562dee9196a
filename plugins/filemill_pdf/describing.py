"""Sets the metadata of documents."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

import pikepdf
from pikepdf import Dictionary, String

from filemill import Context, Document, ErrorCode, FilemillError
from filemill_pdf.opening import open_pdf, save_pdf

_KEYS = {
    "title": "/Title",
    "author": "/Author",
    "subject": "/Subject",
    "keywords": "/Keywords",
    "creator": "/Creator",
    "producer": "/Producer",
}
_XMP = {
    "title": "dc:title",
    "author": "dc:creator",
    "subject": "dc:description",
    "keywords": "pdf:Keywords",
    "creator": "xmp:CreatorTool",
    "producer": "pdf:Producer",
}


def described(
    document: Document, given: Mapping[str, str], language: str | None, context: Context, *, clear: bool
) -> Document:
    """Write a document with other metadata; an empty text removes an entry."""
    with open_pdf(document, context) as pdf:
        info = pdf.trailer.get("/Info")
        kept = Dictionary() if clear or not isinstance(info, Dictionary) else copy(info)
        for name, text in given.items():
            if text:
                kept[_KEYS[name]] = String(text)
            elif _KEYS[name] in kept:
                del kept[_KEYS[name]]
        if len(kept):
            pdf.trailer["/Info"] = pdf.make_indirect(kept)
        elif "/Info" in pdf.trailer:
            del pdf.trailer["/Info"]
        if clear and "/Metadata" in pdf.Root:
            del pdf.Root["/Metadata"]
        _set_xmp(pdf, given, document.file.name)
        if clear or language is not None:
            _set_language(pdf, language)
        return save_pdf(pdf, context, document.file.name)


def _set_xmp(pdf: pikepdf.Pdf, given: Mapping[str, str], name: str) -> None:
    """Change the XMP where there is any, so that both places say the same."""
    if "/Metadata" not in pdf.Root or not given:
        return
    try:
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False, strict=False) as xmp:
            for key, text in given.items():
                entry = _XMP[key]
                if text:
                    xmp[entry] = [text] if key == "author" else text
                elif entry in xmp:
                    del xmp[entry]
    except (ValueError, TypeError, LookupError, SyntaxError, NotImplementedError) as error:
        raise FilemillError(ErrorCode.INVALID_FILE, f"The XMP of {name!r} can't be changed: {error}.") from None


def _set_language(pdf: pikepdf.Pdf, language: str | None) -> None:
    if language:
        pdf.Root["/Lang"] = String(language)
    elif "/Lang" in pdf.Root:
        del pdf.Root["/Lang"]
