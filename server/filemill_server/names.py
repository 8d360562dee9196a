"""File names that come from callers and go into headers (RFC 6266, RFC 8187)."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote, unquote_to_bytes

MAX_NAME = 200
"""Longest name that is kept, characters."""
MAX_NAME_BYTES = 240
"""And bytes: file systems take 255, and an archive or a browser may add a few."""
DEFAULT_NAME = "file"
"""The name of a file that came without one."""

# Longer headers are not searched: the search may take time that grows with the square of the length.
_MAX_HEADER = 4096
_MAX_SUFFIX = 20

# Control characters, quotes, what shells and file systems treat specially, line separators, bidirectional marks,
# marks that are not seen (but for those that join letters), byte order marks and lone surrogates.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\"<>|?*:\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff]"
)
# What Windows drops at the end of a name: it would be another one there.
_AT_THE_END = "." + "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
# The devices of Windows are these names with any extension, in any folder.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|\Z)", re.IGNORECASE)
# What a name has none of may stand in its form in ASCII: a full-width slash has become one.
_UNSAFE_ASCII = re.compile(r'[\x00-\x1f\x7f\\"%/<>|?*:]')

# The two forms of RFC 6266; the first names its character set and is the better one wherever it stands.
_EXTENDED = re.compile(r"(?:^|[;\s])filename\*\s*=\s*([\w-]+)'[^']*'([^\s;]+)", re.IGNORECASE)
_PLAIN = re.compile(r'(?:^|[;\s])filename\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;"]+))', re.IGNORECASE)

_INLINE = frozenset(
    {"image/jpeg", "image/png", "image/webp", "image/avif", "image/gif", "application/pdf", "text/plain"}
)


def clean_name(name: str) -> str | None:
    """Give the last part of a name without characters that deceive or harm, or None if nothing is left."""
    plain = unicodedata.normalize("NFC", _UNSAFE.sub("", name))
    last = re.split(r"[/\\]", plain)[-1].strip().rstrip(_AT_THE_END)
    if not last:
        return None
    if _DEVICE.match(last):
        last = f"_{last}"
    stem, dot, suffix = last.rpartition(".")
    if not stem or len(suffix) > _MAX_SUFFIX:
        return _cut(last, "") or None
    return _cut(stem, dot + suffix)


def _cut(stem: str, ending: str) -> str:
    """Join a stem and an ending, the stem cut so that both together are short enough."""
    room = MAX_NAME_BYTES - len(ending.encode())
    kept = stem[: MAX_NAME - len(ending)].encode()[:room].decode(errors="ignore")
    return (kept.rstrip(_AT_THE_END) if len(kept) < len(stem) else stem) + ending


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
    ascii_name = _UNSAFE_ASCII.sub("_", ascii_name).strip() or DEFAULT_NAME
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
