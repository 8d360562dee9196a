"""A client of Imgstax, at the server that tests of dialects share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imgstax_client import Imgstax, photo
from live import LiveServer


@pytest.fixture(scope="session")
def imgstax(planned: LiveServer) -> Iterator[Imgstax]:
    """A client with a valid key; its server's folder of sources has a photo, and so has the folder above it."""
    folder = Path(planned.settings["FILEMILL_SOURCE_STORAGE_URL"].removeprefix("file://"))
    (folder / "deep").mkdir()
    (folder / "deep" / "photo.jpg").write_bytes(photo())
    (folder.parent / "secret.jpg").write_bytes(photo())
    with Imgstax(planned) as client:
        yield client
