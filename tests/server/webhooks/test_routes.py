"""`/v1/webhooks` over a live server, and its command."""

from __future__ import annotations

import asyncio
import subprocess

import httpx
import pytest

from filemill_server.database import Database
from filemill_server.webhooks.endpoints import DisabledEndpoints
from live import TENANT, LiveServer, StartServer, problem

SECRET = "/v1/webhooks/secret"


def test_secret(server: LiveServer) -> None:
    """NC-08: the same secret for all keys of a tenant, another for each other tenant, and kept by no cache."""
    with server.client(server.new_key("rotating")) as client:
        shown = client.get(SECRET)
        assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
        first = shown.json()
        assert first["secret"].startswith("whsec_")
        assert first["previousUntil"] is None
        with server.client(server.new_key("rotating")) as same, server.client(server.new_key("stranger")) as other:
            assert same.get(SECRET).json() == first
            assert other.get(SECRET).json()["secret"] != first["secret"]
        rotated = client.post(f"{SECRET}/rotate")
        assert (rotated.status_code, rotated.headers["cache-control"]) == (200, "no-store")
        assert rotated.json()["secret"] != first["secret"]
        assert rotated.json()["previousUntil"] is not None
        assert client.get(SECRET).json() == rotated.json()
    with server.client("") as anonymous:
        problem(anonymous.get(SECRET), 401, "UNAUTHORIZED")
        problem(anonymous.post(f"{SECRET}/rotate"), 401, "UNAUTHORIZED")


def test_command(server: LiveServer, client: httpx.Client) -> None:
    """NC-08: the command shows and rotates the secret of whoever has keys of a name."""
    shown = server.command("keys", "webhook-secret", "--name", TENANT).stdout
    assert shown == client.get(SECRET).json()["secret"] + "\n"
    rotated = server.command("keys", "webhook-secret", "--name", TENANT, "--rotate").stdout
    assert rotated != shown
    assert client.get(SECRET).json()["secret"] + "\n" == rotated
    with pytest.raises(subprocess.CalledProcessError) as caught:
        server.command("keys", "webhook-secret", "--name", "nobody")
    assert (caught.value.stdout, "There is no key of 'nobody'" in caught.value.stderr) == ("", True)


def test_another_secret_of_the_server(start_server: StartServer) -> None:
    """NC-08: who starts a server with another secret is told what happened and what to do."""
    server = start_server(secret="a" * 32, workers="1")
    with server.client() as client:
        first = client.get(SECRET).json()["secret"]
        server.stop()
        server.settings["FILEMILL_SECRET"] = "b" * 32
        server.start()
        told = problem(client.get(SECRET), 500, "INTERNAL_ERROR")
        assert "encrypted under another secret of the server" in told["detail"]
        assert "/v1/webhooks/secret/rotate" in told["detail"]
        fresh = client.post(f"{SECRET}/rotate").json()
        assert fresh["secret"] != first
        assert fresh["previousUntil"] is None
        assert client.get(SECRET).json() == fresh


def test_disabled_endpoints(server: LiveServer, client: httpx.Client) -> None:
    """NC-08: who owns an endpoint that answered 410 sees it and enables it again; nobody else does."""

    async def disable() -> None:
        database = Database(f"sqlite:///{server.data}/filemill.db")
        await DisabledEndpoints(database).disable(TENANT, "https://hooks.example/a", "The endpoint answered 410.")
        database.close()

    asyncio.run(disable())
    [found] = client.get("/v1/webhooks/endpoints").json()["endpoints"]
    assert (found["url"], found["reason"]) == ("https://hooks.example/a", "The endpoint answered 410.")
    assert found["since"].endswith("Z")
    enable = f"/v1/webhooks/endpoints/{found['endpointId']}/enable"
    with server.client(server.new_key("stranger")) as other:
        assert other.get("/v1/webhooks/endpoints").json() == {"endpoints": [], "nextCursor": None}
        problem(other.post(enable), 404, "NOT_FOUND")
    assert client.post(enable).status_code == 204
    problem(client.post(enable), 404, "NOT_FOUND")
    assert client.get("/v1/webhooks/endpoints").json()["endpoints"] == []
    problem(client.get("/v1/webhooks/endpoints", params={"cursor": "x"}), 422, "INVALID_PARAMETER")
