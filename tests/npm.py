"""Packages of npm for tests, of the versions and hashes that a lock names, kept between runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

_WORDS = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=peer", "--omit=optional")


def node_modules(project: Path) -> Path:
    """Return the folder `node_modules` for a folder with `package.json` and its lock; skip where it can't be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node is not installed (apt-get install nodejs npm)")
    lock = project / "package-lock.json"
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "filemill-tests"
    folder = cache / f"npm-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not folder.is_dir():
        fresh = folder.with_name(f"{folder.name}-{os.getpid()}")
        fresh.mkdir(parents=True)
        for name in ("package.json", lock.name):
            shutil.copy(project / name, fresh)
        done = subprocess.run([npm, *_WORDS], cwd=fresh, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            shutil.rmtree(fresh)
            pytest.skip(f"npm could not fetch the packages of {project.name}: {done.stderr.strip()[-300:]}")
        try:
            fresh.rename(folder)
        except OSError:  # another worker was first
            shutil.rmtree(fresh)
    return folder / "node_modules"
