"""The documentation has everything that the code declares, and says of it what the code says."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import fields

from documentation import ROOT
from filemill.errors import ErrorCode
from filemill.registry import CORE, load_registry
from filemill_server.handbook import PAGES, page_of
from filemill_server.handbook.commands import commands
from filemill_server.handbook.hooks import hooks
from filemill_server.settings import Settings

DOCS = ROOT / "docs"
REGISTRY = load_registry()
DECLARED: list[tuple[str, Iterable[str]]] = [
    ("reference/hooks.md", [f"## {hook.__name__}\n" for hook in hooks()]),
    ("reference/settings.md", [f"`FILEMILL_{info.name.upper()}`" for info in fields(Settings)]),
    ("reference/errors.md", [f"`{code.name}` | {code.status}" for code in ErrorCode]),
    ("reference/commands.md", [f"## {name}\n" for name, _ in commands()]),
    ("reference/formats.md", [f"| `{form.name}` |" for form in REGISTRY.formats]),
    (
        "reference/operations.md",
        [f"## {entry.name}\n" for entry in REGISTRY.operations.values() if entry.plugin.distribution == CORE],
    ),
]


@pytest.mark.parametrize("name", PAGES)
def test_generated_page_is_current(name: str) -> None:
    """A generated page is what the code makes of it now; `make docs` writes it."""
    assert (DOCS / name).read_text(encoding="utf-8") == page_of(name)


@pytest.mark.parametrize(("page", "words"), DECLARED, ids=[page for page, _ in DECLARED])
def test_everything_declared_is_documented(page: str, words: Iterable[str]) -> None:
    """Every hook, setting, error code, command, format and operation stands on its page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [word for word in words if word not in text] == []


def test_every_page_is_reachable() -> None:
    """Every page is linked from the start page or the README."""
    text = (DOCS / "index.md").read_text(encoding="utf-8") + (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.name != "index.md"]
    assert [page for page in pages if page not in text] == []


def test_changelog_has_the_version() -> None:
    """The version that is built is one of the changelog."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_licence_is_the_apache_licence() -> None:
    """LICENSE is the text of the Apache Licence, version 2.0, to the letter."""
    digest = hashlib.sha256(Path(ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
