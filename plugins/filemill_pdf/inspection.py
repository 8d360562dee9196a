"""Tells what is known of a document. pypdf reads it, under its own limits; PDFium its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pypdf
from pypdf.errors import FileNotDecryptedError, PyPdfError, WrongPasswordError
from pypdf.generic import ArrayObject, DictionaryObject

from filemill import Context, Data, Document, ErrorCode, File, FilemillError
from filemill.kinds import Facts, Json
from filemill_pdf.blame import FAILURES, is_files_fault
from filemill_pdf.format import open_document
from filemill_pdf.losses import losses

_MOST_PAGES_TOLD = 1000
_MOST_ITEMS_TOLD = 1000
_PAGES_READ_FOR_TEXT = 50
_DEEPEST = 20
_INFO = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")
_METHODS = {"/V2": "RC4-128", "/AESV2": "AES-128", "/AESV3": "AES-256"}
"""Ciphers by the names that crypt filters have for them (ISO 32000-2, table 25)."""


def inspected(document: Document | File, password: str | None, context: Context) -> Data:
    """Gather the facts of a document.

    Raises:
        FilemillError: `INVALID_FILE` where it is broken, or the password is wrong.
    """
    file = document.file if isinstance(document, Document) else document
    if file.format != "pdf":
        raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, f"{file.name!r} is not a PDF.")
    password = password or (document.password if isinstance(document, Document) else None)
    facts: Facts = {"sizeBytes": file.size}
    try:
        reader = pypdf.PdfReader(file.path)
        facts |= {"version": reader.pdf_header.removeprefix("%PDF-"), "encrypted": reader.is_encrypted}
        if reader.is_encrypted:
            facts |= _encryption(reader)
            if not reader.decrypt(password or ""):
                if password is not None:
                    raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} does not open with the password given.")
                return Data({**facts, "locked": True})
            facts["locked"] = False
            facts["restricted"] = reader.decrypt(password or "") != pypdf.PasswordType.OWNER_PASSWORD
        shown = _opened(document, file, password, context)  # refuses too many pages before pypdf counts them
        with losses() as lost:
            facts |= _content(reader)
        if lost:
            facts["damaged"] = True
    except (FileNotDecryptedError, WrongPasswordError):
        raise FilemillError(ErrorCode.INVALID_FILE, f"{file.name!r} is encrypted and needs its password.") from None
    except FilemillError:
        raise
    except (PyPdfError, AssertionError, *FAILURES) as error:
        if not is_files_fault(error):
            raise
        facts["damaged"] = True
        shown = _opened(document, file, password, context)
    return Data(facts | _shown(shown))


def _opened(document: Document | File, file: File, password: str | None, context: Context) -> Document:
    if isinstance(document, Document) and document.password == password:
        return document
    return open_document(file, context, password)


def _encryption(reader: pypdf.PdfReader) -> Facts:
    entry = reader.trailer["/Encrypt"].get_object()
    if not isinstance(entry, DictionaryObject):
        return {}
    return {"cipher": _cipher(entry), "revision": int(entry.get("/R", 0))}


def _cipher(entry: DictionaryObject) -> str:
    """Return the cipher of streams: RC4 by its length in old versions; from version 4 on a crypt filter names it."""
    match int(entry.get("/V", 0)):
        case 1:
            return "RC4-40"
        case 2 | 3:
            return f"RC4-{int(entry.get('/Length', 40))}"
        case 4 | 5:
            filters = entry.get("/CF", DictionaryObject()).get_object()
            used = filters.get(entry.get("/StmF", "/Identity"), DictionaryObject()).get_object()
            return _METHODS.get(str(used.get("/CFM")), "unknown")
    return "unknown"


def _content(reader: pypdf.PdfReader) -> Facts:
    root = reader.root_object
    info: Mapping[str, object] = reader.metadata or {}
    labels = reader.page_labels if "/PageLabels" in root else []
    return {
        "metadata": {key[0].lower() + key[1:]: str(info[f"/{key}"]) for key in _INFO if f"/{key}" in info},
        "language": str(root["/Lang"]) if "/Lang" in root else None,
        "outline": list(_outline(reader)),
        "attachments": sorted(map(str, reader.attachments))[:_MOST_ITEMS_TOLD],
        "formFields": sorted(map(str, reader.get_fields() or {}))[:_MOST_ITEMS_TOLD],
        "fonts": _fonts(reader),
        "tagged": "/StructTreeRoot" in root,
        "labels": [str(label) for label in labels[:_MOST_PAGES_TOLD]] or None,
    }


def _outline(reader: pypdf.PdfReader) -> Iterator[Json]:
    def walk(items: Any, depth: int) -> Iterator[Json]:
        for item in items:
            if isinstance(item, list):
                yield from walk(item, depth + 1)
            else:
                number = reader.get_destination_page_number(item)
                yield {
                    "title": str(item.title),
                    "level": depth,
                    "page": None if number is None or number < 0 else number + 1,
                }

    found = walk(reader.outline, 1)
    for _ in range(_MOST_ITEMS_TOLD):
        try:
            yield next(found)
        except StopIteration:
            return


def _fonts(reader: pypdf.PdfReader) -> list[Json]:
    """Return the fonts that pages and their forms use, by name; whether each is embedded."""
    found: dict[str, dict[str, Json]] = {}
    seen: set[int] = set()
    stack: list[tuple[Any, int]] = [(page.get("/Resources"), 0) for page in reader.pages[:_MOST_PAGES_TOLD]]
    while stack and len(found) < _MOST_ITEMS_TOLD:
        entry, depth = stack.pop()
        number = getattr(entry, "idnum", None)
        resources = entry.get_object() if entry is not None else None
        if not isinstance(resources, DictionaryObject) or depth > _DEEPEST or (number is not None and number in seen):
            continue
        seen |= {number} if number is not None else set()
        for font in _values(resources.get("/Font")):
            name, about = _font(font)
            found.setdefault(name, about)
        stack += [
            (form.raw_get("/Resources"), depth + 1)
            for form in _values(resources.get("/XObject"))
            if "/Resources" in form
        ]
    return [found[name] for name in sorted(found)]


def _values(content: Any) -> Iterator[DictionaryObject]:
    holder = content.get_object() if content is not None else None
    if isinstance(holder, DictionaryObject):
        for value in holder.values():
            inner = value.get_object()
            if isinstance(inner, DictionaryObject):
                yield inner


def _font(font: DictionaryObject) -> tuple[str, dict[str, Json]]:
    name = str(font.get("/BaseFont", "/unnamed"))[1:]
    kind = str(font.get("/Subtype", "/unknown"))[1:]
    inner = font.get("/DescendantFonts")
    inner = inner.get_object() if inner is not None else None
    holder = inner[0].get_object() if isinstance(inner, ArrayObject) and inner else font
    descriptor = holder.get("/FontDescriptor")
    about = descriptor.get_object() if descriptor is not None else None
    embedded = isinstance(about, DictionaryObject) and any(key.startswith("/FontFile") for key in about)
    return name, {"name": name, "type": kind, "embedded": embedded or kind == "Type3"}


def _shown(document: Document) -> Facts:
    """Return what PDFium tells: sizes of pages in points, and whether there is a text layer."""
    numbers = range(1, min(document.pages, _MOST_PAGES_TOLD) + 1)
    sizes: list[Json] = []
    for number in numbers:
        width, height = document.size(number)
        sizes.append({"width": round(width, 2), "height": round(height, 2), "rotation": document.rotation(number)})
    text = any(document.text(number).strip() for number in numbers[:_PAGES_READ_FOR_TEXT])
    return {"pages": document.pages, "sizes": sizes, "hasTextLayer": text}
