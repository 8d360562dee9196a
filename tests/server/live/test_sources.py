"""Sources by URL and by storage key, over a live server and a live web server (NA-24)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import bombs
from live import pointers, problem
from watched import Watch, Watched, eventually

PICTURE = bombs.photo()


class Origin(BaseHTTPRequestHandler):
    """Answers what its path says; remembers what it was asked."""

    asked: list[dict[str, str]] = []

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
        url = urlsplit(self.path)
        options = {name: values[0] for name, values in parse_qs(url.query).items()}
        if "to" in options:
            self.send_response(302)
            self.send_header("Location", options["to"])
            self.end_headers()
            return
        self.send_response(int(options.get("status", "200")))
        body = b"".join([PICTURE, bytes(int(options.get("more", "0")))])
        if "endless" not in options:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", options.get("type", "image/jpeg"))
        self.end_headers()
        try:
            if "slow" in options:
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.05)
            self.wfile.write(body)
            while "endless" in options:
                self.wfile.write(bytes(65536))
        except OSError:
            return  # the server has had enough

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The address of a web server on 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Origin) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sources, beside a secret that is not of it."""
    folder = tmp_path_factory.mktemp("storage")
    (folder / "secret.jpg").write_bytes(PICTURE)
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / "deep" / "photo.jpg").write_bytes(PICTURE)
    (folder / "in" / "50%2F é.jpg").write_bytes(PICTURE)
    return folder / "in"


@pytest.fixture(scope="module")
def watched(watch: Watch, originals: Path) -> Watched:
    """A server that may fetch from 127.0.0.1 and has a source storage."""
    return watch(
        workers="1",
        fetch_allow_networks="127.0.0.0/8",
        fetch_timeout_seconds="1.5",
        max_upload_bytes=str(1 << 20),
        source_storage_url=originals.as_uri(),
    )


@pytest.fixture(scope="module")
def guarded(watch: Watch) -> Watched:
    """A server with the settings it has by default."""
    return watch(workers="1")


def test_a_url_is_fetched_with_the_headers_given(watched: Watched, origin: str) -> None:
    """The file behind a URL, through a redirect; its name is the URL's, its type its content's."""
    source = {"url": f"{origin}/a/start?to=/b/My%20photo.png", "headers": {"X-Token": "t1", "User-Agent": "mine"}}
    body = watched.client.post("/v1/resize", json={"source": source, "width": 40}).json()
    assert (body["width"], body["filename"], body["source"]["format"]) == (40, "My photo.jpg", "jpeg")
    first, second = Origin.asked[-2:]
    assert (second["path"], second["x-token"], second["user-agent"]) == ("/b/My%20photo.png", "t1", "mine")
    assert first["x-token"] == "t1"
    bad = {"url": origin, "headers": {"Host": "elsewhere"}}
    answer = watched.client.post("/v1/resize", json={"source": bad, "width": 40})
    assert pointers(problem(answer, 422, "INVALID_PARAMETER")) == {"#/source/headers"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/x?more=2000000", 413, "FILE_TOO_LARGE"),
        ("/x?endless=1", 413, "FILE_TOO_LARGE"),
        ("/x?slow=1", 422, "SOURCE_UNREACHABLE"),
        ("/x?status=404", 422, "SOURCE_UNREACHABLE"),
        ("/x?status=500", 422, "SOURCE_UNREACHABLE"),
        ("/x?to=/x%3Fto%3D/loop", 200, ""),
        ("/x?to=file:///etc/passwd", 403, "SOURCE_FORBIDDEN"),
        ("/x?to=http://10.0.0.1/", 403, "SOURCE_FORBIDDEN"),
        ("/x?to=http://169.254.169.254/latest", 403, "SOURCE_FORBIDDEN"),
    ],
)
def test_what_a_source_may_answer(watched: Watched, origin: str, path: str, status: int, code: str) -> None:
    """Too large, endless, slow, missing, and led elsewhere: each has its code, and in time."""
    answer = watched.client.post("/v1/resize", json={"source": {"url": origin + path}, "width": 40})
    if status == 200:
        assert answer.status_code == 200, answer.text
    else:
        assert answer.status_code == status, answer.text
        assert answer.json()["code"] == code
    assert answer.elapsed.total_seconds() < 3
    assert eventually(lambda: not watched.working_folders())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1"]
)
def test_this_machine_is_refused_by_default(guarded: Watched, origin: str, host: str) -> None:
    """Addresses that are not public are SOURCE_FORBIDDEN in every spelling, and nobody is connected to."""
    count = len(Origin.asked)
    url = origin.replace("127.0.0.1", host)
    answer = guarded.client.post("/v1/resize", json={"source": {"url": url}, "width": 40})
    assert (answer.status_code, answer.json()["code"]) in {(403, "SOURCE_FORBIDDEN"), (422, "INVALID_PARAMETER")}
    assert len(Origin.asked) == count


def test_many_sources_and_one_that_fails(watched: Watched, origin: str) -> None:
    """Of several sources the one that can't be had is named by its place."""
    good, bad = {"url": f"{origin}/a.jpg"}, {"url": "ftp://127.0.0.1/x"}
    body = watched.client.post("/v1/resize", json={"sources": [good] * 6, "width": 40}).json()
    assert body["mimeType"] == "application/zip"
    answer = watched.client.post("/v1/resize", json={"sources": [good, bad], "width": 40})
    assert pointers(problem(answer, 422, "INVALID_PARAMETER")) == {"#/sources/1/url"}


def test_storage_keys(watched: Watched) -> None:
    """A key names a file in the operator's storage, and its name is the result's."""
    for key, name in (("deep/photo.jpg", "photo.jpg"), ("50%2F é.jpg", "50%2F é.jpg")):
        answer = watched.client.post("/v1/resize", json={"source": {"storageKey": key}, "width": 40})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["width"], answer.json()["filename"]) == (40, name)


@pytest.mark.parametrize(
    "key",
    [
        "../secret.jpg",
        "deep/../../secret.jpg",
        "/secret.jpg",
        "/etc/passwd",
        "..",
        ".",
        "",
        "deep",
        "deep/",
        "deep//photo.jpg",
        "..\\secret.jpg",
        "%2e%2e/secret.jpg",
        "..%2fsecret.jpg",
        "deep/photo.jpg\x00",
        "absent.jpg",
        "a" * 5000,
        "file:///etc/passwd",
    ],
)
def test_storage_keys_stay_in_the_storage(watched: Watched, key: str) -> None:
    """No spelling leaves the folder: it is a fault of the field."""
    answer = watched.client.post("/v1/resize", json={"source": {"storageKey": key}, "width": 40})
    assert pointers(problem(answer, 422, "INVALID_PARAMETER")) == {"#/source/storageKey"}


def test_what_the_operator_puts_there(watched: Watched, originals: Path) -> None:
    """The operator's own links are followed, no pipe or device is waited for, the limit of bytes holds."""
    (originals / "link.jpg").symlink_to(originals.parent / "secret.jpg")
    os.mkfifo(originals / "pipe.jpg")
    (originals / "large.jpg").write_bytes(PICTURE + bytes(1 << 20))
    answer = watched.client.post("/v1/resize", json={"source": {"storageKey": "link.jpg"}, "width": 40})
    assert answer.status_code == 200, answer.text
    answer = watched.client.post("/v1/resize", json={"source": {"storageKey": "pipe.jpg"}, "width": 40})
    problem(answer, 422, "INVALID_PARAMETER")
    answer = watched.client.post("/v1/resize", json={"source": {"storageKey": "large.jpg"}, "width": 40})
    problem(answer, 413, "FILE_TOO_LARGE")


def test_without_a_storage_keys_are_refused(guarded: Watched) -> None:
    """A server without source storage says which setting gives it one."""
    answer = guarded.client.post("/v1/resize", json={"source": {"storageKey": "a.jpg"}, "width": 40})
    assert "FILEMILL_SOURCE_STORAGE_URL" in problem(answer, 422, "INVALID_PARAMETER")["detail"]
