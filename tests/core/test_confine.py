"""A program that may read only what it is told of, and its own folder."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from filemill import Context, Limits, Program, ProgramFailed, confine
from filemill.formats import FormatTable
from filemill.program import _works

READS = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")


@pytest.fixture(autouse=True)
def landlock() -> None:
    """What keeps a program from files is the kernel."""
    if not confine.version():
        pytest.skip("the kernel has no Landlock")


@pytest.fixture
def namespaces() -> None:
    """That a process may have mounts of its own."""
    if not _works(("unshare", "--user", "--map-root-user", "--mount", "--")):
        pytest.skip("the kernel lets no process have mounts of its own")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A task with a folder of its own, and a secret in the folder beside it."""
    (folder := tmp_path / "task").mkdir()
    (tmp_path / "secret").write_text("secret")
    return Context(limits=Limits(), folder=folder, formats=FormatTable([]))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def run(context: Context, script: str, reads: tuple[str, ...] | None = READS) -> list[str]:
    """Run a script, and return what it prints."""
    lines: list[str] = []
    program = Program(names=("bash",), title="bash", install="", reads=reads)
    program.run(["-c", script], context, tell=lines.append)
    return lines


def test_its_folder_is_its_own(context: Context) -> None:
    """In the task's folder it makes, reads, moves and removes files, whatever folder that is in."""
    script = f"mkdir a && echo one > a/b && mv a/b c && cat {context.folder}/c && rm -r a && ls"
    assert run(context, script) == ["one", "c"]


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "/proc/1/environ"])
def test_other_files_are_closed(context: Context, path: str) -> None:
    """What it was not told of it can't read, though the server could."""
    with pytest.raises(ProgramFailed, match=r"denied|No such file"):
        run(context, f"cat {path}")


def test_other_files_are_not_written(context: Context) -> None:
    """Nor does it write beside its folder, or in what it may read."""
    for path in ("../new", "/usr/new", "../secret"):
        with suppress(ProgramFailed):  # above its folder may be an empty /tmp of its own
            run(context, f"echo > {path}")
        assert not (context.folder / path).exists() or path == "../secret"
    assert (context.folder.parent / "secret").read_text() == "secret"


@pytest.mark.usefixtures("namespaces")
def test_tmp_is_its_own(context: Context) -> None:
    """It sees nothing of what others have in /tmp, and what it leaves there is gone."""
    found = run(context, "echo > /tmp/left-behind; ls /tmp")
    assert "left-behind" in found
    assert not Path("/tmp/left-behind").exists()


@pytest.mark.usefixtures("namespaces")
def test_without_mounts_of_its_own(context: Context) -> None:
    """Where the kernel lets no process have them, /tmp is what it was, and closed but for sockets."""
    none_more = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    script = "ls /tmp; echo > /tmp/left-behind; cat ../secret; echo one > own && cat own"
    program = [sys.executable, "-I", "-S", confine.__file__, ":".join(READS), str(context.folder), "/bin/bash"]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", none_more, "sh", *program, "-c", script],
        cwd=context.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "one\n"
    assert done.stderr.count("denied") == 3
    assert not Path("/tmp/left-behind").exists()


def test_no_connection(context: Context, listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches no port, also where it has no network of its own to be kept in."""
    if confine.version() < 4:
        pytest.skip("the kernel's Landlock knows no network")
    monkeypatch.setattr("filemill.program._isolation", lambda: ())
    port = listener.getsockname()[1]
    assert run(context, f": < /dev/tcp/127.0.0.1/{port} && echo reached", reads=None) == ["reached"]
    with pytest.raises(ProgramFailed, match="denied"):
        run(context, f": < /dev/tcp/127.0.0.1/{port} && echo reached")


def test_signals_are_as_they_were(context: Context) -> None:
    """A program behind a pipe ends when nobody reads on, and does not go on for ever."""
    assert run(context, "yes | head -n 1; echo ${PIPESTATUS[0]}") == ["y", "141"]
