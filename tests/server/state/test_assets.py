"""Assets and uploads: rows and bytes together."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from filemill.errors import ErrorCode, FilemillError
from filemill_server.assets import Asset, Assets
from filemill_server.database import Database
from filemill_server.storage import Storage
from filemill_server.tables import files, to_stored
from filemill_server.uploads import Uploads

pytestmark = pytest.mark.anyio


def sha256(data: bytes) -> str:
    """Return a hash."""
    return hashlib.sha256(data).hexdigest()


async def add(
    assets: Assets,
    folder: Path,
    data: bytes = b"picture",
    *,
    tenant: str = "shop",
    ttl_seconds: int | None = 3600,
    public: bool = False,
) -> Asset:
    """Keep an asset."""
    fresh = assets.new_id()
    path = folder / f"made-{fresh}"
    path.write_bytes(data)
    return await assets.add(
        path,
        id=fresh,
        tenant=tenant,
        filename="photo.jpg",
        format="jpeg",
        media_type="image/jpeg",
        size=len(data),
        sha256=sha256(data),
        facts={"width": 3, "nested": {"é": [1.5, None]}},
        public=public,
        ttl_seconds=ttl_seconds,
    )


async def content(storage: Storage, asset: Asset) -> bytes:
    """Return an asset's bytes."""
    return b"".join([piece async for piece in storage.stream(asset.storage_name)])


async def stored(storage: Storage) -> set[str]:
    """Return all names in a store."""
    return {entry.name async for page in storage.names() for entry in page}


async def expire(database: Database, asset: Asset) -> None:
    """Move the end of an asset to a second ago."""
    ended = to_stored(datetime.now(UTC) - timedelta(seconds=1))
    query = update(files).where(files.c.id == asset.id).values(expires_at=ended)
    await database.run(lambda connection: connection.execute(query))


async def test_asset_comes_back_as_it_was_kept(assets: Assets, storage: Storage, tmp_path: Path) -> None:
    """NA-27: what is known of an asset and its bytes come back unchanged; times are whole seconds of UTC."""
    asset = await add(assets, tmp_path)
    assert await assets.get(asset.id) == asset
    assert await content(storage, asset) == b"picture"
    assert asset.facts == {"width": 3, "nested": {"é": [1.5, None]}}
    assert asset.expires_at == asset.created_at + timedelta(hours=1)
    assert asset.created_at == asset.modified_at == asset.created_at.replace(microsecond=0, tzinfo=UTC)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", asset.id)
    assert asset.id not in asset.storage_name


@pytest.mark.parametrize("id", ["", "unknown", "\0", "é", "\udc80", "x" * 5000])
async def test_unknown_ids_find_nothing(assets: Assets, uploads: Uploads, id: str) -> None:
    """NA-41: whatever stands in a URL is found or not; no text is a defect on any database."""
    assert await assets.get(id) is None
    assert await uploads.get(id) is None


async def test_asset_without_an_end(assets: Assets, tmp_path: Path) -> None:
    """NA-29: without a time to live an asset is kept until it is deleted."""
    asset = await add(assets, tmp_path, ttl_seconds=None, public=True)
    assert asset.expires_at is None
    assert asset.public
    assert await assets.get(asset.id) == asset


async def test_expired_asset_is_gone(assets: Assets, database: Database, tmp_path: Path) -> None:
    """NA-41: an asset past its time is neither found nor listed nor replaced, also before a sweep."""
    asset = await add(assets, tmp_path)
    await expire(database, asset)
    assert await assets.get(asset.id) is None
    assert await assets.list("shop") == ([], None)
    (tmp_path / "new").write_bytes(b"new")
    with pytest.raises(FilemillError) as caught:
        await replace(assets, asset, tmp_path / "new")
    assert caught.value.code is ErrorCode.NOT_FOUND


async def add_once(assets: Assets, folder: Path, data: bytes, id: str) -> Asset:
    """Keep an asset under an id that is made again."""
    path = folder / f"again-{data.decode()}"
    path.write_bytes(data)
    return await assets.add_once(
        path,
        id=id,
        tenant="shop",
        filename="photo.jpg",
        format="jpeg",
        media_type="image/jpeg",
        size=len(data),
        sha256=sha256(data),
        facts={},
        public=False,
        ttl_seconds=3600,
    )


async def test_an_id_made_again(assets: Assets, database: Database, storage: Storage, tmp_path: Path) -> None:
    """FS-51: of results under one id the first stays, until it has expired; nobody's bytes are left behind."""
    made_id = assets.new_id()
    made = await asyncio.gather(*(add_once(assets, tmp_path, data, made_id) for data in (b"one", b"two", b"three")))
    first = made[0]
    assert all(one == first for one in made)
    assert await assets.get(made_id) == first
    assert await stored(storage) == {first.storage_name}
    await expire(database, first)
    later = await add_once(assets, tmp_path, b"later", made_id)
    assert (await assets.get(made_id), await content(storage, later)) == (later, b"later")
    assert await stored(storage) == {later.storage_name}


async def test_deleted_asset_is_gone(assets: Assets, storage: Storage, tmp_path: Path) -> None:
    """NA-41: a deleted asset has neither row nor bytes; deleting it again is no error."""
    asset, other = await add(assets, tmp_path), await add(assets, tmp_path)
    await assets.delete(asset)
    await assets.delete(asset)
    assert await assets.get(asset.id) is None
    assert await stored(storage) == {other.storage_name}


async def test_list_goes_through_all_pages(assets: Assets, tmp_path: Path) -> None:
    """NC-15: pages go from the newest to the oldest, with each own asset once, also while others are added."""
    made = [(await add(assets, tmp_path)).id for _ in range(7)]
    await add(assets, tmp_path, tenant="blog")
    seen: list[str] = []
    cursor = None
    sizes = []
    while True:
        page, cursor = await assets.list("shop", cursor, 3)
        seen += [asset.id for asset in page]
        sizes.append(len(page))
        if cursor is None:
            break
        await add(assets, tmp_path)
    assert seen == made[::-1]
    assert sizes == [3, 3, 1]


async def test_list_of_one_full_page_has_no_next(assets: Assets, tmp_path: Path) -> None:
    """A page that holds all there is says so."""
    await asyncio.gather(*(add(assets, tmp_path) for _ in range(3)))
    page, cursor = await assets.list("shop", None, 3)
    assert (len(page), cursor) == (3, None)
    assert await assets.list("nobody") == ([], None)


@pytest.mark.parametrize(
    "cursor", ["", "x", "%%%", "é", "MTIz", "YWJjLmRlZg", "9" * 500, "LTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OS5h"]
)
async def test_foreign_cursors_are_refused(assets: Assets, cursor: str) -> None:
    """NC-15: a cursor that was not given out is INVALID_PARAMETER."""
    with pytest.raises(FilemillError) as caught:
        await assets.list("shop", cursor)
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert caught.value.faults[0].pointer == "/cursor"


async def replace(assets: Assets, asset: Asset, path: Path, if_match: str | None = None) -> Asset:
    """Replace an asset's bytes by those of a file."""
    data = path.read_bytes()
    return await assets.replace(
        asset,
        path,
        filename="new.png",
        format="png",
        media_type="image/png",
        size=len(data),
        sha256=sha256(data),
        facts={"width": 9},
        if_match=if_match,
    )


async def test_replaced_bytes(assets: Assets, storage: Storage, tmp_path: Path) -> None:
    """NA-41: other bytes under the same id and end; the old bytes are gone."""
    asset = await add(assets, tmp_path, public=True)
    (tmp_path / "new").write_bytes(b"new bytes")
    after = await replace(assets, asset, tmp_path / "new", if_match=asset.sha256)
    assert await assets.get(asset.id) == after
    assert (after.filename, after.format, after.size, after.facts) == ("new.png", "png", 9, {"width": 9})
    assert (after.expires_at, after.public, after.created_at) == (asset.expires_at, True, asset.created_at)
    assert after.modified_at >= asset.modified_at
    assert await content(storage, after) == b"new bytes"
    assert await stored(storage) == {after.storage_name}


async def test_replacing_what_has_changed_is_refused(assets: Assets, storage: Storage, tmp_path: Path) -> None:
    """NC-10: of many who replace the same version one wins, the others get 412 and leave no bytes."""
    asset = await add(assets, tmp_path)
    paths = []
    for number in range(5):
        paths.append(tmp_path / f"new-{number}")
        paths[-1].write_bytes(b"%d" % number)
    outcomes = await asyncio.gather(
        *(replace(assets, asset, path, asset.sha256) for path in paths), return_exceptions=True
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, Asset)]
    lost = [outcome.code for outcome in outcomes if isinstance(outcome, FilemillError)]
    assert len(won) == 1
    assert lost == [ErrorCode.PRECONDITION_FAILED] * 4
    assert await stored(storage) == {won[0].storage_name}


async def test_copy_has_its_own_life(assets: Assets, storage: Storage, tmp_path: Path) -> None:
    """NA-41: a copy has the same bytes, an id and an end of its own, and stays when the first goes."""
    asset = await add(assets, tmp_path)
    copy = await assets.copy(asset, id=assets.new_id(), public=True, ttl_seconds=None)
    assert (copy.sha256, copy.facts, copy.filename, copy.tenant) == (
        asset.sha256,
        asset.facts,
        asset.filename,
        asset.tenant,
    )
    assert (copy.public, copy.expires_at) == (True, None)
    await assets.delete(asset)
    assert await content(storage, copy) == b"picture"
    with pytest.raises(FileNotFoundError):
        await assets.copy(asset, id=assets.new_id(), public=True, ttl_seconds=None)


async def test_uploads_and_assets_are_apart(assets: Assets, uploads: Uploads, storage: Storage, tmp_path: Path) -> None:
    """NA-40: an upload is found as such, is no asset, and goes with its bytes."""
    (tmp_path / "in").write_bytes(b"input")
    upload = await uploads.add(
        tmp_path / "in",
        id=uploads.new_id(),
        tenant="shop",
        filename="in.pdf",
        format="pdf",
        media_type="application/pdf",
        size=5,
        sha256=sha256(b"input"),
    )
    asset = await add(assets, tmp_path)
    assert await uploads.get(upload.id) == upload
    assert await assets.get(upload.id) is None
    assert await uploads.get(asset.id) is None
    assert [found.id for found in (await assets.list("shop"))[0]] == [asset.id]
    assert upload.expires_at == upload.created_at + timedelta(days=1)
    await uploads.delete(upload)
    assert await uploads.get(upload.id) is None
    assert await stored(storage) == {asset.storage_name}


async def test_many_at_once(assets: Assets, storage: Storage, tmp_path: Path) -> None:
    """A hundred assets kept at the same moment are all there, each with its own bytes."""
    made = await asyncio.gather(*(add(assets, tmp_path, b"%d" % number) for number in range(100)))
    assert await stored(storage) == {asset.storage_name for asset in made}
    for number, asset in enumerate(made):
        assert await content(storage, asset) == b"%d" % number
