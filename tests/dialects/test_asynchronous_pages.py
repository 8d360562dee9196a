"""The programs on the pages of ImgSmaller's and FileWhirl's clients, run as they stand there but for the address."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documentation import ROOT, blocks
from live import LiveServer

ADDRESS = "http://127.0.0.1:8000"
PRINTED = {
    ("imgsmaller", "js"): ["jpeg", "true"],
    ("imgsmaller", "python"): ["avif", "True"],
    ("filewhirl", "js"): ["qpdf", "true"],
    ("filewhirl", "python"): ["libvips", "True"],
}


@pytest.mark.parametrize(("dialect", "language"), PRINTED)
def test_client(dialect: str, language: str, tmp_path: Path, photo: Path, server: LiveServer) -> None:
    """FW-10, FW-16, FW-30, FW-40, IS-20, IS-24, IS-28, IS-41, IS-44: clients in `fetch` and `requests`."""
    program = shutil.which("node") if language == "js" else sys.executable
    if program is None:
        pytest.skip("Node is not installed (apt-get install nodejs)")
    key = server.new_key("pages", dialect=dialect)
    shutil.copy(photo, tmp_path / "sample.jpg")
    (block,) = blocks(language, [ROOT / f"docs/consumers/dialects/{dialect}.md"])
    name = "client.mjs" if language == "js" else "client.py"
    (tmp_path / name).write_text(block.text.replace(ADDRESS, server.address))
    environment = {**os.environ, "SMALLER_KEY": key, "WHIRL_KEY": key}
    done = subprocess.run([program, name], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == PRINTED[dialect, language]
