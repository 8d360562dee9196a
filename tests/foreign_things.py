"""What a tenant has in every API of a server, for tests in which another tenant asks for it."""

from __future__ import annotations

import asyncio
import random
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyvips

from filemill_server.database import Database
from filemill_server.webhooks.endpoints import DisabledEndpoints
from filestack_client import Filestack
from filestack_uploads import Upload
from live import LiveServer

DIALECTS = ("filagram", "filestack", "filewhirl", "imgsmaller", "imgstax")
NATIVE = ""
PICTURE: bytes = pyvips.Image.black(2, 3).pngsave_buffer()
TUS = {"Tus-Resumable": "1.0.0"}
_HEX = "abcdef"


def never(id: str) -> str:
    """Return an id that looks like another one, and was never given out."""
    letters = _HEX if set(id) <= set(string.hexdigits + "-") else string.ascii_lowercase
    made = ""
    for sign in id:
        alphabet = "123456789" if sign.isdigit() else letters if sign.islower() else letters.upper()
        made += random.choice(alphabet) if sign.isalnum() else sign
    return made


@dataclass
class Tenant:
    """A tenant with a key of every API.

    Attributes:
        server: that it uses.
        name: of it.
        things: ids, tokens and URLs of what it has, by what they are.
        app: its Filestack app.
        keys: its keys by dialect.
    """

    server: LiveServer
    name: str
    things: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made = self.server.make_key(self.name)
        self.app = Filestack(self.server, self.name)
        self.keys = {NATIVE: str(made["key"]), "filestack": self.app.key}
        self.things["key"] = made["about"]["keyId"]
        for dialect in DIALECTS:
            if dialect not in self.keys:
                self.keys[dialect] = self.server.new_key(self.name, dialect=dialect)
        self.http = self.server.client("")

    def close(self) -> None:
        """Let go of its connections."""
        self.http.close()
        self.app.http.close()

    def ask(self, dialect: str, method: str, path: str, **said: Any) -> httpx.Response:
        """Make a request with the key of a dialect."""
        bearer = {"Authorization": f"Bearer {self.keys[dialect]}"}
        sent = bearer if dialect == "filagram" else {"X-API-Key": self.keys[dialect]}
        headers = sent | dict(said.pop("headers", {}))
        return self.http.request(method, f"/{dialect}{path}" if dialect else path, headers=headers, **said)

    def made(self, dialect: str, path: str, **said: Any) -> dict[str, Any]:
        """Post, and return what was answered."""
        answer = self.ask(dialect, "POST", path, **said)
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def until(self, read: Callable[[], dict[str, Any]], *states: str) -> dict[str, Any]:
        """Ask until something has one of some states."""
        end = time.monotonic() + 60
        while (body := read())["status"] not in states:
            assert time.monotonic() < end, body
            time.sleep(0.05)
        return body

    def ended(self, job: str, *states: str) -> dict[str, Any]:
        """Wait until a job has one of some states."""
        return self.until(lambda: dict(self.ask(NATIVE, "GET", f"/v1/jobs/{job}").json()), *states)

    def get_things(self) -> None:
        """Come to have one of everything."""
        self._native()
        self._filestack()
        form: dict[str, Any] = {"files": {"file": ("a.png", PICTURE)}}
        job = self.made("filewhirl", "/convert-api", data={"to": "jpg"}, **form)
        query = {"id": job["id"], "token": job["token"]}
        done = self.until(lambda: dict(self.ask("filewhirl", "GET", "/convert-api", params=query).json()), "done")
        self.things |= {"whirl": job["id"], "token": job["token"], "whirl-output": done["output_url"]}
        result = self.made("imgsmaller", "/api/v1/compress", **form)
        self.things["smaller"] = result["progress_key"]
        ended = self.until(lambda: dict(self.http.get(result["result_url"]).json()), "done")
        self.things |= {"smaller-result": result["result_url"], "smaller-output": ended["download"]}
        said = {"source": {"uploadId": self.things["upload"]}, "width": 1, "output": {"public": False}}
        self.things["stax"] = self.made("imgstax", "/v1/resize", json=said)["assetId"]
        self.things["gram-output"] = self.made("filagram", "/api/v1/compress", **form)["url"]

    def _native(self) -> None:
        said = {"headers": {"Content-Type": "image/png"}, "content": PICTURE}
        asset = self.made(NATIVE, "/v1/flip", **said)
        self.things |= {"asset": asset["assetId"], "link": asset["url"]}
        self.things["upload"] = self.made(NATIVE, "/v1/uploads", **said)["uploadId"]
        begun = self.ask(NATIVE, "POST", "/v1/uploads", headers={"Upload-Complete": "?0"}, content=b"ab")
        self.things["partial"] = begun.headers["location"].rpartition("/")[2]
        begun = self.ask(NATIVE, "POST", "/v1/uploads/tus", headers={**TUS, "Upload-Length": "5"})
        self.things["tus"] = begun.headers["location"].rpartition("/")[2]
        self.things["job"] = self._done("/v1/flip", headers={"Prefer": "respond-async"}, content=PICTURE)
        source = {"uploadId": self.things["upload"]}
        batch = {"sources": [source, source], "steps": [{"op": "flip"}]}
        self.things["batch"] = self._done("/v1/batches", json=batch)
        self.things["domain"] = f"{self.name}.example"
        assert self.ask(NATIVE, "PUT", f"/v1/domains/{self.things['domain']}").is_success
        database = Database(f"sqlite:///{self.server.data / 'filemill.db'}")
        endpoints = DisabledEndpoints(database)
        asyncio.run(endpoints.disable(self.name, "https://gone.example/hook", "410"))
        database.close()
        (endpoint,) = self.ask(NATIVE, "GET", "/v1/webhooks/endpoints").json()["endpoints"]
        self.things["endpoint"] = endpoint["endpointId"]

    def _done(self, path: str, **said: Any) -> str:
        job = str(self.made(NATIVE, path, **said)["jobId"])
        self.ended(job, "succeeded")
        return job

    def _filestack(self) -> None:
        self.things |= {name: self.app.store(PICTURE)["handle"] for name in ("handle", "second", "third")}
        upload = Upload(self.app)
        self.things["parts"] = upload.start(b"abc", fii=True)["upload_id"]
        self.things["ticket"] = upload.prepare(1, b"abc", fii=True)["url"]
        upload.send(1, b"abc", fii=True)

    def sees(self) -> Mapping[str, object]:
        """Return all that it can see of what it has: the same, where nobody has changed it."""
        paths = [
            *("/v1/assets", "/v1/jobs", "/v1/domains", "/v1/webhooks/endpoints", "/v1/webhooks/secret"),
            *(f"/v1/jobs/{self.things[name]}" for name in ("job", "batch")),
            f"/v1/jobs/{self.things['batch']}/parts",
            f"/v1/uploads/{self.things['upload']}",
            f"/v1/assets/{self.things['asset']}",
        ]
        seen: dict[str, object] = {path: self.ask(NATIVE, "GET", path).content for path in paths}
        partial = self.ask(NATIVE, "HEAD", f"/v1/uploads/{self.things['partial']}")
        tus = self.ask(NATIVE, "HEAD", f"/v1/uploads/tus/{self.things['tus']}", headers=TUS)
        offsets = [answer.headers["upload-offset"] for answer in (partial, tus)]
        handles = [self.app.metadata(self.things[name], md5="true", size="true") for name in ("handle", "second")]
        return seen | {"offsets": offsets, "handles": handles, "used": self.used()}

    def used(self) -> int:
        """Return how many units it has used this month."""
        return int(self.ask(NATIVE, "GET", "/v1/usage").json()["month"]["used"])
