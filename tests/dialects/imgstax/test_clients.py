"""The clients of the page: curl is run with the documentation, `fetch` of Node and `requests` here (IX-01…IX-04)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from documentation import ROOT, blocks
from imgstax_client import MEMBERS, Imgstax, photo

PAGE = ROOT / "docs" / "consumers" / "dialects" / "imgstax.md"


def run(imgstax: Imgstax, *command: str) -> dict[str, object]:
    """Run a client, and return what it prints."""
    environment = {
        **os.environ,
        "IMGSTAX_BASE": imgstax.base,
        "KEY": imgstax.key,
        "PHOTO_URL": imgstax.post("compress", photo()).json()["url"],
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said: dict[str, object] = json.loads(done.stdout)
    return said


def test_fetch_in_node(imgstax: Imgstax) -> None:
    """IX-01, IX-04, IX-51: only base and key are another's."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    (block,) = blocks("js", [PAGE])
    said = run(imgstax, node, "--input-type=module", "-e", block.text)
    assert set(said) == MEMBERS
    assert isinstance(size := said["sizeBytes"], int)
    assert size <= 30_000


def test_requests_in_python(imgstax: Imgstax) -> None:
    """IX-01, IX-04, IX-80, IX-21: only base and key are another's."""
    (block,) = blocks("python", [PAGE])
    said = run(imgstax, sys.executable, "-c", block.text)
    assert set(said) == MEMBERS | {"metadata"}
    assert (said["width"], said["height"], said["metadata"]) == (300, 200, {"order": 7})
