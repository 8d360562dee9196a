"""The engine with the OCR plugin in it, and scans in the test's folder."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from filemill import Limits, Operation
from filemill.engine import run
from filemill.registry import Registry, load_registry
from filemill.task import Input, Made, Task, encode_steps
from filemill_ocr import program
from ocr_scans import Do, Scans


@pytest.fixture(autouse=True)
def tesseract() -> None:
    """Tests of OCR read real pictures with the real program."""
    if (absent := program.missing()) is not None:
        pytest.skip(f"{absent.reason} {absent.hint}")


@pytest.fixture(scope="session")
def registry() -> Registry:
    """What is installed: this plugin and one that opens PDFs have to be."""
    registry = load_registry()
    if "ocr" not in registry.operations:
        pytest.skip("the entry point 'ocr' of filemill_ocr is not installed")
    if registry.formats.find("pdf") is None:
        pytest.skip("no installed plugin brings the format 'pdf'")
    return registry


@pytest.fixture
def scans(tmp_path: Path) -> Scans:
    """Makes scans in the test's folder."""
    return Scans(tmp_path)


@pytest.fixture
def do(registry: Registry, tmp_path: Path) -> Do:
    """Run one step over a file."""
    numbers = count()

    def do(
        path: Path,
        step: Operation,
        tell: Callable[[float, int, str], None] = lambda *_: None,
        limits: Limits | None = None,
    ) -> Made:
        folder = tmp_path / f"run-{next(numbers)}"
        folder.mkdir()
        task = Task(
            inputs=[Input(str(path), path.name)],
            pipelines=[encode_steps([step])],
            folder=str(folder),
            limits=limits or Limits(deadline_seconds=60),
        )
        return run(task, registry, tell).made[0]

    return do
