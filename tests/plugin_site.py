"""Plugins of the tests as installed distributions, for servers that tests start."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def install(folder: Path, module: Path, *more: Path, **entries: str) -> dict[str, str]:
    """Install a module into a new folder; return the environment of a process that has its plugins.

    Args:
        folder: it is made.
        module: a file of Python.
        more: files that it imports.
        entries: entry points by name: the object in the module, or "" for the module itself.
    """
    name = module.stem
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    for file in (module, *more):
        shutil.copy(file, folder)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    points = [f"{entry} = {name}:{object_}" if object_ else f"{entry} = {name}" for entry, object_ in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[filemill]", *points, ""]))
    return import_path(folder)


def import_path(folder: Path) -> dict[str, str]:
    """Return the environment of a process that imports from a folder before all else."""
    inherited = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), inherited] if inherited else [str(folder)])}
