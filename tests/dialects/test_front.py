"""Who answers: the native API or a dialect, by host, by prefix and at the root (DX-01…DX-06, DX-12, DX-18)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pyvips import Image

from documentation import ROOT, blocks
from forked import FILEMILL
from live import TENANT, LiveServer, StartServer
from plugin_site import install

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture(scope="module")
def speaking(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """A server with both dialects at the root and one under a host name, and with a plugin that breaks."""
    site = tmp_path_factory.mktemp("plugin") / "site"
    (page,) = blocks("python", [ROOT / "docs/authors/dialects.md"])
    example = tmp_path_factory.mktemp("example") / "squares.py"
    example.write_text(page.text)
    return start_server(
        environment=install(
            site, PLUGINS / "spoken_plugin.py", PLUGINS / "spoken_dialects.py", example, spoken="", mute="broken"
        ),
        workers="1",
        root_dialects="loud,meek",
        dialect_hosts="loud=loud.example.com",
    )


@pytest.fixture
def caller(speaking: LiveServer) -> Iterator[httpx.Client]:
    """A client without a key."""
    with speaking.client("") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "headers", "prefix"),
    [
        ("/loud/api/v1/who", {}, "/loud"),
        ("/api/v1/who", {}, ""),
        ("/api/v1/who", {"Host": "LOUD.example.com"}, ""),
        ("/api/v1/who", {"Host": "loud.example.com:8443"}, ""),
    ],
)
def test_chosen(caller: httpx.Client, speaking: LiveServer, path: str, headers: dict[str, str], prefix: str) -> None:
    """DX-01, DX-04: by prefix, at the root, by host; URLs in its answers begin with where it was found."""
    answer = caller.get(path, headers={"Authorization": f"Bearer {speaking.key}", **headers})
    host = headers.get("Host", speaking.address.removeprefix("http://"))
    assert answer.json() == {"base": f"http://{host}{prefix}", "tenant": TENANT, "path": "/api/v1/who"}
    assert answer.headers["x-request-id"], "DX-12"


def test_host_of_a_dialect_is_its_own(caller: httpx.Client) -> None:
    """DX-01: under its name there is nothing else, not even what stands at the root."""
    headers = {"Host": "loud.example.com"}
    for path in ("/health/live", "/meek/anything", "/v1/assets"):
        answer = caller.get(path, headers=headers)
        assert (answer.status_code, answer.json()["loud"]) == (404, "NOT_FOUND")


def test_shared_path_goes_by_the_key(caller: httpx.Client, speaking: LiveServer) -> None:
    """DX-02: where the key is says whose client it is; without one the first dialect refuses."""
    bearer = caller.post("/api/v1/same", headers={"Authorization": f"Bearer {speaking.key}"})
    header = caller.post("/api/v1/same", headers={"X-API-Key": speaking.key})
    assert (bearer.json(), header.json()) == ({"by": "loud"}, {"by": "meek"})
    neither = caller.post("/api/v1/same")
    assert (neither.status_code, neither.json()["loud"]) == (401, "UNAUTHORIZED")


def test_all_the_rest_comes_last(caller: httpx.Client, speaking: LiveServer) -> None:
    """DX-03, DX-18: native paths come before it, and a literal path of a dialect before both."""
    assert caller.get("/a//b%2Fc").json() == {"rest": "/a/b/c", "raw": "/a//b%2Fc"}
    assert caller.get("/health/live").json() == {"status": "ok", "checks": {}}
    assert caller.get("/v1/operations").json() == {"loud": "operations"}
    assert caller.get("/native/v1/operations").json()["operations"]
    assert caller.get("/meek/health/live").json()["rest"] == "/health/live"
    headers = {"Authorization": f"Bearer {speaking.key}"}
    made = caller.post("/native/v1/resize?width=5", content=_picture(), headers=headers).json()
    assert made["url"].startswith(f"{speaking.address}/native/v1/assets/")
    assert caller.get(made["url"]).status_code == 200


def test_example_of_the_documentation(caller: httpx.Client, speaking: LiveServer) -> None:
    """What authors are shown is a dialect that works: its result, its errors, its key."""
    asked = {"files": {"picture": ("a.png", _picture())}, "data": {"side": "7"}, "params": {"token": speaking.key}}
    link = caller.post("/squares/squares", **asked).json()["link"]  # type: ignore[arg-type]
    assert link.startswith(f"{speaking.address}/squares/squares/")
    made = Image.new_from_buffer(caller.get(link).content, "")
    assert (made.width, made.height) == (7, 7)
    assert caller.get("/squares/squares/none").json() == {"failure": "There is no such asset, or it has expired."}
    assert caller.post("/squares/squares").json() == {"failure": "A key is needed."}


def test_errors_are_worded_by_the_dialect(caller: httpx.Client, speaking: LiveServer) -> None:
    """DX-06: what the router refuses and what nobody expected too, and a defect tells nothing of itself."""
    headers = {"Authorization": f"Bearer {speaking.key}"}
    missing = caller.get("/loud/nowhere", headers=headers)
    assert (missing.status_code, missing.json()["loud"]) == (404, "NOT_FOUND")
    method = caller.delete("/loud/api/v1/who", headers=headers)
    assert (method.status_code, method.json()["loud"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in method.headers["allow"]
    defect = caller.get("/loud/api/v1/break", headers=headers)
    assert (defect.status_code, defect.json()["loud"]) == (500, "INTERNAL_ERROR")
    assert "secret of the implementation" not in defect.text


def test_json_is_read_whatever_it_is_called(caller: httpx.Client, speaking: LiveServer) -> None:
    """An object is taken under any content type; what is none is refused in the dialect's words, and so is too much."""
    headers = {"Authorization": f"Bearer {speaking.key}", "Content-Type": "text/plain"}
    assert caller.post("/loud/api/v1/echo", content=b'{"a": [1]}', headers=headers).json() == {"a": [1]}
    for content, status, code in (
        (b"{", 400, "BAD_REQUEST"),
        (b"[1]", 400, "BAD_REQUEST"),
        (b"[" * 90, 400, "BAD_REQUEST"),
        (b'{"a": "' + b"x" * 100 + b'"}', 413, "FILE_TOO_LARGE"),
    ):
        answer = caller.post("/loud/api/v1/echo", content=content, headers=headers)
        assert (answer.status_code, answer.json()["loud"]) == (status, code)


def test_key_of_another_dialect_is_unknown(caller: httpx.Client, speaking: LiveServer) -> None:
    """DX-05: one that is bound works where it belongs; one that is not works everywhere."""
    bound = speaking.new_key("bound", dialect="meek")
    refused = caller.get("/loud/api/v1/who", headers={"Authorization": f"Bearer {bound}"})
    assert (refused.status_code, refused.json()["loud"]) == (401, "UNAUTHORIZED")
    assert caller.post("/meek/api/v1/same", headers={"X-API-Key": bound}).json() == {"by": "meek"}


def test_plugin_that_breaks_is_left_out_alone(speaking: LiveServer) -> None:
    """Its reason stands in the log; the server speaks all else."""
    log = Path(speaking.log.name).read_text()
    assert '"plugin":"mute"' in log
    assert "this plugin can't speak" in log


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("FILEMILL_ROOT_DIALECTS", "load", "Unknown dialect 'load'"),
        ("FILEMILL_DIALECT_HOSTS", "loud", "It is not like shop=api.example.com."),
    ],
)
def test_wrong_setting_is_said(tmp_path: Path, speaking: LiveServer, setting: str, value: str, said: str) -> None:
    """The server does not start, and says which setting it is and what would be right."""
    environment = {**speaking.environment, "FILEMILL_DATA_DIR": str(tmp_path), "FILEMILL_PORT": "0", setting: value}
    ended = subprocess.run([FILEMILL, "serve"], env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert f"Error: {setting}={value}: {said}" in ended.stderr


def _picture() -> bytes:
    data: bytes = Image.black(20, 10).pngsave_buffer()
    return data
