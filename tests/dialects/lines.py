"""Which test checks which line of the dialects' contracts: the page docs/dialects.md, made of the tests themselves.

python tests/dialects/lines.py    # writes the page again
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
PAGE = ROOT / "docs" / "dialects.md"
CONTRACTS = ROOT.parent / "shared" / "contracts"
TITLES = {
    "DX": ("All dialects", "dialects"),
    "FG": ("Filagram", "filagram"),
    "IX": ("Imgstax", "imgstax"),
    "IS": ("ImgSmaller", "imgsmaller"),
    "FW": ("FileWhirl", "filewhirl"),
    "FS": ("Filestack", "filestack"),
}
"""The dialects that are whole, by how their lines begin: their titles, and where their lines are told."""
LEFT: Mapping[str, str] = {}
"""Lines that no test checks, and why."""

_LINE = re.compile(rf"\b({'|'.join(TITLES)})-(\d{{2,3}})\b")
_STATED = re.compile(r"^- \*\*([A-Z]{2}-\d+)\*\*.*?\[[SPC]\]", re.MULTILINE)


@cache
def found_tests() -> Mapping[str, Sequence[str]]:
    """Return the tests that name a line, by the line; a test names it anywhere in its text."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if not _LINE.search(text):
            continue
        rows = text.splitlines()
        for test in _tests(ast.parse(text)):
            source = "\n".join(rows[test.lineno - 1 : test.end_lineno])
            for line in sorted({match[0] for match in _LINE.finditer(source)}):
                found[line].append(f"{path.relative_to(TESTS).as_posix()}::{test.name}")
    return found


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def stated_lines(prefix: str) -> Sequence[str]:
    """Return the lines of a contract that a service itself states or its clients rely on."""
    text = (CONTRACTS / f"{TITLES[prefix][1]}.md").read_text(encoding="utf-8")
    return _STATED.findall(text)


def page() -> str:
    """Write the page."""
    tests = found_tests()
    written = [
        "# Lines of the dialects and their tests",
        "",
        "Each line of a contract that a test in `tests` checks. Written by `python tests/dialects/lines.py`.",
        "",
    ]
    for prefix, (title, _) in TITLES.items():
        lines = sorted({line for line in (*tests, *LEFT) if line.startswith(f"{prefix}-")}, key=_order)
        if lines:
            written += [f"## {title}", "", "| line | tests |", "|---|---|"]
            written += [f"| {line} | {_cell(line, tests)} |" for line in lines]
            written.append("")
    return "\n".join(written)


def _cell(line: str, tests: Mapping[str, Sequence[str]]) -> str:
    return "<br>".join(f"`{test}`" for test in tests.get(line, ())) or f"none: {LEFT[line]}"


def _order(line: str) -> tuple[str, int]:
    prefix, _, number = line.partition("-")
    return prefix, int(number)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
