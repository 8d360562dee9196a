"""A third party's plugin, installed with pip, over REST and on the command line, with no change in the server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import pyvips

from forked import FILEMILL
from live import LiveServer, size_of

EXAMPLE = Path(__file__).resolve().parents[1] / "example_plugin"


@pytest.fixture(scope="module")
def vintage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server beside which the example plugin was installed."""
    folder = tmp_path_factory.mktemp("vintage")
    shutil.copytree(EXAMPLE, folder / "project")
    pip = ("-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    subprocess.run(
        [sys.executable, *pip, "--target", folder / "installed", folder / "project"], check=True, timeout=120
    )
    server = LiveServer(folder / "data", {"PYTHONPATH": str(folder / "installed"), "FILEMILL_WORKERS": "1"})
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(vintage: LiveServer) -> Iterator[httpx.Client]:
    """A client of that server, with a key."""
    with vintage.client() as client:
        yield client


def test_it_is_listed(client: httpx.Client) -> None:
    """NA-10, NA-11, NA-12: the operation, the format and the pack are listed with their plugin."""
    operation = client.get("/v1/operations/vintage").json()
    assert operation["plugin"] == {"name": "vintage", "version": "1.2.0", "distribution": "filemill-vintage"}
    assert operation["schema"]["properties"]["strength"]["maximum"] == 100
    formats = {form["name"]: form for form in client.get("/v1/formats").json()["formats"]}
    assert formats["farbfeld"]["plugin"] == "vintage"
    assert client.get("/v1/packs/vintage-postcard").json()["width"] == 1480


def test_it_is_in_the_openapi_document(client: httpx.Client) -> None:
    """NA-13: its path and its step are in the document."""
    document = client.get("/openapi.json").json()
    assert "post" in document["paths"]["/v1/vintage"]
    assert '"vintage"' in client.get("/openapi.json").text


def test_it_is_an_endpoint(client: httpx.Client, photo: Path) -> None:
    """NA-20: it is called by the same code as every other operation, and its bounds are checked."""
    before = pyvips.Image.new_from_file(str(photo))
    answer = client.post("/v1/vintage?strength=100", content=photo.read_bytes(), headers={"Accept": "image/*"})
    assert answer.status_code == 200, answer.text
    after = pyvips.Image.new_from_buffer(answer.content, "")
    assert (after.width, after.height) == (before.width, before.height)
    red, _, blue = (band.avg() for band in after.bandsplit())
    assert red > blue, "faded paper is warm"
    wrong = client.post("/v1/vintage?strength=101", content=photo.read_bytes())
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/strength")


def test_it_is_a_step_and_its_format_an_encode(client: httpx.Client, photo: Path) -> None:
    """NA-21: it stands in a pipeline between others; its format is written, and read again."""
    steps = '[{"op": "resize", "width": 60}, {"op": "vintage"}, {"op": "convert", "format": "farbfeld"}]'
    made = client.post(
        "/v1/process", files={"file": photo.read_bytes()}, data={"steps": steps}, headers={"Accept": "image/*"}
    )
    assert made.status_code == 200, made.text
    assert made.content.startswith(b"farbfeld\x00\x00\x00\x3c")
    again = client.post("/v1/flip?format=png", content=made.content, headers={"Accept": "image/png"})
    assert again.status_code == 200, again.text
    assert size_of(again.content)[0] == 60


def test_its_pack_is_made(client: httpx.Client, photo: Path) -> None:
    """NA-22: its pack is used as any other."""
    answer = client.post("/v1/packs/vintage-postcard", content=photo.read_bytes(), headers={"Accept": "image/*"})
    assert size_of(answer.content) == (1480, 1050)


def test_it_is_on_the_command_line(vintage: LiveServer, photo: Path, tmp_path: Path) -> None:
    """NA-82: it is listed, and a step of `filemill run`."""
    assert "vintage\tfilemill-vintage 1.2.0\tloaded" in vintage.command("plugins").stdout
    subprocess.run(
        [FILEMILL, "run", photo, "vintage:strength=30", "-o", tmp_path / "old.ff"],
        env=vintage.environment,
        check=True,
        timeout=60,
    )
    assert (tmp_path / "old.ff").read_bytes().startswith(b"farbfeld")
