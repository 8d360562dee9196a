"""The end of an upload that takes long, and bytes that come in every order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from filemill_server.app import create_app
from filemill_server.dialects.filestack.multipart import routes
from filemill_server.keys import Keys
from filemill_server.settings import load_settings
from filestack_client import Filestack
from filestack_uploads import FLAVOURS, Upload
from live import LiveServer


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TestClient[Any], str]]:
    """A server in this process, which waits for the end of an upload not at all, and a key of it."""
    monkeypatch.setattr(routes, "HOLD_SECONDS", 0.0)
    settings = load_settings({"FILEMILL_DATA_DIR": str(tmp_path / "data"), "FILEMILL_WORKERS": "1"})
    with TestClient(create_app(settings)) as client, client.portal() as portal:
        keys: Keys = client.app.state.services.keys
        _, key = portal.call(partial(keys.create, name="app", dialect="filestack"))
        yield client, key


@pytest.mark.filterwarnings("ignore:.*declared using deprecated inferred")
def test_patience(impatient: tuple[TestClient[Any], str]) -> None:
    """FS-112: 202 is for the clients that ask again; all others are held until it is done."""
    client, key = impatient
    handles = []
    for source, first in (("JS-4.3.8", 202), ("Ruby-3.0", 202), ("PHP-2", 202), ("python-4", 200), ("", 200)):
        headers = {"Filestack-Source": source}
        said = {"apikey": key, "filename": "a", "size": 0}
        started = client.post("/filestack/upload/multipart/start", json=said).json()
        said |= {name: started[name] for name in ("uri", "region", "upload_id")} | {"parts": []}
        answers = [client.post("/filestack/upload/multipart/complete", json=said, headers=headers)]
        while answers[-1].status_code == 202:
            answers.append(client.post("/filestack/upload/multipart/complete", json=said, headers=headers))
        assert answers[0].status_code == first
        assert answers[-1].status_code == 200
        handles.append(answers[-1].json()["handle"])
    assert len(set(handles)) == 5


def test_two_processes(filestack: Filestack, filestack_server: LiveServer) -> None:
    """FS-115: of two processes of one server that end an upload at the same time, one stores the file."""
    other = LiveServer(filestack_server.data, filestack_server.settings, key="none")
    other.start()
    try:
        for _ in range(5):
            upload = Upload(filestack)
            upload.start(b"12345678")
            said = {"apikey": filestack.key, **upload.going_on, "parts": [upload.send(1, b"12345678")]}

            def end(server: LiveServer, said: dict[str, Any] = said) -> httpx.Response:
                return httpx.post(f"{server.address}/filestack/upload/multipart/complete", json=said, timeout=60)

            with ThreadPoolExecutor(2) as threads:
                answers = list(threads.map(end, (filestack_server, other)))
            assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
            (handle,) = {answer.json()["handle"] for answer in answers}
            assert upload.read(handle) == b"12345678"
    finally:
        other.stop()


@st.composite
def cuts(draw: st.DrawFn, size: int) -> list[tuple[int, int]]:
    """Cut a size into pieces: where each begins and ends."""
    places = draw(st.sets(st.integers(1, max(size - 1, 1)), max_size=4)) if size > 1 else set()
    return list(pairwise([0, *sorted(places), size]))


@settings(max_examples=6)
@given(data=st.data())
def test_any_cut(filestack: Filestack, data: st.DataObject) -> None:
    """FS-108: whatever parts a file is cut into, in whatever order they come and however often, it is the same file."""
    content = random.Random(data.draw(st.integers(0, 99))).randbytes(data.draw(st.integers(1, 5000)))
    upload = Upload(filestack, data.draw(st.sampled_from(FLAVOURS)))
    upload.start(content)
    parts = dict(enumerate(data.draw(cuts(len(content))), 1))
    again = data.draw(st.lists(st.sampled_from(sorted(parts)), max_size=3))
    for part in again:
        upload.send(part, b"!")
    named = [upload.send(part, content[slice(*parts[part])]) for part in data.draw(st.permutations(sorted(parts)))]
    assert upload.read(upload.stored(named)["handle"]) == content


@settings(max_examples=6)
@given(data=st.data())
def test_any_chunks(filestack: Filestack, data: st.DataObject) -> None:
    """FS-110: whatever chunks the parts of a file come in, and whatever was sent before them, it is the same file."""
    content = random.Random(data.draw(st.integers(0, 99))).randbytes(data.draw(st.integers(1, 5000)))
    upload = Upload(filestack, data.draw(st.sampled_from(FLAVOURS)))
    started = upload.start(content, fii=True)
    assert started["upload_type"] == "intelligent_ingestion"
    parts = dict(enumerate(data.draw(cuts(len(content))), 1))
    for part in data.draw(st.permutations(sorted(parts))):
        begin, end = parts[part]
        for offset, _ in data.draw(cuts(end - begin)):
            upload.send(part, b"!", fii=True, offset=offset)
        for offset, stop in data.draw(cuts(end - begin)):
            upload.send(part, content[begin + offset : begin + stop], fii=True, offset=offset)
        upload.commit(part)
    assert upload.read(upload.stored(fii=True)["handle"]) == content
