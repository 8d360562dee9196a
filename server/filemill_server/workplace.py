"""The folder in which one server process works; it tells by a lock whether that process lives."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

_LOCK = ".lock"


class Workplace:
    """A folder of this process's own under `DATA_DIR/work`, gone with everything in it when it is closed.

    The kernel drops the lock when the process ends in whatever way, also across containers that share the
    volume, where process numbers say nothing.

    Attributes:
        id: a name for this process that no earlier or other one has.
        folder: where it works.
    """

    def __init__(self, parent: Path) -> None:
        self.id = secrets.token_hex(8)
        self.folder = parent / self.id
        self._parent = parent
        parent.mkdir(parents=True, exist_ok=True)
        # It gets its name when it is locked, so that nobody takes it for a dead one meanwhile.
        fresh = parent / f".{self.id}"
        fresh.mkdir(mode=0o700)
        self._descriptor = os.open(fresh / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        fresh.rename(self.folder)

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """Make the folder of this process."""
        return cls(data_dir / "work")

    def clear_dead(self) -> Sequence[str]:
        """Remove the folders of processes that are dead, and return their ids."""
        dead: list[str] = []
        for folder in self._parent.iterdir():
            if folder.name.startswith(".") or folder == self.folder or not folder.is_dir():
                continue
            if _is_dead(folder):
                shutil.rmtree(folder, ignore_errors=True)
                dead.append(folder.name)
        return dead

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._descriptor)


def _is_dead(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
