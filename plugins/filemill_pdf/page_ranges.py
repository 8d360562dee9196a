"""Page ranges as callers write them: `3`, `2-5`, `1,4-6`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Meta

from filemill.errors import FilemillError, invalid

PageRanges = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=10_000,
        description="Pages, counted from 1: numbers and ranges, with commas between them. Repeats count once.",
        examples=["1,3-5"],
    ),
]
_ITEM = re.compile(r"([0-9]+)(?:-([0-9]+))?")
"""ASCII digits only: other scripts' digits are refused."""
_MOST_DIGITS = 18


def check_ranges(text: str, pointer: str) -> None:
    """Refuse ranges that are right for no document.

    Raises:
        FilemillError: `INVALID_PARAMETER` at the pointer.
    """
    _read(text, pointer)


def pages_of(text: str, count: int, pointer: str) -> list[int]:
    """Return the page numbers that ranges name, in the order they are written, each once.

    Args:
        text: the ranges; spaces are ignored.
        count: pages of the document.
        pointer: JSON pointer of the parameter.

    Raises:
        FilemillError: `INVALID_PARAMETER` at the pointer where a range is no range, or beyond the last page.
    """
    spans = _read(text, pointer)
    beyond = next((last for _, last in spans if last > count), None)
    if beyond is not None:
        raise invalid(pointer, f"Page {beyond} does not exist: the document has {_pages(count)}.")
    return _each_once(spans)


def written(numbers: Iterable[int]) -> str:
    """Write page numbers as ranges."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def chosen(text: str | None, count: int, pointer: str) -> Sequence[int]:
    """Return the pages that ranges name, or all where none are given."""
    return range(1, count + 1) if text is None else pages_of(text, count, pointer)


def _each_once(spans: Iterable[tuple[int, int]]) -> list[int]:
    """List the numbers of spans; those that came before are passed over at a leap, and not one by one."""
    leaps: dict[int, int] = {}
    for first, last in spans:
        number = first
        while number <= last:
            leap = leaps.get(number)
            leaps[number] = max(leap or 0, last + 1)
            number = leap or number + 1
    return list(leaps)


def _read(text: str, pointer: str) -> list[tuple[int, int]]:
    return [_span(item, pointer) for item in text.replace(" ", "").split(",")]


def _span(item: str, pointer: str) -> tuple[int, int]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise _wrong(item, pointer)
    first, last = _number(match[1]), _number(match[2] or match[1])
    if first < 1:
        raise invalid(pointer, "Pages count from 1; there is no page 0.")
    if first > last:
        raise invalid(pointer, f"The range {item!r} ends before it begins.")
    return first, last


def _number(digits: str) -> int:
    """Read a number; one with so many digits that no document has the page is as good as any such."""
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")


def _wrong(item: str, pointer: str) -> FilemillError:
    what = (
        f"{item[:40]!r} is no page or range of pages" if item else "There is nothing between two commas, or at an end"
    )
    return invalid(pointer, f"{what}; written are numbers and ranges, such as '1,3-5'.")


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"
