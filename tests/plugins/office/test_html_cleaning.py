"""HTML that was cleaned: harmless whatever it was, and otherwise what it was."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill_office.html_cleaning import cleaned, decoded

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


class Seen(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


PIECES = st.sampled_from(
    [
        *("<p", "<img", "<a", "<script", "<style", "<svg", "<iframe", "<title", "</script", "</title", "<!--", "-->"),
        *(
            " src=",
            " href=",
            " style=",
            " onclick=",
            '"',
            "'",
            ">",
            "/>",
            "<",
            "&",
            "&lt;",
            "&#x3c;",
            "\0",
            "\n",
            "text",
        ),
        *("http://host/x", "file:///etc/passwd", "//host", "javascript:alert(1)", PIXEL, "url(x)", "<![CDATA[", "]]>"),
    ]
)


@given(st.lists(PIECES, max_size=15).map("".join) | st.text(max_size=60))
def test_whatever_comes(text: str) -> None:
    """No element and no attribute of the result loads anything or runs."""
    seen = Seen(cleaned(text, "title"))
    assert not seen.tags & {
        "script",
        "style",
        "svg",
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "form",
        "input",
        "video",
    }
    for tag, name, value in seen.attributes:
        assert not name.startswith("on")
        assert name not in {"background", "srcset", "data", "action", "poster", "longdesc"}
        assert name != "src" or (tag, value) == ("img", PIXEL)
        assert name != "href" or (tag == "a" and value.startswith(("http://", "https://", "mailto:", "tel:", "#")))
        assert name != "style" or "url" not in value


@given(st.text(max_size=60))
def test_once_is_enough(text: str) -> None:
    """What is clean stays as it is."""
    once = cleaned(text, "title")
    assert cleaned(once, "title") == once


def test_what_is_kept() -> None:
    """Words, structure, looks, pictures that are in the page, and links stay."""
    body = (
        f'<h1 id="top" style="color: red">A &amp; B</h1>\n<table border="1"><tr><td colspan="2">x</td></tr></table>\n'
        f'<p><img src="{PIXEL}" alt="dot"><br><a href="mailto:a@b.c">mail</a> <a href="#top">up</a></p>'
    )
    assert f"<body>\n{body}\n</body>" in cleaned(f"<html><title>T</title><body>{body}</body></html>", "unused")
    assert "<title>T</title>" in cleaned("<title>T</title>", "unused")
    assert "<title>a &lt; b</title>" in cleaned("<p>x", "a < b")


def test_a_picture_that_is_left_out() -> None:
    """Its words stand in its place."""
    assert "<body>\nbefore the &lt;logo&gt; after\n</body>" in cleaned(
        'before <img src="http://host/x.png" alt="the <logo>"> after', ""
    )


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>ü</p>".encode(), "<p>ü</p>"),
        ("<p>ü</p>".encode("utf-8-sig"), "<p>ü</p>"),
        ("<p>ü</p>".encode("utf-16"), "<p>ü</p>"),
        ('<meta charset="iso-8859-2"><p>ő'.encode("iso-8859-2"), '<meta charset="iso-8859-2"><p>ő'),
        (b'<meta content="text/html; charset=no-such"><p>x', '<meta content="text/html; charset=no-such"><p>x'),
        ("<p>“ü”</p>".encode("cp1252"), "<p>“ü”</p>"),
    ],
)
def test_letters(data: bytes, text: str) -> None:
    """Its encoding is the one that a mark says, then the one that it says itself, then UTF-8, then Windows'."""
    assert decoded(data) == text


@pytest.mark.parametrize("text", ["<![>", "<![CDAPA[a]]>", "<![if x]>", "<![CDATA[a]]>", "<![endif"])
def test_marked_sections_are_comments(text: str) -> None:
    """Whatever word stands in `<![`, what follows is read."""
    assert "kept" in cleaned(f"{text}<p>kept</p>" if text.endswith(">") else f"<p>kept</p>{text}", "title")
