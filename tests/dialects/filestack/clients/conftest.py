"""The official clients of Filestack, unmodified, before one server, in three ways.

`untouched`: they use the vendor's own host names. `named`: those below a domain of one's own, by their setting
for that. `prefixed`: an address with a path for each part of the service. All names are 127.0.0.1 for the clients.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Self

import pytest

from certificates import issued
from filestack_client import Filestack, picture
from live import LiveServer
from npm import node_modules
from origin import serving
from ports import free_port
from tls_front import tls_front

HERE = Path(__file__).parent
VENDOR = (".filestackapi.com", ".filestackcontent.com")
DOMAIN = "files.example.com"
_NAMES = (*VENDOR, f".{DOMAIN}", DOMAIN)
_HOSTS = ("www.filestackapi.com", "process.filestackapi.com", "upload.filestackapi.com", "cdn.filestackcontent.com")
_ANSWER = "answer "
_SECONDS = 30


class ClientError(Exception):
    """What a client raised.

    Attributes:
        said: of it.
    """

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(f"{said.get('type', '')} {said['error']} {said.get('response', '')} {said.get('details', '')}")
        self.said = said


@dataclass(frozen=True)
class Place:
    """A server with TLS before it, and what its clients need for that.

    Attributes:
        server: itself.
        port: that is the one of HTTPS for the clients. filestack-js takes no address with another one in Node.
        authority: the certificate to trust.
    """

    server: LiveServer
    port: int
    authority: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes both clients trust the server, and Node's find it by the names."""
        return {
            **os.environ,
            "REQUESTS_CA_BUNDLE": str(self.authority),
            "NODE_EXTRA_CA_CERTS": str(self.authority),
            "TLS_PORT": str(self.port),
            "HTTP_PORT": str(self.server.port),
            "TLS_NAMES": ",".join(_NAMES),
        }


@dataclass
class _Process:
    """A client that does what it is told, line by line."""

    command: list[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, text=True, env=dict(self.environment))
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=_SECONDS)

    def ask(self, **asked: Any) -> Any:
        """Have one thing done, and return what came of it; bytes are bytes."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        ending = threading.Timer(_SECONDS, self.process.kill)
        ending.start()
        try:
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()
            # What a client prints of its own accord is no answer.
            line = next((line for line in self.process.stdout if line.startswith(_ANSWER)), "")
        finally:
            ending.cancel()
        assert line, "the client ended"
        said = json.loads(line.removeprefix(_ANSWER))
        if "error" in said:
            raise ClientError(said)
        return _bytes_in(said["result"])


def _bytes_in(found: Any) -> Any:
    if isinstance(found, dict):
        if found.keys() == {"base64"}:
            return base64.b64decode(found["base64"])
        return {name: _bytes_in(value) for name, value in found.items()}
    return found


class Python(_Process):
    """filestack-python."""

    def __call__(self, start: str, *steps: Any, policy: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Begin with the client or a handle, and take steps: `("upload", {"filepath": …})`, or the name of a property.

        Args:
            start: "client", or a handle.
            steps: as above.
            policy: that is signed.
            more: the secret that signs it, another key.
        """
        taken = [(step, None) if isinstance(step, str) else step for step in steps]
        return self.ask(start=start, steps=taken, policy=policy, **more)


class Node(_Process):
    """filestack-js."""

    @classmethod
    def started(cls, environment: Mapping[str, str], modules: Path, told: Mapping[str, Any]) -> Self:
        """Say how it is started.

        Args:
            environment: for the names.
            modules: where it is.
            told: the key, and what repoints it.
        """
        words = ["node", "--require", str(HERE / "names.js"), str(HERE / "client.js"), json.dumps(told)]
        return cls(words, {**environment, "NODE_PATH": str(modules)})

    def __call__(self, name: str, *arguments: Any, **more: Any) -> Any:
        """Call a method of the client, or a function of the package.

        Args:
            name: of it.
            arguments: of it; bytes are a buffer.
            more: the security of the client, another key.
        """
        given = [{"base64": base64.b64encode(one).decode()} if isinstance(one, bytes) else one for one in arguments]
        return self.ask(name=name, arguments=given, **more)


@dataclass(frozen=True)
class Clients:
    """Both clients of one app, repointed in one way.

    Attributes:
        way: untouched, named or prefixed.
        app: what they are clients of.
        python, node: the clients.
        cdn: what delivery URLs begin with, as the server tells them.
    """

    way: str
    app: Filestack
    python: Python
    node: Node
    cdn: str

    def policy(self, *calls: str, expires_in: float = 600) -> dict[str, Any]:
        """Return a policy that filestack-python signs, and the secret for it."""
        signed = self.app.sign(calls or None, expires_in=expires_in)
        return {"policy": json.loads(base64.urlsafe_b64decode(signed.policy)), "secret": self.app.secret}

    def security(self, *calls: str) -> dict[str, str]:
        """Return a policy that filestack-js has signed."""
        asked = {"expiry": self.policy()["policy"]["expiry"], **({"call": list(calls)} if calls else {})}
        found: dict[str, str] = self.node("getSecurity", asked, self.app.secret)
        return found


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The one server of these tests."""
    folder = tmp_path_factory.mktemp("vendor")
    port = free_port()
    authority, certificate = issued(folder, *(f"*{name}" if name.startswith(".") else name for name in _NAMES))
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


def python_names(place: Place) -> list[str]:
    """Return the words before a Python program that finds the server by the names."""
    return [str(HERE / "names.py"), str(place.port), ",".join(_NAMES)]


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
