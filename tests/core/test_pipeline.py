"""Pipelines are checked whole before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from filemill import ErrorCode, FilemillError, Limits
from filemill.pipeline import check_steps, read_step, read_steps
from filemill.registry import Registry


def check(registry: Registry, *steps: dict[str, object], pointer: str = "/steps", limits: Limits | None = None) -> None:
    """Read and check a pipeline of plain data."""
    check_steps(registry, read_steps(registry, list(steps), pointer), limits or Limits(), pointer)


def refused(registry: Registry, *steps: dict[str, object], **how: Any) -> dict[str, str]:
    """The faults of a pipeline, by pointer."""
    with pytest.raises(FilemillError) as error:
        check(registry, *steps, **how)
    assert error.value.code is ErrorCode.INVALID_PARAMETER
    return {fault.pointer: fault.detail for fault in error.value.faults}


FITTING = {
    "pictures": ["invert", "halves", "stack", "describe"],
    "texts": ["shout", "lines", "copies", "describe"],
    "a file first": ["weigh"],
    "a picture is saved for an operation that takes a file": ["invert", "weigh"],
    "a text is saved for it": ["shout", "weigh"],
    "a union takes each of its kinds": ["shout", "describe"],
}


@pytest.mark.parametrize("names", FITTING.values(), ids=FITTING)
def test_kinds_that_fit_pass(registry: Registry, names: list[str]) -> None:
    """NA-25: maps, folds and fan-outs chain by the kind of their parts."""
    check(registry, *({"op": name} for name in names))


@pytest.mark.parametrize(
    ("names", "pointer", "words"),
    [
        (["invert", "shout"], "/steps/1", ["'shout'", "Text", "'invert'", "Picture"]),
        (["shout", "lines", "invert"], "/steps/2", ["'invert'", "Picture", "'lines'", "Text"]),
        (["weigh", "describe"], "/steps/1", ["Picture or Text", "'weigh'", "Data"]),
    ],
)
def test_kinds_that_do_not_fit_are_both_named(
    registry: Registry, names: list[str], pointer: str, words: list[str]
) -> None:
    """NA-26: the pointer of the step that can't take what comes, and both kinds."""
    found = refused(registry, *({"op": name} for name in names))
    assert list(found) == [pointer]
    assert all(word in found[pointer] for word in words)


def test_all_that_does_not_fit_is_told_at_once(registry: Registry) -> None:
    """NA-71: kinds and formats of the whole chain in one answer."""
    found = refused(registry, {"op": "invert"}, {"op": "shout"}, {"op": "invert", "format": "bmp"})
    assert set(found) == {"/steps/1", "/steps/2", "/steps/2/format"}


@pytest.mark.parametrize(
    ("wish", "pointer", "word"),
    [
        ("wepb", "/steps/0/format", "Unknown format"),
        ("jpgg", "/steps/0/format", "'jpeg'"),
        ("bmp", "/steps/0/format", "can't be written"),
        ({"type": "text"}, "/steps/0/format/type", "can't be written"),
    ],
)
def test_a_format_that_can_not_be_written_is_refused(registry: Registry, wish: object, pointer: str, word: str) -> None:
    """NA-20: an unknown or read-only format is refused where it stands, with what can be written."""
    found = refused(registry, {"op": "invert", "format": wish})
    assert list(found) == [pointer]
    assert word in found[pointer]


@pytest.mark.parametrize("name", ["jpeg", "JPG", ".jpg", "Png"])
def test_a_format_has_many_spellings(registry: Registry, name: str) -> None:
    """Names and extensions in any case, with or without a dot."""
    check(registry, {"op": "invert", "format": name})


def test_a_pipeline_has_at_least_one_step(registry: Registry) -> None:
    """An empty list is refused at its own pointer."""
    assert list(refused(registry, pointer="/pipeline")) == ["/pipeline"]


def test_a_pipeline_has_no_more_steps_than_allowed(registry: Registry) -> None:
    """The limit and the number that was sent are both said."""
    found = refused(registry, *[{"op": "invert"}] * 3, limits=Limits(max_steps=2))
    assert "at most 2" in found["/steps"]
    assert "has 3" in found["/steps"]


def test_an_operation_that_can_not_run_here_is_501(registry: Registry) -> None:
    """NA-70: what is missing, and what would make it work."""
    with pytest.raises(FilemillError, match=r"no-such-program is not installed.*Install") as error:
        check(registry, {"op": "absent"})
    assert (error.value.code, error.value.code.status) == (ErrorCode.OPERATION_UNAVAILABLE, 501)


def test_a_single_step_stands_at_the_root(registry: Registry) -> None:
    """NA-20: with the operation in the address, the pointers are those of the parameters."""
    step = read_step(registry, "invert", {"format": "nope"})
    with pytest.raises(FilemillError) as error:
        check_steps(registry, [step], Limits(), "")
    assert [fault.pointer for fault in error.value.faults] == ["/format"]


def test_a_single_step_has_its_name_from_the_address(registry: Registry) -> None:
    """`op` is no parameter of `POST /v1/{operation}`."""
    with pytest.raises(FilemillError) as error:
        read_step(registry, "invert", {"op": "shout"})
    assert [fault.pointer for fault in error.value.faults] == ["/op"]


def test_numbers_may_be_text_where_all_is_text(registry: Registry) -> None:
    """NA-23: parameters of forms and queries."""
    assert read_step(registry, "shrink", {"by": "4", "quality": "70"}, strict=False).by == 4  # type: ignore[attr-defined]
