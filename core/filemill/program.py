"""Programs that operations start: without a network, within limits, gone with the worker that started them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from filemill import confine
from filemill.operation import Missing

if TYPE_CHECKING:
    from filemill.context import Context

_TOLD_BYTES = 16 << 10
"""How much of what a program says at its end is kept, bytes."""
_TRY_SECONDS = 10
_PREFIXES = (
    ("unshare", "--user", "--map-current-user", "--net", "--"),  # a network of its own, with nothing in it
    ("setpriv", "--pdeathsig", "KILL", "--"),  # gone with the worker, also where nobody could kill the group
)


class ProgramFailed(Exception):  # noqa: N818 - it is named for what happened
    """A program ended with an error.

    Args:
        code: its exit code, negative for a signal.
        said: the end of its standard error.
    """

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"exit code {code}: {said}")
        self.code = code
        self.said = said


@dataclass(frozen=True)
class Program:
    """A program that may be on this machine.

    Fields:
        names: of the executable; the first that is found is taken.
        title: name for people.
        install: the command that installs it on Debian and Ubuntu.
        environment: names and values that it needs besides a home and a place for temporary files.
        memory_factor: how many times the memory of a task it may map: some reserve far more than they use.
        reads: files and folders that it needs to read, where it shall read nothing but these and the task's folder,
            as far as the kernel can see to that (see `confine`); None: what the server may read.
    """

    names: tuple[str, ...]
    title: str
    install: str
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_factor: int = 1
    reads: tuple[str, ...] | None = None

    @property
    def path(self) -> str | None:
        """Where it is; None: it is not installed."""
        return next((found for name in self.names if (found := shutil.which(name)) is not None), None)

    def missing(self) -> Missing | None:
        """Say that it is missing, and how it is installed; None: it is there."""
        if self.path is not None:
            return None
        return Missing(f"The program {self.title} is not installed on the server.", f"Install it: {self.install}.")

    def run(
        self,
        arguments: Sequence[str | Path],
        context: Context,
        *,
        tell: Callable[[str], None] = lambda line: None,
        most_bytes: int | None = None,
    ) -> str:
        """Run it in the task's folder to its end.

        It has no network where the kernel lets a process have one of its own, no standard input, and of the
        server's environment nothing. It ends with the worker: at a deadline, a cancel, a crash.

        Args:
            arguments: what stands after its name.
            context: of the task.
            tell: is given each line of its standard output as it comes.
            most_bytes: of any file that it writes.

        Returns:
            The end of what it said on standard error.

        Raises:
            ProgramFailed: it ended with an error.
        """
        assert self.path is not None, "who calls it has asked whether it is missing"
        limits = [f"--as={context.limits.memory_bytes * self.memory_factor}"]
        limits += [] if most_bytes is None else [f"--fsize={most_bytes}"]
        command = [*_isolation(), "prlimit", *limits, "--", *self._confinement(context.folder), self.path]
        command += map(str, arguments)
        process = subprocess.Popen(
            command,
            cwd=context.folder,
            env=self._environment(context.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        said = _Tail(process.stderr)
        try:
            for line in process.stdout:
                tell(line.decode("utf-8", "replace").rstrip("\r\n"))
            code = process.wait()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
            process.stdout.close()
            said.join()
        if code != 0:
            raise ProgramFailed(code, said.text)
        return said.text

    def _confinement(self, folder: Path) -> list[str]:
        if self.reads is None:
            return []
        return [sys.executable, "-I", "-S", confine.__file__, os.pathsep.join(self.reads), str(folder)]

    def _environment(self, folder: Path) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LC_ALL": "C.UTF-8",
            "OMP_THREAD_LIMIT": "1",
            **self.environment,
        }


class _Tail:
    """The end of a stream, read as it comes: a program must not wait because nobody reads what it says."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._stream:
            while part := self._stream.read(4096):
                self._kept = (self._kept + part)[-_TOLD_BYTES:]

    def join(self) -> None:
        self._thread.join()

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", "replace").strip()


@cache
def _isolation() -> tuple[str, ...]:
    """Return the commands before a program that keep it from the network and end it with its parent."""
    return tuple(word for prefix in _PREFIXES if _works(prefix) for word in prefix)


def _works(prefix: tuple[str, ...]) -> bool:
    """Whether a prefix can be used: containers may forbid namespaces of their own."""
    if shutil.which(prefix[0]) is None:
        return False
    try:
        tried = subprocess.run([*prefix, "true"], capture_output=True, timeout=_TRY_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0
