"""Resumable uploads spoken by hand: what no well-behaved client can be made to do."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import httpx

from live import LiveServer

VERSION = {"Tus-Resumable": "1.0.0"}
OFFSET_STREAM = "application/offset+octet-stream"


@dataclass
class Tus:
    """A client of tus that does one request at a time."""

    client: httpx.Client

    def begin(self, length: int | None, data: bytes | None = None, **headers: str) -> httpx.Response:
        """Begin an upload; None: of a length that is not yet known."""
        size = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        kind = {} if data is None else {"Content-Type": OFFSET_STREAM}
        sent = VERSION | size | kind | _dashed(headers)
        return self.client.post("/v1/uploads/tus", headers=sent, content=data)

    def place(self, length: int | None, **headers: str) -> str:
        """Begin an upload and return where it is."""
        response = self.begin(length, **headers)
        assert response.status_code == 201, response.text
        return response.headers["location"]

    def append(self, place: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
        """Add bytes."""
        sent = VERSION | {"Upload-Offset": str(offset), "Content-Type": OFFSET_STREAM} | _dashed(headers)
        return self.client.patch(place, headers=sent, content=data)

    def state(self, place: str) -> httpx.Response:
        """Ask how far it is."""
        return self.client.head(place, headers=VERSION)

    def offset(self, place: str) -> int:
        """Return how far it is."""
        response = self.state(place)
        assert response.status_code == 200, response.headers
        return int(response.headers["upload-offset"])

    def end(self, place: str) -> httpx.Response:
        """End it."""
        return self.client.delete(place, headers=VERSION)

    def upload(self, place: str) -> dict[str, object]:
        """Return what became of it."""
        response = self.client.get(f"/v1/uploads/{place.rsplit('/', 1)[1]}")
        assert response.status_code == 200, response.text
        body: dict[str, object] = response.json()
        return body


class Sending:
    """A request of tus that is still being sent.

    Args:
        server: where to.
        place: of the upload.
        offset: where its bytes belong.
        length: how many it promises.
    """

    def __init__(self, server: LiveServer, place: str, offset: int, length: int, **headers: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        fields = VERSION | {
            "Host": "127.0.0.1",
            "Authorization": f"Bearer {server.key}",
            "Content-Type": OFFSET_STREAM,
            "Content-Length": str(length),
            "Upload-Offset": str(offset),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in (fields | _dashed(headers)).items())
        self._socket.sendall(f"PATCH {place} HTTP/1.1\r\n{head}\r\n".encode())

    def send(self, data: bytes) -> None:
        """Send a part of the body."""
        self._socket.sendall(data)

    def status(self) -> int:
        """Wait for the answer and return its status."""
        return int(self._socket.recv(65536).split(b" ", 2)[1])

    def cut(self) -> None:
        """Break the connection."""
        self._socket.close()


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
