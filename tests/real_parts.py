"""The parts of a scaled installation as real processes: a PostgreSQL server, and a store that speaks S3.

Each listens on ports of 127.0.0.1 of its own, and keeps port and data through `stop` and `start`.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx
import obstore
import psycopg
from obstore.store import S3Store

import swift_node
from ports import free_port, is_open

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian puts the programs of PostgreSQL, by version, off the path."""
_START_SECONDS = 60.0
_GUARD = 'cat; "$1" -D "$2" -m immediate stop; rm -rf "$2"'


class MissingPartError(Exception):
    """A part can't be had on this machine; its text says what to install."""


class PostgresServer:
    """A PostgreSQL server. What it keeps is not synced to disk: it survives its process, not the machine.

    Raises:
        MissingPartError: its programs are not installed.
    """

    def __init__(self) -> None:
        self._programs = _postgres_programs()
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = tempfile.TemporaryDirectory(prefix="filemill-postgres-")
        self._root = Path(self._folder.name)
        self._data = self._root / "data"
        self.port = free_port()
        if self._user is not None:
            shutil.chown(self._root, self._user)
        self._call("initdb", "-D", self._data, "-U", "filemill", "--auth=trust", "--no-sync", "-E", "UTF8")
        # It is a daemon, which nobody ends where the tests are killed; their end closes this pipe.
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "sh", self._programs / "pg_ctl", self._data],
            user=self._user,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self.is_running:
            self.stop("immediate")
        self._guard.communicate()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Its address, without a database's name."""
        return f"postgresql://filemill@127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it takes connections."""
        return is_open(self.port)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = (
            f"-c fsync=off -c max_connections=200 -c listen_addresses=127.0.0.1 -c port={self.port}"
            f" -c unix_socket_directories={self._root}"
        )
        self._call("pg_ctl", "-D", self._data, "-w", "-l", self._root / "log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends its connections in peace, `immediate` as a crash does."""
        self._call("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    @contextmanager
    def stopped(self, mode: str = "fast") -> Iterator[None]:
        """Have it stopped for the time of a `with` block."""
        self.stop(mode)
        try:
            yield
        finally:
            self.start()

    def new_database(self) -> str:
        """Make a fresh database and return its URL."""
        name = f"d{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name}")
        return f"{self.url}/{name}"

    def new_schema(self) -> str:
        """Make a fresh schema, which to its user looks like a database and costs a hundredth; return its URL."""
        name = f"s{uuid4().hex}"
        self._execute(f"CREATE SCHEMA {name}")
        return f"{self.url}/postgres?options=-csearch_path%3D{name}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def _call(self, program: str, *words: str | Path) -> None:
        subprocess.run(
            [self._programs / program, *words],
            user=self._user,
            cwd=self._root,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=_START_SECONDS,
        )


class ObjectStoreServer:
    """A store that speaks S3: OpenStack Swift, its data in a folder.

    Raises:
        MissingPartError: it is not installed, or the folder for temporary files can't hold what it writes there.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("swift") is None:
            raise MissingPartError("OpenStack Swift, the S3-compatible store, is not installed (pip install swift)")
        self._folder = tempfile.TemporaryDirectory(prefix="filemill-swift-")
        self._root = Path(self._folder.name)
        _require_attributes(self._root)
        self.port = free_port(swift_node.PORTS)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to use it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": swift_node.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": swift_node.SECRET_KEY,
            "AWS_REGION": swift_node.REGION,
        }

    @property
    def is_running(self) -> bool:
        """Whether it takes connections."""
        return is_open(self.port)

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self._root / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, swift_node.__file__, self._root, str(self.port)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        _wait(self._answers, f"{self.url} does not answer; its log is {log}")

    def stop(self) -> None:
        """End it at once, as a crash does."""
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None
        _wait(lambda: not any(map(is_open, self._ports)), f"{self.url} does not end")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Have it stopped for the time of a `with` block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def new_bucket(self) -> str:
        """Make a fresh bucket and return its name."""
        name = f"b{uuid4().hex}"
        store = S3Store(
            name,
            endpoint=self.url,
            access_key_id=swift_node.ACCESS_KEY,
            secret_access_key=swift_node.SECRET_KEY,
            region=swift_node.REGION,
        )
        httpx.put(obstore.sign(store, "PUT", "", timedelta(minutes=1)), timeout=30).raise_for_status()
        return name

    @property
    def _ports(self) -> Sequence[int]:
        return range(self.port, self.port + swift_node.PORTS)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"Swift has ended:\n{(self._root / 'log').read_text()[-4000:]}")
        return all(map(is_open, self._ports))


def shared_environment(postgres: PostgresServer, object_store: ObjectStoreServer) -> dict[str, str]:
    """Return the environment of nodes that share a fresh database, a fresh bucket and a secret."""
    return {
        "FILEMILL_DATABASE_URL": postgres.new_database(),
        "FILEMILL_STORAGE_URL": f"s3://{object_store.new_bucket()}/files",
        "FILEMILL_SECRET": secrets.token_hex(32),
        **object_store.environment,
    }


def _postgres_programs() -> Path:
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    folder = max(DEBIAN.glob("*/bin"), default=None)
    if folder is None:
        raise MissingPartError("PostgreSQL's initdb is not installed (apt-get install postgresql)")
    return folder


def _require_attributes(folder: Path) -> None:
    """Swift keeps what it knows of a file in extended attributes, which not every file system has."""
    try:
        os.setxattr(folder, "user.filemill", b"")
    except OSError as error:
        raise MissingPartError(f"{folder.parent} has no extended attributes, which Swift needs; set TMPDIR") from error


def _wait(until: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while not until():
        if time.monotonic() > end:
            raise RuntimeError(otherwise)
        time.sleep(0.02)
