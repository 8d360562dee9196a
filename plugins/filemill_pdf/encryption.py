"""Encrypts documents and removes their encryption."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream, String

from filemill import Context, Document, ErrorCode, File, FilemillError
from filemill_pdf.opening import made, open_file, open_pdf, reading, save_pdf
from filemill_pdf.security import Security

_REGULAR = frozenset(range(0x21, 0x7F)) - frozenset(b"#()<>[]{}/%")
"""Letters that stand for themselves in names (ISO 32000-2, 7.3.5)."""


def encrypted(
    document: Document, password: str, owner_password: str, allowed: Sequence[str], context: Context
) -> Document:
    """Encrypt a document; see `filemill_pdf.security`."""
    with open_pdf(document, context) as pdf:
        plain = save_pdf(pdf, context, document.file.name, objects_apart=True)
    content = plain.file.path.read_bytes()
    permissions = ",".join(sorted(set(allowed))).encode()
    digest = hashlib.sha256(permissions + b"\0" + content).digest()
    security = Security(password, owner_password, allowed, digest)
    path = context.path("pdf")
    with pikepdf.Pdf.open(plain.file.path) as pdf:
        _write(pdf, security, path)
    plain.file.path.unlink()
    return made(path, document.file.name, document.pages, context, password or None)


def decrypted(document: Document | File, password: str, context: Context) -> Document:
    """Write a document without encryption.

    Raises:
        FilemillError: `INVALID_FILE` where the password does not open it.
    """
    file = document.file if isinstance(document, Document) else document
    if file.format != "pdf":
        raise FilemillError(ErrorCode.UNSUPPORTED_MEDIA, f"{file.name!r} is not a PDF.")
    known = document.password if isinstance(document, Document) else None
    with open_file(file, context, password or known) as pdf, reading(file):
        return save_pdf(pdf, context, file.name)


def _write(pdf: pikepdf.Pdf, security: Security, path: Path) -> None:
    """Write a PDF whose objects all stand on their own, each encrypted."""
    offsets: dict[int, int] = {}
    with path.open("wb") as stream:
        stream.write(b"%PDF-2.0\n%\xbf\xf7\xa2\xfe\n")
        items: Iterable[Object | None] = pdf.objects
        for item in items:
            if item is None:  # an object that is null is as one that is not there
                continue
            number, _ = item.objgen
            offsets[number] = stream.tell()
            stream.write(b"%d 0 obj\n" % number + _object(item, security) + b"\nendobj\n")
        start = stream.tell()
        size = max(offsets, default=0) + 1
        stream.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        for number in range(1, size):
            entry = b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 65535 f \n"
            stream.write(entry)
        kept = {key: pdf.trailer[key] for key in ("/Root", "/Info", "/ID") if key in pdf.trailer}
        trailer = b" ".join(key.encode() + b" " + _written(value, None) for key, value in kept.items())
        stream.write(b"trailer << /Size %d %s /Encrypt %s >>\n" % (size, trailer, security.entry()))
        stream.write(b"startxref\n%d\n%%%%EOF\n" % start)


def _object(item: Object, security: Security) -> bytes:
    if not isinstance(item, Stream):
        return _written(item, security, top=True)
    data = security.encrypt(item.read_raw_bytes())
    about = {key: value for key, value in item.stream_dict.items() if key != "/Length"}
    return _dictionary({**about, "/Length": len(data)}, security) + b"\nstream\n" + data + b"\nendstream"


def _written(value: object, security: Security | None, *, top: bool = False) -> bytes:
    """Write a value; its strings are encrypted where there is a security."""
    match value:
        case Object() if value.is_indirect and not top:
            return b"%d %d R" % value.objgen
        case Dictionary():
            return _dictionary(dict(value.items()), security)
        case Array():
            return b"[" + b" ".join(_written(one, security) for one in value) + b"]"
        case String():
            return b"<" + (security.encrypt(bytes(value)) if security else bytes(value)).hex().encode() + b">"
        case Name():
            return value.unparse()
        case bool():
            return b"true" if value else b"false"
        case None:
            return b"null"
        case Decimal() | float():
            return f"{value:f}".encode()
        case int():
            return b"%d" % value
    assert isinstance(value, Object)
    return value.unparse()


def _dictionary(items: dict[str, object], security: Security | None) -> bytes:
    parts = (_name(key) + b" " + _written(value, security) for key, value in items.items())
    return b"<< " + b" ".join(parts) + b" >>"


def _name(key: str) -> bytes:
    """Write the name of an entry, which may be in any encoding."""
    letters = key.encode("utf-8", "surrogateescape")[1:]
    return b"/" + b"".join(b"%c" % one if one in _REGULAR else b"#%02x" % one for one in letters)
