"""Delivery over HTTP: handles, chains, headers."""

from __future__ import annotations

from filestack_client import Filestack, picture
from live import size_of


def test_a_handle_is_the_file_itself(filestack: Filestack) -> None:
    """FS-40, FS-42, FS-50, DX-13: with a key before it and without, whole, in part, as its head, or not again."""
    stored = filestack.store(picture(), filename="red.png")
    for url in (stored["url"], f"{filestack.cdn}/{filestack.key}/{stored['handle']}", f"{stored['url']}+jpg"):
        answer = filestack.http.get(url)
        assert (answer.status_code, answer.content) == (200, picture()), url
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"] == 'inline; filename="red.png"'
        assert answer.headers["x-file-name"] == "red.png"
        assert answer.headers["cache-control"] == "public, max-age=2592000"
    head = filestack.http.head(stored["url"])
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(picture()))
    part = filestack.http.get(stored["url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, picture()[:4])
    again = filestack.http.get(stored["url"], headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    saved = filestack.http.get(stored["url"], params={"dl": "true"})
    assert saved.headers["content-disposition"] == 'attachment; filename="red.png"'


def test_a_chain_ends_in_a_picture(filestack: Filestack) -> None:
    """FS-40, FS-50, FS-55, DX-13: by GET, HEAD and POST without a body; Ruby's odd `Accept-Encoding` is no error."""
    stored = filestack.store(picture())
    url = f"{filestack.cdn}/resize=width:20/output=format:jpg/{stored['handle']}"
    made = filestack.http.get(url, headers={"Accept-Encoding": "application/json"})
    assert made.status_code == 200, made.text
    assert made.headers["content-type"] == "image/jpeg"
    assert made.headers["cache-control"] == "public, max-age=2592000"
    assert "content-encoding" not in made.headers
    assert size_of(made.content) == (20, 15)
    posted = filestack.http.post(url)
    assert (posted.status_code, posted.content) == (200, made.content)
    head = filestack.http.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "cache-control", "content-disposition"):
        assert head.headers[name] == made.headers[name]
    again = filestack.http.get(url, headers={"If-None-Match": made.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", made.headers["etag"])
    part = filestack.http.get(url, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, made.content[:4])
    saved = filestack.http.get(url, params={"dl": "true"})
    assert (saved.content, saved.headers["content-disposition"].partition(";")[0]) == (made.content, "attachment")
