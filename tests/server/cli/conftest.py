"""The command line, run in this process or as the installed program."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import pyvips
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from filemill_server.cli import main
from forked import FILEMILL

Invoke = Callable[..., Result]
Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of the test's own, without settings from outside."""
    for name in [name for name in os.environ if name.startswith("FILEMILL_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command in this process; logging, which is the process's own, stays as it is."""
    for module in ("installation", "stored"):
        monkeypatch.setattr(f"filemill_server.cli.{module}.configure_logs", lambda level: None)

    def run(*words: str, **environment: str) -> Result:
        with capture_logs():
            return CliRunner(env=environment).invoke(main, words, catch_exceptions=False)

    return run


@pytest.fixture
def program(folder: Path) -> Program:
    """Run the installed program in the working folder."""

    def run(*words: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [FILEMILL, *words],
            cwd=folder,
            env={**os.environ, **environment},
            input=stdin,
            capture_output=True,
            timeout=60,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode("latin-1"), done.stderr.decode()
        )

    return run


@pytest.fixture
def picture(folder: Path) -> Path:
    """A JPEG of 400x300, half red and half blue, named `photo.jpg`."""
    red = pyvips.Image.black(200, 300).new_from_image([220, 30, 30])
    blue = red.new_from_image([30, 30, 220])
    path = folder / "photo.jpg"
    red.join(blue, "horizontal").cast("uchar").copy(interpretation="srgb").write_to_file(str(path))
    return path
