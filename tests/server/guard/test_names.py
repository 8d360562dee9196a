"""Names that callers give: what is left of them harms no file system, no reader and no header."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill_server.dialects.filestack.files import named_headers
from filemill_server.names import MAX_NAME, MAX_NAME_BYTES, clean_name, content_disposition, file_name
from filemill_server.resumable.metadata import name_in

HOSTILE = st.lists(
    st.one_of(
        st.characters(),
        st.sampled_from("/\\.:%\"'; \t\r\n\x00\x1b\u202e\u2066\u200b\ufeff．／＼＂：\u0301\xa0"),
        st.sampled_from(["CON", "nul", "com1", "..", ".exe", "filename*=", "x" * 90, "é" * 90]),
    ),
    max_size=60,
).map("".join)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie x=1.png"),
        ("a\x00.png\x1b[2J", "a.png[2J"),
        ("a\x85b\u2028c\u2029d.png", "abcd.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/", None),
        ("C:\\Windows\\a.png", "a.png"),
        ("a.png:stream", "a.pngstream"),
        ("..", None),
        (". . .", None),
        ("\x00.\x00.\x00/", None),
        ("\u202egpj.exe", "gpj.exe"),
        ("\u2066a\u2069\u200f\u061c.png", "a.png"),
        ("a\u200bb\xadc\u2060d\ufeff.png", "abcd.png"),
        ("\ud800a.png", "a.png"),
        ("e\u200b\u0301.png", "\xe9.png"),
        ("\u0646\u200c\u0646.png", "\u0646\u200c\u0646.png"),
        ("\U0001f468\u200d\U0001f469.png", "\U0001f468\u200d\U0001f469.png"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Aux .tar.gz", "_Aux .tar.gz"),
        ("x/LPT9", "_LPT9"),
        ("com¹.png", "_com¹.png"),
        ("nul\u200b.png", "_nul.png"),
        ("console.txt", "console.txt"),
        ("com10.txt", "com10.txt"),
        ("evil.exe. . .", "evil.exe"),
        ("evil.exe\xa0.\u3000", "evil.exe"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
        ("x" * 300, "x" * 200),
        ("é" * 300 + ".png", "é" * 118 + ".png"),
        ("\U0001f600" * 300, "\U0001f600" * 60),
        ("." * 250 + "x" * 30, None),
        ("a" + " ." * 300 + "b" * 30, "a"),
    ],
)
def test_what_is_left_of_a_name(given: str, left: str | None) -> None:
    """No folders, no control, bidirectional or unseen marks, no devices, no dots at the end, no more than fits."""
    assert clean_name(given) == left


@given(HOSTILE)
def test_whatever_the_name(name: str) -> None:
    """What is left is short, of one line and one folder, the same when it is cleaned again."""
    cleaned = clean_name(name)
    if cleaned is None:
        return
    assert 1 <= len(cleaned) <= MAX_NAME
    assert len(cleaned.encode()) <= MAX_NAME_BYTES
    assert not set('/\\:*?"<>|') & set(cleaned)
    assert not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in cleaned)
    assert not any(unicodedata.bidirectional(sign) in ("RLO", "LRO", "RLE", "LRE", "PDF") for sign in cleaned)
    assert clean_name(cleaned) == cleaned


@given(HOSTILE, st.sampled_from(["image/png", "text/html", ""]))
def test_no_name_ends_its_header(name: str, media_type: str) -> None:
    """Content-Disposition is one line of ASCII with one plain name, safe by itself, and gives the name back."""
    cleaned = clean_name(name)
    if cleaned is None:
        return
    header = content_disposition(cleaned, media_type)
    assert header.isascii()
    assert header.isprintable()
    found = re.fullmatch(
        r'(?:inline|attachment); filename="([^"\\/%:<>|?*]+)"(?:; filename\*=UTF-8\'\'([\w.~%-]+))?', header
    )
    assert found, header
    assert file_name(header) == cleaned
    for value in named_headers(cleaned, media_type).values():
        assert value.isascii()
        assert value.isprintable()


@pytest.mark.parametrize(
    "name", ["．．／．．／etc／passwd", "℀.txt", "a＼b.png", "＂; filename=x.exe", "x：y.png", "％2e.png"]
)
def test_letters_that_look_like_others(name: str) -> None:
    """A name's form in ASCII has no slash, quote or percent sign that the name has not."""
    (plain,) = re.findall(r'filename="([^"]*)"', content_disposition(name, "image/png"))
    assert not set('/\\"%:') & set(plain)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"a\r\nLocation: //127.0.0.1\r\n.png", "127.0.0.1.png"),
        ("\u202egpj.exe".encode(), "gpj.exe"),
        (b"\xff\xfe.png", "\ufffd\ufffd.png"),
        (b"..", "file"),
        (b"\x00" * 100, "file"),
        (b"nul", "_nul"),
        (b"n" * 3000 + b".png", "n" * 196 + ".png"),
    ],
)
def test_names_in_the_metadata_of_tus(value: bytes, name: str) -> None:
    """The name that a client of tus gives is cleaned like any other."""
    assert name_in({"filename": value}) == name
