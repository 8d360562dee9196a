"""Slow work sent to a live server of one worker, and how long it is until nothing of it is left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from footprint import idle_workers, seconds_until_gone
from live import LiveServer
from slow_files import SlowFiles
from slow_inputs import MAX_PIXELS, Slow

PATIENCE = 120.0


def slow_server(folder: Path, deadline: float) -> LiveServer:
    """Return a server, not started, of one worker, a deadline, and its own folder for temporary files."""
    (temporary := folder / "tmp").mkdir()
    settings = {"WORKERS": "1", "DEADLINE_SECONDS": f"{deadline:g}", "MAX_PIXELS": str(MAX_PIXELS)}
    environment = {f"FILEMILL_{name}": value for name, value in settings.items()}
    return LiveServer(folder / "data", environment | {"TMPDIR": str(temporary)})


@dataclass(frozen=True)
class Ended:
    """What came of a request.

    Fields:
        said: `done`, or the code of the problem.
        answered, gone: seconds until it was answered, and until its processes and files were gone.
        detail: of the problem.
    """

    said: str
    answered: float
    gone: float
    detail: str


@dataclass
class SlowRequests:
    """Sends slow work; files are uploaded before, so that no request waits for its body."""

    server: LiveServer
    files: SlowFiles
    _uploads: dict[str, str] = field(default_factory=dict)

    def send(self, case: Slow) -> Ended:
        """Send one request to the idle server, and wait until nothing of it is left."""
        with self.server.client() as client:
            sources = [{"uploadId": self._upload(client, name)} for name in case.files]
            given = {"source": sources[0]} if len(sources) == 1 else {"sources": sources}
            workers = idle_workers(self.server)
            started = time.monotonic()
            response = client.post("/v1/process", json={**given, "steps": case.steps}, timeout=PATIENCE)
            answered = time.monotonic() - started
            gone = seconds_until_gone(self.server, workers, started)
        problem = {} if response.is_success else response.json()
        return Ended(problem.get("code", "done"), answered, gone, problem.get("detail", ""))

    def _upload(self, client: httpx.Client, name: str) -> str:
        if name not in self._uploads:
            with self.files.path(name).open("rb") as content:
                made = client.post("/v1/uploads", files={"file": (name, content)}, timeout=PATIENCE)
            assert made.status_code == 201, made.text
            self._uploads[name] = made.json()["uploadId"]
        return self._uploads[name]
