"""Chains over HTTP: data tasks, archives, stored results, sources elsewhere, what stands in for a failure."""

from __future__ import annotations

import base64
import io
import socket
import threading
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
import pyvips

import bombs
import origin
from filestack_chains import at
from filestack_client import Filestack, picture
from filestack_delivery import refused_delivery
from filestack_urls import base64_tasks, base64url
from live import size_of
from ocr_scans import Scans
from pdf_samples import text_pdf

MISSING = "0" * 20


def told(client: Filestack, path: str, **query: str) -> dict[str, object]:
    """Return the JSON of a data task."""
    answer = client.http.get(f"{client.cdn}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, object] = answer.json()
    return body


def test_imagesize(filestack: Filestack) -> None:
    """FS-50, FS-76: JSON, also of what the tasks before it made; twice the same."""
    handle = filestack.store(picture())["handle"]
    for _ in range(2):
        assert told(filestack, f"imagesize/{handle}") == {"width": 64, "height": 48}
    assert told(filestack, f"{filestack.key}/resize=width:32/imagesize/{handle}") == {"width": 32, "height": 24}


def test_metadata(filestack: Filestack) -> None:
    """FS-23, FS-24, FS-27, FS-76: at the end of the path, and as Go's task."""
    stored = filestack.store(picture(), filename="red.png")
    handle = stored["handle"]
    known = told(filestack, f"{handle}/metadata")
    assert known == told(filestack, f"metadata/{handle}") == filestack.metadata(handle)
    assert (known["filename"], known["size"], known["mimetype"]) == ("red.png", len(picture()), "image/png")
    assert told(filestack, f"{handle}/metadata", width="true", filename="true") == {"filename": "red.png", "width": 64}
    answer = filestack.http.get(f"{filestack.cdn}/{handle}/metadata?&size=true")
    assert answer.json() == {"size": len(picture())}
    signed = filestack.sign("stat").query
    assert set(told(filestack, f"{handle}/metadata", width="true", **signed)) == {"width"}
    for call, selected in (("read", "size"), ("stat", "exif")):
        query = {selected: "true", **filestack.sign(call).query}
        refused_delivery(filestack.http.get(f"{filestack.cdn}/{handle}/metadata", params=query), 403)
    refused_delivery(filestack.http.get(f"{filestack.cdn}/{handle}/metadata?exif=true"), 403)
    refused_delivery(filestack.http.get(f"{filestack.cdn}/flip/{handle}/metadata"), 400)


def test_pdfinfo_and_pages(filestack: Filestack, tmp_path: Path) -> None:
    """FS-80, FS-81, FS-82, FS-83."""
    text_pdf(tmp_path / "a.pdf", "one", "two", "three")
    handle = filestack.store((tmp_path / "a.pdf").read_bytes(), "application/pdf", filename="a.pdf")["handle"]
    assert told(filestack, f"pdfinfo/{handle}")["pages"] == 3
    cut = filestack.http.get(f"{filestack.cdn}/pdfconvert=pages:[2-]/{handle}")
    assert cut.headers["content-type"] == "application/pdf"
    drawn = filestack.http.get(f"{filestack.cdn}/output=format:png,page:2,density:36/{handle}")
    assert drawn.headers["content-type"] == "image/png"
    images = filestack.http.get(f"{filestack.cdn}/doc_to_images=format:jpg,density:36/{handle}")
    assert images.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(images.content)) as archive:
        assert len(archive.namelist()) == 3
    merged = filestack.http.get(f"{filestack.cdn}/pdfcreate/[{handle},{handle}]")
    assert merged.headers["content-type"] == "application/pdf", merged.text
    again = filestack.store(merged.content, "application/pdf")["handle"]
    assert told(filestack, f"pdfinfo/{again}")["pages"] == 6


def test_ocr_needs_a_policy(filestack: Filestack, tmp_path: Path) -> None:
    """FS-85: a signed one, whatever the app asks for else."""
    page = Scans(tmp_path).image("The old mill", dpi=150)
    handle = filestack.store(page.write_to_buffer(".png"))["handle"]
    refused_delivery(filestack.http.get(f"{filestack.cdn}/ocr/{handle}"), 403, "policy")
    policy, signature = filestack.sign("convert")
    answer = filestack.http.get(f"{filestack.cdn}/security=policy:{policy},signature:{signature}/ocr/{handle}")
    if answer.status_code == 501:
        pytest.skip("Tesseract is not installed")
    assert "mill" in answer.json()["text"]
    (area,) = answer.json()["document"]["text_areas"]
    assert len(area["bounding_box"]) == 4
    assert area["lines"][0]["words"]


def test_zip(filestack: Filestack) -> None:
    """FS-84, FS-47: the sources as they are, stored and fetched, equal names numbered; at most a hundred."""
    handles = [filestack.store(picture(colour=(n, 0, 0)), filename="a.png")["handle"] for n in (1, 2)]
    with origin.serving({"x.txt": b"a text"}) as port:
        listed = f"[{','.join(handles)},http://127.0.0.1:{port}/x.txt]"
        answer = filestack.http.get(f"{filestack.cdn}/{filestack.key}/zip/{listed}")
        assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "a-1.png": picture(colour=(1, 0, 0)),
            "a-2.png": picture(colour=(2, 0, 0)),
            "x.txt": b"a text",
        }
    stored = told(filestack, f"{filestack.key}/zip/store=filename:both.zip/[{','.join(handles)}]")
    assert (stored["type"], stored["filename"]) == ("application/zip", "both.zip")
    many = ",".join([handles[0]] * 101)
    refused_delivery(filestack.http.get(f"{filestack.cdn}/zip/[{many}]"), 400)


def test_store_ends_a_chain(filestack: Filestack) -> None:
    """FS-86, FS-50, DX-13: by GET and POST; the file has a handle of its own; HEAD stores nothing."""
    handle = filestack.store(picture())["handle"]
    url = f"{filestack.cdn}/resize=width:32/store=filename:small.png,path:%22a/b/%22,container:c/{handle}"
    for method in ("GET", "POST"):
        answer = filestack.http.request(method, url)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["container"] == "c"
        assert body["key"].startswith("a/b/")
        assert (body["filename"], body["type"], body["mimetype"]) == ("small.png", "image/png", "image/png")
        assert (body["width"], body["height"]) == (32, 24)
        assert body["handle"] != handle
        assert body["url"] == f"{filestack.cdn}/{body['handle']}"
        again = filestack.http.get(body["url"])
        assert (size_of(again.content), len(again.content)) == ((32, 24), body["size"])
    assert filestack.http.head(url).status_code == 405
    copied = told(filestack, f"{filestack.key}/store/{handle}")
    assert (copied["width"], copied["height"], copied["size"]) == (64, 48, len(picture()))


def test_sources_elsewhere(filestack: Filestack) -> None:
    """FS-41, FS-43, FS-44, FS-48: the spellings of the clients, with a query; the key is needed."""
    with origin.serving({"a.png": picture()}) as port:
        url = f"http://127.0.0.1:{port}/a.png?x=1"
        task = "resize=width:16"
        tasks = base64_tasks([{"name": "resize", "params": {"width": 16}}])
        for path in (
            f"{task}/{url}",
            f"{task}/%22{url}%22",
            f"{quote(task + '/')}{quote(url, safe='')}",
            f"{task}/b64://{base64url(url)}",
            f"{tasks}/b64://{base64url(url)}",
        ):
            answer = filestack.http.get(f"{filestack.cdn}/{filestack.key}/{path}")
            assert answer.status_code == 200, (path, answer.text)
            assert size_of(answer.content) == (16, 12)
        whole = filestack.http.get(f"{filestack.cdn}/{filestack.key}/{url}")
        assert (whole.content, whole.headers["content-type"]) == (picture(), "image/png")
        refused_delivery(filestack.http.get(f"{filestack.cdn}/{task}/{url}"), 401)
        gone = f"http://127.0.0.1:{port}/none.png"
        refused_delivery(filestack.http.get(f"{filestack.cdn}/{filestack.key}/{gone}"), 422)
    signed = filestack.sign("convert", url="https://other").query
    refused_delivery(
        filestack.http.get(f"{filestack.cdn}/{filestack.key}/flip/b64://{base64url(url)}", params=signed), 403
    )


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest/meta-data", "http://[::1]/a", "http://10.0.0.1/a"])
def test_sources_that_are_not_fetched(filestack: Filestack, url: str) -> None:
    """DX-07, FS-41: addresses that are not public."""
    path = f"{filestack.key}/flip/{quote(url, safe='')}"
    refused_delivery(filestack.http.get(f"{filestack.cdn}/{path}"), 400)


def test_sources_that_are_too_large(filestack: Filestack) -> None:
    """FS-52: 256 MB are not transformed, whatever the plan allows, and neither are more than 100,000,000 pixels."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % ((256 << 20) + 1))

        thread = threading.Thread(target=answer)
        thread.start()
        url = quote(f"http://127.0.0.1:{listening.getsockname()[1]}/a.png", safe="")
        refused_delivery(filestack.http.get(f"{filestack.cdn}/{filestack.key}/flip/{url}"), 413, str(256 << 20))
        thread.join()
    huge = filestack.store(bombs.png(10_001, 10_000, bombs.zeros(1)))["handle"]
    refused_delivery(filestack.http.get(f"{filestack.cdn}/flip/{huge}"), 422, "100000000")


def test_aliases_are_not_there(filestack: Filestack) -> None:
    """FS-41: 501 says that there are none."""
    refused_delivery(filestack.http.get(f"{filestack.cdn}/{filestack.key}/flip/src://photos/a.png"), 501, "photos")


def test_metadata_of_what_no_app_has(filestack: Filestack) -> None:
    """FS-23, FS-25: a public asset of the native API tells what is known of it without work, for which nobody pays."""
    with filestack.server.client() as native:
        said = {"source": {"base64": base64.b64encode(picture()).decode()}, "width": 8, "output": {"public": True}}
        asset = native.post("/v1/resize", json=said, headers={"Accept": "application/json"}).json()["assetId"]
        assert native.put(f"/v1/assets/{asset}", content=picture()).status_code == 200
    assert told(filestack, f"{asset}/metadata", size="true", width="true") == {"size": len(picture()), "width": None}


def test_debug(filestack: Filestack) -> None:
    """FS-54: the chain and its source, and nothing is run."""
    body = told(filestack, f"{filestack.key}/debug/resize=width:10,fit:crop/{MISSING}")
    assert body == {"tasks": [{"name": "resize", "params": {"width": "10", "fit": "crop"}}], "source": MISSING}


def test_fallback(filestack: Filestack) -> None:
    """FS-75: by either name, where the source is not there or no picture; but not for a mistake in the URL."""
    spare = filestack.store(picture(5, 5))["handle"]
    text = filestack.store(b"no picture", "text/plain")["handle"]
    for chain, source in ((f"fallback=file:{spare}", MISSING), (f"fallback=handle:{spare},cache:77", text)):
        answer = filestack.http.get(f"{filestack.cdn}/{chain}/resize=width:10/{source}")
        assert (answer.status_code, answer.content) == (200, picture(5, 5)), answer.text
    assert answer.headers["cache-control"] == "public, max-age=77"
    undone = filestack.http.get(f"{filestack.cdn}/fallback=file:{spare}/tags/{text}")
    assert (undone.content, undone.headers["cache-control"]) == (picture(5, 5), "no-store")
    refused_delivery(filestack.http.get(f"{filestack.cdn}/fallback=file:{spare}/flip/store/{text}"), 400)
    refused_delivery(filestack.http.get(f"{filestack.cdn}/fallback=file:{spare}/rezise=width:1/{text}"), 400)
    refused_delivery(filestack.http.get(f"{filestack.cdn}/fallback=file:{MISSING}/flip/{MISSING}"), 404)


def test_a_watermark_is_the_app_s_own(filestack: Filestack) -> None:
    """FS-68: the app's file is read by its handle; another tenant's is not."""
    handle, mark = filestack.store(picture())["handle"], filestack.store(picture(colour=(0, 0, 255)))["handle"]
    answer = filestack.http.get(f"{filestack.cdn}/watermark=file:{mark},size:50,position:center/{handle}")
    assert answer.status_code == 200, answer.text
    drawn = pyvips.Image.new_from_buffer(answer.content, "")
    assert at(drawn, 32, 24)[:3] == [0, 0, 255]
    assert at(drawn, 1, 1)[:3] == [200, 40, 40]
    with filestack.server.client() as native:
        made = native.post("/v1/resize?width=8", content=picture(), headers={"Accept": "application/json"})
        private = made.json()["assetId"]
    answer = filestack.http.get(f"{filestack.cdn}/watermark=file:{private}/{handle}")
    refused_delivery(answer, 400, "no such asset")


def test_calls_of_a_policy(filestack: Filestack) -> None:
    """FS-122, FS-124, FS-125: each action needs its own; what is not covered or not signed is 403."""
    handle = filestack.store(picture())["handle"]
    wanted = {"read": handle, "convert": f"flip/{handle}", "store": f"store/{handle}", "stat": f"{handle}/metadata"}
    for needed, path in wanted.items():
        for call in wanted:
            answer = filestack.http.get(f"{filestack.cdn}/{path}", params=filestack.sign(call).query)
            assert answer.status_code == (200 if call == needed else 403), (path, call, answer.text)
    url = f"{filestack.cdn}/flip/{handle}"
    for query in (
        filestack.sign("convert", handle=MISSING).query,
        filestack.sign("convert", maxSize=10).query,
        filestack.sign("convert", expires_in=-5).query,
        {**filestack.sign("convert").query, "signature": "0" * 64},
    ):
        refused_delivery(filestack.http.get(url, params=query), 403)
    coded = base64.b64encode(b"[]").decode()
    refused_delivery(filestack.http.get(url, params={"policy": coded, "signature": "0" * 64}), 400)


def test_an_app_that_signs_everything(filestack: Filestack) -> None:
    """FS-06: nothing is given without a signature, with the key or without, and none of it is for all."""
    with Filestack(filestack.server, "signing", signed=True) as client:
        signed = client.sign(["store", "pick"])
        sent = client.http.post(
            f"{client.base}/api/store/S3", params={"key": client.key, **signed.query}, content=picture()
        )
        handle = sent.json()["handle"]
        for path in (handle, f"flip/{handle}", f"{client.key}/flip/{handle}", f"{handle}/metadata"):
            refused_delivery(client.http.get(f"{client.cdn}/{path}"), 403)
        answer = client.http.get(f"{client.cdn}/flip/{handle}", params=client.sign("convert").query)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, max-age=2592000")
        refused_delivery(client.http.get(f"{filestack.cdn}/{filestack.key}/flip/{handle}"), 404)
