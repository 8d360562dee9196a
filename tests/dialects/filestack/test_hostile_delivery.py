"""Unknown, malformed and hostile delivery requests: the dialect's own error body, and no 5xx but 501."""

from __future__ import annotations

import base64
import json
import socket
from urllib.parse import urlsplit

import pytest

from filestack_client import Filestack, picture
from filestack_delivery import refused_delivery
from filestack_urls import base64_tasks, base64url

HANDLE = "aBcDeFgHiJ0123456789"
PATHS = {
    "nothing": ("", 400),
    "unknown handle": (HANDLE, 404),
    "too short": ("abc", 404),
    "null byte": ("%00", 400),
    "null byte in an option": (f"resize=width:1%00/{HANDLE}", 400),
    "no encoding": (f"resize=width:%zz/{HANDLE}", 400),
    "no UTF-8": (f"resize=width:%ff%fe/{HANDLE}", 400),
    "overlong": ("%c0%ae%c0%ae%c0%af", 400),
    "encoded twice": ("resize%253Dwidth%253A10/" + HANDLE, 400),
    "up": ("..%2f..%2fetc%2fpasswd", 400),
    "up, twice encoded": ("%252e%252e%252f", 400),
    "a file of the machine": ("file%3A%2F%2F%2Fetc%2Fpasswd", 400),
    "another scheme": ("{key}/gopher://127.0.0.1/a", 400),
    "a thousand tasks": (f"{'flip/' * 1000}{HANDLE}", 400),
    "a thousand nested lists": (f"crop=dim:{'[' * 1000}{']' * 1000}/{HANDLE}", 400),
    "a thousand options": (f"resize={','.join(f'o{n}:1' for n in range(1000))}/{HANDLE}", 400),
    "an open bracket": (f"crop=dim:[1,2/{HANDLE}", 400),
    "an open quote": (f"%22https://a.example/{HANDLE}", 400),
    "an unknown task": (f"rezise=width:1/{HANDLE}", 400),
    "an unknown option": (f"resize=wdith:1/{HANDLE}", 400),
    "out of range": (f"resize=width:10001/{HANDLE}", 400),
    "a task that is not done": (f"tags/{HANDLE}", 501),
    "a video": (f"video_convert=preset:h264/{HANDLE}", 501),
    "the state of a video": ("video_convert/0d1e2f30-0000-4000-8000-000000000000", 501),
    "a workflow without a source": ("{key}/workflow_status=job_id:1", 501),
    "a screenshot": ("{key}/urlscreenshot/https://a.example", 501),
    "a forged key": (f"AbcdefghijKLMNOPQRSTUz/flip/{HANDLE}", 401),
    "no key": ("flip/https://a.example/a.png", 401),
    "a key and nothing": ("{key}/", 404),
    "a source in itself": (f"{{key}}/b64://{base64url('b64://' + base64url('b64://'))}", 400),
    "tasks in base64 that are none": (f"b64/!!!/b64://{base64url(HANDLE)}", 400),
    "nested tasks in base64": (
        f"b64/{base64url('[' * 5000)}/b64://{base64url(HANDLE)}",
        400,
    ),
    "a null byte in base64": (
        f"{base64_tasks([{'name': 'watermark', 'params': {'file': chr(0)}}])}/b64://{base64url(HANDLE)}",
        400,
    ),
    "two securities": (f"security=p:a,s:b/security=p:a,s:b/{HANDLE}", 400),
    "half a security": (f"security=policy:e30=/{HANDLE}", 400),
    "too long": ("a" * 20_000, 400),
}


@pytest.mark.parametrize("case", PATHS)
def test_paths(filestack: Filestack, case: str) -> None:
    """FS-45, FS-53, FS-87, FS-88, FS-89, FS-181, FS-182, FS-184: as they are on the wire; what is not done is 501."""
    path, status = PATHS[case]
    url = urlsplit(filestack.server.address)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=20) as connection:
        asked = path.replace("{key}", filestack.key)
        head = f"GET /filestack/cdn/{asked} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        raw = b"".join(iter(lambda: connection.recv(65536), b""))
    first, _, body = raw.partition(b"\r\n\r\n")
    assert int(first.split()[1]) == status, raw[:400]
    assert set(json.loads(body)) == {"error"}


def test_methods(filestack: Filestack) -> None:
    """FS-32, FS-181: nothing is deleted or changed by delivery."""
    handle = filestack.store(picture())["handle"]
    for method in ("DELETE", "PUT", "PATCH"):
        refused_delivery(filestack.http.request(method, f"{filestack.cdn}/{handle}"), 405)
    assert filestack.http.get(f"{filestack.cdn}/{handle}").status_code == 200


def test_what_is_another_s(filestack: Filestack) -> None:
    """FS-125, FS-182: a private result of the native API, and another app's file, are not there."""
    with filestack.server.client() as native:
        made = native.post("/v1/resize?width=8", content=picture(), headers={"Accept": "application/json"})
        private = made.json()["assetId"]
        source = {"base64": base64.b64encode(picture()).decode()}
        said = {"source": source, "width": 8, "output": {"public": True}}
        public = native.post("/v1/resize", json=said, headers={"Accept": "application/json"}).json()["assetId"]
    for path in (private, f"flip/{private}", f"{filestack.key}/{private}", f"{private}/metadata"):
        refused_delivery(filestack.http.get(f"{filestack.cdn}/{path}"), 404)
    assert filestack.http.get(f"{filestack.cdn}/{public}").status_code == 200
    refused_delivery(filestack.http.get(f"{filestack.cdn}/flip/{public}"), 401)
    refused_delivery(filestack.http.get(f"{filestack.cdn}/{public}/metadata?policy=e30=&signature=0"), 403)
    with Filestack(filestack.server, "other") as other:
        handle = other.store(picture())["handle"]
        assert filestack.http.get(f"{filestack.cdn}/{handle}").status_code == 200
        refused_delivery(filestack.http.get(f"{filestack.cdn}/{filestack.key}/{handle}"), 404)
        mine = filestack.store(picture())["handle"]
        refused_delivery(filestack.http.get(f"{filestack.cdn}/zip/[{mine},{handle}]"), 404)
        policy, signature = filestack.sign("convert")
        path = f"security=p:{policy},s:{signature}/flip/{handle}"
        refused_delivery(filestack.http.get(f"{filestack.cdn}/{path}"), 403)


def test_a_private_result_of_one_s_own(filestack: Filestack) -> None:
    """FS-05, FS-125: an API key is no secret, so that it takes a signature."""
    native_key = filestack.server.new_key("both")
    with Filestack(filestack.server, "both") as both, filestack.server.client(native_key) as native:
        made = native.post("/v1/resize?width=8", content=picture(), headers={"Accept": "application/json"})
        private = made.json()["assetId"]
        for path in (private, f"flip/{private}", f"{both.key}/{private}"):
            refused_delivery(both.http.get(f"{both.cdn}/{path}"), 403)
            assert both.http.get(f"{both.cdn}/{path}", params=both.sign().query).status_code == 200
