"""The source of a delivery URL: where it begins in the undecoded path, and what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from filemill_server.dialects.filestack.base64_text import decode_base64
from filemill_server.dialects.filestack.cutting import cut, decoded, unquoted, without_controls
from filemill_server.dialects.filestack.request import (
    Alias,
    ExternalUrl,
    Handle,
    OneSource,
    SourceList,
    quoted,
    unreadable,
)

MAX_SOURCES = 100

_MARK = re.compile(r'"|%22|\[|%5b|\]|%5d|/', re.IGNORECASE)
_QUOTE = re.compile(r'"|%22', re.IGNORECASE)
_BRACKET = re.compile(r"\[|%5b", re.IGNORECASE)
_BRACKET_END = re.compile(r"(?:\]|%5d)$", re.IGNORECASE)
_SCHEME = re.compile(r"(?P<name>https?|b64|src)(?::|%3a)(?P<slash>/|%2f)", re.IGNORECASE)
_URL = re.compile(r"(https?)(?::|%3a)/{1,2}(?=[^/])", re.IGNORECASE)
_ALIAS = re.compile(r"src:/{1,2}([^/]+)/(.+)", re.IGNORECASE | re.DOTALL)
_B64 = re.compile(r"b64:/{1,2}", re.IGNORECASE)
_HANDLE = re.compile(r"([A-Za-z0-9_-]{1,128})(?:\+([A-Za-z0-9]{1,16}))?")


def find_source(path: str) -> int | None:
    """Return where the source begins in an undecoded path, if its spelling tells; a handle's does not.

    It begins a segment, with a scheme, a quote or a bracket. A `/` within quotes or brackets ends no segment.
    """
    return next((start for start in segments(path) if _begins_source(path, start)), None)


def segments(path: str) -> Iterator[int]:
    """Yield where the segments of an undecoded path begin.

    Raises:
        FilemillError: `BAD_REQUEST`, at the end, where a quote or a bracket is open.
    """
    yield 0
    depth = 0
    within = False
    for mark in _MARK.finditer(path):
        char = mark[0].lower()
        if char in ('"', "%22"):
            within = not within
        elif within:
            continue
        elif char in ("[", "%5b"):
            depth += 1
        elif char in ("]", "%5d"):
            depth = max(0, depth - 1)
        elif char == "/" and depth == 0:
            yield mark.end()
    if within or depth:
        raise unreadable(f"A {'quote' if within else 'bracket'} is not closed in {quoted(path)}.")


def read_source(text: str, query: str) -> tuple[OneSource | SourceList, str]:
    """Read an undecoded source, and return it with what of the query is not part of it.

    The query belongs to a raw URL; and to what is in quotes or brackets, where it ends these.

    Raises:
        FilemillError: `BAD_REQUEST`, saying what a source looks like.
    """
    quote = _QUOTE.match(text)
    if quote is not None:
        inner, query = _quoted(text, quote.end(), query)
        return plain_source(inner), query
    if _BRACKET.match(text):
        if not _BRACKET_END.search(text) and _BRACKET_END.search(query):
            text, query = f"{text}?{query}", ""
        return _read_list(text), query
    if _URL.match(text):
        return _one(f"{text}?{query}" if query else text), ""
    coded = _SCHEME.match(text)
    if coded is not None and coded["name"].lower() == "b64":
        return _from_base64(decoded(text, "The source")), query
    return _one(text), query


def plain_source(text: str) -> OneSource | SourceList:
    """Read a source that has no query beside it: as JSON has it, in base64, or in quotes.

    Raises:
        FilemillError: `BAD_REQUEST`, saying what a source looks like.
    """
    return _read_list(text) if _BRACKET.match(text) else _one(text)


def _begins_source(path: str, start: int) -> bool:
    return any(spelling.match(path, start) for spelling in (_SCHEME, _QUOTE, _BRACKET))


def _quoted(text: str, start: int, query: str) -> tuple[str, str]:
    """Return what stands in quotes, and the query without what belongs to it."""
    inner = text[start:]
    closing = _last_quote(query)
    if closing is not None and closing[1] in (len(query), query.find("&", closing[1])):
        return f"{inner}?{query[: closing[0]]}", query[closing[1] :]
    closing = _last_quote(inner)
    if closing is None or closing[1] != len(inner):
        raise unreadable("The quotes around the source are not closed at its end.")
    return inner[: closing[0]], query


def _last_quote(text: str) -> tuple[int, int] | None:
    spans = [quote.span() for quote in _QUOTE.finditer(text)]
    return spans[-1] if spans else None


def _read_list(text: str) -> SourceList:
    if not {",", "/"} & set(text) and not text.startswith("["):
        text = decoded(text, "The list of sources")
    else:
        text = _MARK.sub(lambda mark: {"%22": '"', "%5b": "[", "%5d": "]"}.get(mark[0].lower(), mark[0]), text)
    if not text.endswith("]"):
        raise unreadable("The list of sources is not closed with ']' at the end of the path.")
    items = [item.strip() for item in cut(text[1:-1], ",", MAX_SOURCES, "sources")]
    return SourceList(tuple(_one(unquoted(item)) for item in items))


def _from_base64(text: str) -> OneSource | SourceList:
    payload = _B64.sub("", text, count=1)
    try:
        plain = decode_base64(payload, "The source behind b64://").decode()
    except UnicodeDecodeError as error:
        raise unreadable("The source behind b64:// is not UTF-8 text.") from error
    return plain_source(plain)


def _one(text: str) -> OneSource:
    """Read one source: a raw URL stays as it is, anything else is decoded once."""
    if not _URL.match(text):
        text = decoded(text, "The source")
    without_controls(text, "The source")
    if _URL.match(text):
        return ExternalUrl(_URL.sub(lambda begin: f"{begin[1].lower()}://", text, count=1))
    alias = _ALIAS.fullmatch(text)
    if alias is not None:
        return Alias(alias[1], alias[2])
    handle = _HANDLE.fullmatch(text)
    if handle is None:
        raise unreadable(
            f"{quoted(text)} is no source; it would be a handle, an http or https URL, src://alias/path,"
            " b64:// with one of these in base64, or a list in brackets."
        )
    return Handle(handle[1], handle[2])
