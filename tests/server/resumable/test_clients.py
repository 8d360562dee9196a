"""The clients that people use, unmodified: tuspy and tus-js-client (NC-06)."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.storage.filestorage import FileStorage

from live import LiveServer
from npm import node_modules
from tus_wire import Tus

from .conftest import text

SIZE = 9 << 20
SCRIPT = Path(__file__).parent / "js"
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # tuspy leaves files to the garbage collector
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def closed_files() -> Iterator[None]:
    """Close what tuspy leaves open, while its warnings are ignored."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to upload."""
    path = tmp_path_factory.mktemp("document") / "träume.txt"
    path.write_bytes(text(SIZE))
    return path


@pytest.fixture(scope="session")
def tus_js() -> Path:
    """The folder in which Node finds tus-js-client."""
    return node_modules(SCRIPT)


@pytest.fixture
def run_js(tus_js: Path, tmp_path: Path) -> Run:
    """Start an upload by tus-js-client; see `upload.js`."""
    (tmp_path / "node_modules").symlink_to(tus_js)
    for name in ("package.json", "upload.js"):
        shutil.copy(SCRIPT / name, tmp_path)

    def run(server: LiveServer, path: Path, chunk_size: int, **options: Any) -> subprocess.Popen[str]:
        given = {
            "endpoint": f"{server.address}/v1/uploads/tus",
            "key": server.key,
            "path": str(path),
            "chunkSize": chunk_size,
            "metadata": {"filename": path.name, "filetype": "text/plain"},
            "options": options,
        }
        words = ["node", "upload.js", json.dumps(given)]
        return subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return run


def tuspy(server: LiveServer) -> TusClient:
    """Return tuspy's client."""
    return TusClient(f"{server.address}/v1/uploads/tus", headers={"Authorization": f"Bearer {server.key}"})


def arrived(server: LiveServer, address: str, document: Path) -> None:
    """Check that an upload is the document."""
    with server.client() as client:
        upload = Tus(client).upload(address)
    assert upload["sha256"] == hashlib.sha256(document.read_bytes()).hexdigest()
    assert upload["filename"] == "träume.txt"


@pytest.mark.parametrize("checked", [False, True])
def test_tuspy(server: LiveServer, document: Path, checked: bool) -> None:
    """NC-06: tuspy in pieces, with and without a checksum a piece."""
    uploader = tuspy(server).uploader(
        str(document), chunk_size=2 << 20, metadata={"filename": document.name}, upload_checksum=checked
    )
    uploader.upload()
    assert uploader.url is not None
    arrived(server, uploader.url, document)


def test_tuspy_goes_on_where_it_was(server: LiveServer, document: Path, tmp_path: Path) -> None:
    """NC-06: a second process finds the address in tuspy's own store and sends the rest alone."""
    store = FileStorage(str(tmp_path / "urls.json"))
    options = {"chunk_size": 2 << 20, "metadata": {"filename": document.name}, "store_url": True, "url_storage": store}
    first = tuspy(server).uploader(str(document), **options)
    first.upload(stop_at=4 << 20)
    second = tuspy(server).uploader(str(document), **options)
    assert (second.url, second.offset) == (first.url, 4 << 20)
    second.upload()
    store.close()
    arrived(server, str(second.url), document)


def test_tuspy_is_told_what_is_wrong(server: LiveServer, document: Path) -> None:
    """NC-06: without a key, and for an upload that is not there, tuspy raises its own error with the status."""
    with pytest.raises(TusCommunicationError) as caught:
        TusClient(f"{server.address}/v1/uploads/tus").uploader(str(document)).upload()
    assert caught.value.status_code == 401
    with pytest.raises(TusCommunicationError) as caught:
        tuspy(server).uploader(str(document), url=f"{server.address}/v1/uploads/tus/absent")
    assert caught.value.status_code == 404


@pytest.mark.parametrize(
    ("chunk_size", "options"),
    [
        (0, {}),
        (2 << 20, {}),
        (2 << 20, {"uploadLengthDeferred": True}),
        (4 << 20, {"uploadDataDuringCreation": True}),
        (4 << 20, {"overridePatchMethod": True}),
    ],
    ids=["one-request", "pieces", "length-later", "data-at-once", "override"],
)
def test_tus_js_client(
    server: LiveServer, document: Path, run_js: Run, chunk_size: int, options: dict[str, Any]
) -> None:
    """NC-06: tus-js-client in Node with each of its ways to upload."""
    out, err = run_js(server, document, chunk_size, **options).communicate(timeout=120)
    assert err == ""
    arrived(server, out.split()[-1], document)


def test_tus_js_client_survives_a_killed_server(
    start: Callable[[dict[str, str]], LiveServer], tmp_path: Path, run_js: Run
) -> None:
    """NC-06: kill -9 in the middle of its one request, and a start: it goes on by itself and ends well."""
    document = tmp_path / "träume.txt"
    document.write_bytes(text(64 << 20))
    server = start({})
    uploading = run_js(server, document, 0)
    assert uploading.stdout is not None
    assert uploading.stdout.readline() == "begun\n"
    server.kill()
    server.start()
    out, err = uploading.communicate(timeout=120)
    assert err == ""
    arrived(server, out.split()[-1], document)
