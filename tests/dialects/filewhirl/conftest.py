"""A server that speaks FileWhirl at its prefix, and a client of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pikepdf
import pytest
import pyvips

from dialect_client import DialectClient
from live import LiveServer
from origin import serving

PATH = "/functions/v1/convert-api"


class Caller(DialectClient):
    """A client of the service, as its document has it: `POST`, then `status_url` until it is done."""

    dialect = "filewhirl"

    def create(self, *, expect: int = 202, path: str = PATH, **sent: Any) -> dict[str, Any]:
        """Send a request, check its status and return the body."""
        answer = self.http.post(path, **sent)
        assert answer.status_code == expect, answer.text
        assert answer.headers["content-type"] == "application/json"
        body: dict[str, Any] = answer.json()
        return body

    def refused(self, status: int, **sent: Any) -> dict[str, Any]:
        """Send a request that is refused, check its error and return the body."""
        body = self.create(expect=status, **sent)
        assert isinstance(body["error"], str)
        assert body["error"]
        assert set(body) == ({"error", "reason", "hint"} if status == 402 else {"error"})
        return body

    def poll(self, url: str) -> dict[str, Any]:
        """Ask until it has ended."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            answer = self.http.get(url)
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "no-store"
            body: dict[str, Any] = answer.json()
            if body["status"] not in ("queued", "processing"):
                return body
            assert body.keys() == {"status"}
            assert answer.headers["retry-after"] == "2"
            time.sleep(0.1)
        raise AssertionError("it did not end")

    def ended(self, **sent: Any) -> dict[str, Any]:
        """Send a request and return what it came to."""
        return self.poll(self.create(**sent)["status_url"])

    def converted(self, **sent: Any) -> tuple[dict[str, Any], httpx.Response]:
        """Send a request, and return what it came to and the answer of `output_url`, asked for without a key."""
        done = self.ended(**sent)
        assert done["status"] == "done", done
        answer = httpx.get(done["output_url"], timeout=60)
        assert answer.status_code == 200
        assert len(answer.content) == done["output_size"]
        return done, answer


@pytest.fixture(scope="session")
def caller(planned: LiveServer) -> Iterator[Caller]:
    """A caller at the prefix, whose key is of the dialect."""
    with Caller.of(planned, "whirl") as made:
        yield made


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A picture of 300x200 in every format that is written here, and PDFs of one page and of two."""
    noise = pyvips.Image.gaussnoise(300, 200, mean=128, sigma=30).gaussblur(1.5)
    ramp = pyvips.Image.xyz(300, 200)[0] * (255 / 300)
    image = noise.bandjoin([ramp, noise * 0.5 + ramp * 0.5]).cast("uchar").copy(interpretation="srgb")
    made = {
        "jpg": image.jpegsave_buffer(Q=96),
        "png": image.pngsave_buffer(),
        "webp": image.webpsave_buffer(Q=95),
        "avif": image.heifsave_buffer(compression="av1", Q=90, effort=0),
        "gif": image.gifsave_buffer(),
        "tif": image.tiffsave_buffer(),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><rect width="90" height="60"/></svg>',
    }
    folder = tmp_path_factory.mktemp("pdf")
    return made | {"pdf": _pdf(folder, 1), "two.pdf": _pdf(folder, 2)}


def _pdf(folder: Path, pages: int) -> bytes:
    path = folder / f"{pages}.pdf"
    with pikepdf.new() as pdf:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        for number in range(1, pages + 1):
            page = pdf.add_blank_page(page_size=(300, 200))
            page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
            page.Contents = pdf.make_stream(f"BT /F1 24 Tf 40 90 Td (Whirled page {number}) Tj ET".encode())
        pdf.save(path)
    return path.read_bytes()


@pytest.fixture(scope="session")
def origin(sources: dict[str, bytes]) -> Iterator[str]:
    """The address of a web server with these files."""
    files = {f"Own name.{name}".replace(" ", "%20"): data for name, data in sources.items()}
    with serving({**files, "text": b"plain text", "big.png": bytes(30000)}) as port:
        yield f"http://127.0.0.1:{port}"
