"""Packs: plugins' presets and the operator's folder, kept up to date."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill.registry import Registry
from filemill_server import packs as packs_module
from filemill_server.packs import Packs

Preset = Callable[..., str]


def loaded(registry: Registry, folder: Path | None = None) -> Packs:
    """Return packs that have been loaded once."""
    packs = Packs(registry, Limits(), folder)
    packs.load()
    return packs


def test_packs_of_plugins_and_of_the_operator_are_loaded(
    registry_of: Callable[..., Registry], preset: Preset, tmp_path: Path
) -> None:
    """NA-12, NA-81: both layers, in order of ids."""
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    own.mkdir()
    (shipped / "zebra.yaml").write_text(preset("zebra"))
    (own / "ant.yml").write_text(preset("ant"))
    packs = loaded(registry_of(shipped), own)
    assert list(packs.packs) == ["ant", "zebra"]
    assert packs.faults == []


def test_the_operator_overrides_a_shipped_pack(
    registry_of: Callable[..., Registry], preset: Preset, tmp_path: Path
) -> None:
    """An operator's pack of a shipped id replaces it; without the file the shipped one is back."""
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    own.mkdir()
    (shipped / "feed.yaml").write_text(preset("feed", 100))
    (own / "mine.yaml").write_text(preset("feed", 200))
    packs = loaded(registry_of(shipped), own)
    assert packs["feed"].width == 200
    assert packs.faults == []
    (own / "mine.yaml").unlink()
    packs.load()
    assert packs["feed"].width == 100


def test_a_broken_file_is_reported_and_its_last_good_version_stays(
    registry: Registry, preset: Preset, tmp_path: Path
) -> None:
    """A reload with a fault keeps what worked, says where the fault is, and forgets it when mended."""
    file = tmp_path / "feed.yaml"
    file.write_text(preset("feed", 100))
    packs = loaded(registry, tmp_path)
    file.write_text(preset("feed", 0))
    packs.load()
    assert packs["feed"].width == 100
    assert {(fault.file, fault.line) for fault in packs.faults} == {(str(file), 3)}
    file.write_text(preset("feed", 300))
    packs.load()
    assert (packs["feed"].width, packs.faults) == (300, [])


def test_a_file_that_was_never_good_gives_no_pack(registry: Registry, tmp_path: Path) -> None:
    """Nothing is guessed of a broken file; bytes that are no text are a fault as well."""
    (tmp_path / "a.yaml").write_text("id: [")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    packs = loaded(registry, tmp_path)
    assert packs.packs == {}
    assert [Path(fault.file).name for fault in packs.faults] == ["a.yaml", "b.yaml"]


def test_two_files_of_one_id_are_a_fault_naming_both(registry: Registry, preset: Preset, tmp_path: Path) -> None:
    """The file that had the id first keeps it, whatever its name."""
    (tmp_path / "b.yaml").write_text(preset("feed", 100))
    packs = loaded(registry, tmp_path)
    (tmp_path / "a.yaml").write_text(preset("feed", 200))
    packs.load()
    assert packs["feed"].width == 100
    (fault,) = packs.faults
    assert fault.file == str(tmp_path / "a.yaml")
    assert str(tmp_path / "b.yaml") in fault.detail


def test_two_plugins_of_one_id_are_a_fault_naming_both(
    registry_of: Callable[..., Registry], preset: Preset, tmp_path: Path
) -> None:
    """Plugins don't override each other."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / "feed.yaml").write_text(preset("feed"))
    packs = loaded(registry_of(*folders))
    (fault,) = packs.faults
    assert (fault.file, "brand0/feed.yaml" in fault.detail) == ("brand1/feed.yaml", True)


def test_an_unknown_pack_is_not_found_with_the_nearest_id(registry: Registry, preset: Preset, tmp_path: Path) -> None:
    """NA-12: `GET /v1/packs/feeed` names `feed`."""
    (tmp_path / "a.yaml").write_text(preset("feed"))
    with pytest.raises(FilemillError, match="'feed'") as caught:
        loaded(registry, tmp_path)["feeed"]
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_the_version_grows_only_with_a_change(registry: Registry, preset: Preset, tmp_path: Path) -> None:
    """What is made of the packs, such as the OpenAPI document, can be kept while the version stays."""
    file = tmp_path / "a.yaml"
    file.write_text(preset("feed"))
    packs = loaded(registry, tmp_path)
    first = packs.version
    packs.load()
    assert packs.version == first
    file.write_text(preset("feed", 7))
    packs.load()
    assert packs.version == first + 1


async def reached(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def watched(packs: Packs) -> AsyncIterator[None]:
    """Watch in the background."""
    task = asyncio.create_task(packs.watch())
    await asyncio.sleep(0.3)
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_changes_are_seen_without_a_restart(registry: Registry, preset: Preset, tmp_path: Path) -> None:
    """A new, a changed, a renamed-over and a deleted file each show."""

    async def scene() -> None:
        packs = loaded(registry, tmp_path)
        async with watched(packs):
            (tmp_path / "a.yaml").write_text(preset("feed", 100))
            await reached(lambda: "feed" in packs.packs)
            (tmp_path / "aside").write_text(preset("feed", 200))
            (tmp_path / "aside").replace(tmp_path / "a.yaml")
            await reached(lambda: packs["feed"].width == 200)
            (tmp_path / "a.yaml").unlink()
            await reached(lambda: packs.packs == {})

    asyncio.run(scene())


def test_a_file_in_the_middle_of_being_written_harms_nothing(
    registry: Registry, preset: Preset, tmp_path: Path
) -> None:
    """The old version serves until the new one is whole."""

    async def scene() -> None:
        file = tmp_path / "a.yaml"
        file.write_text(preset("feed", 100))
        packs = loaded(registry, tmp_path)
        async with watched(packs):
            text = preset("feed", 200)
            with file.open("w") as stream:
                for sign in text:
                    stream.write(sign)
                    stream.flush()
                    assert packs["feed"].width == 100
                    await asyncio.sleep(0.005)
            await reached(lambda: packs["feed"].width == 200)
            assert packs.faults == []

    asyncio.run(scene())


def test_the_folder_may_come_and_go(
    registry: Registry, preset: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not there yet, is deleted and made again is followed all the way."""
    monkeypatch.setattr(packs_module, "LOOK_MILLISECONDS", 100)
    folder = tmp_path / "later"

    async def scene() -> None:
        packs = loaded(registry, folder)
        async with watched(packs):
            for width in (100, 200):
                folder.mkdir()
                (folder / "a.yaml").write_text(preset("feed", width))
                await reached(lambda: packs.packs.get("feed") is not None)
                assert packs["feed"].width == width
                shutil.rmtree(folder)
                await reached(lambda: packs.packs == {})

    asyncio.run(scene())


def test_watching_ends_at_once_without_a_folder(registry: Registry) -> None:
    """Where the operator has no folder there is nothing to watch."""
    asyncio.run(asyncio.wait_for(Packs(registry, Limits()).watch(), 1))
