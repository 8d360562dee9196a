"""Delivery URLs of this server as sources, under names that lead nowhere for the server: it can't fetch them."""

from __future__ import annotations

import json

import httpx
import pytest

from filestack_client import Filestack, picture
from live import LiveServer, size_of

HOST = "cdn.fs.test"


def process(client: Filestack, source: str) -> httpx.Response:
    """Store what a URL gives, by `POST /process` on a host of delivery."""
    headers = {"Host": f"{HOST}:{client.server.port}"}
    said = json.dumps({"apikey": client.key, "sources": [source], "tasks": [{"name": "store"}]})
    headers["Content-Type"] = "application/json"
    return client.http.post(f"{client.server.address}/process", headers=headers, content=said)


def stored(client: Filestack, answer: httpx.Response) -> bytes:
    """Return the bytes of what was stored."""
    assert answer.status_code == 200, answer.text
    return client.http.get(client.file(answer.json()["handle"])).content


@pytest.fixture(scope="module")
def handle(filestack: Filestack) -> str:
    """A stored picture of 64x48."""
    found: str = filestack.store(picture())["handle"]
    return found


def test_by_any_name_of_delivery(filestack: Filestack, handle: str) -> None:
    """FS-41, FS-43, FS-90: as answers tell it, and on the other names; with tasks, a key and a fragment."""
    key = filestack.key
    for base in (f"http://{HOST}:{filestack.server.port}", "https://process.fs.test", "https://CDN.fs.test"):
        assert stored(filestack, process(filestack, f"{base}/{handle}")) == picture()
        assert stored(filestack, process(filestack, f"{base}/{key}/{handle}#a")) == picture()
        assert size_of(stored(filestack, process(filestack, f"{base}/{key}/resize=width:16/{handle}"))) == (16, 12)


def test_in_the_file_api(filestack: Filestack, handle: str) -> None:
    """FS-13, FS-18: its name is that of the file."""
    where = {"Host": f"www.fs.test:{filestack.server.port}"}
    url = f"https://{HOST}/flip/{handle}"
    answer = filestack.http.post(
        f"{filestack.server.address}/api/store/S3", params={"key": filestack.key}, headers=where, data={"url": url}
    )
    assert size_of(stored(filestack, answer)) == (64, 48)
    assert answer.json()["filename"] == "untitled.png"


def test_what_is_no_file(filestack: Filestack, handle: str) -> None:
    """FS-182: other ports and names, further URLs within, and what does more than to give a file, are not done here."""
    key = filestack.key
    for url in (
        f"https://{HOST}:1/{handle}",
        f"https://www.fs.test/api/file/{handle}",
        f"https://{HOST}/{key}/flip/https://{HOST}/{handle}",
        f"https://{HOST}/{key}/store/{handle}",
        f"https://{HOST}/{handle}/metadata",
        f"https://{HOST}/[{handle},{handle}]",
    ):
        answer = process(filestack, url)
        assert (answer.status_code, set(answer.json())) == (422, {"error"}), url
    for url in ("http://[::1", f"https://{HOST}/\x00", f"https://{HOST}/%ff", f"https://{HOST}/\ud800"):
        assert process(filestack, url).status_code in (400, 422), url
    assert process(filestack, f"https://{HOST}/{'a' * 20}").status_code == 404
    assert process(filestack, f"https://{HOST}/sepia=tone:300/{handle}").status_code == 422


def test_what_may_not_be_had(filestack: Filestack, filestack_server: LiveServer) -> None:
    """FS-06, FS-124: another app's file that needs a signature, with and without one in its URL."""
    with Filestack(filestack_server, "hidden", signed=True) as app:
        hidden = app.store(picture(), **app.sign("store").query)["handle"]
        for call, url in (("read", hidden), ("convert", f"resize=width:16/{hidden}")):
            signed = app.sign(call)
            given = f"security=p:{signed.policy},s:{signed.signature}"
            assert process(filestack, f"https://{HOST}/{url}").status_code == 403
            assert stored(filestack, process(filestack, f"https://{HOST}/{given}/{url}"))
            wrong = app.sign("stat")
            query = f"?policy={wrong.policy}&signature={wrong.signature}"
            assert process(filestack, f"https://{HOST}/{url}{query}").status_code == 403
