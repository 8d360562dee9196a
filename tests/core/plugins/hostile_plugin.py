"""A plugin of the tests that does what no plugin should, to show what becomes of it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pyvips
from msgspec import Meta

from filemill import Choice, Context, Data, Operation, Text, hookimpl
from filemill.limits import Limits

kept: list[bytes] = []


class Act(Choice):
    """What it does."""

    NOTHING = "nothing"
    PID = "pid"
    SLEEP = "sleep"
    SPAWN = "spawn"
    FORK_AND_CRASH = "fork-and-crash"
    ALLOCATE = "allocate"
    ALLOCATE_IN_VIPS = "allocate-in-vips"
    SEGFAULT = "segfault"
    EXIT = "exit"
    RAISE = "raise"
    UNENCODABLE = "unencodable"
    PRINT = "print"
    BURN = "burn"
    LEAK = "leak"
    THREADS = "threads"


class Hostile(Operation, tag="hostile"):
    """Misbehave in one of many ways."""

    act: Annotated[Act, Meta(description="What to do.")]
    note: Annotated[str, Meta(description="Where to write the process ids that are involved.")] = ""

    def run(self, text: Text, context: Context) -> Data:
        """Do it."""
        if self.note:
            Path(self.note).write_text(str(os.getpid()))
        match self.act:
            case Act.SLEEP:
                time.sleep(600)
            case Act.SPAWN:
                child = subprocess.Popen(["sleep", "600"])
                Path(self.note).write_text(f"{os.getpid()} {child.pid}")
                child.wait()
            case Act.FORK_AND_CRASH:
                if not (child_pid := os.fork()):
                    time.sleep(600)
                Path(self.note).write_text(f"{os.getpid()} {child_pid}")
                os.kill(os.getpid(), signal.SIGSEGV)
            case Act.ALLOCATE:
                return Data({"bytes": len(bytes(4 << 30))})
            case Act.ALLOCATE_IN_VIPS:
                return Data({"width": pyvips.Image.black(60000, 60000).copy_memory().width})
            case Act.SEGFAULT:
                ctypes.string_at(0)
            case Act.EXIT:
                os._exit(3)
            case Act.RAISE:
                raise ZeroDivisionError("as ordered")
            case Act.UNENCODABLE:
                context.report(thing=object())  # type: ignore[arg-type]
            case Act.PRINT:
                print("printed by a plugin")
                os.write(1, b"written by a plugin\n")
                sys.stdout.flush()
            case Act.BURN:
                while True:
                    pass
            case Act.LEAK:
                kept.append(os.urandom(64) * (1 << 20))
            case Act.THREADS:
                _progress_from_threads(context)
        return Data({"pid": os.getpid()})


def _progress_from_threads(context: Context) -> None:
    threads = [
        threading.Thread(target=lambda: [context.progress(part, 200, "x" * 500) for part in range(200)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@hookimpl
def filemill_operations() -> Sequence[type[Operation]]:
    """Register it."""
    return [Hostile]


@hookimpl
def filemill_startup(limits: Limits) -> None:
    """Refuse to start, slowly or at once, where the environment says so."""
    if os.environ.get("HOSTILE_STARTUP") == "raise":
        raise RuntimeError("no licence")
    if path := os.environ.get("HOSTILE_STARTUP_NOTE"):
        with Path(path).open("a") as stream:
            stream.write(f"{os.getpid()}\n")
    if os.environ.get("HOSTILE_STARTUP") == "hang":
        time.sleep(600)
