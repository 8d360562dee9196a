"""What a live server takes of its machine: processes, threads, descriptors, memory, files; what a request leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from live import LiveServer, children, resident_bytes

_MOST_SECONDS = 100.0


@dataclass(frozen=True)
class Footprint:
    """What a server takes: of the web process, if nothing else is said.

    Fields:
        processes: of the server, its workers, and all that these started.
        threads, descriptors: how many.
        memory: resident bytes.
        files: what lies in its working folder and in its folder for temporary files.
    """

    processes: int
    threads: int
    descriptors: int
    memory: int
    files: tuple[str, ...]


def footprint(server: LiveServer) -> Footprint:
    """Look at a server that has nothing to do."""
    pid = _pid(server)
    return Footprint(
        processes=len(tree(pid)),
        threads=len([*Path(f"/proc/{pid}/task").iterdir()]),
        descriptors=len([*Path(f"/proc/{pid}/fd").iterdir()]),
        memory=resident_bytes(pid),
        files=tuple(files(server)),
    )


def temporary_folder(server: LiveServer) -> Path:
    """Return the folder that a server's environment names for temporary files."""
    return Path(server.settings["TMPDIR"])


def files(server: LiveServer) -> list[str]:
    """Return what requests and their programs left: folders and files, also where a program puts its own."""
    places = [place for place in (server.data / "work").iterdir() if place.is_dir()]
    found = [path for place in places for path in place.iterdir() if path.name != ".lock"]
    return sorted(map(str, [*found, *temporary_folder(server).iterdir()]))


def tree(pid: int) -> list[int]:
    """Return a process and all below it that have not ended."""
    found = [pid] if _state(pid) not in ("", "Z") else []
    with suppress(OSError):
        for child in children(pid):
            found += tree(child)
    return found


def session(leader: int) -> list[int]:
    """Return the processes of a session that have not ended, whoever is their parent now."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(place.name))
        if fields and fields[0] != "Z" and int(fields[3]) == leader:
            found.append(int(place.name))
    return found


def idle_workers(server: LiveServer) -> set[int]:
    """Wait until a worker takes work again and nothing is left of what was done before; return the workers."""
    end = time.monotonic() + _MOST_SECONDS
    with server.client() as client:
        while client.get("/health/ready").status_code != 200:
            assert time.monotonic() < end, "no worker came back"
            time.sleep(0.05)
    return set(children(_pid(server)))


def seconds_until_gone(server: LiveServer, workers: set[int], since: float) -> float:
    """Wait until what a request started is gone, and its files; return how long that took.

    Args:
        server: of the request.
        workers: those before it: the one that did it either works on alone, or is gone with its whole session.
        since: when the request was sent, as of `time.monotonic`.
    """
    while time.monotonic() < since + _MOST_SECONDS:
        alive = set(children(_pid(server)))
        left = [pid for worker in workers for pid in session(worker) if pid != worker or worker not in alive]
        if not left and not files(server):
            break
        time.sleep(0.01)
    return time.monotonic() - since


@dataclass
class Peak:
    """The most memory that a server's processes held together while it was watched, bytes.

    Fields:
        whole: resident, each page counted once: what processes share is divided among them.
        server: of the web process alone, resident.
        process: of any other process alone, resident.
    """

    whole: int = 0
    server: int = 0
    process: int = 0
    _done: threading.Event = field(default_factory=threading.Event)


@contextmanager
def watched_memory(server: LiveServer, every: float = 0.1) -> Iterator[Peak]:
    """Sample the memory of a server and all below it, in a thread."""
    peak, pid = Peak(), _pid(server)

    def sample() -> None:
        while not peak._done.wait(every):
            held = {one: _proportional(one) for one in tree(pid)}
            peak.whole = max(peak.whole, sum(held.values()))
            with suppress(OSError):
                peak.server = max(peak.server, resident_bytes(pid))
            for one in held.keys() - {pid}:
                with suppress(OSError):
                    peak.process = max(peak.process, resident_bytes(one))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        peak._done.set()
        thread.join()


def _proportional(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has just ended, or has another user
        return 0
    return next((int(line.split()[1]) << 10 for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def _pid(server: LiveServer) -> int:
    assert server.process is not None
    return server.process.pid


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")
