"""Imgstax at the root, under a host name and with limits (DX-01, DX-04, DX-18, DX-19, IX-33, IX-97, IX-98)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from imgstax_client import Imgstax, photo, refused
from live import LiveServer, StartServer

PLANS = """
slow:
  requests_per_minute: 3
tiny:
  max_file_bytes: 2000
"""


@pytest.fixture(scope="module")
def rooted(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """A server with Imgstax at its root, and two plans of its own."""
    plans: Path = tmp_path_factory.mktemp("plans") / "plans.yaml"
    plans.write_text(PLANS)
    return start_server(
        root_dialects="imgstax", dialect_hosts="imgstax=api.imgstax.io", plans_file=str(plans), workers="1"
    )


def key(server: LiveServer, plan: str) -> str:
    """Make a key for this dialect alone, with a plan."""
    return server.new_key("first", dialect="imgstax", plan=plan)


@pytest.fixture
def client(rooted: LiveServer) -> Iterator[Imgstax]:
    """A client of the root."""
    with Imgstax(rooted, prefix="", native="/native") as found:
        yield found


def test_at_the_root(client: Imgstax, rooted: LiveServer) -> None:
    """DX-01, DX-04, IX-23: at the root, by prefix and by host name; URLs have the prefix that was asked through."""
    source = client.source(photo())
    made = client.made("resize", source=source, width=90).body
    assert made["url"] == f"{rooted.address}/v1/assets/{made['assetId']}"
    with Imgstax(rooted, prefix="/imgstax") as prefixed:
        again = prefixed.made("resize", source=source, width=90).body
        assert again["url"] == f"{rooted.address}/imgstax/v1/assets/{again['assetId']}"
    named = client.http.post(
        f"{client.base}/resize", json={"source": source, "width": 90}, headers={"Host": "api.imgstax.io"}
    ).json()
    assert named["url"] == f"http://api.imgstax.io/v1/assets/{named['assetId']}"


def test_native_moves_aside(client: Imgstax, rooted: LiveServer) -> None:
    """DX-18: the native API is below `/native/v1`; nothing of it is left at `/v1`."""
    native = client.http.get(f"{rooted.address}/native/v1/operations")
    assert native.status_code == 200
    made = client.http.post(f"{rooted.address}/native/v1/resize?width=90", content=photo()).headers
    assert made["content-type"] == "image/jpeg" or made["content-type"] == "application/json"
    for path in ("operations", "uploads", "crop", "jobs"):
        refused(client.http.get(f"{rooted.address}/v1/{path}"), 404)
    assert httpx.get(f"{rooted.address}/health/live").status_code == 200


def test_native_urls_lead_back(client: Imgstax, rooted: LiveServer) -> None:
    """DX-04, DX-18: a signed URL in an answer of the native API is one of the native API."""
    answer = client.http.post(
        f"{rooted.address}/native/v1/resize?width=90", content=photo(), headers={"Accept": "application/json"}
    ).json()
    assert answer["url"].startswith(f"{rooted.address}/native/v1/assets/")
    assert httpx.get(answer["url"]).status_code == 200


def test_requests_a_minute(client: Imgstax, rooted: LiveServer) -> None:
    """IX-97, IX-98, IX-33: the plan's figure; what was answered before does not count; then 429 with Retry-After."""
    source = client.source(photo())
    with Imgstax(rooted, prefix="", key=key(rooted, "slow")) as limited:
        first = limited.post("compress", source=source, output={"idempotencyKey": "a"})
        again = limited.post("compress", source=source, output={"idempotencyKey": "a"})
        refused(limited.post("compress", source={"uploadId": "a" * 43}, quality=0), 400)
        second, third = (limited.post("compress", source=source) for _ in range(2))
        over = limited.post("compress", source=source)
        refused(over, 429, "3 requests a minute")
        asset = limited.get(first.json())
    assert again.json() == first.json()
    assert 1 <= int(over.headers["retry-after"]) <= 61  # whole seconds, and none too early
    told = [int(answer.headers["x-ratelimit-remaining"]) for answer in (first, again, second, third, over, asset)]
    assert told == [2, 2, 1, 0, 0, 0]
    assert {answer.headers["x-ratelimit-limit"] for answer in (first, over, asset)} == {"3"}
    assert 0 < int(over.headers["x-ratelimit-reset"]) - time.time() <= 61


def test_plan_decides_of_sizes(client: Imgstax, rooted: LiveServer) -> None:
    """DX-19, IX-14: a plan that was given to a key of this dialect stands for the service's limit."""
    source = client.source(photo())
    with Imgstax(rooted, prefix="", key=key(rooted, "tiny")) as small:
        refused(small.post("compress", source=source), 400, f"({len(photo())} bytes)", "(2000 bytes)")
    large = client.source(photo() + bytes(52_428_801 - len(photo())))
    refused(client.post("resize", source=large, width=9), 400, "(52428801 bytes)", "(52428800 bytes)")
    with Imgstax(rooted, prefix="", key=key(rooted, "pro")) as pro:
        assert pro.post("resize", source=large, width=9).status_code == 200
