"""The pytest plugin: fixtures for the tests of plugins. Loaded by pytest wherever filemill is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from filemill.registry import Registry
    from filemill.testing.runner import Runner, WorkerThread
    from filemill.testing.samples import Samples

# What the fixtures need is imported when one is used: other people's test runs load this module too.


@pytest.fixture(scope="session")
def filemill_registry() -> Registry:
    """Everything the installed plugins bring, started as in a worker; `.failures` are the plugins that were left out.

    Without the start a library's defaults hold, which the server never has: libvips would keep what it read
    of a file by its name, and take a changed file for the one before.
    """
    from filemill.limits import Limits  # noqa: PLC0415
    from filemill.registry import load_registry  # noqa: PLC0415

    registry = load_registry()
    registry.startup(Limits())
    return registry


@pytest.fixture(scope="session")
def filemill_samples(filemill_registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Small files to work on: `.pictures`, `.documents`, `.texts`, and `.of(kind)`."""
    from filemill.testing.samples import Samples  # noqa: PLC0415

    return Samples(filemill_registry, tmp_path_factory.mktemp("filemill-samples"))


@pytest.fixture(scope="session")
def filemill_worker() -> Iterator[WorkerThread]:
    """A worker process that is started when first used."""
    from filemill.testing.runner import WorkerThread  # noqa: PLC0415

    worker = WorkerThread()
    yield worker
    worker.stop()


@pytest.fixture
def filemill_run(filemill_registry: Registry, filemill_worker: WorkerThread, tmp_path: Path) -> Runner:
    """Run steps over files: `filemill_run(path, {"op": "resize", "width": 80}, in_worker=True)`."""
    from filemill.testing.runner import Runner  # noqa: PLC0415

    return Runner(filemill_registry, tmp_path, filemill_worker)
