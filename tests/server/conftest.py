"""Databases of both kinds, stores, and what stands on them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from filemill_server.assets import Assets
from filemill_server.database import Database
from filemill_server.storage import Storage
from filemill_server.uploads import Uploads


@pytest.fixture
def anyio_backend() -> str:
    """The server runs on asyncio."""
    return "asyncio"


def _postgres_programs() -> Path | None:
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own, stopped afterwards; its URL without the database's name."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb is not installed (apt-get install postgresql)")
    # PostgreSQL refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="filemill-postgres-") as folder:
        root = Path(folder)
        if user is not None:
            shutil.chown(root, user)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        data = root / "data"
        options = f"-c fsync=off -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={root}"

        def call(*words: str | Path) -> None:
            subprocess.run(words, user=user, cwd=root, check=True, stdout=subprocess.DEVNULL, timeout=60)

        call(programs / "initdb", "-D", data, "-U", "filemill", "--auth=trust", "--no-sync", "-E", "UTF8")
        call(programs / "pg_ctl", "-D", data, "-w", "-l", root / "log", "-o", options, "start")
        try:
            yield f"postgresql://filemill@127.0.0.1:{port}"
        finally:
            call(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database without any table, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'filemill.db'}"
    server: str = request.getfixturevalue("postgres")
    # A schema costs a hundredth of a database, and to its user looks the same.
    name = f"t{uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{server}/postgres?options=-csearch_path%3D{name}"


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    """A database with the present schema."""
    made = Database(empty_url)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A store in a local folder."""
    return Storage.open(None, tmp_path / "files")


@pytest.fixture
def assets(database: Database, storage: Storage) -> Assets:
    """Assets on an empty database and store."""
    return Assets(database, storage)


@pytest.fixture
def uploads(database: Database, storage: Storage) -> Uploads:
    """Uploads on an empty database and store."""
    return Uploads(database, storage)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """A local server that speaks S3; its URL."""
    moto = pytest.importorskip("moto.server", reason="moto[server], the local S3, is not installed")
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
