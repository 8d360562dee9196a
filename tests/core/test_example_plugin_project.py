"""Plugin projects as their authors have them: installed with pip, tested with their own tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from filemill.scaffold import write_plugin

EXAMPLE = Path(__file__).parent.parent / "example_plugin"
PYTEST = ("-m", "pytest", "-q", "-W", "error", *(f"-pno:{name}" for name in ("schemathesis", "benchmark", "xdist")))
"""Plugins that are installed here, but not at an author's, cost seconds to import."""
PIP = ("-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet")

Python = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """Run Python with a folder of its own for installed packages, without an index."""
    target = tmp_path / "installed"

    def run(*words: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(target), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def install(python: Python, project: Path, tmp_path: Path) -> None:
    """Install a project with pip, as a wheel."""
    done = python(*PIP, "--target", str(tmp_path / "installed"), str(project))
    assert done.returncode == 0, done.stderr


def test_the_example_is_found_by_a_registry(python: Python, tmp_path: Path) -> None:
    """NA-13: a third party's operation, format and pack are there once it is installed, and not before."""
    program = dedent("""
        from filemill.registry import load_registry
        found = load_registry()
        assert not found.failures, found.failures
        entry = found.operations.get("vintage")
        print(entry and (entry.plugin, entry.shape.returns.__name__))
        print(found.formats.find("ff") is not None, [plugin.name for plugin, _ in found.preset_folders])
    """)
    before = python("-c", program)
    assert before.stdout.splitlines()[0] == "None", before.stderr
    install(python, EXAMPLE, tmp_path)
    after = python("-c", program)
    assert after.stdout.splitlines() == [
        "(Plugin(name='vintage', distribution='filemill-vintage', version='1.2.0'), 'Picture')",
        "True ['presets', 'vintage']",
    ], after.stderr


@pytest.mark.slow
def test_the_example_passes_its_own_tests(python: Python, tmp_path: Path) -> None:
    """The conformance kit comes with filemill as a pytest plugin: the project needs no configuration."""
    project = tmp_path / "filemill-vintage"
    shutil.copytree(EXAMPLE, project)
    install(python, project, tmp_path)
    done = python(*PYTEST, cwd=project)
    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"\b\d\d passed", done.stdout)


@pytest.mark.slow
def test_a_new_plugin_passes_its_own_tests(python: Python, tmp_path: Path) -> None:
    """What `filemill plugin new` writes installs and works as it stands."""
    written = write_plugin("old-film", tmp_path)
    assert all(path.is_file() for path in written)
    project = tmp_path / "filemill-old-film"
    install(python, project, tmp_path)
    done = python(*PYTEST, cwd=project)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("name", ["", "Old", "old film", "../x", "old_film", "-x", "1x", "x-"])
def test_a_new_plugin_needs_a_name(name: str, tmp_path: Path) -> None:
    """The name becomes a package, an entry point and an operation: it has to be good for all of them."""
    with pytest.raises(ValueError, match="is not a name"):
        write_plugin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_new_plugin_overwrites_nothing(tmp_path: Path) -> None:
    """A folder that is there is left as it is."""
    first = write_plugin("film", tmp_path)[0]
    first.write_text("mine")
    with pytest.raises(FileExistsError):
        write_plugin("film", tmp_path)
    assert first.read_text() == "mine"
