"""The grammar of page ranges: `n` and `a-b` with commas between them, counted from 1, as written, each once."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill import ErrorCode, FilemillError
from filemill_pdf.page_ranges import check_ranges, chosen, pages_of, written

COUNT = 40
GRAMMAR = re.compile(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*")
POINTER = "/ranges/3"

spans = st.lists(st.tuples(st.integers(1, COUNT), st.integers(1, COUNT)).map(sorted), min_size=1, max_size=8)
spaces = st.sampled_from(["", " ", "   "])
texts = st.text(max_size=30) | st.text("0123456789,- ", max_size=30)


def refusal(text: str, count: int = COUNT) -> FilemillError:
    """The error that a text causes."""
    with pytest.raises(FilemillError) as caught:
        pages_of(text, count, POINTER)
    assert caught.value.code is ErrorCode.INVALID_PARAMETER
    assert [fault.pointer for fault in caught.value.faults] == [POINTER]
    return caught.value


@settings(deadline=None)
@given(spans, st.lists(spaces, min_size=4, max_size=4), st.booleans())
def test_as_written_each_once(ranges: list[list[int]], gaps: list[str], short: bool) -> None:
    """Whatever spaces stand in it, a text names its pages in its order, and a page that comes again counts once."""
    one, two, three, four = gaps
    items = [
        f"{one}{first}{two}" if short and first == last else f"{one}{first}{two}-{three}{last}{four}"
        for first, last in ranges
    ]
    wanted: list[int] = []
    for first, last in ranges:
        wanted += [number for number in range(first, last + 1) if number not in wanted]
    assert pages_of(",".join(items), COUNT, POINTER) == wanted
    check_ranges(",".join(items), POINTER)


@settings(deadline=None)
@given(st.lists(st.integers(1, COUNT), min_size=1, unique=True))
def test_written_and_read_again(numbers: list[int]) -> None:
    """What `written` writes names the same pages in the same order, and is as short as it can be."""
    text = written(numbers)
    assert pages_of(text, COUNT, POINTER) == numbers
    assert text.count(",") == sum(after != before + 1 for before, after in pairwise(numbers))


@settings(deadline=None)
@given(texts, st.integers(1, COUNT))
def test_nothing_else_is_raised(text: str, count: int) -> None:
    """Any text names pages of the document, or is refused at its pointer; only what the grammar allows is taken."""
    try:
        numbers = pages_of(text, count, POINTER)
    except FilemillError as error:
        assert (error.code, error.faults[0].pointer) == (ErrorCode.INVALID_PARAMETER, POINTER)
    else:
        assert GRAMMAR.fullmatch(text.replace(" ", ""))
        assert numbers
        assert len(numbers) == len(set(numbers))
        assert set(numbers) <= set(range(1, count + 1))
        assert str(numbers[0]) == re.split("[-,]", text.replace(" ", ""))[0].lstrip("0")


@settings(deadline=None)
@given(texts)
def test_checked_beforehand_as_with_a_document(text: str) -> None:
    """Without a document everything is refused that no document can make right, and nothing else."""
    try:
        check_ranges(text, POINTER)
    except FilemillError as error:
        assert str(error) == str(refusal(text, 10**18))
    else:
        try:
            pages_of(text, 1, POINTER)
        except FilemillError as error:
            assert "does not exist" in str(error)


@settings(deadline=None)
@given(st.integers(COUNT + 1, 10**30))
def test_beyond_the_end(number: int) -> None:
    """A page that the document has not is an error that says how many it has, however large its number."""
    for text in (str(number), f"1-{number}", f"1,{number}", f"{number}-{number}"):
        assert "the document has 40 pages" in str(refusal(text))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ",", "1,", ",1", "1,,2", "-", "-3", "3-", "1--2", "1-2-3", "3-1", "0", "0-3", "00", "1,0", "+1", "1.0",
        "1e1", "0x1", "1_0", "a", "1;2", "1\t", "1\n", "\n1", "1\u00a02", "1\u20092", "1\x00", "1–2", "1−2",
        "９", "１", "²", "①", "Ⅳ", "٣", "१", "๓", "𝟙", "1,٣", "1-３", "all", "last", "3-last", "!2", "even",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    """What is no number or range of ASCII digits, ends before it begins, or names page 0."""
    refusal(text)
    with pytest.raises(FilemillError):
        check_ranges(text, POINTER)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3", [3]),
        ("2-4", [2, 3, 4]),
        ("4-4", [4]),
        ("1,3-5", [1, 3, 4, 5]),
        (" 1 , 3 - 5 ", [1, 3, 4, 5]),
        ("1 2", [12]),
        ("5,1-3,2", [5, 1, 2, 3]),
        ("3,3,3", [3]),
        ("007", [7]),
        ("0" * 50 + "1", [1]),
    ],
)
def test_taken(text: str, numbers: list[int]) -> None:
    """Numbers and ranges, spaces anywhere, as they are written."""
    assert pages_of(text, COUNT, POINTER) == numbers


def test_no_ranges_are_all_pages() -> None:
    """Where nothing is written, every page is meant."""
    assert list(chosen(None, 3, POINTER)) == [1, 2, 3]
    assert list(chosen("2", 3, POINTER)) == [2]


@pytest.mark.parametrize(
    "text",
    ["9" * 100_000, "1-" + "9" * 100_000, "1" + " " * 100_000 + ",x", "1," * 50_000, "1-" * 50_000,
     "1-9999999999", "1-99999999999999999999", "0" * 100_000],
)  # fmt: skip
def test_long_texts_are_refused_fast(text: str) -> None:
    """Neither long texts nor large numbers take time or memory; the message stays short."""
    started = time.process_time()
    error = refusal(text)
    assert time.process_time() - started < 1
    assert len(str(error)) < 300


def test_many_ranges_over_many_pages_are_fast() -> None:
    """The longest text that is allowed, over the largest document: overlapping ranges take no time of their own."""
    text = ",".join(["1-20000"] * 1250)
    started = time.process_time()
    assert pages_of(text, 20_000, POINTER) == list(range(1, 20_001))
    assert time.process_time() - started < 2
