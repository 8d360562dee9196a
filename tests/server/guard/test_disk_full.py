"""A disk without room: callers are told to come again, nothing half is kept, and all goes on when there is room."""

from __future__ import annotations

import errno
import hashlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import bombs
from live import LiveServer, problem
from watched import Watched, eventually

MEBIBYTE = 1 << 20
_PLACE = ("unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=32m none "$0" && exec "$@"')


@contextmanager
def on_small_disk(data: Path) -> Iterator[Watched]:
    """Have a server whose data folder is a disk of 32 MiB that only it has."""
    data.mkdir()
    if subprocess.run([*_PLACE, str(data), "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets no process have mounts of its own")
    server = LiveServer(data, {"FILEMILL_WORKERS": "1"}, before=(*_PLACE, str(data)))
    server.start()
    assert server.process is not None
    server.data = Path(f"/proc/{server.process.pid}/root{data}")  # as the server sees it
    try:
        with server.client() as client:
            yield Watched(server, client)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Such a server."""
    with on_small_disk(tmp_path_factory.mktemp("disk") / "data") as server:
        yield server


@contextmanager
def filled(watched: Watched, *, but: int = 0) -> Iterator[None]:
    """Have the disk full, but for some bytes, for the time of a `with` block."""
    filler = watched.server.data / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for piece in (MEBIBYTE, 4096):
                try:
                    while file.write(bytes(piece)) == piece:
                        pass
                except OSError as error:
                    assert error.errno == errno.ENOSPC
            file.truncate(file.tell() - but)
        yield
    finally:
        filler.unlink()


Ask = Callable[[httpx.Client], httpx.Response]
PICTURE = bombs.photo()


def begin_upload(client: httpx.Client) -> httpx.Response:
    """Begin a resumable upload that holds the whole picture."""
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(PICTURE))}
    headers["Content-Type"] = "application/offset+octet-stream"
    return client.post("/v1/uploads/tus", content=PICTURE, headers=headers)


ASKED: dict[str, Ask] = {
    "work": lambda client: client.post("/v1/flip", content=PICTURE),
    "bytes": lambda client: client.post("/v1/flip", content=PICTURE, headers={"Accept": "image/*"}),
    "form": lambda client: client.post("/v1/flip", files={"file": PICTURE}),
    "upload": lambda client: client.post("/v1/uploads", content=PICTURE),
    "resumable": begin_upload,
    "job": lambda client: client.post("/v1/flip", content=PICTURE, headers={"Prefer": "respond-async"}),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_full_disk(watched: Watched, ask: Ask) -> None:
    """While there is no room: 503 with a time to come again, nothing left behind; with room, it is done."""
    with filled(watched):
        body = problem(answer := ask(watched.client), 503, "OVERLOADED")
        assert "does not answer" in body["detail"]
        assert int(answer.headers["retry-after"]) >= 1
        assert eventually(lambda: not watched.working_folders())
    assert not [path for path in watched.stored() if path.suffix == ".part"]
    assert eventually(lambda: ask(watched.client).is_success)
    assert "unexpected_error" not in Path(watched.server.log.name).read_text()


def test_what_is_kept_is_given_from_a_full_disk(watched: Watched) -> None:
    """Assets are read as ever; health says what is wrong, and that the process lives."""
    kept = watched.client.post("/v1/flip", content=PICTURE).json()
    with filled(watched):
        found = watched.client.get(f"/v1/assets/{kept['assetId']}")
        assert hashlib.sha256(found.content).hexdigest() == found.headers["etag"].strip('"')
        assert watched.client.get("/health/live").status_code == 200
        ready = watched.client.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]["storage"] == "ok") == (503, False)
    assert watched.client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_result_without_room(watched: Watched, form: str) -> None:
    """Where the disk is full in the middle of the work, the file is not to blame: 503, and done again it succeeds."""
    steps = f"/v1/resize?width=2400&format={form}"
    with filled(watched, but=512 << 10):
        problem(watched.client.post(steps, content=PICTURE), 503, "OVERLOADED")
        assert eventually(lambda: not watched.working_folders())
    assert eventually(lambda: watched.client.post(steps, content=PICTURE).is_success)


def test_accepted_jobs_wait_for_room(watched: Watched) -> None:
    """A job that was accepted before, and whose result has no room, succeeds when there is some."""

    def accepted(target: str) -> str:
        job = watched.client.post(target, content=PICTURE, headers={"Prefer": "respond-async"})
        assert job.status_code == 202, job.text
        return job.headers["location"]

    def has(job: str, status: str) -> bool:
        return eventually(lambda: watched.client.get(job).json()["status"] == status, 60)

    assert has(accepted("/v1/flip"), "succeeded")  # so that the engine has its own database
    with filled(watched, but=512 << 10):
        job = accepted("/v1/resize?width=2400&format=png")
        log = Path(watched.server.log.name)
        assert eventually(lambda: "job_waits_to_retry" in log.read_text(), 60), log.read_text()[-3000:]
        assert has(job, "running")
    assert has(job, "succeeded"), watched.client.get(job).text


def test_room_that_ends_while_the_engine_is_made(tmp_path: Path) -> None:
    """Where the tables of the engine of jobs have no room at the first start, jobs run as soon as there is some."""
    with on_small_disk(tmp_path / "data") as watched:
        with filled(watched, but=40 << 10):
            log = Path(watched.server.log.name)
            assert eventually(lambda: '"work":"open"' in log.read_text(), 60), log.read_text()[-3000:]
        job = watched.client.post("/v1/flip", content=PICTURE, headers={"Prefer": "respond-async"})
        assert job.status_code == 202, job.text
        place = job.headers["location"]
        assert eventually(lambda: watched.client.get(place).json()["status"] == "succeeded", 60), log.read_text()[
            -3000:
        ]
