"""The child side of the worker pool: reads tasks from a socket, does them, answers. Run as a program."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from filemill import engine, task
from filemill.errors import ErrorCode, FilemillError, Problem
from filemill.limits import Limits
from filemill.registry import Registry, load_registry

_LENGTH = struct.Struct("!I")
_PR_SET_PDEATHSIG = 1
_CPU_SLACK_SECONDS = 5
_LEAST_ROOM = 64 << 10
_NO_ROOM = Problem(ErrorCode.OVERLOADED.name, "The disk of the server is full; try again in a moment.", retry_after=5)


class Start(msgspec.Struct, frozen=True):
    """What a worker is told at its start: the limits of the settings and plugins not to load."""

    limits: Limits
    blocked: list[str]


def main() -> None:
    """Serve tasks on the socket whose descriptor and settings stand in the arguments."""
    _end_with_parent()
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.set_inheritable(False)  # programs that operations start have no part in it
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    start = msgspec.json.decode(sys.argv[2], type=Start)
    registry = load_registry(start.blocked)
    registry.startup(start.limits)
    sending = threading.Lock()  # operations may tell their progress from several threads

    def send(body: bytes) -> None:
        with sending:
            connection.sendall(_LENGTH.pack(len(body)) + body)

    send(task.encode(task.Ready()))
    while (frame := _receive(connection)) is not None:
        send(_answer(task.decode_task(frame), registry, send))


def _answer(given: task.Task, registry: Registry, send: Callable[[bytes], None]) -> bytes:
    """Do a task and encode what came of it."""

    def tell(fraction: float, step: int, note: str) -> None:
        send(task.encode(task.Progress(fraction=fraction, step=step, note=note)))

    try:
        _limit(given.limits)
        return task.encode(engine.run(given, registry, tell))
    except FilemillError as error:
        if error.code is ErrorCode.INVALID_FILE and _is_full(given.folder):
            return task.encode(task.Failure(problem=_NO_ROOM))
        return task.encode(task.Failure(problem=Problem.of(error)))
    except Exception:  # noqa: BLE001 - a defect of an operation is an answer, not the worker's end
        if _is_full(given.folder):
            return task.encode(task.Failure(problem=_NO_ROOM, trace=traceback.format_exc()))
        problem = Problem(ErrorCode.INTERNAL_ERROR.name, "An operation failed in an unexpected way.")
        return task.encode(task.Failure(problem=problem, trace=traceback.format_exc()))


def _is_full(folder: str) -> bool:
    """Whether there is no room for working files: then whatever failed failed for that, in each library's own words."""
    place = os.statvfs(folder)
    return place.f_bavail * place.f_frsize < _LEAST_ROOM


def _end_with_parent() -> None:
    """Ask the kernel to kill this process when its parent is gone, also while it is inside a library."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _limit(limits: Limits) -> None:
    """Set the soft limits of the next task: memory beyond what the worker holds now, and CPU time."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _set_soft(resource.RLIMIT_AS, held + limits.memory_bytes)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    allowed = limits.deadline_seconds * (os.cpu_count() or 1) + _CPU_SLACK_SECONDS
    _set_soft(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + allowed))


def _set_soft(which: int, value: int) -> None:
    """Set a soft limit, no higher than the hard one that the operator may have set."""
    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _receive(connection: socket.socket) -> bytes | None:
    head = _exactly(connection, _LENGTH.size)
    return None if head is None else _exactly(connection, _LENGTH.unpack(head)[0])


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            return None
        data += part
    return bytes(data)


if __name__ == "__main__":
    main()
