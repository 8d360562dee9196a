"""The signature of webhooks, against the vector of the vendor's own test."""

from __future__ import annotations

from filemill_server.dialects.filestack.webhook_signature import signed_headers

BODY = (
    b'{"id": 6844, "action": "fp.upload", "timestamp": 1559199901, "text": {"url":'
    b' "http://cdn.filestackapi.dev/xK88QArxRiyVvFzo4p33", "client": "Computer", "data": {"filename":'
    b' "01 (1).png", "type": "image/png", "size": 881855}}}'
)


def test_the_vector_of_the_vendor() -> None:
    """FS-143, FS-144: hex HMAC-SHA256 over the timestamp, a full stop and the raw body."""
    assert signed_headers("Y5cWb1rdRDSTSqEjF5pv", 1559199901, BODY) == {
        "FS-Timestamp": "1559199901",
        "FS-Signature": "14495b54b246e1352bb69cd91c5c1bfe2221f2d0330414b3df8f5fb2903db730",
    }


def test_every_part_is_signed() -> None:
    """FS-143: another secret, moment or body gives another signature; bytes that are no text are signed as they are."""
    one = signed_headers("a", 1, b"\xff")["FS-Signature"]
    others = [signed_headers(*parts)["FS-Signature"] for parts in (("b", 1, b"\xff"), ("a", 2, b"\xff"), ("a", 1, b""))]
    assert len({one, *others}) == 4
