"""The parent side of one worker process: how it is started, spoken to and killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from filemill import task
from filemill.worker import Start

_LENGTH = struct.Struct("!I")
_START_SECONDS = 30.0
_STANDARD_ERROR = 2
_STILL_SECONDS = 0.5
_STILL_PAUSE = 0.01
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ENVIRONMENT = {
    "VIPS_CONCURRENCY": "1",  # one thread a picture: parallel work comes from parallel workers
    "OMP_THREAD_LIMIT": "1",
    "MALLOC_ARENA_MAX": "2",
    # Pixel buffers come from the heap and stay with it: each picture would fault its pages in anew.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}


_SECRET = ("FILEMILL_", "AWS_", "AZURE_", "GOOGLE_")
"""Beginnings of the names that a worker does not inherit: it reads strangers' files and needs no address or secret."""


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)}
    return inherited | _ENVIRONMENT


class Worker:
    """One worker process and the socket to it.

    Attributes:
        process: the process, leader of its own session and process group.
        tasks: how many tasks it has finished.
    """

    def __init__(self, process: asyncio.subprocess.Process, connection: socket.socket, statm: int) -> None:
        self.process = process
        self.tasks = 0
        self._connection = connection
        self._statm = statm
        self._watch = asyncio.create_task(self._hang_up_at_end())

    @classmethod
    async def start(cls, start: Start) -> Worker:
        """Start a process by exec (never fork after libvips was used) and wait until it is ready.

        What plugins print goes to standard error: standard output may be the server's log or a file's bytes.

        Raises:
            RuntimeError: when it ends or says nothing within 30 s; its error output goes to ours.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        told = msgspec.json.encode(start).decode()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "filemill.worker", str(theirs.fileno()), told),
                pass_fds=[theirs.fileno()],
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=_STANDARD_ERROR,
                start_new_session=True,
            )
            statm = os.open(f"/proc/{process.pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        worker = cls(process, ours, statm)
        try:
            await asyncio.wait_for(worker.receive(), _START_SECONDS)
        except (TimeoutError, EOFError) as error:
            await worker._abandon()
            raise RuntimeError("a worker process did not start; its reason stands above") from error
        except BaseException:
            await worker._abandon()
            raise
        return worker

    @property
    def alive(self) -> bool:
        """Whether the process runs, as far as the event loop has seen."""
        return self.process.returncode is None

    async def send(self, body: bytes) -> None:
        """Send one task."""
        await asyncio.get_running_loop().sock_sendall(self._connection, _LENGTH.pack(len(body)) + body)

    async def receive(self) -> task.Answer:
        """Wait for one answer; EOFError where the process has ended."""
        head = await self._exactly(_LENGTH.size)
        answer: task.Answer = task.decode_answer(await self._exactly(_LENGTH.unpack(head)[0]))
        return answer

    async def _exactly(self, size: int) -> bytes:
        loop, data = asyncio.get_running_loop(), bytearray()
        while len(data) < size:
            try:
                part = await loop.sock_recv(self._connection, size - len(data))
            except ConnectionError:
                part = b""
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def resident_bytes(self) -> int:
        """Return the memory the process holds now, bytes; 0 where it has ended."""
        try:
            pages = os.pread(self._statm, 100, 0).split()
        except OSError:
            return 0
        return int(pages[1]) * _PAGE if pages else 0

    def kill(self) -> None:
        """Kill the process group now, so that children of an operation end too."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    async def still(self) -> None:
        """Wait until nothing of a killed process group acts any more, but not for longer than half a second.

        A kill takes effect a moment later: what was about to make a file still does, in a folder that is to go.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_STILL_SECONDS):
                await self.process.wait()
                while await asyncio.to_thread(_acts, self.process.pid):  # noqa: ASYNC110 - of a group nobody is told
                    await asyncio.sleep(_STILL_PAUSE)

    async def ended(self) -> int:
        """Wait until the process is gone and return its exit code, negative for a signal."""
        code = await self.process.wait()
        await self._watch
        return code

    async def _hang_up_at_end(self) -> None:
        """Wake what waits for an answer when the process is gone, even where a child of it holds the socket.

        What the process sent before its end can still be read: the socket is closed by who forgets the worker.
        """
        await self.process.wait()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    async def _abandon(self) -> None:
        self.kill()
        try:
            await self.ended()
        finally:
            self.close()

    def close(self) -> None:
        """Give the descriptors back, once nobody waits on them."""
        self._connection.close()
        os.close(self._statm)


def _acts(group: int) -> bool:
    """Whether a process group has a process that has not ended; who has not been waited for does nothing more."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with suppress(OSError):
                state, _, of_group = (place / "stat").read_text().rpartition(")")[2].split()[:3]
                if int(of_group) == group and state != "Z":
                    return True
    return False
