"""No SVG keeps a reader busy: the web process sniffs every upload, and a slow pattern would stop it for all."""

from __future__ import annotations

import time

import pytest

from filemill_image.formats.svg import is_svg
from filemill_image.formats.svg_cleaning import safe_style

SECONDS = 5.0


@pytest.mark.parametrize(
    "piece", [b"<!---->", b"<??>", b"<!DOCTYPE>", b"<!DOCTYPE[]>", b"<!DOCTYPE[", b" ", b"<!--", b"]"]
)
@pytest.mark.parametrize("start", [b"", b"<!DOCTYPE[", b"<!--"])
def test_sniffing_takes_linear_time(start: bytes, piece: bytes) -> None:
    """A beginning of 4 KiB that never becomes an SVG is refused at once."""
    started = time.perf_counter()
    assert not is_svg((start + piece * 4096)[:4096])
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("piece", ["/*", "url(", "url( ", "url(' ", "@import{", "@import", "@ ", "a" * 10, "(/**/"])
@pytest.mark.parametrize("start", ["", "url(", "/*", "@import"])
def test_styles_take_linear_time(start: str, piece: str) -> None:
    """A style of a megabyte is cleaned in moments, whatever is left open in it."""
    started = time.perf_counter()
    safe_style(start + piece * (1_000_000 // len(piece)))
    assert time.perf_counter() - started < SECONDS


@pytest.mark.parametrize(
    ("style", "clean"),
    [
        ("fill:url(#a)", "fill:url(#a)"),
        ("fill:url( '#a' ) red", "fill:url( '#a' ) red"),
        ("fill:url(http://x/y)", "fill:none"),
        ("fill:url(http://x/y", "fill:none"),
        ("fill:url(#furl(", "fill:none"),
        ("fill:url('#a\")", "fill:none"),
        ("ur/**/l(http://x)", "none"),
        ("ur//**/*x*/l(http://x)", ""),
        ("u@import x;rl(http://x)", "none"),
        ("@imp@import x;ort 'y'", ""),
        ("@import 'x'; a {}", " a {}"),
        ("@font-face { src: url(x) } b {}", " b {}"),
        ("url (http://x)", ""),
        (r"ur\6c(http://x)", ""),
        ("a {} /* open", "a {} "),
    ],
)
def test_styles_keep_what_is_inside(style: str, clean: str) -> None:
    """References into the document stay; all others go, however they are spelt."""
    assert safe_style(style) == clean
