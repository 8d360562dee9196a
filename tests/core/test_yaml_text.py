"""YAML of packs and plans: plain data, and nothing that a tag, an alias or a number could make of it."""

from __future__ import annotations

import pytest

from filemill.limits import Limits
from filemill.presets import PresetError, read_pack
from filemill.registry import load_registry
from filemill.yaml_text import MAX_NODES, YamlError, read_yaml
from filemill_server.plans.declared import PlansError, read_plans


def bomb(level: str) -> str:
    """Write a text of a few hundred bytes that stands for 10¹² values; `level` holds the ten aliases of each."""
    lines = ["a0: &a0 {k: 1}"]
    for number in range(1, 12):
        repeated = ",".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} {level.format(repeated)}")
    return "\n".join(lines)


HOSTILE = {
    "object": "a: !!python/object/apply:os.system [x]",
    "name": "!!python/name:os.system a",
    "module": "a: !!python/module:os x",
    "own tag": "a: !own x",
    "set": "a: !!set {x}",
    "pairs": "a: !!pairs [x: 1]",
    "bytes": "a: !!binary aGk=",
    "date": "a: 2024-01-02",
    "no date": "a: 2024-13-45",
    "no number": "a: !!int x",
    "no fraction": "a: !!float x",
    "no truth": "a: !!bool maybe",
    "long number": "a: " + "9" * 5000,
    "list as a key": "? [a]\n: b",
    "mapping as a key": "? {a: b}\n: c",
    "circle": "&a [*a]",
    "circle of a mapping": "a: &x {b: {c: *x}}",
    "bomb": bomb("[{}]"),
    "bomb of merges": bomb("{{<<: [{}]}}"),
    "deep lists": "[" * 100_000,
    "deep mappings": "{a: " * 100_000,
    "deep lines": "- " * 10_000,
    "two texts": "--- a\n--- b",
    "twice": "a: 1\na: 2",
    "unknown alias": "a: *b",
    "control character": "a: \x07",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_yaml(text: str) -> None:
    """Each is refused with its place, at once, as a pack and as plans too."""
    with pytest.raises(YamlError) as caught:
        read_yaml(text)
    fault = caught.value.fault
    assert fault.line >= 1
    assert fault.detail
    assert len(fault.detail) < 300
    with pytest.raises(PresetError, match=r"pack\.yaml"):
        read_pack(text, "pack.yaml", load_registry(), Limits())
    with pytest.raises(PlansError, match=r"plans\.yaml"):
        read_plans(text, "plans.yaml")


def test_values_are_counted_as_often_as_they_are_repeated() -> None:
    """As many as are allowed are read, one more is not."""
    items = MAX_NODES // 10 - 2
    text = f"a: &a [{','.join('x' * items)}]\nb: [{','.join(['*a'] * 8)}]\nc: [{{}}]"
    used = 1 + 3 + (1 + items) + (1 + 8 * (1 + items)) + 1
    plain = read_yaml(text.format(",".join("x" * (MAX_NODES - used)))).plain
    assert len(plain["b"]) == 8
    with pytest.raises(YamlError, match=f"more than {MAX_NODES} values"):
        read_yaml(text.format(",".join("x" * (MAX_NODES - used + 1))))


def test_aliases_and_merges_are_for_use() -> None:
    """What repeats is written once."""
    text = "jpeg: &jpeg {type: jpeg, quality: 90}\nlow: {<<: *jpeg, quality: 40}\nsame: *jpeg\nlist: [on, 1.5, ~]"
    assert read_yaml(text).plain == {
        "jpeg": {"type": "jpeg", "quality": 90},
        "low": {"type": "jpeg", "quality": 40},
        "same": {"type": "jpeg", "quality": 90},
        "list": [True, 1.5, None],
    }
