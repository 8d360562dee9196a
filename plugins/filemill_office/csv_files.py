"""CSV: which sign parts the columns of a file."""

from __future__ import annotations

import csv
from pathlib import Path

_SIGNS = ",;\t|"
_READ_BYTES = 64 << 10


def separator(path: Path) -> str:
    """Return the sign that parts the columns: the one that parts the first lines into the same number, and the most."""
    with path.open("rb") as stream:
        text = stream.read(_READ_BYTES).decode("utf-8-sig", "replace")
    lines = text.splitlines()[:20]
    return max(_SIGNS, key=lambda sign: _even(lines, sign))


def _even(lines: list[str], sign: str) -> int:
    """Return into how many columns a sign parts most lines; 0 where it parts none."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=sign) if row]
    except csv.Error:
        return 0
    commonest = max(set(widths), key=widths.count, default=1)
    return commonest if commonest > 1 else 0
