"""Writes the generated pages: `python -m filemill_server.handbook FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from filemill_server.handbook.pages import PAGES, page_of


def main(folder: Path) -> None:
    """Write every page into a folder of documentation."""
    for name in PAGES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page_of(name), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
