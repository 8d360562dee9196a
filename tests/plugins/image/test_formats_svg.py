"""SVG from strangers: what is not harmless is left out, what is hostile is refused."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill import ErrorCode, FilemillError, Limits
from filemill_image.formats.svg_cleaning import cleaned, safe_style

OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:x="http://www.w3.org/1999/xhtml" width="20" height="20">'
)
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE = [
    "<script>alert(1)</script>",
    "<x:script>alert(1)</x:script>",
    '<rect onload="alert(1)"/>',
    '<rect ONCLICK="alert(1)"/>',
    '<foreignObject><x:iframe src="http://evil.test/"/></foreignObject>',
    '<image href="http://evil.test/a.png"/>',
    '<image xlink:href="file:///etc/passwd"/>',
    '<image href="//evil.test/a.png"/>',
    f'<image href="data:image/svg+xml;base64,{base64.b64encode(b"<svg>evil.test</svg>").decode()}"/>',
    '<image href="data:text/html,evil.test"/>',
    '<use href="http://evil.test/a.svg#b"/>',
    '<use href="evil.svg#b"/>',
    '<feImage href="http://evil.test/a.png"/>',
    '<a href="javascript:alert(1)"><rect/></a>',
    "<style>@import url('http://evil.test/a.css');</style>",
    '<style>@import "http://evil.test/a.css";</style>',
    "<style>rect { fill: url(http://evil.test/a.svg#b) }</style>",
    "<style>@font-face { font-family: a; src: url(http://evil.test/a.woff) }</style>",
    r"<style>@\69mport 'http://evil.test/a.css';</style>",
    "<style>@im/**/port 'http://evil.test/a.css'; a{b:url(/**/http://evil.test)}</style>",
    '<rect style="fill: url(&quot;http://evil.test/&quot;)"/>',
    '<rect fill="url(http://evil.test/a.svg#b)"/>',
    '<set attributeName="href" to="javascript:alert(1)"/>',
    '<animate attributeName="onload" values="alert(1)"/>',
    '<x:embed src="http://evil.test/"/>',
    '<?xml-stylesheet href="http://evil.test/a.css"?>',
    '<g xml:base="http://evil.test/"/>',
]


@pytest.mark.parametrize("body", HOSTILE)
def test_what_is_not_harmless_is_left_out(body: str) -> None:
    """Scripts, events, foreign content and references out of the document are gone; the rest stays."""
    text = cleaned(f'{OPEN}<path d="M0 0h9v9z" fill="url(#g)"/>{body}</svg>'.encode(), "a.svg", Limits()).decode()
    for word in ("evil", "alert", "javascript", "passwd", "script", "import", "text/html"):
        assert word not in text.lower(), text
    assert "M0 0h9v9z" in text
    assert "url(#g)" in text


@pytest.mark.parametrize(
    "body",
    [
        '<defs><linearGradient id="g"><stop offset="1" stop-color="red"/></linearGradient></defs>',
        '<rect style="fill:url(#g);stroke:red" transform="rotate(3)"/>',
        '<use href="#g"/>',
        '<use xlink:href="#g"/>',
        f'<image href="{PIXEL}" width="4"/>',
        "<style>rect { fill: red }</style>",
        "<text>a<tspan>b</tspan>c</text>",
    ],
)
def test_what_draws_stays(body: str) -> None:
    """Drawing, local references, embedded pictures, style and text pass unchanged in meaning."""
    text = cleaned(f"{OPEN}{body}</svg>".encode(), "a.svg", Limits()).decode()
    for word in ("stop-color", "rotate(3)", "#g", PIXEL, "fill: red", "tspan"):
        assert (word in body) == (word in text), text


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + OPEN + "<text>&a;</text></svg>",
        '<!DOCTYPE svg [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>' + OPEN + "<text>&b;</text></svg>",
        OPEN + "<g>" * 300 + "</g>" * 300 + "</svg>",
        OPEN + "<rect/>" * 100_001 + "</svg>",
        OPEN + "<rect>",
        "<svg xmlns='http://www.w3.org/2000/svg' width='1000000' height='1000000'/>",
        "<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>",
    ],
    ids=["external entity", "entities", "depth", "elements", "cut", "giant", "nothing"],
)
def test_hostile_documents_are_refused(document: str, samples: Any, run: Any) -> None:
    """Entities, too deep, too many, broken and giant documents are `INVALID_FILE`, quickly."""
    path = samples.path("hostile.svg")
    path.write_text(document)
    started = time.perf_counter()
    with pytest.raises(FilemillError) as caught:
        run(path, [{"op": "convert", "format": "png"}])
    assert caught.value.code is ErrorCode.INVALID_FILE
    assert time.perf_counter() - started < 5


def test_a_plain_document_type_is_harmless(samples: Any, run: Any, picture_of: Any) -> None:
    """The document type that drawing programs write is accepted and not fetched."""
    path = samples.path("typed.svg")
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
        '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">' + OPEN + '<rect width="20" height="20"/></svg>'
    )
    image = picture_of(run(path, [{"op": "convert", "format": "png"}]).made[0].outputs[0])
    assert (image.width, image(5, 5)) == (20, [0, 0, 0, 255])


@given(st.text(alphabet="url(#)'\" @import;{}:/*\\evil.", max_size=60))
def test_no_style_text_keeps_a_way_out(text: str) -> None:
    """Whatever style text is given, what is left imports nothing and refers to nothing but fragments."""
    left = safe_style(text).lower()
    assert "@import" not in left
    assert all(part.strip(" '\"").startswith("#") for part in left.split("url(")[1:])
