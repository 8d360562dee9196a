"""Processes of filemill that begin with its libraries loaded: forks of one that has imported them.

A start takes four seconds of CPU, of which imports are two and a half, and the tests start hundreds. What begins this
way runs the same command in a process of its own; that it can be started as a program is seen in tests/server/cli.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path

FILEMILL = str(Path(sys.executable).with_name("filemill"))
"""The command line of the installed distribution."""
_AHEAD = "LD_PRELOAD"
_LOADED = ("filemill_server.cli.serve", "filemill_server.app", "filemill_server.http", "dbos")


class Forked:
    """A running command of filemill, with what tests use of a `subprocess.Popen`.

    Args:
        words: the command line after `filemill`.
        env: its environment, all of it.
        output: the file that what it writes is added to.
        errors: the same for its standard error, where it is another.
    """

    def __init__(self, words: Sequence[str], env: Mapping[str, str], output: Path, errors: Path | None = None) -> None:
        given = (words, dict(env), output, errors or output)
        self._process = _context().Process(target=_run, args=given, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, the negative number of the signal that ended it, or nothing while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; return the exit code.

        Raises:
            subprocess.TimeoutExpired: it has not, within the seconds.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("filemill", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it without warning."""
        self.send_signal(signal.SIGKILL)


@cache
def _context() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload([*_LOADED, *(entry.module for entry in entry_points(group="filemill"))])
    return context


def _run(words: Sequence[str], env: Mapping[str, str], output: Path, errors: Path) -> None:
    """Become the command: its session, its output, its environment, with the plugins that it names."""
    os.setsid()
    for path, standard in ((output, 1), (errors, 2)):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(descriptor, standard)
        os.close(descriptor)
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    plugins = env.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [folder for folder in plugins if folder and folder not in inherited]
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["filemill", *words]
    from filemill_server.cli import main

    main()


Command = Forked | subprocess.Popen[bytes]


def start_command(words: Sequence[str], env: Mapping[str, str], log: Path, before: Sequence[str] = ()) -> Command:
    """Start a command of filemill in a session of its own; what it writes is added to a log.

    Args:
        words: the command line after `filemill`.
        env: its environment, all of it.
        log: a file.
        before: what stands before `filemill` in its command line: a program that starts it, from nothing. So does
            a library that has to be loaded before all others.
    """
    if _in_suite() and not before and env.get(_AHEAD) == os.environ.get(_AHEAD):
        return Forked(words, env, log)
    with log.open("ab") as output:
        return subprocess.Popen(
            [*before, FILEMILL, *words], env=env, stdout=output, stderr=output, start_new_session=True
        )


def run_command(words: Sequence[str], env: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command of filemill to its end.

    Args:
        words: the command line after `filemill`.
        env: its environment, all of it.
        seconds: how long it may take.

    Raises:
        subprocess.CalledProcessError: its exit code is another than 0.
        subprocess.TimeoutExpired: it takes longer.
    """
    if not _in_suite():
        command = [FILEMILL, *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=seconds)
    with tempfile.TemporaryDirectory(prefix="filemill-command-") as folder:
        output, errors = Path(folder) / "output", Path(folder) / "errors"
        code = Forked(words, env, output, errors).wait(seconds)
        done = subprocess.CompletedProcess(words, code, output.read_text(), errors.read_text())
    done.check_returncode()
    return done


def _in_suite() -> bool:
    """Tell whether tests run: benchmarks start what users start."""
    return "PYTEST_VERSION" in os.environ
