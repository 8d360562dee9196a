"""All the faults of a request at once, each with its pointer."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from filemill import Choice, Encoding, ErrorCode, FilemillError, Operation, PictureOperation, Source
from filemill.faults import convert, unknown
from filemill.testing.strategies import LETTERS, parameters


class Side(Choice):
    LEFT = "left"
    RIGHT = "right"


class Point(Struct, forbid_unknown_fields=True, rename="camel"):
    at_x: Annotated[int, Meta(ge=0, description="Pixels from the left.")]
    at_y: int = 0


class Draw(Operation, tag="draw"):
    """Draw."""

    points: list[Point]
    side: Side = Side.LEFT
    width: Annotated[int, Meta(ge=1, le=100)] | None = None
    weights: dict[str, Annotated[float, Meta(ge=0)]] = {}
    source: Source | None = None


class Erase(PictureOperation, tag="erase"):
    """Erase."""

    colour: Annotated[str, Meta(pattern="^[a-f]+$")] = "a"


Step = Draw | Erase
GOOD = {"op": "draw", "points": [{"atX": 1}]}


def faults(value: object, type_: Any = list[Step], pointer: str = "", **how: Any) -> dict[str, str]:
    """Convert and return what was wrong, by pointer."""
    with pytest.raises(FilemillError) as refused:
        convert(value, type_, pointer, **how)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    return {fault.pointer: fault.detail for fault in refused.value.faults}


def test_every_fault_is_told_at_once() -> None:
    """NA-71: all wrong parameters of all steps, each where it stands."""
    found = faults(
        [
            {"op": "draw", "points": [{"atX": -1}, {"atX": "x", "atZ": 3}, {}], "width": 500, "side": "up"},
            {"op": "erase", "colour": "XYZ", "quality": 0},
        ],
        pointer="/steps",
    )
    assert set(found) == {
        "/steps/0/points/0/atX",
        "/steps/0/points/1/atX",
        "/steps/0/points/1/atZ",
        "/steps/0/points/2/atX",
        "/steps/0/width",
        "/steps/0/side",
        "/steps/1/colour",
        "/steps/1/quality",
    }


def test_an_unknown_parameter_has_the_nearest_known_name() -> None:
    """NA-71: a slip of the pen is recognised."""
    assert "'width'" in faults([{**GOOD, "widht": 3}])["/0/widht"]


def test_an_unknown_operation_has_the_nearest_known_name() -> None:
    """NA-71: the operation's name as well."""
    assert "'erase'" in faults([{"op": "Erase"}])["/0/op"]


@pytest.mark.parametrize("step", [{}, {"op": None}, {"op": 3}, {"points": []}])
def test_a_step_without_a_name_is_told_which_there_are(step: object) -> None:
    """The field `op` is what is missing, not the parameters."""
    assert "draw, erase" in faults([step])["/0/op"]


def test_a_wrong_choice_is_told_all_of_them() -> None:
    """What would be right is part of the answer."""
    assert "left, right" in faults([{**GOOD, "side": "up"}])["/0/side"]


def test_a_missing_parameter_is_told_what_it_is_for() -> None:
    """The description of the field stands in the fault."""
    assert "Pixels from the left" in faults([{"op": "draw", "points": [{}]}])["/0/points/0/atX"]


def test_a_struct_in_a_union_is_looked_into() -> None:
    """`format` is a name or an object: a fault in the object stands at its member."""
    assert set(faults([{"op": "erase", "format": {"quality": 101, "typ": "webp"}}])) == {
        "/0/format/quality",
        "/0/format/typ",
    }


def test_a_list_that_may_be_absent_is_looked_into() -> None:
    """NA-71: its members are named as those of any list."""
    found = faults([GOOD, {"op": "draw", "points": [], "width": 0}], list[Step] | None, "/steps")
    assert set(found) == {"/steps/1/width"}


def test_a_value_in_a_dict_is_named_by_its_key() -> None:
    """RFC 6901: keys are escaped."""
    assert set(faults([{**GOOD, "weights": {"a/b~c": -1, "ok": 1}}])) == {"/0/weights/a~1b~0c"}


def test_an_unknown_name_is_escaped() -> None:
    """RFC 6901: `/` is `~1`, `~` is `~0`."""
    assert set(faults([{**GOOD, "a/b~c": 1}])) == {"/0/a~1b~0c"}


def test_a_rule_between_fields_is_a_fault_of_the_whole() -> None:
    """NA-24: a source with two origins is refused at the source."""
    assert set(faults([{**GOOD, "source": {"url": "https://a.test/", "uploadId": "u"}}])) == {"/0/source"}


def test_text_is_a_number_only_where_all_is_text() -> None:
    """NA-23: forms and queries have no numbers; JSON has."""
    value = {"op": "draw", "points": [], "width": "80"}
    assert convert(value, Step, strict=False).width == 80
    assert set(faults(value, Step)) == {"/width"}


def test_the_sentence_counts_what_it_leaves_out() -> None:
    """The detail names the first fault and how many more there are."""
    with pytest.raises(FilemillError, match=r"^/0/points: .*\(1 more in errors\)$"):
        convert([{"op": "draw", "points": 1}, {"op": "nothing"}], list[Step])


def test_a_name_like_no_other_is_told_all_of_them() -> None:
    """Without a near one, the known ones are listed."""
    assert unknown("zzzzzz", ["resize", "crop"], "operation") == "Unknown operation 'zzzzzz'. Known: crop, resize."


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(LETTERS, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(LETTERS, max_size=5), inner, max_size=3),
    max_leaves=8,
)
nearly = st.builds(
    lambda step, name, value: {**step, name: value},
    parameters(Draw) | parameters(Erase),
    st.sampled_from(["op", "points", "side", "width", "weights", "source", "format", "quality", "colour", "~/"]),
    json_values,
)


@given(st.lists(nearly | json_values, max_size=3), st.booleans())
def test_anything_is_taken_or_refused_with_pointers_that_exist(value: list[object], strict: bool) -> None:
    """NA-71: whatever stands in the JSON, each fault's pointer, or its parent, is in the request."""
    try:
        convert(value, list[Step], strict=strict)
    except FilemillError as error:
        assert error.faults
        for fault in error.faults:
            assert fault.detail.endswith((".", "?"))
            assert exists(value, fault.pointer), f"{fault.pointer} in {value}"


def exists(value: Any, pointer: str) -> bool:
    """Whether everything a pointer goes through is there, but for its last name."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for part in parts[:-1]:
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (LookupError, ValueError, TypeError):
            return False
    return not parts or isinstance(value, (list, dict))


@given(parameters(Draw) | parameters(Erase))
def test_what_fits_the_schema_is_taken(step: dict[str, object]) -> None:
    """The strategies of the test kit keep to types and bounds, so that nothing is refused."""
    operation = convert(step, Step)
    assert msgspec.json.decode(msgspec.json.encode(operation), type=Step) == operation


def test_settings_of_an_encoder_lie_over_earlier_ones() -> None:
    """A later step's wish wins where it is given, and only there."""
    merged = Encoding(type="webp", quality=70).merge(Encoding(quality=50, lossless=False))
    assert merged == Encoding(type="webp", quality=50, lossless=False)
