"""`filemill sign`."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from filemill_server.assets import Assets
from filemill_server.database import Database
from filemill_server.keys import Keys
from filemill_server.signing import Signer, Use
from filemill_server.storage import Storage

from .conftest import Invoke

SECRET, BEFORE = "s" * 32, "p" * 32
ORIGIN = "https://files.example.com"
DAY = 24 * 3600


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    """The settings of an installation."""
    return {
        "FILEMILL_DATA_DIR": str(folder / "data"),
        "FILEMILL_SECRET": SECRET,
        "FILEMILL_SECRET_PREVIOUS": BEFORE,
        "FILEMILL_PUBLIC_URL": f"{ORIGIN}/",
    }


@pytest.fixture
def database(folder: Path) -> Database:
    """Its database."""
    (folder / "data").mkdir()
    made = Database(f"sqlite:///{folder / 'data' / 'filemill.db'}")
    made.migrate()
    return made


def asset_id(database: Database, folder: Path, ttl_seconds: int | None) -> str:
    """Keep an asset and return its id."""
    (folder / "file").write_bytes(b"bytes")
    kept = Assets(database, Storage.open(None, folder / "data" / "files"))
    adding = kept.add(
        folder / "file",
        id="a" * 43,
        tenant="shop",
        filename="x.txt",
        format="txt",
        media_type="text/plain",
        size=5,
        sha256="0" * 64,
        facts={},
        public=False,
        ttl_seconds=ttl_seconds,
    )
    return asyncio.run(adding).id


def parsed(text: str, path: str) -> httpx.URL:
    """Return a URL that was printed, alone on its line, after a check of where it is."""
    (line,) = text.splitlines()
    url = httpx.URL(line)
    assert f"{url.scheme}://{url.host}" == ORIGIN
    assert url.path == path
    return url


def test_asset(invoke: Invoke, environment: dict[str, str], database: Database, folder: Path) -> None:
    """A URL for an hour, or until the moment that is given, signed with the new secret."""
    made = asset_id(database, folder, None)
    for words, seconds in (((), 3600), (("--expires", "2d"), 2 * DAY)):
        done = invoke("sign", "asset", made, *words, **environment)
        assert (done.exit_code, done.stderr) == (0, "")
        url = parsed(done.stdout, f"/v1/assets/{made}")
        expires = int(url.params["expires"])
        assert abs(expires - time.time() - seconds) < 60
        assert Signer(SECRET.encode()).verify(made, expires, url.params["signature"])


def test_asset_that_ends_before(invoke: Invoke, environment: dict[str, str], database: Database, folder: Path) -> None:
    """That the asset ends before its URL is said beside it."""
    made = asset_id(database, folder, 60)
    done = invoke("sign", "asset", made, **environment)
    assert done.exit_code == 0
    assert "The asset itself ends at" in done.stderr
    parsed(done.stdout, f"/v1/assets/{made}")


def test_upload(invoke: Invoke, environment: dict[str, str], database: Database) -> None:
    """A URL on behalf of a key; that the key ends before is said beside it."""
    ends = datetime.now(UTC) + timedelta(hours=2)
    key, _ = asyncio.run(Keys(database).create(name="shop", expires_at=ends))
    done = invoke("sign", "upload", key.id, "--expires", "1h", **environment)
    assert (done.exit_code, done.stderr) == (0, "")
    url = parsed(done.stdout, "/v1/uploads")
    assert url.params["key"] == key.id
    expires = int(url.params["expires"])
    assert Signer(SECRET.encode()).verify(key.id, expires, url.params["signature"], Use.UPLOAD)
    later = invoke("sign", "upload", key.id, "--expires", "1d", **environment)
    assert "The key itself ends at" in later.stderr


def test_what_is_not_there(invoke: Invoke, environment: dict[str, str], database: Database) -> None:
    """An asset that is not there, a key that was revoked or is a dialect's, a moment in the past: no URL."""
    revoked, _ = asyncio.run(Keys(database).create(name="leaver"))
    asyncio.run(Keys(database).revoke(revoked.id))
    spoken, _ = asyncio.run(Keys(database).create(name="spoken", dialect="filewhirl"))
    refused = [
        (1, "There is no asset", ("asset", "b" * 43)),
        (1, "works", ("upload", revoked.id)),
        (1, "works", ("upload", spoken.id)),
        (1, "works", ("upload", "../x")),
        (2, "in the past", ("asset", "b" * 43, "--expires", "2020-01-01")),
    ]
    for code, told, words in refused:
        done = invoke("sign", *words, **environment)
        assert (done.exit_code, done.stdout) == (code, "")
        assert told in done.stderr


def test_origin(invoke: Invoke, environment: dict[str, str], database: Database, folder: Path) -> None:
    """Without a public URL it is where the server listens; beside a dialect at the root it is where it always is."""
    made = asset_id(database, folder, None)
    own = {**environment, "FILEMILL_PUBLIC_URL": "", "FILEMILL_PORT": "81", "FILEMILL_ROOT_DIALECTS": "imgstax"}
    done = invoke("sign", "asset", made, **own)
    assert done.stdout.startswith(f"http://127.0.0.1:81/native/v1/assets/{made}?")
