"""Target: page ranges."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from filemill.errors import ErrorCode, FilemillError
from filemill_pdf.page_ranges import check_ranges, pages_of, written
from fuzz.engine import Target
from fuzz.guidance import PRODUCT

_RIGHT = re.compile(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*")
_MOST_DIGITS = 6


def target(folder: Path) -> Target:
    """Ranges give numbers of pages that there are, in the order they are written, each once."""

    def check(data: bytes) -> bool:
        text = data.decode("utf-8", "replace")
        count = (1, 2, 3, 10, 250, 1000)[zlib.crc32(data) % 6]
        try:
            pages = pages_of(text, count, "/pages")
        except FilemillError as error:
            assert error.code is ErrorCode.INVALID_PARAMETER
            assert [fault.pointer for fault in error.faults] == ["/pages"]
            assert _naively(text, count) is None, "it is right, and was refused"
            return False
        check_ranges(text, "/pages")
        assert pages, "nothing was asked for"
        assert set(pages) <= set(range(1, count + 1))
        assert len(set(pages)) == len(pages)
        assert pages_of(written(pages), count, "/pages") == pages
        assert pages == _naively(text, count)
        return True

    seeds = [b"1", b"1-1", b"1,1", b" 1 - 1 , 1", b"001", b"1," * 200 + b"1"]
    tokens = (b"-", b",", b" ", b"0", b"1-", b"-1", b"2", b"250", b"1000", "١".encode(), "²".encode(), b"\n", b"\0")
    return Target(name="page-ranges", check=check, seeds=seeds, tokens=tokens, longest=10_000, traced=PRODUCT)


def _naively(text: str, count: int) -> list[int] | None:
    """Return the pages, found one by one; None where they can't be right, or would take too long."""
    plain = text.replace(" ", "")
    if _RIGHT.fullmatch(plain) is None:
        return None
    pages: dict[int, None] = {}
    for item in plain.split(","):
        first, _, last = item.partition("-")
        if max(len(first.lstrip("0")), len(last.lstrip("0"))) > _MOST_DIGITS:
            return None
        start, end = int(first.lstrip("0") or 0), int((last or first).lstrip("0") or 0)
        if not 1 <= start <= end <= count:
            return None
        pages |= dict.fromkeys(range(start, end + 1))
    return list(pages)
