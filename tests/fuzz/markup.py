"""Target: HTML and SVG of strangers, of which only what is harmless is left."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import fromstring

from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill_image.formats.svg_cleaning import cleaned as cleaned_svg
from filemill_office.html_cleaning import cleaned as cleaned_html
from filemill_office.html_cleaning import decoded
from fuzz.engine import Target
from fuzz.guidance import PRODUCT
from fuzz.seeds import Seeds

_OUTSIDE = re.compile(r"url\s*\(\s*['\"]?\s*(?!['\"]?\s*#)|@\s*import|(?<![\w-])javascript:|image-set", re.IGNORECASE)
_LINK = re.compile(r"https?://|mailto:|tel:|#", re.IGNORECASE)
_TOKENS = tuple(
    text.encode()
    for text in (
        *(
            "<script>",
            "</script>",
            "<style>",
            "</style>",
            "<svg ",
            "</svg>",
            "<image ",
            "<use ",
            "<a ",
            "<img ",
            "<title>",
        ),
        *(
            "<!--",
            "-->",
            "--!>",
            "<![CDATA[",
            "]]>",
            "<?xml ",
            "?>",
            "<!DOCTYPE ",
            "<!ENTITY a 'b'>",
            "&a;",
            "&#0;",
            "&#x3c;",
        ),
        *(
            "url(",
            "url(#a)",
            "u\\72l(",
            "@import 'http://e/'",
            "/*",
            "*/",
            "javascript:",
            "data:image/png;base64,iVBORw0KGgo=",
        ),
        *(
            "xlink:href=",
            "href=",
            "src=",
            "style=",
            "onload=",
            "xmlns='http://www.w3.org/2000/svg'",
            "x:href=",
            "http://e/",
        ),
        *(
            "<foreignObject>",
            "<animate ",
            "<set ",
            "<plaintext>",
            "<textarea>",
            "<template>",
            "<math>",
            "<iframe srcdoc=",
        ),
        *(
            "charset=utf-7",
            "charset=utf-16",
            "charset=punycode",
            "charset=idna",
            "charset=unicode_escape",
            "\ufeff",
            "\0",
            "'",
        ),
        *(
            '"',
            ">",
            "<",
            "/>",
            "=",
            " ",
            "\n",
            "<p",
            "</",
            "<x:svg xmlns:x='http://www.w3.org/2000/svg'>",
            "image-set(",
        ),
    )
)


def target(folder: Path) -> Target:
    """What is left refers to nothing outside, and is read in one way."""

    def check(data: bytes) -> bool:
        done = _check_html(data)
        try:
            written = cleaned_svg(data, "x.svg", Limits())
        except FilemillError as error:
            assert error.code is ErrorCode.INVALID_FILE
            return done
        _check_svg(written)
        return True

    quick = Seeds(folder).quick()
    seeds = [quick[name][0].read_bytes() for name in ("svg", "html")]
    return Target(name="markup", check=check, seeds=seeds, tokens=_TOKENS, longest=6000, traced=PRODUCT)


def _check_html(data: bytes) -> bool:
    written = cleaned_html(decoded(data), "title")
    again = _Referring()
    again.feed(written)
    again.close()
    assert not again.wrong, again.wrong
    return len(written) > len(cleaned_html("", "title"))


class _Referring(HTMLParser):
    """Finds what would be loaded or run."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "iframe", "object", "embed", "link", "base", "form", "svg", "math"):
            self.wrong.append(tag)
        for name, value in attrs:
            said = value or ""
            if name == "src" and not said.startswith("data:image/") and not said.lower().startswith("data:image/"):
                self.wrong.append(f"{tag} {name}={said}")
            if name == "href" and not (tag == "a" and _LINK.match(said)):
                self.wrong.append(f"{tag} {name}={said}")
            if name.startswith("on") or (name == "style" and _OUTSIDE.search(said)):
                self.wrong.append(f"{tag} {name}={said}")


def _check_svg(written: bytes) -> None:
    for element in fromstring(written).iter():
        assert isinstance(element.tag, str), element.tag
        local = element.tag.rpartition("}")[2]
        assert local not in ("script", "foreignObject", "animate", "set", "iframe"), local
        for name, value in element.attrib.items():
            plain = name.rpartition("}")[2]
            assert not plain.lower().startswith("on"), name
            if plain == "href":
                assert value.startswith("#") or (local in ("image", "feImage") and value.startswith("data:image/")), (
                    value
                )
            else:
                assert _OUTSIDE.search(value) is None, value
        if local == "style":
            assert _OUTSIDE.search(element.text or "") is None, element.text
