"""The programs on the page of Filagram's clients, run as they stand there but for the address."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documentation import ROOT, blocks
from live import LiveServer

PAGE = ROOT / "docs/consumers/dialects/filagram.md"
ADDRESS = "http://127.0.0.1:8000"


def run(language: str, name: str, words: list[str], folder: Path, photo: Path, server: LiveServer, key: str) -> str:
    """Run the one block of a language beside `sample.jpg`, and return what it prints."""
    shutil.copy(photo, folder / "sample.jpg")
    (block,) = blocks(language, [PAGE])
    (folder / name).write_text(block.text.replace(ADDRESS, server.address))
    environment = {**os.environ, "FILAGRAM_KEY": key}
    done = subprocess.run([*words, name], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_fetch(tmp_path: Path, photo: Path, server: LiveServer, filagram_key: str) -> None:
    """FG-01, FG-06, FG-07, FG-28: a client written with `fetch` resizes, and fetches the result."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed (apt-get install nodejs)")
    assert run("js", "client.mjs", [node], tmp_path, photo, server, filagram_key).split() == ["400", "267", "true"]


def test_requests(tmp_path: Path, photo: Path, server: LiveServer, filagram_key: str) -> None:
    """FG-01, FG-06, FG-07, FG-15: a client written with `requests` compresses, and fetches the result."""
    printed = run("python", "client.py", [sys.executable], tmp_path, photo, server, filagram_key).split()
    assert float(printed[0]) > 0
    assert printed[1] == "True"
