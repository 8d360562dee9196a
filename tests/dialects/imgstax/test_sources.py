"""Sources (IX-10…IX-15)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from imgstax_client import Imgstax, photo, refused

LIMIT = 52_428_800


class Origin(BaseHTTPRequestHandler):
    """Answers what its path says."""

    def do_GET(self) -> None:
        """Answer."""
        kind = self.path.strip("/")
        if kind == "moved":
            self.send_response(302)
            self.send_header("Location", "/photo")
            self.end_headers()
            return
        self.send_response(404 if kind == "missing" else 503 if kind == "failing" else 200)
        body = b"no picture at all" if kind == "text" else photo()
        more = {"full": LIMIT, "over": LIMIT + 1, "endless": LIMIT + (8 << 20)}.get(kind, 0)
        if kind == "slow":
            more = 1
        if kind != "endless":
            self.send_header("Content-Length", str(max(len(body), more)))
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        try:
            self.wfile.write(body)
            left = more - len(body)
            while left > 0:
                self.wfile.write(bytes(min(left, 1 << 20)))
                left -= 1 << 20
        except OSError:
            return  # it has had enough

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


def test_three_forms(imgstax: Imgstax, origin: str) -> None:
    """IX-10, IX-12, IX-13: a URL, an upload of the native API, a key of the source storage."""
    forms = ({"url": f"{origin}/moved"}, imgstax.source(photo()), {"storageKey": "deep/photo.jpg"})
    made = [imgstax.made("compress", source=form) for form in forms]
    assert made[0].data == made[1].data == made[2].data
    assert imgstax.made("compress", source={"url": f"{origin}/photo", "uploadId": None}).data == made[0].data


@pytest.mark.parametrize(
    "source",
    [
        None,
        {},
        {"url": None},
        {"base64": "AAAA"},
        {"assetId": "a" * 43},
        {"url": "http://127.0.0.1/", "uploadId": "x"},
        {"url": "http://127.0.0.1/", "uploadId": "x", "storageKey": "y"},
        {"URL": "http://127.0.0.1/", "storagekey": "y"},
    ],
)
def test_exactly_one(imgstax: Imgstax, source: object) -> None:
    """IX-11: none or more than one is 400."""
    refused(imgstax.post("compress", source=source), 400, "one of url, uploadId and storageKey")


def test_unknown_upload(imgstax: Imgstax) -> None:
    """IX-12: 400."""
    refused(imgstax.post("compress", source={"uploadId": "a" * 43}), 400, "upload")


@pytest.mark.parametrize(
    "key", ["../secret.jpg", "/etc/passwd", "deep/../../secret.jpg", "deep", "missing.jpg", "a//b"]
)
def test_storage_keys_stay_inside(imgstax: Imgstax, key: str) -> None:
    """IX-13: `..`, absolute keys and what is not there are 400."""
    refused(imgstax.post("compress", source={"storageKey": key}), 400)


def test_source_limit(imgstax: Imgstax, origin: str) -> None:
    """IX-14, IX-95, DX-08, DX-17: the limit itself passes; above it the message states both byte counts, as 400."""
    assert imgstax.post("resize", source={"url": f"{origin}/full"}, width=60).status_code == 200
    for given in ({"url": f"{origin}/over"}, imgstax.source(photo() + bytes(LIMIT + 1 - len(photo())))):
        message = refused(imgstax.post("resize", source=given, width=60), 400)
        assert message == f"Source image size ({LIMIT + 1} bytes) exceeds maximum allowed size ({LIMIT} bytes)"
    message = refused(imgstax.post("resize", source={"url": f"{origin}/endless"}, width=60), 400)
    assert int(message.split("(")[1].split()[0]) > LIMIT
    assert message.endswith(f"exceeds maximum allowed size ({LIMIT} bytes)")


@pytest.mark.parametrize("path", ["missing", "failing", "text"])
def test_sources_that_are_none(imgstax: Imgstax, origin: str, path: str) -> None:
    """IX-15, DX-09: non-2xx and content that is no image are 400, whatever the type says."""
    refused(imgstax.post("compress", source={"url": f"{origin}/{path}"}), 400)


def test_unreachable_and_slow_sources(imgstax: Imgstax) -> None:
    """IX-15, DX-07: a closed port, a source that never answers and a private address are 400."""
    refused(imgstax.post("compress", source={"url": "http://127.0.0.1:1/x.jpg"}), 400)
    refused(imgstax.post("compress", source={"url": "http://10.0.0.1/x.jpg"}), 400)
    refused(imgstax.post("compress", source={"url": "http://169.254.169.254/latest"}), 400)
    with ThreadingHTTPServer(("127.0.0.1", 0), Origin) as silent:  # it listens, and nobody serves
        url = f"http://127.0.0.1:{silent.server_address[1]}/photo"
        answer = imgstax.post("compress", source={"url": url})
    refused(answer, 400, "in time")
    assert answer.elapsed.total_seconds() < 15


def test_documents_are_no_images(imgstax: Imgstax) -> None:
    """IX-15: a file of a format that is no picture, and one that is broken."""
    for data in (b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF", b"a,b\n1,2\n", photo()[:300]):
        answer = httpx.post(
            f"{imgstax.server.address}/v1/uploads", content=data, headers={"X-API-Key": imgstax.server.key}
        )
        assert answer.status_code == 201, answer.text
        for endpoint, body in (("compress", {}), ("downsize", {"maxWidth": 9}), ("process", {})):
            refused(imgstax.post(endpoint, source={"uploadId": answer.json()["uploadId"]}, **body), 400)
