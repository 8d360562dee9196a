"""What a key's plan allows: sizes, units, and the headers that tell of them (FS-182, FS-183, DX-08, DX-17)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from filestack_client import Filestack, picture, refused
from live import LiveServer
from origin import serving

LIMIT = 20_000


@pytest.fixture(scope="module")
def small(planned: LiveServer) -> Iterator[Filestack]:
    """An app whose files are small."""
    with Filestack(planned, "small", plan="small") as client:
        yield client


def chunks(size: int) -> Iterator[bytes]:
    """Give a body whose length is not told before."""
    for start in range(0, size, 1000):
        yield b"\0" * min(1000, size - start)


def test_sizes(small: Filestack) -> None:
    """DX-08, DX-17, FS-180, FS-184: a file at the limit is taken, one byte more refused while it is read."""
    url, query = f"{small.base}/api/store/S3", {"key": small.key}
    handle = small.store(b"\0" * LIMIT)["handle"]
    refused(small.http.post(url, params=query, content=b"\0" * (LIMIT + 1)), 413, str(LIMIT))
    refused(small.http.post(url, params=query, content=chunks(LIMIT + 1)), 413, str(LIMIT))
    refused(small.http.post(url, params=query, files={"fileUpload": b"\0" * (LIMIT + 1)}), 413, str(LIMIT))
    write = small.sign("write").query
    refused(small.http.post(small.file(handle), params=write, content=chunks(LIMIT + 1)), 413, str(LIMIT))
    with serving({"large": b"\0" * (LIMIT + 1), "right": b"\0" * LIMIT}) as port:
        for how in ("json", "data"):
            body = {"url": f"http://127.0.0.1:{port}/large"}
            refused(small.http.post(url, params=query, **{how: body}), 413)  # type: ignore[arg-type]
        answer = small.http.post(url, params=query, json={"url": f"http://127.0.0.1:{port}/right"})
        assert answer.json()["size"] == LIMIT
    assert len(small.http.get(small.file(handle)).content) == LIMIT


def test_sources(small: Filestack) -> None:
    """DX-07, FS-184: what may not be fetched or is not there is the client's mistake."""
    url, query = f"{small.base}/api/store/S3", {"key": small.key}
    for source, status in {
        "http://10.0.0.1/": 400,
        "http://169.254.169.254/latest/": 400,
        "file:///etc/passwd": 400,
        "ftp://x.example/": 400,
        "http://127.0.0.1:9/": 422,
        "": 400,
    }.items():
        refused(small.http.post(url, params=query, json={"url": source}), status)
        refused(small.http.post(url, params=query, data={"url": source}), status)


def figures(answer: httpx.Response) -> tuple[int, int, int]:
    """Return what the quota headers say."""
    limit, remaining, reset = (int(answer.headers[f"filestack-{name}"]) for name in ("limit", "remaining", "reset"))
    return limit, remaining, reset


def test_units(planned: LiveServer) -> None:
    """FS-182, FS-183: what stores or changes costs a unit, what is refused none; then 429 with all four headers."""
    with Filestack(planned, "few", plan="two-a-day") as client:
        url, query = f"{client.base}/api/store/S3", {"key": client.key}
        first = client.http.post(url, params=query, content=picture())
        handle = first.json()["handle"]
        assert figures(first)[:2] == (2, 1)
        refused(client.http.post(url, params={**query, "access": "everybody"}, content=picture()), 400)
        refused(client.http.post(client.file(handle), params=query, content=b"x"), 403)
        assert figures(client.http.get(client.file(handle)))[:2] == (2, 1)
        write = {**query, **client.sign("write").query}
        limit, remaining, reset = figures(client.http.post(client.file(handle), params=write, content=b"x"))
        assert (limit, remaining) == (2, 0)
        assert 0 < reset - time.time() <= 24 * 3600 + 1
        for method, path, more in (
            ("POST", url, {}),
            ("POST", f"{url}/{handle}", {}),
            ("DELETE", client.file(handle), client.sign("remove").query),
        ):
            answer = client.http.request(method, path, params={**query, **more}, content=b"x")
            refused(answer, 429)
            assert figures(answer)[:2] == (2, 0)
            assert 0 < int(answer.headers["retry-after"]) <= 24 * 3600
        assert client.http.get(client.file(handle)).content == b"x"


def test_a_plan_without_limits(small: Filestack) -> None:
    """FS-183: the headers are numbers all the same; without a known key there are none."""
    handle = small.store(picture())["handle"]
    limit, remaining, reset = figures(small.http.get(small.file(handle)))
    assert limit == remaining > 1_000_000
    assert reset > time.time()
    assert "filestack-limit" not in small.http.get(small.file("A" * 20)).headers
