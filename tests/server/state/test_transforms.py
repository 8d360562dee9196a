"""Results that are held in memory: how long they are believed, and how many they are."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from filemill_server import transforms as module
from filemill_server.assets import Asset, Assets
from filemill_server.keys import Key
from filemill_server.storage import Storage
from filemill_server.transforms import LARGEST_HELD, MOST_HELD, Line, Ready, Transforms

pytestmark = pytest.mark.anyio

KEY = Key(
    id="k",
    hint="fm",
    name="shop",
    tenant="shop",
    plan="enterprise",
    dialect=None,
    test=False,
    admin=False,
    created_at=datetime.now(UTC),
    expires_at=None,
    revoked_at=None,
)


async def kept(assets: Assets, folder: Path, size: int = 7) -> Asset:
    """Keep an asset."""
    data = b"x" * size
    path = folder / "made"
    path.write_bytes(data)
    return await assets.add(
        path,
        id=assets.new_id(),
        tenant="shop",
        filename="a.png",
        format="png",
        media_type="image/png",
        size=size,
        sha256=hashlib.sha256(data).hexdigest(),
        facts={},
        public=False,
        ttl_seconds=None,
    )


def line(name: str) -> Line:
    """Return what tells a request from others."""
    return Line(name.encode(), b"", None)


async def hold(transforms: Transforms, name: str, asset: Asset, seconds: float = 60) -> Ready | None:
    """Hold the answer to a request that is looked at now."""
    return await transforms.hold(line(name), asset, {"ETag": "a"}, KEY, transforms.moment(), seconds)


async def test_held_until_something_changes(assets: Assets, storage: Storage, tmp_path: Path) -> None:
    """FS-51: it is believed as long as no asset was ended or replaced by this process."""
    transforms = Transforms(assets, storage)
    asset, other = await kept(assets, tmp_path), await kept(assets, tmp_path)
    ready = await hold(transforms, "a", asset)
    assert ready is not None
    assert ready.response.content == b"x" * 7
    assert transforms.recall(line("a")) is ready
    assert transforms.recall(line("b")) is None
    await assets.delete(other)
    assert transforms.recall(line("a")) is None
    before = transforms.moment()
    await assets.delete(asset)
    await transforms.hold(line("a"), asset, {}, KEY, before, 60)  # its bytes are at hand still
    assert transforms.recall(line("a")) is None


async def test_believed_for_a_moment(
    assets: Assets, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FS-51: for a second, or less where a policy ends before."""
    monkeypatch.setattr(module, "BELIEVED_SECONDS", 0.2)
    transforms = Transforms(assets, storage)
    asset = await kept(assets, tmp_path)
    assert await hold(transforms, "a", asset) is not None
    assert await hold(transforms, "b", asset, -1) is not None
    assert transforms.recall(line("b")) is None
    assert transforms.recall(line("a")) is not None
    await asyncio.sleep(0.3)
    assert transforms.recall(line("a")) is None


async def test_no_more_than_so_many_bytes(
    assets: Assets, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FS-51: large ones are not held, and the oldest make room; a long URL counts as well."""
    monkeypatch.setattr(module, "BELIEVED_SECONDS", 600)
    transforms = Transforms(assets, storage)
    assert await hold(transforms, "large", await kept(assets, tmp_path, LARGEST_HELD + 1)) is None
    asset = await kept(assets, tmp_path, LARGEST_HELD)
    count = MOST_HELD // LARGEST_HELD
    since = transforms.moment()
    for number in range(count + 1):
        await transforms.hold(line(str(number)), asset, {}, KEY, since, 600)
    found = [number for number in range(count + 1) if transforms.recall(line(str(number))) is not None]
    assert found[-1:] == [count]
    assert 0 not in found
    assert count * 0.9 < len(found) < count
    await transforms.hold(line("u" * (MOST_HELD // 2)), asset, {}, KEY, since, 600)
    assert transforms.recall(line(str(found[0]))) is None
