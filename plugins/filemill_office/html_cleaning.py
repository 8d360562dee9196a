"""Cleaning of HTML: what is not known to be harmless is left out, and the rest is written anew.

Strangers' HTML may refer to pictures, frames, style sheets and scripts on other hosts or on this machine. Only the copy
reaches LibreOffice, or the caller of a Markdown conversion: it refers to nothing but what people may click on.
"""

from __future__ import annotations

import codecs
import re
from html import escape
from html.parser import HTMLParser


def _words(said: str) -> frozenset[str]:
    return frozenset(said.split())


_KEPT = _words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn"
    " div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main mark nav ol p"
    " pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt"
    " u ul var wbr"
)
_EMPTY = _words("br col hr img wbr")
_LEFT_OUT_WITH_CONTENT = _words(
    "applet audio canvas frameset iframe math noembed noframes noscript object picture script style svg template"
    " textarea title video"
)
_ATTRIBUTES = _words(
    "align alt bgcolor border cellpadding cellspacing class color colspan dir face height id lang name nowrap rowspan"
    " scope size span start style title type valign value width"
)
_LINK = re.compile(r"(?:https?://|mailto:|tel:|#)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_REFERS = re.compile(r"[\\@]|/\*|url|image|src|expression|import", re.IGNORECASE)
_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_ENDLESS_NUMBER = re.compile(r"&#[0-9]{20,}+;?")
_BEGINNING_BYTES = 1024
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decoded(data: bytes) -> str:
    """Return the text of HTML, by its mark, what it says of itself, or what browsers take it for."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    said = _CHARSET.search(data, 0, _BEGINNING_BYTES)
    for encoding in (*([said[1].decode()] if said else []), "utf-8"):
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeError):
            continue
    return data.decode("cp1252", "replace")


def cleaned(text: str, title: str) -> str:
    """Return the harmless part of HTML as a whole document, in UTF-8 by what it says of itself.

    Args:
        text: a document, or a part of one.
        title: of the document, where it has none.
    """
    cleaning = _Cleaning()
    # The parser fails on a reference of thousands of digits; no character has a number of twenty.
    cleaning.feed(_ENDLESS_NUMBER.sub("\N{REPLACEMENT CHARACTER}", text))
    cleaning.close()
    named = escape("".join(cleaning.title).strip() or title)
    return (
        f'<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>{named}</title>\n</head>\n<body>\n'
        f"{cleaning.body}\n</body>\n</html>\n"
    )


class _Cleaning(HTMLParser):
    """Reads HTML and writes what is kept of it; elements that are not known leave their content behind."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self._parts: list[str] = []
        self._left_out: list[str] = []

    @property
    def body(self) -> str:
        return "".join(self._parts).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LEFT_OUT_WITH_CONTENT:
            self._left_out.append(tag)
        elif tag in _KEPT and not self._left_out:
            kept = _harmless(tag, attrs)
            if tag == "img" and "src" not in kept:
                self._parts.append(escape(kept.get("alt", "")))
            else:
                said = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
                self._parts.append(f"<{tag}{said}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY or tag not in _LEFT_OUT_WITH_CONTENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._left_out:
            while self._left_out.pop() != tag:
                pass
        elif tag in _KEPT - _EMPTY and not self._left_out:
            self._parts.append(f"</{tag}>")

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Take what begins with `<![` as a comment, as browsers do: the parser fails on words it does not know."""
        return self.parse_bogus_comment(i, report)

    def handle_data(self, data: str) -> None:
        if self._left_out == ["title"]:
            self.title.append(data)
        elif not self._left_out:
            self._parts.append(escape(data, quote=False))


def _harmless(tag: str, attributes: list[tuple[str, str | None]]) -> dict[str, str]:
    """Return the attributes of an element that are known, and refer to nothing that would be loaded."""
    kept = {}
    for name, value in attributes:
        said = (value or "").strip()
        if (
            (name in _ATTRIBUTES and name != "style")
            or (name == "style" and _REFERS.search(said) is None)
            or (name == "href" and tag == "a" and _LINK.match(said))
            or (name == "src" and tag == "img" and _PICTURE.fullmatch(said))
        ):
            kept[name] = said
    return kept
