"""Steps as they are written on the command line (NA-82)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from filemill.convert import Convert
from filemill.errors import FilemillError
from filemill.registry import Registry, load_registry
from filemill_server.cli.steps import (
    local_sources,
    looks_like_step,
    read_command_steps,
    split_step,
    wish_format,
)

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,12}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
BARE = TEXTS.map(str.strip).filter(lambda text: "," not in text and text[:1] not in ('"', "'", "{", "["))


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What is installed."""
    return load_registry()


def _refusal(function: Any, *arguments: Any) -> FilemillError:
    with pytest.raises(FilemillError) as caught:
        function(*arguments)
    return caught.value


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=5))
def test_json_quoted_values_come_back(pairs: list[tuple[str, str]]) -> None:
    """NA-82: any text is a value when it is quoted as in JSON."""
    written = ",".join(f"{name}={json.dumps(text, ensure_ascii=False)}" for name, text in pairs)
    assert split_step(f"resize:{written}") == ("resize", pairs)


@given(st.lists(st.tuples(NAMES, BARE), max_size=5))
def test_bare_values_come_back(pairs: list[tuple[str, str]]) -> None:
    """NA-82: a value without a comma needs no quotes."""
    written = ",".join(f"{name}={text}" for name, text in pairs)
    assert split_step(f"resize:{written}") == ("resize", pairs)


@given(st.lists(st.tuples(NAMES, st.dictionaries(TEXTS, JSON, max_size=3) | st.lists(JSON, max_size=3)), max_size=4))
def test_objects_and_lists_come_back(pairs: list[tuple[str, Any]]) -> None:
    """NA-82: an object or list is JSON, with commas and brackets inside its strings."""
    written = ",".join(f"{name}={json.dumps(value)}" for name, value in pairs)
    _, found = split_step(f"resize:{written}")
    assert [(name, json.loads(text)) for name, text in found] == pairs


@given(NAMES, TEXTS.filter(lambda text: "'" not in text))
def test_single_quotes_hold_anything_else(name: str, text: str) -> None:
    """NA-82: single quotes keep a value as it stands."""
    assert split_step(f"blur:{name}='{text}',sigma=2") == ("blur", [(name, text), ("sigma", "2")])


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    """NA-82: no argument does anything but make a step or a refusal."""
    try:
        split_step(text)
    except FilemillError as error:
        assert error.faults


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("resize:width", "name=value"),
        ("watermark:text=one, two", "quoted"),
        ('watermark:text="one', "JSON"),
        ("watermark:text='one", "closing"),
        ('watermark:text="one"two', "comma"),
        ('watermark:text="\\ud800"', "no character"),
        ("watermark:text=\udcff", "UTF-8"),
    ],
)
def test_unreadable_steps_say_what_is_expected(argument: str, told: str) -> None:
    """NA-82: what can't be read is told with the place and what would be right."""
    assert told in _refusal(split_step, argument).detail


def test_values_get_the_types_of_parameters(registry: Registry) -> None:
    """NA-82: texts become what the parameters are: numbers, choices in any case, objects."""
    (step,) = read_command_steps(registry, ['resize:width=80,fit=Cover,enlarge=false,format={"type":"webp"}'])
    assert to_builtins(step) == {
        "op": "resize",
        "width": 80,
        "fit": "cover",
        "enlarge": False,
        "format": {"type": "webp"},
    }


def test_all_faults_of_all_steps_are_told(registry: Registry) -> None:
    """NA-71: every wrong parameter of every step is told at once, unknown names with the nearest."""
    error = _refusal(read_command_steps, registry, ["resize:widht=1,height=x", "flp", "blur:sigma=-1"])
    assert [fault.pointer for fault in error.faults] == [
        "/steps/0/widht",
        "/steps/0/height",
        "/steps/1",
        "/steps/2/sigma",
    ]
    assert "'width'" in error.faults[0].detail
    assert "'flip'" in error.faults[2].detail or "'flop'" in error.faults[2].detail


def test_a_source_takes_a_path(registry: Registry, picture: Path) -> None:
    """NA-82: a parameter that is a file is its path."""
    steps = read_command_steps(registry, ["watermark:image=photo.jpg"])
    (extra,) = local_sources(steps).values()
    assert (extra.path, extra.name) == (str(picture), "photo.jpg")


@pytest.mark.parametrize("value", ["absent.png", '{"url": "http://example.com/a.png"}'])
def test_a_source_that_is_no_file_is_refused(registry: Registry, value: str) -> None:
    """NA-82: a source that is not there, or not of this machine, is told with its place."""
    error = _refusal(local_sources, read_command_steps(registry, [f"watermark:image={value}"]))
    assert error.faults[0].pointer == "/steps/0/image"


def test_the_name_of_the_result_chooses_the_format(registry: Registry) -> None:
    """NA-82: `-o small.webp` makes WebP, and keeps the encoder's other settings."""
    steps = read_command_steps(registry, ['resize:width=80,format={"quality":70}', "blur"])
    wished = [to_builtins(step) for step in wish_format(registry, steps, "small.webp")]
    assert wished[1]["format"] == {"type": "webp"}
    assert wished[0]["format"] == {"quality": 70}
    assert wish_format(registry, steps, "") == steps
    assert wish_format(registry, steps, "small.pdf") == [*steps, Convert(format="pdf")]
    info = read_command_steps(registry, ["picture-info"])
    assert wish_format(registry, info, "small.webp") == info


def test_a_step_and_a_name_that_disagree_are_refused(registry: Registry) -> None:
    """NA-82: a result is never named as a format that it is not."""
    steps = read_command_steps(registry, ["convert:format=png", "blur"])
    assert _refusal(wish_format, registry, steps, "small.jpg").faults[0].pointer == "/steps/0/format"


@pytest.mark.parametrize(
    ("argument", "is_step"), [("flip", True), ("resize:width=8", True), ("./flip", False), ("a.jpg", False)]
)
def test_what_looks_like_a_step(argument: str, is_step: bool) -> None:
    """NA-82: a path with a folder or a dot is never taken for a step."""
    assert looks_like_step(argument) is is_step
