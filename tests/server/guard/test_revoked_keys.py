"""A key that was revoked, or has expired, works no more: on every node, whatever it is shown with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from filemill_server.links import signed_upload_url
from filemill_server.signing import Signer
from filestack_client import Filestack, picture
from live import LiveServer, StartServer
from real_parts import PostgresServer

SECRET = "one secret of all nodes, which is long enough"
PROMISED_SECONDS = 1.0
REFUSED = (401, 403)


class Use(NamedTuple):
    """A request that a key lets through, by the path on any node; `works` is its status while the key does."""

    key_id: str
    works: int
    method: str
    path: str
    headers: Mapping[str, str] = {}
    params: Mapping[str, str] = {}
    content: bytes = b""

    def on(self, node: LiveServer) -> int:
        """Ask a node, and return the status of its answer."""
        url = node.address + self.path
        return httpx.request(
            self.method, url, headers=self.headers, params=self.params, content=self.content, timeout=60
        ).status_code


@pytest.fixture(scope="module")
def nodes(
    start_server: StartServer, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LiveServer, LiveServer]:
    """Two server processes over one PostgreSQL and one folder of files."""
    shared = {
        "FILEMILL_DATABASE_URL": postgres.new_schema(),
        "FILEMILL_STORAGE_URL": Path(tmp_path_factory.mktemp("files")).as_uri(),
        "FILEMILL_SECRET": SECRET,
        "FILEMILL_WORKERS": "1",
    }
    first, second = (start_server("serve", "--no-jobs", environment=shared) for _ in range(2))
    return first, second


@pytest.fixture(scope="module")
def uses(nodes: tuple[LiveServer, LiveServer]) -> Iterator[list[Use]]:
    """Keys of each kind, made through the first node, and what they are used for."""
    first, _ = nodes
    native = {name: first.make_key(name) for name in ("bearer", "header", "upload")}
    whirl = first.make_key("whirl", dialect="filewhirl")
    key_id = {name: made["about"]["keyId"] for name, made in (native | {"whirl": whirl}).items()}
    url = httpx.URL(signed_upload_url(Signer(SECRET.encode()), "http://x", key_id["upload"], 4_000_000_000))
    with ExitStack() as stack:
        app = stack.enter_context(Filestack(first, "app"))
        (of_app,) = (one["keyId"] for one in listed(first) if one["name"] == "app")
        handle = app.store(picture())["handle"]
        yield [
            Use(key_id["bearer"], 200, "GET", "/v1/assets", {"Authorization": f"Bearer {native['bearer']['key']}"}),
            Use(key_id["header"], 200, "GET", "/v1/usage", {"X-API-Key": native["header"]["key"]}),
            Use(key_id["upload"], 201, "POST", url.path, params=dict(url.params), content=picture()),
            Use(
                key_id["whirl"],
                404,
                "GET",
                "/filewhirl/convert-api",
                {"X-API-Key": whirl["key"]},
                {"id": "x", "token": "y"},
            ),
            Use(of_app, 200, "GET", f"/filestack/api/file/{handle}", params=app.sign("read").query),
        ]


def listed(node: LiveServer) -> list[dict[str, str]]:
    """Return all keys."""
    with node.client(node.admin) as admin:
        found: list[dict[str, str]] = admin.get("/v1/keys").json()["keys"]
        return found


def test_revoked_key(nodes: tuple[LiveServer, LiveServer], uses: list[Use]) -> None:
    """NA-60: a second after the word that a key is revoked, no node lets any request through that it is shown with."""
    first, second = nodes
    revoked: list[tuple[float, Use]] = []
    with first.client(first.admin) as admin:
        for use in uses:
            # Used on both, so that both remember it, the second as late as can be.
            assert [use.on(node) for node in (first, second)] == [use.works] * 2
            assert admin.delete(f"/v1/keys/{use.key_id}").status_code == 204
            revoked.append((time.monotonic(), use))
    for at, use in revoked:
        time.sleep(max(0.0, at + PROMISED_SECONDS - time.monotonic()))
        for node in (second, first):
            assert use.on(node) in REFUSED, use


def test_expired_key(nodes: tuple[LiveServer, LiveServer]) -> None:
    """From its end on a key is refused by every node, also by one that has just let it through."""
    first, second = nodes
    ends = (datetime.now(UTC) + timedelta(seconds=8)).replace(microsecond=0)
    made = first.make_key("guest", expiresAt=ends.isoformat())
    use = Use("", 200, "GET", "/v1/assets", {"X-API-Key": made["key"]})
    worked = 0
    while (asked := datetime.now(UTC)) < ends - timedelta(seconds=1):
        statuses = [use.on(node) for node in (first, second)]
        assert datetime.now(UTC) >= ends or statuses == [200, 200], asked
        worked += 1
        time.sleep(0.2)
    assert worked
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
    assert [use.on(node) for node in (first, second)] == [401, 401]
