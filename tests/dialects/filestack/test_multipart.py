"""Multipart and intelligent uploads, as the official clients make them."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from filemill_server.dialects.filestack.multipart.parts import part_id
from filemill_server.dialects.filestack.multipart.tokens import Ticket, UploadToken, seal, unseal
from filestack_client import Filestack, picture
from filestack_uploads import FLAVOURS, Upload, md5_of, ok, refusal, sealer_of

DATA = random.Random(5).randbytes(300_000)


def kept(upload: Upload) -> list[tuple[int, int]]:
    """Return the sizes and the ends of the first parts that the server keeps of a plain upload."""
    data = upload.app.server.data
    token = unseal(sealer_of(upload.app.server), upload.started["upload_id"], UploadToken)
    assert token is not None
    ids = [part_id(token, part, None) for part in range(1, 4)]
    query = "SELECT size, expires_at FROM files WHERE kind = 'upload' AND id IN (?, ?, ?)"
    with closing(sqlite3.connect(data / "filemill.db", timeout=30)) as database:
        return database.execute(query, ids).fetchall()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_plain(filestack: Filestack, flavour: str) -> None:
    """FS-100, FS-101, FS-102, FS-103, FS-105, FS-106, FS-107, FS-108, FS-110, FS-111: the second part comes first."""
    upload = Upload(filestack, flavour)
    store = {"location": "S3", "path": "in/", "container": "box", "region": "eu-west-1", "access": "public"}
    started = upload.start(DATA, "ä b.bin", mimetype="application/x-own", store=store)
    assert all(isinstance(started[name], str) and started[name] for name in ("uri", "region", "upload_id"))
    assert started["location_url"] == f"{filestack.base}/upload".removeprefix("http://")
    assert started["status"] == "ok"
    assert "upload_type" not in started
    where = upload.prepare(2, DATA[100_000:])
    assert where["url"].startswith(f"{filestack.base}/upload/multipart/")
    assert where["headers"] == {"Content-MD5": md5_of(DATA[100_000:])}
    second = upload.send(2, DATA[100_000:])
    assert second["etag"].startswith('"')
    first = upload.send(1, DATA[:100_000])
    assert len(kept(upload)) == 2
    body = upload.stored([first, second], upload_tags={"a": "b"})
    assert body["url"] == f"{filestack.cdn}/{body['handle']}"
    assert body["filename"] == "ä b.bin"
    assert body["size"] == len(DATA)
    assert body["mimetype"] == "application/x-own"
    assert body["status"] == "Stored"
    assert body["container"] == "box"
    assert body["key"].startswith("in/")
    assert body["upload_tags"] == {"a": "b"}
    assert body["workflows"] == {}
    assert upload.read(body["handle"]) == DATA
    assert not kept(upload), "the parts are gone"


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_intelligent(filestack: Filestack, flavour: str) -> None:
    """FS-101, FS-103, FS-105, FS-109, FS-110: parts come in chunks, and are put together without being named."""
    upload = Upload(filestack, flavour)
    assert upload.start(DATA, fii=True)["upload_type"] == "intelligent_ingestion"
    for part, begin, end in ((2, 200_000, 300_000), (1, 0, 200_000)):
        for offset in range(0, end - begin, 65_536):
            chunk = DATA[begin + offset : min(begin + offset + 65_536, end)]
            upload.send(part, chunk, fii=True, offset=offset)
        upload.commit(part)
    body = upload.stored(fii=True)
    assert upload.read(body["handle"]) == DATA


def test_intelligent_smaller_chunks(filestack: Filestack) -> None:
    """FS-108, FS-110: a chunk that is sent again in smaller ones counts as these, whatever came before."""
    upload = Upload(filestack)
    upload.start(DATA, fii=True)
    upload.send(1, DATA[:100_000], fii=True, offset=0)
    upload.send(1, b"x" * 50_000, fii=True, offset=100_000)
    upload.send(1, DATA[:60_000], fii=True, offset=0)
    upload.send(1, DATA[60_000:], fii=True, offset=60_000)
    assert upload.read(upload.stored(fii=True)["handle"]) == DATA


def test_fallback(filestack: Filestack) -> None:
    """FS-110: named parts are those that came whole; where one failed and came in chunks, these are taken."""
    upload = Upload(filestack)
    upload.start(DATA, fii=True)
    first = upload.send(1, DATA[:100_000])
    upload.send(2, b"lost", fii=False)
    upload.send(2, DATA[100_000:150_000], fii=True, offset=0)
    upload.send(2, DATA[150_000:200_000], fii=True, offset=50_000)
    upload.commit(2)
    third = upload.send(3, DATA[200_000:])
    upload.send(3, b"stale", fii=True, offset=0)
    assert upload.read(upload.stored([first, third], fii=True)["handle"]) == DATA


def test_parallel_parts(filestack: Filestack) -> None:
    """FS-108: parts come at the same time, each twice."""
    upload = Upload(filestack)
    upload.start(DATA)
    numbers = [number for number in range(1, 11) for _ in range(2)]

    def send(number: int) -> dict[str, Any]:
        return upload.send(number, DATA[(number - 1) * 30_000 : number * 30_000])

    with ThreadPoolExecutor(4) as threads:
        named = {part["part_number"]: part for part in threads.map(send, numbers)}
    assert upload.read(upload.stored(list(named.values()))["handle"]) == DATA


def test_part_again(filestack: Filestack) -> None:
    """FS-108: a part that is sent again replaces what it was; what is named must be what is there."""
    upload = Upload(filestack)
    upload.start(b"new!")
    old = upload.send(1, b"old!")
    new = upload.send(1, b"new!")
    assert len(kept(upload)) == 1
    refusal(upload.complete([old]), 400, "ETag")
    assert upload.read(upload.stored([new])["handle"]) == b"new!"


def test_parts_missing(filestack: Filestack) -> None:
    """FS-110: parts that did not come, or are not the whole file, make no file."""
    upload = Upload(filestack)
    upload.start(b"12345678")
    first = upload.send(1, b"1234")
    refusal(upload.complete([first, {"part_number": 2, "etag": '"0"'}]), 400, "Part 2")
    refusal(upload.complete([first]), 400, "4 bytes")
    refusal(upload.complete(), 400, "0 bytes")
    assert upload.stored([first, upload.send(2, b"5678")])["size"] == 8


def test_type_by_content(filestack: Filestack) -> None:
    """FS-111, DX-09: what the content is counts, not what the client says."""
    upload = Upload(filestack)
    upload.start(picture(), "a.txt", mimetype="text/plain")
    body = upload.stored([upload.send(1, picture())])
    assert body["mimetype"] == body["type"] == "image/png"


def test_part_not_as_announced(filestack: Filestack) -> None:
    """FS-107: size and MD5 are checked, and nothing of what is wrong is kept."""
    upload = Upload(filestack)
    upload.start(b"12345678")
    http = filestack.http
    where = upload.prepare(1, b"1234")
    refusal(http.put(where["url"], content=b"123"), 400, "3 bytes came")
    refusal(http.put(where["url"], content=b"12345"), 400, "More than")
    refusal(http.put(where["url"], content=b"123X"), 400, "MD5")
    refusal(http.put(where["url"], content=b"1234", headers={"Content-MD5": md5_of(b"x")}), 400, "MD5")
    refusal(http.put(where["url"], content=b"1234", headers={"Content-MD5": "!"}), 400, "base64")
    assert not kept(upload)
    unchecked = ok(upload.call("upload", **upload.going_on, part=1, size=4))
    assert unchecked["headers"] == {}
    answer = http.put(unchecked["url"], content=b"123X")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == f'"{hashlib.md5(b"123X", usedforsecurity=False).hexdigest()}"'


def test_part_url(filestack: Filestack) -> None:
    """FS-107: the URL of a part works for this part alone, and not for ever; JS asks for another one then."""
    upload = Upload(filestack)
    upload.start(b"12345678")
    url: str = upload.prepare(1, b"1234")["url"]
    before, _, token = url.rpartition("/")
    forged = token[:40] + ("A" if token[40] != "A" else "B") + token[41:]
    refusal(filestack.http.put(f"{before}/{forged}", content=b"1234"), 403)
    refusal(filestack.http.put(f"{before}/{upload.started['upload_id']}", content=b"1234"), 403)
    sealer = sealer_of(filestack.server)
    ticket = unseal(sealer, token, Ticket)
    assert ticket is not None
    assert 0 < ticket.expires - time.time() <= 3600
    old = seal(sealer, replace(ticket, expires=int(time.time())))
    answer = filestack.http.put(f"{before}/{old}", content=b"1234")
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/xml"
    assert "<Error><Code>RequestTimeTooSkewed</Code>" in answer.text
    assert not kept(upload)


@pytest.mark.parametrize(
    ("prefix", "source", "told"),
    [
        ("/upload", "", "{host}/filestack/upload"),
        ("/upload", "Ruby-3.0.0", "{host}/filestack/upload"),
        ("/upload", "JS-4.3.8", "http://{host}/filestack/upload"),
        ("", "JS-4.3.8", "http://{host}/filestack/upload"),
    ],
)
def test_location(filestack: Filestack, prefix: str, source: str, told: str) -> None:
    """FS-03, FS-104: a bare address, but for JS over plain HTTP; whatever the way on which the request came."""
    upload = Upload(filestack, headers={"Filestack-Source": source} if source else {}, prefix=prefix)
    host = filestack.server.address.removeprefix("http://")
    assert upload.start(b"1")["location_url"] == told.format(host=host)
    assert upload.prepare(1, b"1")["url"].startswith(f"http://{host}/filestack/upload/multipart/")


def test_location_of_host(filestack: Filestack) -> None:
    """FS-01, FS-02, FS-03, FS-104: through a name of the vendor's kind, the upload goes on at the name for uploads."""
    port = filestack.server.port
    said = {"apikey": filestack.key, "filename": "a", "size": 1, "mimetype": "a/b", "store": {}}
    url = f"{filestack.server.address}/multipart/start"
    for host, upload in (("upload.fs.test", "upload.fs.test"), ("www.fs.test", "upload.fs.test"), ("one.test",) * 2):
        started = ok(filestack.http.post(url, json=said, headers={"Host": f"{host}:{port}"}))
        assert started["location_url"] == f"{upload}:{port}"
        prepared = filestack.http.post(
            f"{filestack.server.address}/multipart/upload",
            json={"apikey": filestack.key, "upload_id": started["upload_id"], "part": 1, "size": 1},
            headers={"Host": started["location_url"]},
        )
        part = ok(prepared)["url"]
        assert part.startswith(f"http://{upload}:{port}/multipart/")
        path = part.removeprefix(f"http://{upload}:{port}")
        sent = filestack.http.put(filestack.server.address + path, content=b"1", headers={"Host": f"{upload}:{port}"})
        assert sent.status_code == 200


def test_zero_bytes(filestack: Filestack) -> None:
    """FS-114: a file without bytes is stored, though no part names it."""
    for fields in ({}, {"fii": True}):
        upload = Upload(filestack)
        upload.start(b"", "empty.txt", **fields)
        body = upload.stored([])
        assert body["size"] == 0
        assert upload.read(body["handle"]) == b""


def test_complete_again(filestack: Filestack) -> None:
    """FS-115: to repeat the end gives the same file; at the same time too."""
    upload = Upload(filestack)
    upload.start(DATA)
    part = upload.send(1, DATA)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: upload.stored([part]), range(4)))
    assert all(answer == answers[0] for answer in answers)
    again = upload.stored([part])
    assert again == answers[0]


def test_expiry(filestack: Filestack) -> None:
    """FS-115: an upload that is not finished ends 24 hours after its start, and so do its parts."""
    upload = Upload(filestack)
    upload.start(b"1234")
    upload.send(1, b"1234")
    ((_, ends),) = kept(upload)
    assert 0 <= time.time() + 24 * 3600 - ends / 1e6 < 60
    sealer = sealer_of(filestack.server)
    token = unseal(sealer, upload.started["upload_id"], UploadToken)
    assert token is not None
    assert token.expires == pytest.approx(ends / 1e6, abs=2)
    upload.started["upload_id"] = seal(sealer, replace(token, expires=int(time.time())))
    refusal(upload.complete(), 404, "24 hours")
    refusal(upload.call("upload", **upload.going_on, part=1, size=1), 404)


def test_tags(filestack: Filestack) -> None:
    """FS-113: ten tags of some length; a list, as Go sends it, comes back as it is."""
    upload = Upload(filestack)
    upload.start(b"")
    many = {str(number): "x" for number in range(11)}
    refused: list[Any] = [many, {"k" * 129: "v"}, {"k": "v" * 257}, {"k": {}}, "text", [1]]
    for wrong in refused:
        refusal(upload.complete([], upload_tags=wrong), 400, "upload_tags")
    assert upload.stored([], upload_tags=["a", "b"])["upload_tags"] == ["a", "b"]
    longest = {"k" * 128: "v" * 256}
    assert upload.stored([], upload_tags=longest)["upload_tags"] == longest


def test_browsers(filestack: Filestack) -> None:
    """FS-116, DX-14: pages of other origins may start uploads and send parts, with all headers of the clients."""
    upload = Upload(filestack)
    upload.start(b"1234")
    url = upload.prepare(1, b"1234")["url"]
    wanted = "filestack-source,filestack-trace-id,filestack-trace-span,filestack-upload-region,content-md5,x-amz-acl"
    for method, address in (("PUT", url), ("POST", f"{filestack.base}/upload/multipart/start")):
        asked = {
            "Origin": "https://example.com",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": wanted,
        }
        answer = filestack.http.request("OPTIONS", address, headers=asked)
        assert answer.status_code in (200, 204)
        assert answer.headers["access-control-allow-origin"] in ("*", "https://example.com")
        assert (
            answer.headers["access-control-allow-methods"] == "*"
            or method in answer.headers["access-control-allow-methods"]
        )
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert allowed == "*" or all(name in allowed for name in wanted.split(","))
    sent = filestack.http.put(url, content=b"1234", headers={"Origin": "https://example.com"})
    assert sent.headers["access-control-allow-origin"]
    assert "etag" in sent.headers["access-control-expose-headers"].lower()


def test_prefetch(filestack: Filestack) -> None:
    """FS-04: what an SDK asks before anything else."""
    for prefix in ("", "/upload"):
        answer = filestack.http.post(f"{filestack.base}{prefix}/prefetch", json={"apikey": filestack.key})
        assert ok(answer) == {"permissions": {}, "settings": {}}


def test_policy(filestack_server: Any) -> None:
    """FS-06, FS-105, FS-124, FS-125: a start needs `pick` or `store`; what follows needs no policy of its own."""
    with Filestack(filestack_server, "strict", signed=True) as app:
        upload = Upload(app)
        said: dict[str, Any] = {"filename": "a", "mimetype": "a/b", "store": {"location": "s3", "path": "in/a"}}
        sized = said | {"size": 4}
        refusal(upload.call("start", **sized), 403)
        for policy in (
            app.sign("read"),
            app.sign("pick", maxSize=3),
            app.sign("pick", minSize=5),
            app.sign("store", path="out/"),
            app.sign("store", expires_in=-1),
            app.sign("store")._replace(signature="0" * 64),
        ):
            refusal(upload.call("start", **sized, **policy.query), 403)
        refusal(upload.call("start", **sized, policy="!", signature="0"), 400)
        for policy in (app.sign(["pick"], minSize=4, maxSize=4), app.sign("store", path="in/"), app.sign()):
            upload.start(b"1234", **{**said, **policy.query})
            assert upload.stored([upload.send(1, b"1234")])["size"] == 4


def test_whose(filestack: Filestack, filestack_server: Any) -> None:
    """FS-05, FS-08, FS-182: a key is needed, spelled as Go has it too; an upload is its app's alone."""
    upload = Upload(filestack)
    upload.start(b"1234")
    refusal(upload.call("start", **upload.said | {"apikey": "A" + "x" * 20 + "z"}), 401)
    refusal(filestack.http.post(f"{filestack.base}/upload/multipart/start", json=upload.said), 401)
    go = {**upload.said, "apiKey": filestack.key}
    ok(filestack.http.post(f"{filestack.base}/upload/multipart/start", json=go))
    with Filestack(filestack_server, "another") as other:
        refusal(upload.call("complete", **upload.going_on, apikey=other.key), 404)
    for wrong in ("", "x", upload.started["upload_id"][:-4], "é"):
        refusal(upload.call("complete", **upload.going_on | {"upload_id": wrong}), 404 if wrong else 400)


def test_limits(filestack: Filestack) -> None:
    """FS-108: parts of 1 byte to 5 GiB, ten thousand of them; a file no larger than the server takes."""
    upload = Upload(filestack)
    refusal(upload.call("start", filename="a", size=1 << 50, store={}), 413)
    upload.start(1 << 30)
    going_on = upload.going_on
    for said in ({"part": 0, "size": 1}, {"part": 10_001, "size": 1}, {"part": 1, "size": 0}, {"part": 1}, {"size": 1}):
        refusal(upload.call("upload", **going_on, **said), 400)
    refusal(upload.call("upload", **going_on, part=1, size=(1 << 30) + 1), 400)
    refusal(upload.call("upload", **going_on, part=1, size=5, offset=1), 400, "offset")
    refusal(upload.call("commit", **going_on, part=1, size=1), 400, "fii")
    ok(upload.call("upload", **going_on, part=10_000, size=1))


def test_units(filestack_server: Any) -> None:
    """FS-183: a start costs a unit of the plan, and what follows costs none; so does what is refused."""
    with Filestack(filestack_server, "metered", plan="pro") as app:
        upload = Upload(app)

        def remaining(answer: httpx.Response) -> int:
            assert answer.headers["filestack-limit"]
            return int(answer.headers["filestack-remaining"])

        first = remaining(upload.call("start", filename="a", size=4))
        refusal(upload.call("start", filename="a", size=1 << 50), 413)
        upload.start(b"1234")
        part = upload.send(1, b"1234")
        assert remaining(upload.call("upload", **upload.going_on, part=1, size=4)) == first - 1
        assert [remaining(upload.complete([part])) for _ in range(2)] == [first - 1] * 2


def test_memory(filestack: Filestack, tmp_path: Path) -> None:
    """FS-108: no part is held in memory."""
    size = 64 << 20
    pid = filestack.server.process.pid if filestack.server.process else 0
    upload = Upload(filestack)
    upload.start(size)
    chunk = bytes(1 << 20)
    where = ok(upload.call("upload", **upload.going_on, part=1, size=size))
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = peak(pid)
    answer = filestack.http.put(where["url"], content=(chunk for _ in range(64)))
    assert answer.status_code == 200
    body = upload.stored([{"part_number": 1, "etag": answer.headers["etag"]}])
    assert body["size"] == size
    assert peak(pid) < before + (24 << 20)


def peak(pid: int) -> int:
    """Return the most memory that a process had, bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) << 10
