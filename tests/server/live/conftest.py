"""Servers for the proofs: each module has its own, with plugins of the tests where it needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from live import LiveServer
from plugin_site import install
from watched import Watch, Watched

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Start servers to look at; `plugins` is an environment that has plugins, all else a setting."""
    begun: list[Watched] = []

    def start(*, plugins: Mapping[str, str] = {}, **settings: str) -> Watched:
        environment = {**plugins, **{f"FILEMILL_{name.upper()}": value for name, value in settings.items()}}
        server = LiveServer(tmp_path_factory.mktemp("watched") / "data", environment)
        server.start()
        begun.append(Watched(server, server.client()))
        return begun[-1]

    yield start
    for watched in begun:
        watched.client.close()
        watched.server.stop()


@pytest.fixture(scope="session")
def slow_plugin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a server that has the plugin `plugins/slow_plugin.py`."""
    return install(tmp_path_factory.mktemp("plugin") / "site", PLUGINS / "slow_plugin.py", slow="")
