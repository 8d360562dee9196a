"""What is past its time goes; what nothing points to goes; nothing else does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from filemill.errors import FilemillError
from filemill_server.assets import Assets
from filemill_server.database import Database
from filemill_server.idempotency import Idempotency
from filemill_server.storage import Storage
from filemill_server.sweeper import EVERY_SECONDS, Sweeper
from filemill_server.uploads import Uploads
from filemill_server.workplace import Workplace

pytestmark = pytest.mark.anyio

WORK = """
import sys, pathlib
from filemill_server.workplace import Workplace
place = Workplace.open(pathlib.Path(sys.argv[1]))
(place.folder / "left").write_text("over")
print(place.id, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    """The working folder of this process."""
    made = Workplace.open(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sweeper(database: Database, storage: Storage, workplace: Workplace) -> Sweeper:
    """A sweeper of everything."""
    return Sweeper(database, storage, Idempotency(database, workplace.id), workplace)


async def stored(storage: Storage) -> set[str]:
    """Return all names in a store."""
    return {entry.name async for page in storage.names() for entry in page}


async def keep(files: Assets | Uploads, folder: Path, ttl_seconds: int | None) -> str:
    """Keep a file and return its name in the store."""
    path = folder / "made"
    path.write_bytes(b"x")
    row: Any = {
        "id": files.new_id(),
        "ttl_seconds": ttl_seconds,
        "tenant": "t",
        "filename": "f",
        "format": "text",
        "media_type": "text/plain",
    }
    if isinstance(files, Assets):
        row |= {"facts": {}, "public": False}
    kept = await files.add(path, size=1, sha256="0" * 64, **row)
    return kept.storage_name


async def test_what_is_past_its_time_goes(
    sweeper: Sweeper, assets: Assets, uploads: Uploads, storage: Storage, tmp_path: Path
) -> None:
    """NA-42: an expired asset or upload has no bytes after a sweep; what lasts longer, or for ever, stays."""
    short = {await keep(assets, tmp_path, 60), await keep(uploads, tmp_path, 60)}
    long = {await keep(assets, tmp_path, 7200), await keep(assets, tmp_path, None)}
    now = datetime.now(UTC)
    await sweeper.sweep_once(now)
    assert await stored(storage) == short | long
    await sweeper.sweep_once(now + timedelta(seconds=61))
    assert await stored(storage) == long


async def test_many_go_in_one_sweep(
    sweeper: Sweeper, assets: Assets, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep takes everything that is due, however much."""
    monkeypatch.setattr("filemill_server.sweeper._BATCH", 4)
    for _ in range(10):
        await keep(assets, tmp_path, 60)
    await sweeper.sweep_once(datetime.now(UTC) + timedelta(minutes=2))
    assert await stored(storage) == set()


async def test_stray_bytes_go_after_an_hour(sweeper: Sweeper, assets: Assets, storage: Storage, tmp_path: Path) -> None:
    """Bytes without a row go, but not while their row may be on its way."""
    kept = await keep(assets, tmp_path, None)
    folder = kept.rpartition("/")[0]
    (tmp_path / "made").write_bytes(b"x")
    await storage.adopt(tmp_path / "made", f"{folder}/stray")
    now = datetime.now(UTC)
    await sweeper.sweep_once(now + timedelta(minutes=1))
    assert await stored(storage) == {kept, f"{folder}/stray"}
    await sweeper.sweep_once(now + timedelta(minutes=62))
    assert await stored(storage) == {kept}


async def test_what_others_put_into_the_store_stays(
    sweeper: Sweeper, assets: Assets, storage: Storage, tmp_path: Path
) -> None:
    """Files that no server of this database wrote are left alone: a bucket may be shared."""
    kept = await keep(assets, tmp_path, None)
    foreign = {"photo.jpg", "0123abcd/ab/abcd", f"{kept.partition('/')[0]}x/ab/abcd"}
    for name in foreign:
        (tmp_path / "made").write_bytes(b"x")
        await storage.adopt(tmp_path / "made", name)
    await sweeper.sweep_once(datetime.now(UTC) + timedelta(hours=5))
    assert await stored(storage) == foreign | {kept}


async def test_strays_are_looked_for_once_an_hour(
    sweeper: Sweeper, assets: Assets, storage: Storage, tmp_path: Path
) -> None:
    """Listing a bucket costs money: between two looks through the whole store is an hour."""
    folder = (await keep(assets, tmp_path, None)).rpartition("/")[0]
    now = datetime.now(UTC) + timedelta(hours=3)
    await sweeper.sweep_once(now)
    (tmp_path / "made").write_bytes(b"x")
    await storage.adopt(tmp_path / "made", f"{folder}/stray")
    await sweeper.sweep_once(now + timedelta(minutes=59))
    assert f"{folder}/stray" in await stored(storage)
    await sweeper.sweep_once(now + timedelta(minutes=61))
    assert f"{folder}/stray" not in await stored(storage)


def start_work(data_dir: Path) -> subprocess.Popen[str]:
    """Start another process that has a working folder, until its standard input ends."""
    command = [sys.executable, "-c", WORK, str(data_dir)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def test_dead_processes_leave_nothing(
    sweeper: Sweeper, database: Database, workplace: Workplace, tmp_path: Path
) -> None:
    """Working folders and idempotency keys of a killed process are freed, those of living ones are not."""
    started = [start_work(tmp_path) for _ in range(2)]
    ids = [process.stdout.readline().strip() for process in started if process.stdout is not None]
    for holder in ids:
        assert await Idempotency(database, holder).begin("t", "POST", "/", holder, "f") is None
    started[0].kill()
    started[0].communicate()
    await sweeper.sweep_once(datetime.now(UTC))
    assert {path.name for path in (tmp_path / "work").iterdir()} == {ids[1], workplace.id}
    own = Idempotency(database, workplace.id)
    assert await own.begin("t", "POST", "/", ids[0], "f") is None
    with pytest.raises(FilemillError):
        await own.begin("t", "POST", "/", ids[1], "f")
    started[1].communicate()
    await sweeper.sweep_once(datetime.now(UTC))
    assert [path.name for path in (tmp_path / "work").iterdir()] == [workplace.id]


def test_workplace_goes_when_it_is_closed(tmp_path: Path) -> None:
    """A process that ends takes its folder with it; a strange file beside it is left alone."""
    place = Workplace.open(tmp_path)
    (place.folder / "request").mkdir()
    (tmp_path / "work" / "note.txt").write_text("mine")
    assert place.clear_dead() == []
    place.close()
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["note.txt"]


def test_sweeps_are_often_enough() -> None:
    """NA-42: an asset is gone within 60 seconds of its end."""
    assert EVERY_SECONDS <= 60
