"""The dialect by prefix, by the vendor's host names and at the root (FS-01…FS-03), and for pages of other origins."""

from __future__ import annotations

import httpx
import pytest

from filestack_client import Filestack, picture, refused
from live import StartServer


def named(client: Filestack, host: str, method: str, path: str, **how: object) -> httpx.Response:
    """Ask by a host name of the dialect, as a client does for whom that name leads here."""
    headers = {"Host": f"{host}:{client.server.port}", "Content-Type": "image/png"}
    return client.http.request(method, client.server.address + path, headers=headers, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["www.fs.test", "api.fs.test", "WWW.fs.test"])
def test_by_host_name(filestack: Filestack, host: str) -> None:
    """FS-01, FS-02, FS-03, DX-04: the File API on `www.X`; what it tells is on `cdn.X`."""
    answer = named(filestack, host, "POST", f"/api/store/S3?key={filestack.key}", content=picture())
    handle = answer.json()["handle"]
    assert answer.json()["url"] == f"http://cdn.fs.test:{filestack.server.port}/{handle}"
    assert named(filestack, host, "GET", f"/api/file/{handle}").content == picture()


def test_what_is_not_here(filestack: Filestack) -> None:
    """FS-04, FS-181: neither the picker's back end nor its scripts."""
    for host in ("cloud.fs.test", "static.fs.test"):
        for method, path in (("GET", "/"), ("GET", f"/{'A' * 20}"), ("POST", "/folder/list"), ("DELETE", "/x")):
            answer = named(filestack, host, method, path)
            assert (answer.status_code, set(answer.json())) == (404, {"error"})


def test_no_deleting_on_the_delivery_host(filestack: Filestack) -> None:
    """FS-03, FS-32: `cdn.X` has no File API."""
    handle = filestack.store(picture())["handle"]
    for path in (f"/api/file/{handle}", f"/{handle}"):
        answer = named(filestack, "cdn.fs.test", "DELETE", path, params=filestack.sign("remove").query)
        assert answer.status_code in (404, 405), answer.text
    assert filestack.http.get(filestack.file(handle)).content == picture()


def test_one_name(filestack: Filestack) -> None:
    """FS-03: under a name of its own that is none of the vendor's, all is at that name's root."""
    answer = named(filestack, "one.test", "POST", f"/api/store/S3?key={filestack.key}", content=picture())
    assert answer.json()["url"] == f"http://one.test:{filestack.server.port}/{answer.json()['handle']}"


def test_a_public_address(start_server: StartServer) -> None:
    """FS-01, FS-03, DX-04: scheme and port are the public address's; the vendor's own names are of two domains."""
    server = start_server(
        public_url="https://files.example.com",
        dialect_hosts="filestack=www.filestackapi.com,filestack=cdn.filestackcontent.com",
        root_dialects="filestack",
        workers="1",
    )
    with Filestack(server) as client:
        for host, url in {
            "www.filestackapi.com": "https://cdn.filestackcontent.com",
            "127.0.0.1": "https://files.example.com",
        }.items():
            answer = named(client, host, "POST", f"/api/store/S3?key={client.key}", content=picture())
            assert answer.json()["url"] == f"{url}/{answer.json()['handle']}"
        below = client.store(picture())
        assert below["url"] == f"https://files.example.com/filestack/cdn/{below['handle']}"


def test_pages_of_other_origins(filestack: Filestack) -> None:
    """DX-14, FS-116: the headers that the clients send are allowed, those that they read exposed."""
    sent = "filestack-source, filestack-trace-id, filestack-trace-span, content-md5, x-amz-date"
    url = f"{filestack.base}/api/store/S3"
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    preflight = filestack.http.options(url, headers={**asked, "Access-Control-Request-Headers": sent})
    assert preflight.status_code in (200, 204)
    allowed = preflight.headers["access-control-allow-headers"].lower()
    assert allowed == "*" or set(sent.split(", ")) <= set(allowed.replace(" ", "").split(","))
    assert (
        preflight.headers["access-control-allow-methods"] == "*"
        or "POST" in (preflight.headers["access-control-allow-methods"])
    )
    headers = {"Origin": "https://shop.example", "Filestack-Source": "JS-4.3.8", "Content-Type": "image/png"}
    answer = filestack.http.post(url, params={"key": filestack.key}, content=picture(), headers=headers)
    assert answer.headers["access-control-allow-origin"] in ("*", "https://shop.example")
    exposed = answer.headers["access-control-expose-headers"]
    for name in ("Filestack-Limit", "Filestack-Remaining", "Filestack-Reset", "X-File-Name", "ETag", "Retry-After"):
        assert name in exposed
    refused(filestack.http.post(url, headers=headers), 401)
