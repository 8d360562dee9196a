"""What tests of archives share: a packed folder, and conversions done as a step does them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from archives import ENDINGS, grown, packed
from filemill import Context, Limits
from filemill.registry import Registry
from filemill_archive.conversions import CONVERSIONS
from filemill_archive.kind import Archive
from filemill_archive.library import missing

Convert = Callable[..., Archive]


@pytest.fixture(autouse=True)
def libarchive() -> None:
    """Tests of archives work with the real library."""
    if (absent := missing()) is not None:
        pytest.skip(f"{absent.reason} {absent.hint}")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a few files."""
    return grown(tmp_path_factory.mktemp("grown") / "tree")


@pytest.fixture(scope="session")
def samples(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder in every format, packed by other programs."""
    made = tmp_path_factory.mktemp("packed")
    return {form: packed(folder, form, made / f"sample.{ending}") for form, ending in ENDINGS.items()}


@pytest.fixture
def make_context(filemill_registry: Registry, tmp_path: Path) -> Callable[..., Context]:
    """Make the surroundings of a task with a folder of its own."""
    numbers = count()

    def make(**limits: float) -> Context:
        (folder := tmp_path / f"task-{next(numbers)}").mkdir()
        return Context(limits=Limits(**limits), folder=folder, formats=filemill_registry.formats)

    return make


@pytest.fixture
def convert(filemill_registry: Registry, make_context: Callable[..., Context]) -> Convert:
    """Convert a file as the graph does."""
    (conversion,) = CONVERSIONS

    def convert(path: Path, target: str, context: Context | None = None, **limits: float) -> Archive:
        context = context or make_context(**limits)
        archive = context.open(filemill_registry.formats.sniff(path, path.name), Archive)
        made = conversion.run(archive, target, context)
        assert isinstance(made, Archive)
        return made

    return convert
