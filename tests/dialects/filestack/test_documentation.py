"""The page of Filestack's clients: its programs, run as they stand there but for the address, and its list of tasks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documentation import ROOT, blocks
from filemill_server.dialects.filestack.tasks.plan import UNAVAILABLE
from filestack_client import Filestack

PAGE = ROOT / "docs/consumers/dialects/filestack.md"
ADDRESS = "http://127.0.0.1:8000"
PRINTED = {
    "js": ["image/jpeg 2400 true", "image/webp small.jpg 200"],
    "python": ["photo.jpg success 404", "Stored True True"],
}


@pytest.mark.parametrize(("language", "number"), [(language, number) for language in PRINTED for number in (0, 1)])
def test_client(language: str, number: int, tmp_path: Path, filestack: Filestack, sample: Path) -> None:
    """FS-11, FS-13, FS-16, FS-19, FS-24, FS-30, FS-40, FS-90, FS-100, FS-120: clients in `fetch` and `requests`."""
    program = shutil.which("node") if language == "js" else sys.executable
    if program is None:
        pytest.skip("Node is not installed (apt-get install nodejs)")
    (tmp_path / "sample.jpg").symlink_to(sample)
    block = blocks(language, [PAGE])[number]
    name = "client.mjs" if language == "js" else "client.py"
    (tmp_path / name).write_text(block.text.replace(ADDRESS, filestack.server.address))
    environment = {**os.environ, "FILESTACK_KEY": filestack.key, "FILESTACK_SECRET": filestack.secret}
    done = subprocess.run([program, name], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == PRINTED[language][number]


def test_tasks_that_are_not_done() -> None:
    """FS-53, FS-89: the page lists every task that is known and refused, and no other."""
    listed = PAGE.read_text(encoding="utf-8").partition("no engine here:\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(UNAVAILABLE)
