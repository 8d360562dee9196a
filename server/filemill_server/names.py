"""File names that come from callers and go into headers (RFC 6266, RFC 8187)."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote, unquote_to_bytes

MAX_NAME = 200
"""Longest name that is kept, characters."""
DEFAULT_NAME = "file"
"""The name of a file that came without one."""

# Longer headers are not searched: the search may take time that grows with the square of the length.
_MAX_HEADER = 4096
_MAX_SUFFIX = 20

# Control characters, quotes, what shells and file systems treat specially, line separators,
# bidirectional marks, byte order marks and lone surrogates.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\"<>|?*:\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

# The two forms of RFC 6266; the first names its character set and is the better one wherever it stands.
_EXTENDED = re.compile(r"(?:^|[;\s])filename\*\s*=\s*([\w-]+)'[^']*'([^\s;]+)", re.IGNORECASE)
_PLAIN = re.compile(r'(?:^|[;\s])filename\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;"]+))', re.IGNORECASE)

_INLINE = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "application/pdf", "text/plain"}
)


def clean_name(name: str) -> str | None:
    """Give the last part of a name without characters that deceive or harm, or None if nothing is left."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    last = _UNSAFE.sub("", last).strip()
    if not last.strip(". "):
        return None
    stem, dot, suffix = last.rpartition(".")
    if len(last) <= MAX_NAME or not stem or len(suffix) > _MAX_SUFFIX:
        return last[:MAX_NAME].rstrip()
    return stem[: MAX_NAME - len(dot + suffix)].rstrip() + dot + suffix


def file_name(disposition: str | None, path: str = "") -> str | None:
    """Give a file's name from a `Content-Disposition` header, else from a URL's path.

    Args:
        disposition: the value of the header, if there was one.
        path: the path of the URL, percent-encoded.
    """
    return clean_name(_disposition_name(disposition or "")) or clean_name(unquote(path))


def content_disposition(name: str, media_type: str) -> str:
    """Make the header for a download; `inline` only for types a browser shows without running anything."""
    kind = "inline" if media_type in _INLINE else "attachment"
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    ascii_name = re.sub(r'[\\"%]', "_", ascii_name).strip() or DEFAULT_NAME
    if ascii_name == name:
        return f'{kind}; filename="{ascii_name}"'
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


def _disposition_name(header: str) -> str:
    if len(header) > _MAX_HEADER:
        return ""
    if extended := _EXTENDED.search(header):
        # RFC 8187 knows UTF-8 and, formerly, ISO-8859-1.
        charset = "latin-1" if extended[1].lower() == "iso-8859-1" else "utf-8"
        return unquote_to_bytes(extended[2]).decode(charset, "replace")
    if plain := _PLAIN.search(header):
        return plain[2] or (plain[1] or "").replace('\\"', '"')
    return ""
