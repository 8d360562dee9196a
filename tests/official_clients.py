"""Runs the official clients of Filestack in processes of their own, for tests that tell them what to do."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from filestack_client import Filestack
from live import LiveServer

HERE = Path(__file__).parent / "dialects" / "filestack" / "clients"
"""Where their programs are."""
VENDOR = (".filestackapi.com", ".filestackcontent.com")
DOMAIN = "files.example.com"
NAMES = (*VENDOR, f".{DOMAIN}", DOMAIN)
_ANSWER = "answer "
_SECONDS = 90


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
            "TLS_NAMES": ",".join(NAMES),
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

    def policy(self, *calls: str) -> dict[str, Any]:
        """Return a policy that filestack-python signs, and the secret for it."""
        signed = self.app.sign(calls or None)
        return {"policy": json.loads(base64.urlsafe_b64decode(signed.policy)), "secret": self.app.secret}

    def security(self, *calls: str) -> dict[str, str]:
        """Return a policy that filestack-js has signed."""
        asked = {"expiry": self.policy()["policy"]["expiry"], **({"call": list(calls)} if calls else {})}
        found: dict[str, str] = self.node("getSecurity", asked, self.app.secret)
        return found


def python_names(place: Place) -> list[str]:
    """Return the words before a Python program that finds the server by the names."""
    return [str(HERE / "names.py"), str(place.port), ",".join(NAMES)]
