"""The official clients of Filestack, unmodified, before one server, in three ways.

`untouched`: they use the vendor's own host names. `named`: those below a domain of one's own, by their setting
for that. `prefixed`: an address with a path for each part of the service. All names are 127.0.0.1 for the clients.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from certificates import issued
from filestack_client import Filestack, picture
from live import LiveServer
from npm import node_modules
from official_clients import DOMAIN, HERE, NAMES, Clients, Node, Place, Python, python_names
from origin import serving
from ports import free_port
from tls_front import tls_front

_HOSTS = ("www.filestackapi.com", "process.filestackapi.com", "upload.filestackapi.com", "cdn.filestackcontent.com")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The one server of these tests."""
    folder = tmp_path_factory.mktemp("vendor")
    port = free_port()
    authority, certificate = issued(folder, *(f"*{name}" if name.startswith(".") else name for name in NAMES))
    settings = {
        "FILEMILL_FETCH_ALLOW_NETWORKS": "127.0.0.0/8",
        "FILEMILL_DIALECT_HOSTS": ",".join(f"filestack={name}" for name in (*_HOSTS, f"*.{DOMAIN}")),
        "FILEMILL_PUBLIC_URL": f"https://{DOMAIN}",
        "FILEMILL_WEBHOOK_ALLOW_HTTP": "true",
        "FILEMILL_WORKERS": "2",
    }
    server = LiveServer(folder / "data", settings)
    server.start()
    with tls_front(certificate, port, server.port):
        yield Place(server, port, authority)
    server.stop()


@pytest.fixture(scope="session")
def filestack_js() -> Path:
    """The folder in which Node finds filestack-js."""
    return node_modules(HERE)


Start = Callable[[str], Clients]


@pytest.fixture(scope="session")
def start(place: Place, filestack_js: Path) -> Iterator[Start]:
    """Start both clients, once in each way."""
    pytest.importorskip("filestack", reason="filestack-python is not installed")
    started: dict[str, Clients] = {}
    with ExitStack() as stack:

        def begin(way: str) -> Clients:
            if way not in started:
                app = stack.enter_context(Filestack(place.server, way))
                started[way] = _clients(place, way, app, filestack_js, stack)
            return started[way]

        yield begin


@pytest.fixture(params=["untouched", "named"])
def clients(request: pytest.FixtureRequest, start: Start) -> Clients:
    """Both clients, in each way that has host names as the vendor's."""
    return start(request.param)


@pytest.fixture
def repointed(start: Start) -> Clients:
    """Both clients, for what has nothing to do with how they come here."""
    return start("named")


@pytest.fixture
def prefixed(start: Start) -> Clients:
    """Both clients, with an address for each part of the service."""
    return start("prefixed")


def _random(path: Path, size: int) -> Path:
    path.write_bytes(Random(size).randbytes(size))
    return path


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six MiB: two parts of filestack-python."""
    return _random(tmp_path_factory.mktemp("document") / "träume 1.bin", 6 << 20)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parts of an intelligent upload."""
    return _random(tmp_path_factory.mktemp("large") / "large.bin", (8 << 20) + 100_001)


@pytest.fixture(scope="session")
def red(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small PNG."""
    path = tmp_path_factory.mktemp("red") / "red.png"
    path.write_bytes(picture())
    return path


@pytest.fixture(scope="session")
def origin() -> Iterator[str]:
    """A web server with a picture on it."""
    with serving({"red.png": picture(), "blue.png": picture(30, 20, (0, 0, 255))}) as port:
        yield f"http://127.0.0.1:{port}"


def _clients(place: Place, way: str, app: Filestack, modules: Path, stack: ExitStack) -> Clients:
    below = f"https://{DOMAIN}/filestack"
    python: Mapping[str, Mapping[str, str]]
    node: Mapping[str, Mapping[str, str]]
    if way == "prefixed":
        uploads = f"{below}/upload"
        cdn = f"{below}/cdn"
        python = {
            "CFG": {"API_URL": f"{below}/api", "CDN_URL": cdn, "MULTIPART_START_URL": f"{uploads}/multipart/start"}
        }
        node = {
            "urls": {"fileApiUrl": f"{below}/api/file", "cdnUrl": cdn, "processUrl": below, "uploadApiUrl": uploads}
        }
    elif way == "named":
        cdn = f"https://cdn.{DOMAIN}"
        python = {"config": {"CNAME": DOMAIN, "API_URL": f"https://www.{DOMAIN}/api"}}
        node = {"options": {"cname": DOMAIN}}
    else:
        cdn = "https://cdn.filestackcontent.com"
        python = node = {}
    in_python = [sys.executable, *python_names(place), str(HERE / "client.py"), json.dumps({"key": app.key, **python})]
    return Clients(
        way,
        app,
        stack.enter_context(Python(in_python, place.environment)),
        stack.enter_context(Node.started(place.environment, modules, {"key": app.key, **node})),
        cdn,
    )
