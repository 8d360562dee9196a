"""The pages of the documentation, and their fenced blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: the page it is on, its language, its text and its line."""

    page: Path
    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str, pages: list[Path] = PAGES) -> list[Block]:
    """Return all blocks of a language, in order."""
    found = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        found += [
            Block(page, language, match[2], text.count("\n", 0, match.start()) + 1)
            for match in _FENCE.finditer(text)
            if match[1] == language
        ]
    return found
