"""Servers for the proofs: each module has its own, with plugins of the tests where it needs them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from live import LiveServer
from watched import Watch, Watched

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Start servers to look at; `plugins` is a folder for their PYTHONPATH, all else a setting."""
    begun: list[Watched] = []

    def start(*, plugins: Path | None = None, **settings: str) -> Watched:
        environment = {f"FILEMILL_{name.upper()}": value for name, value in settings.items()}
        if plugins is not None:
            environment["PYTHONPATH"] = str(plugins)
        server = LiveServer(tmp_path_factory.mktemp("watched") / "data", environment)
        server.start()
        begun.append(Watched(server, server.client()))
        return begun[-1]

    yield start
    for watched in begun:
        watched.client.close()
        watched.server.stop()


@pytest.fixture(scope="session")
def slow_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is a site-packages with `plugins/slow_plugin.py` installed."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(PLUGINS / "slow_plugin.py", folder)
    info = folder / "slow_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[filemill]\nslow = slow_plugin\n")
    return folder
