"""A server that speaks ImgSmaller, at its prefix and at the root, and a client of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import pyvips

from dialect_client import DialectClient
from live import LiveServer


class Caller(DialectClient):
    """A client of the service, as its document has it: `POST`, then `result_url` until it is done."""

    dialect = "imgsmaller"

    def compress(self, *, expect: int = 202, **sent: Any) -> dict[str, Any]:
        """Send a request, check its status and return the body."""
        answer = self.http.post("/api/v1/compress", **sent)
        assert answer.status_code == expect, answer.text
        assert answer.headers["content-type"] == "application/json"
        body: dict[str, Any] = answer.json()
        return body

    def refused(self, status: int, **sent: Any) -> dict[str, Any]:
        """Send a request that is refused, check its error and return the body."""
        body = self.compress(expect=status, **sent)
        assert isinstance(body["message"], str)
        assert body["message"]
        assert set(body) == ({"message", "errors"} if status == 422 else {"message"})
        return body

    def ended(self, **sent: Any) -> dict[str, Any]:
        """Send a request and return its result when it has ended."""
        return self.result(self.compress(**sent)["result_url"])

    def result(self, url: str) -> dict[str, Any]:
        """Ask for a result, without a key, until it has ended."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            answer = httpx.get(url, timeout=60)
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "no-store"
            body: dict[str, Any] = answer.json()
            if body["status"] != "processing":
                return body
            time.sleep(0.1)
        raise AssertionError("it did not end")

    def picture(self, **sent: Any) -> tuple[dict[str, Any], bytes]:
        """Send a request, and return its result and the bytes behind it."""
        done = self.ended(**sent)
        assert done["status"] == "done", done
        data = httpx.get(done["download"], timeout=60).content
        assert len(data) == done["bytes"]
        return done, data


@pytest.fixture(scope="session")
def caller(planned: LiveServer) -> Iterator[Caller]:
    """A caller at the prefix, whose key is of the dialect."""
    with Caller.of(planned, "smaller") as made:
        yield made


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One picture of 600x400 with detail, in every format that is taken."""
    noise = pyvips.Image.gaussnoise(600, 400, mean=128, sigma=30).gaussblur(1.5)
    ramp = pyvips.Image.xyz(600, 400)[0] * (255 / 600)
    image = noise.bandjoin([ramp, noise * 0.5 + ramp * 0.5]).cast("uchar").copy(interpretation="srgb")
    return {
        "jpeg": image.jpegsave_buffer(Q=96),
        "png": image.pngsave_buffer(),
        "webp": image.webpsave_buffer(Q=95),
        "avif": image.heifsave_buffer(compression="av1", Q=90, effort=0),
    }
