"""Two nodes over one PostgreSQL and one bucket, and what callers see while one of these is stopped."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from live import LiveServer, StartServer, problem, size_of
from real_parts import ObjectStoreServer, PostgresServer, shared_environment
from watched import eventually

BOUND = 10.0
"""How long a caller waits at most for the word that a part is away, seconds, on a busy machine."""
BACK = 10.0
"""How soon all works again when the part is back, seconds."""


Nodes = tuple[LiveServer, LiveServer]


@pytest.fixture(scope="module")
def nodes(start_server: StartServer, postgres: PostgresServer, object_store: ObjectStoreServer) -> Iterator[Nodes]:
    """Two nodes that share everything but their working folders."""
    shared = shared_environment(postgres, object_store)
    pair = start_server(shared, workers="1"), start_server(shared, workers="1")
    yield pair
    for node in pair:
        node.stop()


def upload(client: httpx.Client, photo: Path) -> str:
    """Upload a picture and return its id."""
    answer = client.post("/v1/uploads", content=photo.read_bytes(), headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["uploadId"])


def test_nodes_share_what_they_keep(nodes: Nodes, photo: Path) -> None:
    """An upload through one node is worked on by the other, and the result is read from the first, by key or link."""
    first, second = nodes
    with first.client() as one, second.client(first.key) as two:
        upload_id = upload(one, photo)
        made = two.post("/v1/resize", json={"source": {"uploadId": upload_id}, "width": 300})
        assert made.status_code == 200, made.text
        read = one.get(f"/v1/assets/{made.json()['assetId']}")
        assert size_of(read.content) == (300, 200)
        link = httpx.URL(made.json()["url"])
        signed = httpx.get(f"{first.address}{link.raw_path.decode()}")
        assert signed.content == read.content
        assert one.delete(f"/v1/assets/{made.json()['assetId']}").status_code == 204
        problem(two.get(f"/v1/assets/{made.json()['assetId']}"), 404, "NOT_FOUND")


def test_killed_node_leaves_its_work_to_the_other(nodes: Nodes, photo: Path) -> None:
    """What a killed node kept is served by the other, and by itself when it is started again."""
    first, second = nodes
    with first.client() as one, second.client(first.key) as two:
        upload_id = upload(one, photo)
        first.kill()
        for _ in range(2):
            made = two.post("/v1/resize", json={"source": {"uploadId": upload_id}, "width": 60})
            assert made.status_code == 200, made.text
        first.start()
        assert size_of(one.get(f"/v1/assets/{made.json()['assetId']}").content) == (60, 40)


def requests_of(client: httpx.Client, photo: Path, ids: Mapping[str, str]) -> dict[str, Callable[[], httpx.Response]]:
    """Return every kind of request that needs the database and the store."""
    picture = photo.read_bytes()
    source = {"source": {"uploadId": ids["upload"]}, "width": 80}
    key = {"Idempotency-Key": secrets.token_hex(8)}
    return {
        "upload": lambda: client.post("/v1/uploads", content=picture, headers={"Content-Type": "image/jpeg"}),
        "resize": lambda: client.post("/v1/resize", json=source),
        "repeated": lambda: client.post("/v1/resize", json=source, headers=key),
        "read": lambda: client.get(f"/v1/assets/{ids['asset']}"),
        "copy": lambda: client.post(f"/v1/assets/{ids['asset']}/copy", json={}),
        "replace": lambda: client.put(
            f"/v1/assets/{ids['asset']}", content=picture, headers={"Content-Type": "image/jpeg"}
        ),
    }


@pytest.mark.slow
@pytest.mark.parametrize("part", ["database", "storage"])
def test_stopped_part(part: str, nodes: Nodes, photo: Path, request: pytest.FixtureRequest) -> None:
    """NA-70, NA-71, NA-83, NC-03: meanwhile 503 with `Retry-After` in time, on every node; then all works again."""
    name = {"database": "postgres", "storage": "object_store"}[part]
    server: PostgresServer | ObjectStoreServer = request.getfixturevalue(name)
    with nodes[0].client() as one, nodes[1].client(nodes[0].key) as two, ThreadPoolExecutor() as threads:
        upload_id = upload(one, photo)
        made = one.post("/v1/resize", json={"source": {"uploadId": upload_id}, "width": 80}).json()
        ids = {"upload": upload_id, "asset": made["assetId"]}
        calls = [(name, call) for client in (one, two) for name, call in requests_of(client, photo, ids).items()]
        with server.stopped():
            answers = [(name, threads.submit(timed, call)) for name, call in calls]
            for name, answering in answers:
                answer, seconds = answering.result()
                told = problem(answer, 503, "OVERLOADED")
                assert f"The {part} does not answer" in told["detail"], name
                assert int(answer.headers["Retry-After"]) > 0
                assert seconds < BOUND, name
            for client in (one, two):
                ready, seconds = timed(lambda client=client: client.get("/health/ready"))
                assert (ready.status_code, ready.json()["status"]) == (503, "failing")
                assert {name for name, found in ready.json()["checks"].items() if found != "ok"} == {part}
                assert seconds < BOUND
                assert client.get("/health/live").status_code == 200
        for client in (one, two):
            assert eventually(lambda client=client: client.get("/health/ready").status_code == 200, BACK)
        for name, call in calls:
            answer = call()
            assert answer.status_code in (200, 201), f"{name}: {answer.text}"


def timed(call: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    """Return an answer and how long it took, seconds."""
    begin = time.monotonic()
    return call(), time.monotonic() - begin


@pytest.mark.slow
def test_bytes_answered_in_an_outage_are_kept(nodes: Nodes, photo: Path, object_store: ObjectStoreServer) -> None:
    """NA-28: an asset whose bytes were answered while the store was away is in the store when that is back."""
    with nodes[0].client() as one, nodes[1].client(nodes[0].key) as two:
        picture = photo.read_bytes()
        sent = {"Content-Type": "image/jpeg", "Accept": "image/*"}
        with object_store.stopped():
            answer = one.post("/v1/resize?width=90", content=picture, headers=sent)
            assert answer.status_code == 200, answer.text
            waiting, seconds = timed(lambda: one.get(f"/v1/assets/{answer.headers['x-asset-id']}"))
            problem(waiting, 503, "OVERLOADED")
            assert seconds < BOUND
        asset = f"/v1/assets/{answer.headers['x-asset-id']}"
        assert eventually(lambda: two.get(asset).status_code == 200, 30)
        assert two.get(asset).content == answer.content


def test_start_without_a_database(postgres: PostgresServer, object_store: ObjectStoreServer, tmp_path: Path) -> None:
    """A server whose database is away does not start in vain: it ends at once, for whoever starts it again."""
    node = LiveServer(tmp_path / "data", shared_environment(postgres, object_store), key="none")
    with postgres.stopped(), pytest.raises(RuntimeError, match="Connection refused"):
        node.start()
    assert node.process is not None
    assert node.process.wait() != 0
    node.stop()
