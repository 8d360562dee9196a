"""Batches as rows and stored results: planned, ended part by part, and gathered; on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import msgspec
import pytest
from sqlalchemy import select, update

from filemill.errors import ErrorCode, FilemillError, Problem
from filemill.sources import Source
from filemill_server.assets import Asset, Assets
from filemill_server.database import Database
from filemill_server.jobs.batch import Assembled, assemble, plan
from filemill_server.jobs.rows import JobRow, NewJob, State
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.terms import GATHER_SECONDS
from filemill_server.jobs.work import Assembly, SavedPipeline, Work, decode_order
from filemill_server.messages import Archive, OutputOptions
from filemill_server.services import Services
from filemill_server.signing import Signer
from filemill_server.storage import Storage
from filemill_server.tables import files, jobs
from filemill_server.uploads import Uploads

pytestmark = pytest.mark.anyio

BASE = "https://files.example.com"
LIST = OutputOptions(archive=Archive.NONE, ttl_seconds=60)
ZIP = OutputOptions()


def planned(output: OutputOptions = ZIP, sources: int = 3, *, packs: bool = False, **more: Any) -> Sequence[NewJob]:
    """The jobs of a batch of uploads."""
    pipelines = [SavedPipeline(msgspec.Raw(b'[{"op":"flip"}]'), "/steps")]
    return plan(
        tenant="shop",
        pipelines=pipelines,
        sources=[(f"/sources/{index}", Source(upload_id=f"u{index}")) for index in range(sources)],
        packs=packs,
        output=output,
        metadata={"order": 7},
        base_url=BASE,
        **more,
    )


class Batch:
    """A batch whose parts the test ends."""

    def __init__(self, store: JobStore, assets: Assets, storage: Storage, folder: Path) -> None:
        self.store = store
        self.assets = assets
        self.services = cast(
            Services, SimpleNamespace(assets=assets, storage=storage, signer=Signer(b"a secret of the tests"))
        )
        self.folder = folder
        self.id = ""
        self.parts: Sequence[NewJob] = []

    async def post(self, new: Sequence[NewJob]) -> None:
        """Keep its jobs."""
        await self.store.add(*new)
        self.id, self.parts = new[0].id, new[1:]

    async def made(self, part: int, *contents: bytes, name: str = "photo.jpg", pack: str | None = None) -> list[Asset]:
        """End a part with results that are in the store."""
        work = decode_order(self.parts[part].order)
        assert isinstance(work, Work)
        made, rows = [], []
        for content in contents:
            path = self.folder / f"made-{part}"
            path.write_bytes(content)
            asset, row = await self.assets.put(
                path,
                id=self.assets.new_id(),
                tenant="shop",
                filename=name,
                format="jpeg",
                media_type="image/jpeg",
                size=len(content),
                sha256="0" * 64,
                facts={},
                public=work.output.public,
                ttl_seconds=work.output.ttl_seconds,
            )
            made.append(asset)
            rows.append(row)
        told = [{"assetId": asset.id, "url": "old", "expiresAt": None, "filename": name} for asset in made]
        result: dict[str, Any] = {"source": {"filename": name, "format": "jpeg", "sizeBytes": 1}}
        if pack is not None:
            result["results"] = [{"packId": pack, **each} for each in told]
        else:
            result |= told[0] if len(told) == 1 else {"outputs": told}
        assert await self.store.succeed(self.parts[part].id, msgspec.json.encode(result).decode(), rows)
        return made

    async def failed(self, part: int, code: ErrorCode = ErrorCode.INVALID_FILE) -> None:
        """End a part with an error."""
        problem = Problem.of(FilemillError(code, f"Input {part} is broken."))
        assert await self.store.fail(self.parts[part].id, msgspec.json.encode(problem).decode())

    async def row(self) -> JobRow:
        """Its row."""
        row = await self.store.get(self.id)
        assert row is not None
        return row

    async def assemble(self) -> Assembled:
        """Do its last work."""
        row = await self.row()
        assert row.parts_left == 0
        assert row.request is not None
        order = decode_order(row.request)
        assert isinstance(order, Assembly)
        return await assemble(self.services, order, await self.store.parts(self.id), self.folder)

    async def publish(self, assembled: Assembled) -> bool:
        """End it, as the runner does."""
        result = msgspec.json.encode(assembled.result).decode()
        return await self.store.succeed(self.id, result, (), assembled.term)


@pytest.fixture
def batch(database: Database, assets: Assets, storage: Storage, tmp_path: Path) -> Batch:
    """A batch that is to be posted."""
    return Batch(JobStore(database), assets, storage, tmp_path)


def members(assembled: Assembled) -> dict[str, bytes]:
    """The files of a batch's ZIP."""
    (output,) = assembled.outputs
    with zipfile.ZipFile(output.path) as archive:
        assert archive.testzip() is None
        assert output.facts == {"files": archive.namelist()}
        return {name: archive.read(name) for name in archive.namelist()}


def test_plan_is_one_order_a_job() -> None:
    """The batch comes first, its parts in order with one input each; nothing of theirs ends before it."""
    output = OutputOptions(archive=Archive.NONE, filename="cover.jpg", ttl_seconds=60, public=True)
    first, *parts = planned(output, 12, uploads=["kept"], urgency=5)
    assert (first.parts, first.parent, first.urgency) == (12, None, 5)
    order = decode_order(first.order)
    assert order == Assembly(output=output, metadata={"order": 7}, base_url=BASE, uploads=["kept"])
    assert [(part.parent, part.position, part.urgency) for part in parts] == [(first.id, at, 5) for at in range(12)]
    works = [decode_order(part.order) for part in parts]
    assert all(isinstance(work, Work) for work in works)
    assert [work.sources for work in works if isinstance(work, Work)] == [
        [(f"/sources/{index}", Source(upload_id=f"u{index}"))] for index in range(12)
    ]
    assert works[2].output == OutputOptions(
        archive=Archive.NONE, filename="cover-03", ttl_seconds=GATHER_SECONDS, public=True
    )
    assert len({job.id for job in (first, *parts)}) == 13


def test_parts_of_a_zip_are_nobodys_results() -> None:
    """They have no name of their own, are not public, and live until the ZIP is there."""
    for output in (ZIP, OutputOptions(ttl_seconds=None, public=True, filename="all.zip")):
        _, part, *_ = planned(output)
        assert decode_order(part.order).output == OutputOptions(archive=Archive.NONE, ttl_seconds=GATHER_SECONDS)


async def test_batch_is_kept_whole_or_not_at_all(
    database: Database, uploads: Uploads, batch: Batch, tmp_path: Path
) -> None:
    """NA-51: the batch, its parts and its uploads are one transaction."""
    (tmp_path / "sent").write_bytes(b"sent")
    upload, row = await uploads.put(
        tmp_path / "sent",
        id="kept",
        tenant="shop",
        filename="a",
        format="file",
        media_type="application/octet-stream",
        size=4,
        sha256="0" * 64,
    )
    new = planned(uploads=[upload.id])
    twice = [*new[:-1], msgspec.structs.replace(new[-1], id=new[0].id)]
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await batch.store.add(*twice, uploads=[row])
    assert await batch.store.get(new[0].id) is None
    assert await batch.store.parts(new[0].id) == []
    assert await uploads.get("kept") is None
    await batch.store.add(*new, uploads=[row])
    assert [part.position for part in await batch.store.parts(new[0].id)] == [0, 1, 2]
    assert await uploads.get("kept") is not None


async def test_uploads_of_a_batch_go_with_it(batch: Batch, uploads: Uploads, tmp_path: Path) -> None:
    """Parts that end leave them to the others."""
    (tmp_path / "sent").write_bytes(b"sent")
    upload = await uploads.add(
        tmp_path / "sent",
        id=uploads.new_id(),
        tenant="shop",
        filename="a",
        format="file",
        media_type="application/octet-stream",
        size=4,
        sha256="0" * 64,
    )
    await batch.post(planned(sources=2, uploads=[upload.id]))
    await batch.failed(0)
    assert await uploads.get(upload.id) is not None
    await batch.made(1, b"one")
    assert await batch.publish(await batch.assemble())
    assert await uploads.get(upload.id) is None


async def test_zip_of_the_parts(batch: Batch) -> None:
    """Names differ, failures are told, and what went into the ZIP goes with the batch's end."""
    await batch.post(planned(sources=5))
    first = await batch.made(0, b"one")
    await batch.failed(1)
    await batch.made(2, b"two", b"three", name="PHOTO.JPG")
    await batch.store.cancel(batch.parts[3].id)
    await batch.made(4, b"", name="other.jpg")
    assembled = await batch.assemble()
    assert members(assembled) == {
        "photo-1.jpg": b"one",
        "PHOTO-2.JPG": b"two",
        "PHOTO-3.JPG": b"three",
        "other.jpg": b"",
    }
    told = assembled.result["outputs"]
    assert isinstance(told, list)
    assert [output.get("files") for output in told] == [
        ["photo-1.jpg"],
        None,
        ["PHOTO-2.JPG", "PHOTO-3.JPG"],
        None,
        ["other.jpg"],
    ]
    assert [(told[at]["error"]["code"], told[at]["error"]["status"]) for at in (1, 3)] == [
        ("INVALID_FILE", 422),
        ("CONFLICT", 409),
    ]
    assert {name: assembled.result[name] for name in ("succeeded", "failed", "metadata")} == {
        "succeeded": 3,
        "failed": 2,
        "metadata": {"order": 7},
    }
    assert await batch.assets.get(first[0].id) is not None
    assert await batch.publish(assembled)
    assert await batch.assets.get(first[0].id) is None


async def test_assembly_again_is_the_same(batch: Batch, tmp_path: Path) -> None:
    """NA-51: a process that is killed in the middle has kept nothing; the next one makes the same ZIP."""
    await batch.post(planned(sources=2))
    await batch.made(0, b"one")
    await batch.made(1, b"two")
    first = await batch.assemble()
    (tmp_path / "again").mkdir()
    batch.folder = tmp_path / "again"
    second = await batch.assemble()
    assert second.outputs[0].sha256 == first.outputs[0].sha256
    assert second.result == first.result
    assert await batch.publish(second)
    assert not await batch.publish(first)


async def test_list_of_the_parts(batch: Batch, database: Database) -> None:
    """NA-25, NA-29: the results in order; the time that they are kept counts from the end of the batch."""
    await batch.post(planned(LIST))
    (first,) = await batch.made(0, b"one")
    await batch.failed(1)
    both = await batch.made(2, b"two", b"three")
    assert first.expires_at is not None
    assert first.expires_at > datetime.now(UTC) + timedelta(seconds=GATHER_SECONDS - 60)
    assembled = await batch.assemble()
    assert assembled.outputs == []
    told: Any = assembled.result["outputs"]
    results = [told[0]["result"], *told[2]["result"]["outputs"]]
    assert [result["assetId"] for result in results] == [first.id, *(asset.id for asset in both)]
    assert told[1]["error"]["code"] == "INVALID_FILE"
    ends = {result["expiresAt"] for result in results}
    assert await batch.publish(assembled)
    for result in results:
        asset = await batch.assets.get(result["assetId"])
        assert asset is not None
        assert asset.expires_at is not None
        assert ends == {asset.expires_at.isoformat().replace("+00:00", "Z")}
        url = httpx.URL(result["url"])
        assert (url.host, url.params["expires"]) == ("files.example.com", str(int(asset.expires_at.timestamp())))
        assert batch.services.signer.verify(asset.id, int(url.params["expires"]), url.params["signature"])
    rows = await database.read(
        lambda connection: connection.execute(select(files.c.expires_at).distinct()).scalars().all()
    )
    assert len(rows) == 1


async def test_results_without_an_end_stay_without(batch: Batch) -> None:
    """NA-29: `ttlSeconds` null."""
    await batch.post(planned(OutputOptions(archive=Archive.NONE, ttl_seconds=None), 1))
    (made,) = await batch.made(0, b"one")
    assembled = await batch.assemble()
    told: Any = assembled.result["outputs"]
    assert told[0]["result"]["expiresAt"] is None
    assert await batch.publish(assembled)
    asset = await batch.assets.get(made.id)
    assert asset is not None
    assert asset.expires_at is None


async def test_packs_are_in_a_folder_of_their_input(batch: Batch) -> None:
    """Many results of a pack have a folder in it."""
    await batch.post(planned(sources=3, packs=True))
    await batch.made(0, b"one", pack="feed")
    await batch.made(1, b"two", pack="feed", name="other.png")
    await batch.made(2, b"three", b"four", pack="feed", name="photo.jpg")
    assert list(members(await batch.assemble())) == [
        "photo-1/feed.jpg",
        "other/feed.png",
        "photo-2/feed/photo-1.jpg",
        "photo-2/feed/photo-2.jpg",
    ]


@pytest.mark.parametrize("output", [ZIP, LIST])
async def test_batch_of_which_nothing_came(batch: Batch, output: OutputOptions) -> None:
    """It fails with the code of the first input, and the reason of each."""
    await batch.post(planned(output))
    await batch.failed(0, ErrorCode.SOURCE_UNREACHABLE)
    await batch.failed(1)
    (made,) = await batch.made(2, b"one")
    await batch.assets.delete(made)
    with pytest.raises(FilemillError, match="None of the 3 inputs") as failed:
        await batch.assemble()
    assert failed.value.code is ErrorCode.SOURCE_UNREACHABLE
    assert [fault.pointer for fault in failed.value.faults] == ["/sources/0", "/sources/1", "/sources/2"]
    assert failed.value.retry_after is None


@pytest.mark.parametrize("output", [ZIP, LIST])
async def test_deleted_result_is_told(batch: Batch, output: OutputOptions, storage: Storage) -> None:
    """A result that its owner deleted, or that the store lost, takes nothing else along."""
    await batch.post(planned(output))
    (deleted,) = await batch.made(0, b"one")
    await batch.made(1, b"two")
    (lost,) = await batch.made(2, b"three")
    await batch.assets.delete(deleted)
    await storage.delete([lost.storage_name])
    told: Any = (await batch.assemble()).result["outputs"]
    codes = [output.get("error", {}).get("code") for output in told]
    assert codes == (["NOT_FOUND", None, "NOT_FOUND"] if output is ZIP else ["NOT_FOUND", None, None])


async def test_cancelled_batch_lets_go_of_its_results(batch: Batch) -> None:
    """NA-50: what parts had made goes as it would have after the end: at once, or after `ttlSeconds`."""
    await batch.post(planned(ZIP))
    (made,) = await batch.made(0, b"one")
    assert await batch.store.cancel(batch.id)
    assert await batch.assets.get(made.id) is None
    await batch.post(planned(LIST))
    (made,) = await batch.made(0, b"one")
    assert await batch.store.cancel(batch.id)
    left = await batch.assets.get(made.id)
    assert left is not None
    assert left.expires_at is not None
    assert left.expires_at <= datetime.now(UTC) + timedelta(seconds=60)


async def test_cancel_of_a_thousand(batch: Batch) -> None:
    """NA-50: it does not keep other writers waiting; one statement a part took a hundred times as long."""
    await batch.post(planned(sources=1000))
    await batch.failed(0)
    begun = time.monotonic()
    assert await batch.store.cancel(batch.id)
    assert time.monotonic() - begun < 3
    first, *parts = await batch.store.parts(batch.id)
    assert first.state is State.FAILED
    assert {(part.state, part.request) for part in parts} == {(State.CANCELLED, None)}
    row = await batch.row()
    assert (row.state, row.parts_left) == (State.CANCELLED, 0)
    assert {part.expires_at for part in parts} == {row.expires_at}


async def test_parts_are_kept_as_long_as_their_batch(batch: Batch, database: Database) -> None:
    """A batch may take longer than the row of a job is kept."""
    await batch.post(planned(sources=2))
    await batch.made(0, b"one")
    first, _ = await batch.store.parts(batch.id)
    assert first.finished_at is not None
    assert first.expires_at is None
    await batch.failed(1)
    assert await batch.publish(await batch.assemble())
    assert {part.expires_at for part in await batch.store.parts(batch.id)} == {(await batch.row()).expires_at}


async def test_batch_is_seen_as_one(batch: Batch, database: Database) -> None:
    """NA-50: it runs from its first part's start on, and never goes back."""
    await batch.post(planned(sources=2))
    assert (await batch.row()).state is State.QUEUED
    assert await batch.store.begin(batch.parts[0].id, "n")
    started = {"started_at": 5_000_000}
    await database.run(
        lambda connection: connection.execute(update(jobs).where(jobs.c.id == batch.parts[0].id).values(started))
    )
    seen = [await batch.row()]
    await batch.made(0, b"one")
    seen.append(await batch.row())
    await batch.failed(1)
    seen.append(await batch.row())
    assert await batch.store.begin(batch.id, "n")
    seen.append(await batch.row())
    assert [(row.state, row.progress) for row in seen] == [
        (State.RUNNING, 0),
        (State.RUNNING, 0.5),
        (State.RUNNING, 1),
        (State.RUNNING, 1),
    ]
    assert await batch.publish(await batch.assemble())
    seen.append(await batch.row())
    assert {row.started_at for row in seen} == {datetime.fromtimestamp(5, UTC)}


async def test_parts_are_listed_by_page(batch: Batch) -> None:
    """NC-15: in the order of the inputs, all or those of one state."""
    await batch.post(planned(sources=5))
    for part in (1, 3, 4):
        await batch.failed(part)
    first, cursor = await batch.store.list_parts(batch.id, limit=3)
    second, end = await batch.store.list_parts(batch.id, limit=3, cursor=cursor)
    assert [row.position for row in (*first, *second)] == [0, 1, 2, 3, 4]
    assert (len(first), end) == (3, None)
    first, cursor = await batch.store.list_parts(batch.id, limit=2, state=State.FAILED)
    second, end = await batch.store.list_parts(batch.id, limit=2, state=State.FAILED, cursor=cursor)
    assert [row.position for row in (*first, *second)] == [1, 3, 4]
    assert end is None


@pytest.mark.slow
async def test_a_thousand_parts(batch: Batch) -> None:
    """Memory stays flat whatever the results have together, and it takes seconds."""
    size = 100_000
    await batch.post(planned(sources=1000))
    gate = asyncio.Semaphore(16)

    async def end(part: int) -> None:
        async with gate:
            await batch.made(part, part.to_bytes(2) * (size // 2))

    await asyncio.gather(*map(end, range(1000)))
    tracemalloc.start()
    begun = time.monotonic()
    assembled = await batch.assemble()
    seconds = time.monotonic() - begun
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"1,000 results of {size} bytes: {seconds:.1f} s, peak {peak / 1e6:.1f} MB")
    assert assembled.outputs[0].size > 1000 * size
    assert peak < 16 << 20, peak
    assert seconds < 30, seconds
    with zipfile.ZipFile(assembled.outputs[0].path) as archive:
        assert archive.namelist() == [f"photo-{number}.jpg" for number in range(1, 1001)]
        assert archive.read("photo-700.jpg") == (699).to_bytes(2) * (size // 2)
    assert await batch.publish(assembled)
