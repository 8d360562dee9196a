"""What is kept of partial uploads, in every database and store: pieces, leases, the end, and what is swept."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from filemill.errors import ErrorCode, FilemillError
from filemill.formats import FormatTable
from filemill.registry import load_registry
from filemill_server.database import Database
from filemill_server.idempotency import Idempotency
from filemill_server.resumable import lease, pieces
from filemill_server.resumable.partial import PartialUploads
from filemill_server.resumable.rows import TTL, PartialRows
from filemill_server.storage import Storage
from filemill_server.sweeper import Sweeper
from filemill_server.tables import partial_uploads
from filemill_server.uploads import Uploads
from filemill_server.workplace import Workplace

from .conftest import text

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def formats() -> FormatTable:
    """What is installed here."""
    return load_registry().formats


@pytest.fixture
def partial(database: Database, storage: Storage, uploads: Uploads, formats: FormatTable) -> PartialUploads:
    """Partial uploads of a process."""
    return PartialUploads(database, storage, uploads, formats, "process")


async def stored(storage: Storage) -> set[str]:
    """Return all names in a store."""
    return {entry.name async for page in storage.names() for entry in page}


async def chunks(*data: bytes) -> AsyncIterator[bytes]:
    """Give bytes as they might come."""
    for chunk in data:
        yield chunk


async def send(partial: PartialUploads, upload_id: str, folder: Path, data: bytes) -> int:
    """Add bytes in one request, and return the offset."""
    folder.mkdir(exist_ok=True)
    async with partial.turn(upload_id, "t") as turn:
        await turn.receive(chunks(data), folder, max_bytes=1 << 30)
        return turn.upload.offset


async def finish(partial: PartialUploads, upload_id: str, folder: Path) -> str:
    """End an upload and return its SHA-256."""
    folder.mkdir(exist_ok=True)
    async with partial.turn(upload_id, "t") as turn:
        return (await turn.finish(folder)).sha256


async def test_many_small_requests_are_few_pieces(
    partial: PartialUploads, database: Database, storage: Storage, tmp_path: Path
) -> None:
    """NC-06: a client of tiny requests leaves few pieces at any time, and the bytes stay as they are."""
    data = text(700)
    upload_id = await partial.begin("t", "a.txt", length=None)
    rows, most = PartialRows(database), 0
    for start in range(0, 700, 2):
        assert await send(partial, upload_id, tmp_path / "work", data[start : start + 2]) == start + 2
        most = max(most, len(await rows.pieces(upload_id)))
    assert most <= 2 * pieces.FAN + 1
    assert await stored(storage) == {piece.storage_name for piece in await rows.pieces(upload_id)}
    assert await finish(partial, upload_id, tmp_path / "work") == hashlib.sha256(data).hexdigest()
    assert len(await stored(storage)) == 1


async def test_large_requests_are_several_pieces(
    partial: PartialUploads, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NC-06: the offset moves while a long request lasts, so that a crash costs one piece at most."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 1000)
    data = text(3500)
    upload_id = await partial.begin("t", "a.txt", length=3500)
    offsets: list[int] = []

    async def coming() -> AsyncIterator[bytes]:
        for start in range(0, 3500, 500):
            yield data[start : start + 500]
            upload = await PartialRows(database).get(upload_id, "t")
            assert upload is not None
            offsets.append(upload.offset)

    async with partial.turn(upload_id, "t") as turn:
        await turn.receive(coming(), tmp_path, max_bytes=1 << 30)
    assert offsets == [0, 1000, 1000, 2000, 2000, 3000, 3000]
    assert await finish(partial, upload_id, tmp_path) == hashlib.sha256(data).hexdigest()


class Crash(BaseException):
    """The process is dead from here on."""


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("at", ["write", "row", "delete"])
async def test_an_end_that_crashed_is_done_again(
    partial: PartialUploads,
    database: Database,
    storage: Storage,
    uploads: Uploads,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parts: int,
    at: str,
) -> None:
    """NC-06: whenever a process dies while it makes the file, the next one makes the same file, once."""
    data = text(900)
    upload_id = await partial.begin("t", "a.txt", length=900)
    size = 900 // parts
    for start in range(0, 900, size):
        await send(partial, upload_id, tmp_path / "work", data[start : start + size])

    async def crash(*given: object, **named: object) -> None:
        raise Crash

    owner, name = {"write": (storage, "write"), "row": (uploads, "add_stored"), "delete": (storage, "delete")}[at]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, crash)
        with suppress(Crash):
            await finish(partial, upload_id, tmp_path / "work")
    assert await finish(partial, upload_id, tmp_path / "work") == hashlib.sha256(data).hexdigest()
    made = await uploads.get(upload_id)
    assert made is not None
    assert b"".join([chunk async for chunk in storage.stream(made.storage_name)]) == data
    await sweeper(database, storage, tmp_path).sweep_once(datetime.now(UTC) + timedelta(hours=2))
    assert await stored(storage) == {made.storage_name}


def sweeper(database: Database, storage: Storage, folder: Path) -> Sweeper:
    """A sweeper of everything."""
    place = Workplace.open(folder)
    return Sweeper(database, storage, Idempotency(database, place.id), place)


async def test_what_is_past_its_time_goes(
    partial: PartialUploads, database: Database, storage: Storage, tmp_path: Path
) -> None:
    """NC-06, NA-42: pieces outlive the search for strays; an expired upload goes with all its pieces."""
    old = await partial.begin("t", "a.txt", length=900)
    for data in (b"abc", b"def"):
        await send(partial, old, tmp_path / "work", data)
    sweeping = sweeper(database, storage, tmp_path)
    now = datetime.now(UTC)
    await sweeping.sweep_once(now + timedelta(hours=3))
    assert len(await stored(storage)) == 2
    assert await partial.get(old, "t") is not None
    await sweeping.sweep_once(now + TTL + timedelta(minutes=1))
    assert await stored(storage) == set()
    assert await PartialRows(database).pieces(old) == []


async def test_an_expired_upload_is_unknown(partial: PartialUploads, database: Database) -> None:
    """NC-06: also before it is swept."""
    upload_id = await partial.begin("t", "a.txt", length=900)
    query = update(partial_uploads).values(expires_at=1)
    await database.run(lambda connection: connection.execute(query))
    assert await partial.get(upload_id, "t") is None
    with pytest.raises(FilemillError) as caught:
        async with partial.turn(upload_id, "t"):
            pass
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_a_holder_that_does_not_let_go_is_waited_for(
    partial: PartialUploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NC-06: 409 with `Retry-After` where a request, such as one that makes the file, keeps the upload for long."""
    monkeypatch.setattr(lease, "WAIT_SECONDS", 0.3)
    upload_id = await partial.begin("t", "a.txt", length=900)
    async with partial.turn(upload_id, "t"):
        with pytest.raises(FilemillError) as caught:
            await partial.get(upload_id, "t")
    assert (caught.value.code, caught.value.retry_after) == (ErrorCode.CONFLICT, 1)
    assert await partial.get(upload_id, "t") is not None


async def test_who_lost_its_turn_changes_nothing(
    partial: PartialUploads, database: Database, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NC-06: a process that slept through its lease can neither add bytes nor end the upload."""
    monkeypatch.setattr(lease, "LEASE_SECONDS", -1)  # over before it begins
    upload_id = await partial.begin("t", "a.txt", length=None)
    async with partial.turn(upload_id, "t") as sleeper:
        async with partial.turn(upload_id, "t") as turn:
            await turn.receive(chunks(b"right"), tmp_path, max_bytes=100)
        with pytest.raises(FilemillError) as adding:
            await sleeper.receive(chunks(b"wrong"), tmp_path, max_bytes=100)
        with pytest.raises(FilemillError) as ending:
            await sleeper.finish(tmp_path)
        assert adding.value.code is ending.value.code is ErrorCode.CONFLICT
    assert len(await stored(storage)) == 1
    assert await finish(partial, upload_id, tmp_path) == hashlib.sha256(b"right").hexdigest()


async def test_what_a_dead_process_held_is_free(
    partial: PartialUploads, database: Database, uploads: Uploads, storage: Storage, formats: FormatTable
) -> None:
    """NC-06: a process that starts after a crash frees what the dead one held, and nothing else."""
    upload_id = await partial.begin("t", "a.txt", length=900)
    query = select(partial_uploads.c.holder)

    async def holder() -> Sequence[str | None]:
        return await database.read(lambda connection: connection.execute(query).scalars().all())

    async with partial.turn(upload_id, "t"):
        await PartialRows(database).free(["proces", "process2", "p%"])
        assert await holder() != [None]
        await PartialRows(database).free(["process"])
        assert await holder() == [None]
