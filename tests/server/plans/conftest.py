"""A server with plans of its own."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from live import LiveServer, StartServer

PLANS = """
burst:
  requests_per_minute: 3
  requests_per_month: 50
monthly:
  requests_per_month: 5
small:
  max_file_bytes: 20000
  max_pixels: 100000
single:
  concurrent_jobs: 1
domains:
  allowed_domains: 2
"""

NewClient = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def planned(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """A server with small plans."""
    file = tmp_path_factory.mktemp("plans") / "plans.yaml"
    file.write_text(PLANS)
    return start_server(plans_file=str(file), workers="2", fetch_allow_networks="127.0.0.0/8")


@pytest.fixture
def new_client(planned: LiveServer, request: pytest.FixtureRequest) -> NewClient:
    """Makes a client whose key is a tenant of its own, of a plan."""

    def make(plan: str, *words: str, name: str = "") -> httpx.Client:
        tenant = name or request.node.name
        made = planned.command("keys", "create", "--name", tenant, "--plan", plan, *words)
        client = planned.client(made.stdout.strip())
        request.addfinalizer(client.close)
        return client

    return make
