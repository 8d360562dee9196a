"""The packs a server has: of plugins' preset files and of the operator's folder, kept up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

import structlog
from msgspec.structs import asdict
from watchfiles import awatch

from filemill.errors import ErrorCode, FilemillError
from filemill.faults import unknown
from filemill.limits import Limits
from filemill.presets import Pack, PresetError, PresetFault, preset_files, read_pack
from filemill.registry import Registry

QUIET_MILLISECONDS = 200
"""A file counts as written when nothing in the folder has changed for this long."""
LOOK_MILLISECONDS = 2000
"""How often the folder is looked at without an event: network folders give none. Milliseconds."""

Stamp = tuple[str, int, int, int]

log = structlog.get_logger(__name__)


class _Layer(NamedTuple):
    """What one set of preset files gives: packs by id, the last good pack of each file, and faults."""

    packs: dict[str, Pack]
    good: dict[str, Pack]
    faults: list[PresetFault]


class Packs:
    """The packs that can be used now.

    There are two layers: what plugins ship, and the operator's folder. An operator's pack replaces a
    shipped one of the same id. Within a layer an id that stands in two files is a fault; the file that
    had it first keeps it. A file that is broken is reported, and its last good version stays in use
    until the file is mended or deleted.

    Attributes:
        packs: the packs by id, in order of ids.
        faults: what is wrong in preset files now.
        version: a number that grows whenever `packs` or `faults` change.
    """

    def __init__(self, registry: Registry, limits: Limits, folder: Path | None = None) -> None:
        self._registry = registry
        self._limits = limits
        self._folder = folder
        self._shipped = _Layer({}, {}, [])
        self._own = _Layer({}, {}, [])
        self._stamps: list[Stamp] = []
        self.packs: dict[str, Pack] = {}
        self.faults: list[PresetFault] = []
        self.version = 0

    def __getitem__(self, pack_id: str) -> Pack:
        """Return a pack.

        Raises:
            FilemillError: `NOT_FOUND` with the nearest id.
        """
        if (pack := self.packs.get(pack_id)) is None:
            raise FilemillError(ErrorCode.NOT_FOUND, unknown(pack_id, self.packs, "pack"))
        return pack

    def load(self) -> None:
        """Read every preset file again and say in the log what is newly wrong."""
        self._stamps = self._look()
        shipped = [
            (f"{plugin.name}/{file.name}", file)
            for plugin, folder in self._registry.preset_folders
            for file in preset_files(folder)
        ]
        self._shipped = self._read(shipped, self._shipped)
        self._own = self._read([(str(file), file) for file in self._own_files()], self._own)
        packs = dict(sorted({**self._shipped.packs, **self._own.packs}.items()))
        faults = self._shipped.faults + self._own.faults
        for fault in faults:
            if fault not in self.faults:
                log.warning("preset_fault", **asdict(fault))
        if packs != self.packs or faults != self.faults:
            self.packs, self.faults, self.version = packs, faults, self.version + 1
            log.info("packs_loaded", packs=len(packs), faults=len(faults))

    async def watch(self) -> None:
        """Load again whenever the operator's folder changes, until cancelled.

        The folder may come into being, or go, at any time. A file that is being written is read when
        it has been left alone for a moment; what is read before that can only be a fault that passes.
        """
        if self._folder is None:
            return
        while True:
            if self._folder.is_dir():
                await self._watch_folder(self._folder)
            else:
                await asyncio.sleep(LOOK_MILLISECONDS / 1000)
            await self._refresh()

    async def _watch_folder(self, folder: Path) -> None:
        """Watch a folder that exists, until it is gone."""
        events = awatch(
            folder,
            watch_filter=None,
            recursive=False,
            step=QUIET_MILLISECONDS,
            rust_timeout=LOOK_MILLISECONDS,
            yield_on_timeout=True,
        )
        try:
            async with aclosing(events):
                async for _ in events:
                    await self._refresh()
                    if not folder.is_dir():
                        return
        except OSError as error:  # the folder went between the look and the watch, or may not be watched
            log.warning("presets_not_watched", folder=str(folder), reason=str(error))
            await asyncio.sleep(LOOK_MILLISECONDS / 1000)

    async def _refresh(self) -> None:
        if await asyncio.to_thread(self._look) != self._stamps:
            await asyncio.to_thread(self.load)

    def _own_files(self) -> list[Traversable]:
        if self._folder is None or not self._folder.is_dir():
            return []
        return list(preset_files(self._folder))

    def _look(self) -> list[Stamp]:
        """Tell the state of the operator's files, so that a change is seen without reading them."""
        stamps: list[Stamp] = []
        for file in self._own_files():
            try:
                status = Path(str(file)).stat()
            except OSError:  # deleted since the folder was listed
                continue
            stamps.append((file.name, status.st_mtime_ns, status.st_size, status.st_ino))
        return stamps

    def _read(self, files: Iterable[tuple[str, Traversable]], before: _Layer) -> _Layer:
        """Read a layer's files, each with the name it has in faults."""
        good: dict[str, Pack] = {}
        faults: list[PresetFault] = []
        for name, file in files:
            try:
                good[name] = read_pack(file.read_text(encoding="utf-8"), name, self._registry, self._limits)
                continue
            except FileNotFoundError:  # deleted since the folder was listed
                continue
            except PresetError as error:
                faults += error.faults
            except (OSError, UnicodeDecodeError) as error:
                faults.append(PresetFault(name, 1, 1, str(error)))
            if name in before.good:
                good[name] = before.good[name]
        packs: dict[str, Pack] = {}
        for pack in sorted(good.values(), key=lambda pack: not _holds(before, pack)):
            holder = packs.setdefault(pack.id, pack)
            if holder is not pack:
                detail = f"The pack {pack.id!r} is already in {holder.origin}."
                faults.append(PresetFault(pack.origin, 1, 1, detail))
        return _Layer(packs, good, faults)


def _holds(layer: _Layer, pack: Pack) -> bool:
    """Whether a pack's file already had its id."""
    return pack.id in layer.packs and layer.packs[pack.id].origin == pack.origin
