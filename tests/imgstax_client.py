"""A client of the Imgstax dialect for tests, and the pictures they send."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import httpx
import pyvips

from live import LiveServer

QUARTERS = ((200, 40, 40), (40, 180, 60), (50, 60, 210), (230, 210, 60))
"""Colours of the photo: top left, top right, bottom left, bottom right."""
MEMBERS = {"assetId", "url", "width", "height", "sizeBytes", "format", "mimeType", "expiresAt"}
MEDIA = {"Jpeg": "image/jpeg", "Png": "image/png", "Webp": "image/webp", "Avif": "image/avif"}
LOADERS = {"Jpeg": "jpegload_buffer", "Png": "pngload_buffer", "Webp": "webpload_buffer", "Avif": "heifload_buffer"}
_WORDS = {
    400: ("Invalid Request", "INVALID_REQUEST"),
    401: ("Unauthorized", "UNAUTHORIZED"),
    404: ("Not Found", "NOT_FOUND"),
    429: ("Rate Limited", "RATE_LIMITED"),
}


@dataclass
class Picture:
    """A result: what was answered, its bytes and its pixels."""

    body: dict[str, Any]
    data: bytes

    @property
    def image(self) -> pyvips.Image:
        """Its pixels."""
        image: pyvips.Image = getattr(pyvips.Image, LOADERS[self.body["format"]])(self.data)
        return image

    @property
    def size(self) -> tuple[int, int]:
        """Its real width and height."""
        return self.image.width, self.image.height

    def near(self, x: int, y: int, colour: tuple[int, ...], distance: float = 24) -> bool:
        """Whether a pixel has about a colour."""
        return all(abs(a - b) <= distance for a, b in zip(self.image(x, y), colour, strict=True))


@dataclass
class Imgstax:
    """An existing client, whose base and key were changed and nothing else."""

    server: LiveServer
    prefix: str = "/imgstax"
    native: str = ""
    key: str = ""
    uploads: dict[bytes, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the connections."""
        self.key = self.key or self.server.key
        self.http = httpx.Client(timeout=60, headers={"X-API-Key": self.key})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    @property
    def base(self) -> str:
        """What a user edits in an existing client."""
        return f"{self.server.address}{self.prefix}/v1"

    def source(self, data: bytes) -> dict[str, str]:
        """Return a source for some bytes: an upload of the native API."""
        if data not in self.uploads:
            answer = self.http.post(f"{self.server.address}{self.native}/v1/uploads", content=data)
            assert answer.status_code == 201, answer.text
            self.uploads[data] = answer.json()["uploadId"]
        return {"uploadId": self.uploads[data]}

    def post(self, endpoint: str, data: bytes | None = None, **body: Any) -> httpx.Response:
        """Ask for a result."""
        if data is not None:
            body["source"] = self.source(data)
        return self.http.post(f"{self.base}/{endpoint}", json=body)

    def made(self, endpoint: str, data: bytes | None = None, **body: Any) -> Picture:
        """Ask for a result, and fetch it as its users do: by its URL, without a key."""
        answer = self.post(endpoint, data, **body)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        bytes_ = httpx.get(said["url"]) if (body.get("output") or {}).get("public", True) else self.get(said)
        assert bytes_.status_code == 200, bytes_.text
        made = Picture(said, bytes_.content)
        assert len(made.data) == said["sizeBytes"]
        assert made.size == (said["width"], said["height"])
        assert bytes_.headers["content-type"] == said["mimeType"] == MEDIA[said["format"]]
        return made

    def get(self, said: dict[str, Any]) -> httpx.Response:
        """Fetch a result with the key."""
        return self.http.get(said["url"])


def refused(answer: httpx.Response, status: int, *words: str) -> str:
    """Check that an answer is an error of this service, and return its message."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["error"], body["code"]) == _WORDS[status]
    assert set(body) == {"error", "message", "code"}
    assert isinstance(body["message"], str)
    assert all(word in body["message"] for word in words), body["message"]
    return str(body["message"])


def pixels(width: int = 600, height: int = 400) -> pyvips.Image:
    """Draw four coloured quarters with some grain."""
    half = width // 2, height // 2
    quarter = [pyvips.Image.gaussnoise(*half, mean=0, sigma=4, seed=7) + list(colour) for colour in QUARTERS]
    return pyvips.Image.arrayjoin(quarter, across=2).cast("uchar").copy(interpretation="srgb")


@cache
def photo(format: str = "Jpeg", quality: int = 88) -> bytes:
    """Return the quarters, 600x400, with EXIF where the format is JPEG."""
    image = pixels().copy()
    if format == "Png":
        return bytes(image.pngsave_buffer())
    if format == "Avif":
        return bytes(image.heifsave_buffer(compression="av1", Q=70, effort=0))
    if format == "Webp":
        return bytes(image.webpsave_buffer(Q=quality))
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Make", "Secret")
    return bytes(image.jpegsave_buffer(Q=quality))


@cache
def glass() -> bytes:
    """Return a PNG of 300x200: red on the left, nothing at all on the right."""
    red = pyvips.Image.black(300, 200, bands=3).linear(1, [220, 30, 30], uchar=True).copy(interpretation="srgb")
    seen = pyvips.Image.black(150, 200).linear(1, 255, uchar=True).embed(0, 0, 300, 200)
    return bytes(red.bandjoin(seen).pngsave_buffer())
