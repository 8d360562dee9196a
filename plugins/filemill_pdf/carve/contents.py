"""What a content stream takes from its resources."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pikepdf
from pikepdf import Array, Object, Stream

from filemill.errors import ErrorCode, FilemillError
from filemill_pdf.structures.names import key_of

_NAME = rb"/([^\x00\t\n\f\r ()<>\[\]{}/%]+)"
_GAP = rb"[\x00\t\n\f\r ]"
_LETTERS = rb"[^()\\]++|\\."
_INNERMOST = rb"\((?:" + _LETTERS + rb")*+\)"
_INNER = rb"\((?:" + _LETTERS + rb"|" + _INNERMOST + rb")*+\)"
_STRING = rb"\((?:" + _LETTERS + rb"|" + _INNER + rb")*+\)"
_OPERATOR = rb"(Tf|Do|gs|cs|CS|scn|SCN|sh|BDC|DP|BMC|MP|ri)(?![A-Za-z0-9*'\"])"
_OPERAND = (
    _NAME + rb"(?:(?=" + _GAP + rb"*+(/|<<))|(?=" + _GAP + rb"++(?:[-+.0-9]++" + _GAP + rb"++)?" + _OPERATOR + rb"))?"
)
_NAMES = re.compile(_OPERAND)
"""A name, with what it stands before."""
_NAMES_OUTSIDE = re.compile(rb"(?:[^(/%]++|" + _STRING + rb"|%[^\r\n]*+)*+(?:" + _OPERAND + rb"|(\()|/|\Z)", re.DOTALL)
"""The same, past strings and comments, in which names mean nothing; ten times as slow.

It stops at a parenthesis of a string that is not closed, or holds parentheses three deep.
"""
_OPENED = re.compile(rb"\([^()/]*+[(/]")
"""A parenthesis that a slash or another parenthesis follows."""
_BARE = re.compile(_NAME)
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_INLINE = [re.compile(rb"\b" + word + rb"\s") for word in (b"BI", b"ID")]
_CATEGORIES = {
    b"Tf": "/Font", b"Do": "/XObject", b"gs": "/ExtGState", b"cs": "/ColorSpace", b"CS": "/ColorSpace",
    b"scn": "/Pattern", b"SCN": "/Pattern", b"sh": "/Shading", b"BDC": "/Properties", b"DP": "/Properties",
}  # fmt: skip
ANY = ""
"""The category of a name whose use is not known."""
Use = tuple[str, str]
"""A category of resources and a key in it."""


def uses(content: bytes) -> set[Use]:
    """Return the resources that content names: perhaps one too many, never one too few."""
    if b"BI" in content and _has_pictures(content):  # their bytes may look like the begin of a string
        return {(ANY, _key(name)) for name in set(_BARE.findall(content))}
    found: set[Use] = set()
    for name, follower, operator in _outside(content) if _may_hide(content) else set(_NAMES.findall(content)):
        if name and not follower:  # what stands before another name or a dictionary is the tag of marked content
            category = _CATEGORIES.get(operator) if operator else ANY
            found |= {(category, _key(name))} if category is not None else set()
    return found


def _outside(content: bytes) -> set[tuple[bytes, ...]]:
    """Return the names that stand in no string; all, where it can't be told what is one."""
    found: set[tuple[bytes, ...]] = set()
    for match in _NAMES_OUTSIDE.finditer(content):
        *named, stray = match.groups(b"")
        if stray:
            return set(_NAMES.findall(content))
        found.add(tuple(named))
    return found


def decoded(contents: Object | None) -> bytes:
    """Return decoded content.

    Raises:
        FilemillError: `INVALID_FILE` where that fails: what it draws, and what it does not, can't be told then.
    """
    parts: Iterable[Object | None] = list(contents) if isinstance(contents, Array) else [contents]
    try:
        return b"\n".join(part.read_bytes() for part in parts if isinstance(part, Stream))
    except (pikepdf.PdfError, NotImplementedError) as error:
        raise FilemillError(
            ErrorCode.INVALID_FILE,
            f"What a page draws can't be decoded, so that it can't be told what belongs to the page: {error}.",
        ) from None


def _may_hide(content: bytes) -> bool:
    """Whether there are comments, or strings with a slash or with parentheses: without any, no name is hidden."""
    return b"%" in content or b"\\)" in content or _OPENED.search(content) is not None


def _has_pictures(content: bytes) -> bool:
    """Whether there are inline pictures, or what looks like one."""
    place = 0
    for word in _INLINE:
        match = word.search(content, place)
        if match is None:
            return False
        place = match.end()
    return True


def _key(name: bytes) -> str:
    return key_of(_ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), name) if b"#" in name else name)
