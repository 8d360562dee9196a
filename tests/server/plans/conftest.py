"""A server with plans of its own."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from live import LiveServer

NewClient = Callable[..., httpx.Client]


@pytest.fixture
def new_client(planned: LiveServer, request: pytest.FixtureRequest) -> NewClient:
    """Makes a client whose key is a tenant of its own, of a plan."""

    def make(plan: str, *words: str, name: str = "") -> httpx.Client:
        tenant = name or request.node.name
        if words:
            made = planned.command("keys", "create", "--name", tenant, "--plan", plan, *words).stdout.strip()
        else:
            made = planned.new_key(tenant, plan=plan)
        client = planned.client(made)
        request.addfinalizer(client.close)
        return client

    return make
