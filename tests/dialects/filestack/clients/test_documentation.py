"""The page of Filestack's clients: its programs for the official ones, run as they stand there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from documentation import ROOT, blocks
from filestack_client import Filestack
from official_clients import DOMAIN, HERE, Place, python_names

PAGE = ROOT / "docs/consumers/dialects/filestack.md"
PRINTED = {
    "js": [f"Stored cdn.{DOMAIN} success", "sample.jpg true"],
    "python": [f"Stored True cdn.{DOMAIN}", "sample.jpg True"],
}


FIRST = 2
"""Before them on the page are those that need no client."""


@pytest.fixture(scope="module")
def app(place: Place) -> Iterator[Filestack]:
    """An app of the page's reader."""
    with Filestack(place.server, "reader") as made:
        yield made


@pytest.mark.parametrize(("language", "number"), [(language, number) for language in PRINTED for number in (0, 1)])
def test_official_client(
    language: str, number: int, tmp_path: Path, place: Place, app: Filestack, filestack_js: Path, sample: Path
) -> None:
    """FS-02, FS-03, FS-30, FS-103: by a domain of one's own, and by an address for each part of the service."""
    (tmp_path / "sample.jpg").symlink_to(sample)
    block = blocks(language, [PAGE])[FIRST + number]
    if language == "js":
        (tmp_path / "node_modules").symlink_to(filestack_js)
        (tmp_path / "client.mjs").write_text(block.text)
        words = ["node", "--require", str(HERE / "names.js"), "client.mjs"]
    else:
        pytest.importorskip("filestack", reason="filestack-python is not installed")
        (tmp_path / "client.py").write_text(block.text)
        words = [sys.executable, *python_names(place), "client.py"]
    environment = {**place.environment, "FILESTACK_KEY": app.key, "FILESTACK_SECRET": app.secret}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == PRINTED[language][number]
