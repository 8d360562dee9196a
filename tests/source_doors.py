"""The ways that a URL comes into a server: of its own API, and of every dialect that takes URLs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from litestar.testing import TestClient

import bombs
from closed_network import ClosedNetwork

PICTURE = bombs.photo()
FLIP = {"op": "flip"}


class Inside:
    """A server in this process, on the closed network, which may fetch from the server outside only."""

    def __init__(self, http: TestClient[Any], network: ClosedNetwork, keys: Mapping[str, str], app_secret: str) -> None:
        self.http = http
        self.network = network
        self.keys = keys
        self.app_secret = app_secret
        self.file = ""
        answer = http.post("/v1/uploads", content=PICTURE, headers={"X-API-Key": keys[""]})
        self.kept = answer.json()["uploadId"]

    def send(self, path: str, body: object, dialect: str = "", **more: str) -> Any:
        """Send JSON, and return the answer."""
        headers = {"X-API-Key": self.keys[dialect], **more}
        return self.http.post(f"/{dialect}{path}" if dialect else path, json=body, headers=headers)

    def ended(self, answer: Any, dialect: str = "") -> tuple[int, str]:
        """Wait for the end of a job that was accepted, and return its status and what is told of it."""
        if answer.status_code != 202:
            return shown(answer)
        place = answer.headers.get("location") or answer.json()["result_url"]
        headers = {"X-API-Key": self.keys[dialect]}
        end = time.monotonic() + 120
        while time.monotonic() < end:
            found = self.http.get(place, headers=headers)
            told = found.json()["status"]
            if told not in ("queued", "running", "processing"):
                return 200 if told in ("succeeded", "done") else 400, found.text
            time.sleep(0.02)
        raise TimeoutError(found.text)


Door = Callable[[Inside, str], tuple[int, str]]


def shown(answer: Any) -> tuple[int, str]:
    """Return what an answer tells."""
    return answer.status_code, answer.text


def native(inside: Inside, url: str) -> tuple[int, str]:
    """The source of an operation."""
    return shown(inside.send("/v1/flip", {"source": {"url": url}}))


def form(inside: Inside, url: str) -> tuple[int, str]:
    """The same as a form's text."""
    fields = {"source": (None, json.dumps({"url": url}))}
    return shown(inside.http.post("/v1/flip", files=fields, headers={"X-API-Key": inside.keys[""]}))


def of_many(inside: Inside, url: str) -> tuple[int, str]:
    """One of several sources."""
    return shown(inside.send("/v1/process", {"sources": [{"uploadId": inside.kept}, {"url": url}], "steps": [FLIP]}))


def second_input(inside: Inside, url: str) -> tuple[int, str]:
    """An input of a step, beside the source."""
    steps = [{"op": "watermark", "image": {"url": url}}]
    return shown(inside.send("/v1/process", {"source": {"uploadId": inside.kept}, "steps": steps}))


def pack(inside: Inside, url: str) -> tuple[int, str]:
    """The source of a pack."""
    return shown(inside.send("/v1/packs/tiktok", {"source": {"url": url}}))


def job(inside: Inside, url: str) -> tuple[int, str]:
    """The source of a job, fetched when its turn comes."""
    return inside.ended(inside.send("/v1/flip", {"source": {"url": url}}, Prefer="respond-async"))


def imgstax(inside: Inside, url: str) -> tuple[int, str]:
    """Imgstax: `source.url`."""
    return shown(inside.send("/v1/resize", {"source": {"url": url}, "width": 9}, "imgstax"))


def imgsmaller(inside: Inside, url: str) -> tuple[int, str]:
    """ImgSmaller: `file_url`, of an account that allows every domain that the table has."""
    body = {"file_url": url, "target_size": "auto", "output": "original"}
    return inside.ended(inside.send("/api/v1/compress", body, "imgsmaller"), "imgsmaller")


def filewhirl(inside: Inside, url: str) -> tuple[int, str]:
    """FileWhirl: `url`."""
    return inside.ended(inside.send("/convert-api", {"url": url, "to": "png"}, "filewhirl"), "filewhirl")


def delivery(inside: Inside, url: str) -> tuple[int, str]:
    """Filestack: a URL in the path."""
    return shown(inside.http.get(f"/filestack/cdn/{inside.keys['filestack']}/flip/{quote(url, safe='')}"))


def overwrite(inside: Inside, url: str) -> tuple[int, str]:
    """Filestack: what is to be in a file's place."""
    key, secret = inside.keys["filestack"], inside.app_secret
    policy = base64.urlsafe_b64encode(json.dumps({"expiry": int(time.time()) + 600}).encode()).decode()
    signature = hmac.digest(secret.encode(), policy.encode(), hashlib.sha256).hex()
    query = f"key={key}&policy={policy}&signature={signature}"
    if not inside.file:
        answer = inside.http.post(
            f"/filestack/api/store/S3?{query}", content=PICTURE, headers={"Content-Type": "image/jpeg"}
        )
        inside.file = answer.json()["url"].rpartition("/")[2]
    return shown(inside.http.post(f"/filestack/api/file/{inside.file}?{query}", data={"url": url}))


def store(inside: Inside, url: str) -> tuple[int, str]:
    """Filestack: what is to be stored."""
    return shown(inside.send(f"/api/store/S3?key={inside.keys['filestack']}", {"url": url}, "filestack"))


def process(inside: Inside, url: str) -> tuple[int, str]:
    """Filestack: a source in JSON."""
    body = {"apikey": inside.keys["filestack"], "sources": [url], "tasks": [{"name": "flip"}]}
    return shown(inside.send("/process", body, "filestack"))


AT_ONCE: Sequence[Door] = (native, form, of_many, second_input, pack, imgstax, delivery, store, overwrite, process)
LATER: Sequence[Door] = (job, imgsmaller, filewhirl)
