"""The parts that other tests rely on: what they promise of their ports, their data and their end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import obstore
import psycopg
import pytest
from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError
from obstore.store import S3Store

import real_parts
from live import LiveServer, StartServer
from ports import free_port, is_open
from real_parts import MissingPartError, ObjectStoreServer, PostgresServer
from watched import eventually

PART = 5 << 20  # what S3 asks of every part of an upload but the last


@pytest.fixture
def bucket(object_store: ObjectStoreServer) -> S3Store:
    """A fresh bucket."""
    return open_bucket(object_store, object_store.new_bucket())


def open_bucket(server: ObjectStoreServer, name: str, key: str | None = None) -> S3Store:
    """Open a bucket, asked for at most twice."""
    given = server.environment
    return S3Store(
        name,
        endpoint=given["AWS_ENDPOINT_URL"],
        access_key_id=key or given["AWS_ACCESS_KEY_ID"],
        secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        region=given["AWS_REGION"],
        client_options={"allow_http": True},
        retry_config={"max_retries": 1},
        checksum_algorithm="SHA256",
    )


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_rows_survive_a_stop(postgres: PostgresServer, mode: str) -> None:
    """A stopped PostgreSQL refuses connections; started again, its address and its rows are what they were."""
    url = postgres.new_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    with postgres.stopped(mode):
        assert not postgres.is_running
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(url)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT value FROM kept").fetchall() == [(42,)]


def test_databases_are_fresh(postgres: PostgresServer) -> None:
    """What is in one database or schema is not in the next."""
    for make in (postgres.new_database, postgres.new_schema):
        for _ in range(2):
            with psycopg.connect(make(), autocommit=True) as connection:
                connection.execute("CREATE TABLE own ()")


def test_bytes_survive_a_stop(object_store: ObjectStoreServer, bucket: S3Store) -> None:
    """A stopped store refuses connections; started again, its address and its bytes are what they were."""
    obstore.put(bucket, "a/b c-é", b"kept")
    with object_store.stopped():
        assert not object_store.is_running
        with pytest.raises(GenericError):
            obstore.get(bucket, "a/b c-é")
    assert bytes(obstore.get(bucket, "a/b c-é").bytes()) == b"kept"


def test_store_does_what_s3_does(object_store: ObjectStoreServer, bucket: S3Store) -> None:
    """Uploads in parts, with checksums, ranges, copies, lists, conditions, and deletion of many at once."""
    data = os.urandom(2 * PART + 1)
    obstore.put(bucket, "large", data, use_multipart=True, chunk_size=PART)
    assert bytes(obstore.get_range(bucket, "large", start=PART - 1, end=PART + 1)) == data[PART - 1 : PART + 1]
    obstore.copy(bucket, "large", "folder/copy")
    obstore.put(bucket, "folder/small", b"")
    assert bytes(obstore.get(bucket, "folder/copy").bytes()) == data
    listed = [entry["path"] for page in obstore.list(bucket, "folder") for entry in page]
    assert sorted(listed) == ["folder/copy", "folder/small"]
    with pytest.raises(AlreadyExistsError):
        obstore.put(bucket, "folder/small", b"other", mode="create")
    obstore.delete(bucket, ["large", "folder/copy", "folder/small", "absent"])
    assert [entry for page in obstore.list(bucket) for entry in page] == []
    with pytest.raises(FileNotFoundError):
        obstore.get(bucket, "large")
    with pytest.raises(PermissionDeniedError):
        obstore.put(open_bucket(object_store, object_store.new_bucket(), "filemill:other"), "a", b"")


@pytest.mark.parametrize("kind", ["PostgresServer", "ObjectStoreServer"])
def test_parts_end_with_the_tests(kind: str) -> None:
    """A part is gone when the process that started it was killed."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import real_parts\n"
        "part = getattr(real_parts, sys.argv[2])(); part.start(); print(part.port, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, Path(real_parts.__file__).parent, kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as tests:
        assert tests.stdout is not None
        port = int(tests.stdout.readline())
        assert is_open(port)
        tests.kill()
    assert eventually(lambda: not is_open(port))


def test_missing_parts_say_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where a part can't be had, the reason names what is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(real_parts, "DEBIAN", tmp_path)
    with pytest.raises(MissingPartError, match="apt-get install postgresql"):
        PostgresServer()
    monkeypatch.setitem(sys.modules, "swift", None)
    with pytest.raises(MissingPartError, match="pip install swift"):
        ObjectStoreServer()


def test_ports_are_free_in_a_row() -> None:
    """A port is free when it is given, with those that follow it."""
    first = free_port(4)
    assert not any(map(is_open, range(first, first + 4)))


def test_killed_node_comes_back(start_server: StartServer) -> None:
    """A node that was killed starts again with the port, the data folder and the keys it had."""
    node: LiveServer = start_server(workers="1")
    before = (node.port, node.key)
    assert node.process is not None
    node.kill()
    assert node.process.returncode == -signal.SIGKILL
    assert not is_open(node.port)
    node.start()
    assert (node.port, node.key) == before
    with node.client() as client:
        assert client.get("/v1/assets").status_code == 200


def test_left_out_tests_are_told(tmp_path: Path) -> None:
    """The end of a run tells which tests were left out, and why."""
    here = Path(real_parts.__file__).parent
    (tmp_path / "conftest.py").write_text((here / "conftest.py").read_text(encoding="utf-8"))
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('number', [1, 2])\n"
        "def test_one(number): pytest.skip('PostgreSQL is missing')\n"
        "def test_two(): pass\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{here}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
    )
    told = "2 because PostgreSQL is missing:\n  test_it.py::test_one[1]\n  test_it.py::test_one[2]\n"
    assert told in run.stdout.partition(" left out ")[2]
