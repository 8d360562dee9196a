"""Runs chains over real files, without HTTP; and one server that speaks Filestack, for all tests of that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pyvips

from filemill import Limits
from filemill.registry import Registry
from filemill.task import Made
from filemill.testing.runner import Runner
from filemill_server.dialects.filestack.tasks.base import Kind
from filestack_chains import Chain, Drawn, Save, plan_of
from filestack_client import Filestack
from live import LiveServer


@pytest.fixture
def made(filemill_registry: Registry, filemill_run: Runner) -> Chain:
    """Runs a chain; its steps are encoded, checked and run as the server's are."""

    def run(chain: str, *files: Path, kind: Kind = Kind.PICTURE, watermark: Path | None = None) -> Made:
        plan = plan_of(chain, kind, many=len(files) > 1)
        operations = plan.operations(filemill_registry, Limits())
        assert operations, f"{chain} changes nothing"
        return filemill_run(list(files), *operations, sources=watermark)

    return run


@pytest.fixture
def drawn(made: Chain) -> Drawn:
    """Runs a chain of which one picture comes out."""

    def run(chain: str, file: Path, *, watermark: Path | None = None) -> pyvips.Image:
        (output,) = made(chain, file, watermark=watermark).outputs
        return pyvips.Image.new_from_file(output.path).copy_memory()

    return run


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves pixels as a file: `save(image, "a.png")`."""

    def write(image: pyvips.Image, name: str = "picture.png", **options: int) -> Path:
        path = tmp_path / name
        image.write_to_file(str(path), **options)
        return path

    return write


@pytest.fixture(scope="session")
def quarters() -> pyvips.Image:
    """Eighty by forty pixels: red, green / blue, white."""
    colours = ([255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255])
    parts = [(pyvips.Image.black(40, 20) + colour).cast("uchar") for colour in colours]
    return pyvips.Image.arrayjoin(parts, across=2).copy(interpretation="srgb").copy_memory()


@pytest.fixture
def quartered(save: Save, quarters: pyvips.Image) -> Path:
    """The quarters as a PNG."""
    return save(quarters, "quarters.png")


@pytest.fixture(scope="session")
def filestack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """It may fetch from 127.0.0.1, and has the vendor's host names below `fs.test`."""
    settings = {
        "FILEMILL_FETCH_ALLOW_NETWORKS": "127.0.0.0/8",
        "FILEMILL_FETCH_TIMEOUT_SECONDS": "6",
        "FILEMILL_WEBHOOK_ALLOW_HTTP": "true",
        "FILEMILL_DIALECT_HOSTS": "filestack=*.fs.test,filestack=one.test",
        "FILEMILL_WORKERS": "2",
    }
    server = LiveServer(tmp_path_factory.mktemp("filestack") / "data", settings)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def filestack(filestack_server: LiveServer) -> Iterator[Filestack]:
    """An app that needs no signature to read and to store."""
    with Filestack(filestack_server) as client:
        yield client
