"""Headers in and out: `Accept`, file names, digests."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies import Digests
from filemill_server.browsers import guarding_headers
from filemill_server.names import MAX_NAME, clean_name, content_disposition, file_name
from filemill_server.negotiation import prefers_bytes
from filemill_server.replay import idempotency_key


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("image/*", True),
        ("image/webp", True),
        ("application/pdf", True),
        ("application/zip", True),
        ("text/plain", True),
        ("application/octet-stream", True),
        ("image/*, application/json", True),
        ("application/json, image/*", False),
        ("application/json;q=0.5, image/png", True),
        ("image/png;q=0.5, application/json", False),
        ("image/png;q=0", False),
        ("image/avif,image/webp,*/*;q=0.8", True),
        ("text/html", False),
        ("application/gzip", True),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", True),
        ("text/csv", True),
        ("application/problem+json", False),
        ("IMAGE/PNG", True),
        ("image/png;q=nonsense", False),
    ],
)
def test_bytes_are_given_where_accept_ranks_them_first(accept: str | None, expected: bool) -> None:
    """NA-28: JSON unless `Accept` prefers something else."""
    assert prefers_bytes(accept) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\photo.jpg", "photo.jpg"),
        ('a"b\r\nSet-Cookie: x.png', "abSet-Cookie x.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("...", None),
        ("", None),
        ("Grüße.png", "Grüße.png"),
    ],
)
def test_names_are_cleaned(name: str, expected: str | None) -> None:
    """NC-12: no folders, control signs, quotes or bidi marks."""
    assert clean_name(name) == expected


@given(st.text(max_size=400))
def test_any_name_is_safe_in_a_header(name: str) -> None:
    """NC-12: whatever the name, the header is one line of Latin-1 and gives the name back."""
    cleaned = clean_name(name)
    if cleaned is None:
        return
    assert 1 <= len(cleaned) <= MAX_NAME
    header = content_disposition(cleaned, "image/png")
    header.encode("latin-1")
    assert not set("\r\n") & set(header)
    assert file_name(header) == cleaned


def test_only_harmless_types_are_inline() -> None:
    """NC-12: types that can run something are downloads."""
    assert content_disposition("a.svg", "image/svg+xml").startswith("attachment")
    assert content_disposition("a.html", "text/html").startswith("attachment")
    assert content_disposition("a.png", "image/png").startswith("inline")


@pytest.mark.parametrize(
    "media_type",
    ["image/svg+xml", "text/html", "text/xml", "application/xml", "application/xhtml+xml", "image/x+xml", "video/x+xml",
     "multipart/related", "text/css", "application/javascript", "application/zip", "message/rfc822"],
)  # fmt: skip
def test_what_may_hold_scripts_has_no_rights(media_type: str) -> None:
    """A stranger's file runs nothing, has no origin, loads nothing and is taken for nothing else."""
    headers = guarding_headers(media_type)
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = {part.split()[0]: part.split()[1:] for part in headers["Content-Security-Policy"].split(";")}
    assert policy == {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "sandbox": []}


@pytest.mark.parametrize("media_type", ["image/png", "video/mp4", "audio/mpeg", "text/plain", "application/pdf"])
def test_what_browsers_only_show_is_shown(media_type: str) -> None:
    """A sandbox would switch off the viewers of PDF and of video: these get none, and are taken for nothing else."""
    assert guarding_headers(media_type) == {"X-Content-Type-Options": "nosniff"}


def test_content_digest_is_verified() -> None:
    """NC-09: `Content-Digest` that is not the body's is 400; unknown algorithms don't matter."""
    body = b"hello"
    good = base64.b64encode(hashlib.sha256(body).digest()).decode()
    for header in (f"sha-256=:{good}:", f"md5=:AAAA:, sha-256=:{good}:", "md5=:AAAA:", None):
        digests = Digests(header)
        digests.update(body)
        digests.verify()
    for header in ("sha-256=:AAAA:", f"sha-512=:{good}:"):
        digests = Digests(header)
        digests.update(body)
        with pytest.raises(FilemillError) as caught:
            digests.verify()
        assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    ("header", "expected"), [('"abc"', "abc"), ("abc", "abc"), (r'"a\"b"', 'a"b'), (None, None), ("'x'", "'x'")]
)
def test_idempotency_key_is_a_quoted_string_or_a_bare_token(header: str | None, expected: str | None) -> None:
    """NC-04: both spellings are the same key."""
    assert idempotency_key(header) == expected


@pytest.mark.parametrize("header", ['""', "", "x" * 300, '"a\tb"'])
def test_bad_idempotency_keys_are_refused(header: str) -> None:
    """NC-04: an empty, long or unprintable key is 400."""
    with pytest.raises(FilemillError) as caught:
        idempotency_key(header)
    assert caught.value.code is ErrorCode.BAD_REQUEST
