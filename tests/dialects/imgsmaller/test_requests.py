"""ImgSmaller: keys, `info`, and what `compress` accepts and refuses (IS-01…IS-34, IS-50…IS-54)."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pyvips

from filemill import FilemillError
from filemill_server.dialects.imgsmaller.asked import read_target

FORMATS = ["jpeg", "jpg", "png", "webp", "avif"]


def file(data: bytes, name: str = "picture.bin") -> dict[str, Any]:
    """Return the form that brings a file."""
    return {"files": {"file": (name, data)}}


def encoded(data: bytes, **more: object) -> dict[str, Any]:
    """Return the JSON that brings a file."""
    return {"json": {"file_base64": base64.b64encode(data).decode(), **more}}


def test_key_in_header_or_query(caller: Any) -> None:
    """IS-01: the key stands in `X-API-Key` or in `?api_key=`; the header wins."""
    secret = caller.http.headers["x-api-key"]
    info = f"{caller.http.base_url}api/v1/info"
    assert httpx.get(info, headers={"X-API-Key": secret}).status_code == 200
    assert httpx.get(info, params={"api_key": secret}).status_code == 200
    assert httpx.get(info, params={"api_key": secret}, headers={"X-API-Key": "wrong"}).status_code == 401
    assert httpx.get(info, params={"api_key": "wrong"}, headers={"X-API-Key": secret}).status_code == 200


@pytest.mark.parametrize("secret", ["", "wrong", "demo_" + "a" * 64, "x" * 5000, "\u00e9".encode()])
def test_no_key_that_works(caller: Any, secret: str | bytes) -> None:
    """IS-02, IS-04: without a key, and with the document's dummy, 401 with a message."""
    headers = {"X-API-Key": secret} if secret else {}
    for method, path in (("GET", "api/v1/info"), ("POST", "api/v1/compress")):
        answer = httpx.request(method, f"{caller.http.base_url}{path}", headers=headers)
        assert answer.status_code == 401
        assert set(answer.json()) == {"message"}
        assert answer.headers["x-request-id"], "DX-12"


def test_key_of_another_dialect_is_unknown(caller: Any) -> None:
    """DX-05: a key that is bound to another dialect is answered as an unknown one; an unbound one works."""
    foreign = caller.new_key("f", "filewhirl")
    assert caller.http.get("/api/v1/info", headers={"X-API-Key": foreign}).status_code == 401
    assert caller.http.get("/api/v1/info", headers={"X-API-Key": caller.server.key}).status_code == 200


@pytest.mark.parametrize("prefix", ["/imgsmaller", ""])
def test_info(caller: Any, prefix: str) -> None:
    """IS-10, IS-11, IS-12, IS-13, DX-04: what is left of the day as integers, the formats, and where `compress` is."""
    secret = caller.http.headers["x-api-key"]
    answer = httpx.get(f"{caller.server.address}{prefix}/api/v1/info", headers={"X-API-Key": secret})
    body = answer.json()
    midnight = 86400 - (datetime.now(UTC) - datetime.now(UTC).replace(hour=0, minute=0, second=0)).seconds
    assert list(body) == [
        "endpoint",
        "remaining_today",
        "reset_in_seconds",
        "limit",
        "supported_input",
        "supported_output",
    ]
    assert body["endpoint"] == f"{caller.server.address}{prefix}/api/v1/compress"
    assert body["limit"] == 1_000_000
    assert 0 < body["remaining_today"] <= 1_000_000
    assert abs(body["reset_in_seconds"] - midnight) < 5
    assert body["supported_input"] == FORMATS
    assert body["supported_output"] == [*FORMATS, "original"]
    again = httpx.get(body["endpoint"].replace("compress", "info"), headers={"X-API-Key": secret}).json()
    assert again["remaining_today"] == body["remaining_today"], "IS-13: it costs nothing"


def test_accepted(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-24, IS-25, IS-26, IS-54: 202 with a key nobody can guess, and URLs with the prefix."""
    body = caller.compress(**file(pictures["jpeg"]))
    base = str(caller.http.base_url).rstrip("/")
    assert set(body) == {"queued", "progress_key", "result_url", "download_url_template"}
    assert body["queued"] is True
    assert re.fullmatch("[0-9a-f]{32}", body["progress_key"])
    assert body["result_url"] == f"{base}/result/{body['progress_key']}"
    assert body["download_url_template"] == f"{base}/download/{{imageId}}"
    assert caller.compress(**file(pictures["jpeg"]))["progress_key"] != body["progress_key"]


def test_sources_have_an_order(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-20, IS-27, IS-34: `file`, then `file_base64`, then `file_url`; the first two need no allowed domain."""
    other = base64.b64encode(pictures["png"]).decode()
    form = {"file_base64": other, "file_url": "https://example.com/a.png"}
    assert caller.ended(**file(pictures["webp"]), data=form)["format"] == "webp"
    assert caller.ended(json=form)["format"] == "png"
    assert caller.ended(files={"nothing": (None, "")}, data=form)["format"] == "png"
    for nothing in ({"json": {}}, {"files": {"file": ("empty.jpg", b"")}}, {"files": {"other": ("a.jpg", b"x")}}, {}):
        caller.refused(422, **nothing)


@pytest.mark.parametrize("spelling", ["standard", "url-safe", "unpadded", "lines", "data"])
def test_base64(caller: Any, pictures: dict[str, bytes], spelling: str) -> None:
    """IS-28: both alphabets, with and without padding, and data URLs."""
    text = base64.b64encode(pictures["jpeg"] + b"\xff\xfe").decode()  # bytes after the end change its length
    spelt = {
        "standard": text,
        "url-safe": text.replace("+", "-").replace("/", "_"),
        "unpadded": text.rstrip("="),
        "lines": "\r\n".join(text[start : start + 76] for start in range(0, len(text), 76)),
        "data": f"data:image/jpeg;base64,{text}",
    }[spelling]
    assert caller.compress(json={"file_base64": spelt})["queued"] is True


@pytest.mark.parametrize("text", ["%%%", "a", "data:image/png;base64", "data:image/png;base64,%%", 7, ["x"]])
def test_undecodable_base64(caller: Any, text: object) -> None:
    """IS-28, IS-52: 422 that names the field."""
    assert list(caller.refused(422, json={"file_base64": text})["errors"]) == ["file_base64"]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("auto", None),
        ("AUTO", None),
        (None, None),
        ("", None),
        ("20KB", 20480),
        ("20 kb", 20480),
        ("1.5 MB", 1572864),
        ("0.5MB", 524288),
        ("300", 300),
        ("300B", 300),
        ("999 b", 999),
        (4096, 4096),
        ("1B", 64),
        ("9" * 19 + "MB", 1 << 40),
    ],
)
def test_sizes(text: object, size: int | None) -> None:
    """IS-21, IS-23: a number, a space or none, and a unit of 1024s; `auto` is the default."""
    assert read_target(text) == size


@pytest.mark.parametrize(
    "text", ["0", "0KB", "-1KB", "20GB", "KB", "20  KB", "1e3", "20KBs", "٢KB", "1,5MB", "9" * 50, True, [], {}, "nan"]
)
def test_no_sizes(text: object) -> None:
    """IS-23: all else is refused with the field."""
    with pytest.raises(FilemillError) as caught:
        read_target(text)
    assert [fault.pointer for fault in caught.value.faults] == ["/target_size"]


def test_bad_parameters(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-23, IS-52: 422 with the text by field."""
    for name, value in (("target_size", "big"), ("target_size", "0KB"), ("output", "gif"), ("output", "heic")):
        errors = caller.refused(422, **file(pictures["jpeg"]), data={name: value})["errors"]
        assert list(errors) == [name]
        assert all(isinstance(text, str) for text in errors[name])
    assert list(caller.refused(422, **encoded(pictures["jpeg"], output=5))["errors"]) == ["output"]


def test_size_limits(caller: Any) -> None:
    """IS-28, IS-50, IS-51, DX-08, DX-16, DX-17: as large as the limit is taken, a byte more is 413."""
    tiny = caller.with_key("tiny", plan="tiny")
    least = _jpeg()
    exact = least + bytes(20000 - len(least))
    tiny.compress(**file(exact))
    tiny.compress(**encoded(exact))
    tiny.refused(413, **file(exact + b"\0"))
    tiny.refused(413, **encoded(exact + b"\0"))
    tiny.refused(413, content=iter([b'{"file_base64": "', *[b"A" * 65536] * 40, b'"}']))
    standard = bytes(50 << 20)
    caller.refused(413, **file(standard + b"\0"))
    caller.refused(415, **file(standard))


def _jpeg() -> bytes:
    data: bytes = (pyvips.Image.black(64, 64, bands=3) + 90).cast("uchar").jpegsave_buffer()
    return data


def test_content_decides(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-12, IS-50, IS-52, DX-09: 415 for what is no picture of the four formats, whatever its name says."""
    gif = b"GIF89a" + bytes(40)
    for data in (gif, b"%PDF-1.7\n", b"plain text", b"\0" * 100, b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
        caller.refused(415, files={"file": ("photo.jpg", data, "image/jpeg")})
        caller.refused(415, **encoded(data))
    assert caller.ended(files={"file": ("notes.txt", pictures["png"], "text/plain")})["format"] == "png"


def test_broken_pictures(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-42, IS-52: a broken header is 422 at once; what shows later ends the job in `error`."""
    assert list(caller.refused(422, **file(pictures["jpeg"][:20]))["errors"]) == ["file"]
    assert list(caller.refused(422, **encoded(pictures["png"][:24]))["errors"]) == ["file_base64"]
    ended = caller.ended(**file(pictures["png"][: len(pictures["png"]) // 2]))
    assert set(ended) == {"status", "message"}
    assert ended["status"] == "error"


def test_daily_limit(caller: Any, pictures: dict[str, bytes]) -> None:
    """IS-13, IS-50, IS-53: one accepted job is one unit, what is refused costs nothing, then 429 to midnight."""
    limited = caller.with_key("limited", plan="two-a-day")

    def left() -> tuple[int, int]:
        body = limited.http.get("/api/v1/info").json()
        return body["remaining_today"], body["limit"]

    assert left() == (2, 2)
    limited.refused(422, json={})
    limited.refused(415, **file(b"text"))
    assert left() == (2, 2)
    limited.ended(**file(pictures["jpeg"]))
    limited.compress(**encoded(pictures["jpeg"]))
    assert left() == (0, 2)
    answer = limited.http.post("/api/v1/compress", **file(pictures["jpeg"]))
    assert answer.status_code == 429
    assert set(answer.json()) == {"message"}
    waits = limited.http.get("/api/v1/info").json()["reset_in_seconds"]
    assert abs(int(answer.headers["retry-after"]) - waits) <= 2
