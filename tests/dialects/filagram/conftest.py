"""Clients of Filagram, at the shared server, and small pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import pyvips

from filagram_wire import DELIVERY, LIFETIME, LIMIT, client_of, new_key
from live import LiveServer, StartServer


@pytest.fixture(scope="session")
def filagram_key(server: LiveServer) -> str:
    """A live key of the default plan."""
    return new_key(server)


@pytest.fixture
def filagram(server: LiveServer, filagram_key: str) -> Iterator[httpx.Client]:
    """A client at the dialect's prefix."""
    with client_of(server, filagram_key) as client:
        yield client


@pytest.fixture(scope="module")
def deployed(start_server: StartServer) -> LiveServer:
    """A server that is Filagram at its root and under two host names, with small limits."""
    return start_server(
        workers="1",
        root_dialects="filagram",
        browser_dialects="filagram",
        dialect_hosts="filagram=api.example.test,filagram=files.example.test",
        delivery_urls=f"filagram={DELIVERY}/",
        filagram_result_seconds=str(LIFETIME),
        max_upload_bytes=str(LIMIT),
        max_pixels="1000000",
    )


@pytest.fixture(scope="session")
def animation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WebP of three frames of 60x40: red, green, blue."""
    colours = ([220, 20, 20], [20, 220, 20], [20, 20, 220])
    frames = [(pyvips.Image.black(60, 40) + colour).cast("uchar") for colour in colours]
    image = pyvips.Image.arrayjoin(frames, across=1).copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "page-height", 40)
    image.set_type(pyvips.GValue.array_int_type, "delay", [100, 100, 100])
    path = tmp_path_factory.mktemp("animation") / "animation.webp"
    image.webpsave(str(path), lossless=True)
    return path
