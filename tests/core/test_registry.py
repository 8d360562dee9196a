"""The registry: plugins found by entry points, each on its own."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from filemill.registry import PluginFailure, Registry, load_registry

from .conftest import Install, write_distribution

GOOD = """
    class {name}(Operation, tag="{tag}"):
        '''Do {tag}.

        At length.
        '''
        def run(self, text: Text, context: Context) -> Text: return text

    @hookimpl
    def filemill_operations(): return [{name}]
"""


def good(tag: str) -> str:
    """Write a plugin with one operation."""
    return GOOD.format(name=tag.title().replace("-", ""), tag=tag)


def failure(registry: Registry) -> PluginFailure:
    """The only failure."""
    (found,) = registry.failures
    return found


def test_an_operation_is_registered_with_what_is_known_of_it(install: Install, foreign: list[str]) -> None:
    """NA-10: name, title, summary, kinds, plugin and version come from the class and its distribution."""
    install("shop", good("do-it"), version="2.5")
    registry = load_registry(foreign)
    entry = registry.operations["do-it"]
    assert (entry.title, entry.summary, entry.description) == ("Do it", "Do do-it.", "At length.")
    assert (entry.plugin.name, entry.plugin.distribution, entry.plugin.version) == ("shop", "shop-dist", "2.5")
    assert entry.missing is None


BROKEN = {
    "broken import": ("import no_such_module", "no_such_module"),
    "syntax error": ("def (", "SyntaxError"),
    "exit at import": ("raise SystemExit(2)", "SystemExit"),
    "misspelt hook": ("@hookimpl\ndef filemill_operation(): return []", "filemill_operation"),
    "wrong hook argument": ("@hookimpl\ndef filemill_formats(registry): return []", "registry"),
    "raising hook": ("@hookimpl\ndef filemill_formats(): raise OSError('no licence')", "OSError: no licence"),
    "no list": ("@hookimpl\ndef filemill_operations(): return 3", "TypeError"),
    "no operation": ("@hookimpl\ndef filemill_operations(): return [int]", "int"),
    "no docstring": (good("do").replace("'''Do do.\n\n        At length.\n        '''", ""), "Do has no docstring"),
    "no annotations": (good("do").replace("text: Text", "text"), "not annotated"),
    "no return annotation": (good("do").replace("-> Text", ""), "not annotated"),
    "no run": (good("do").replace("def run", "def go"), "has no method run"),
    "two kinds out": (good("do").replace("-> Text", "-> Text | Data"), "must give one kind"),
    "a picture without wishes": (good("do").replace("-> Text", "-> Picture"), "PictureOperation"),
    "no tag": (good("do").replace(', tag="do"', ""), "'Do'"),
    "a tag that is no name": (good("do").replace('"do"', '"Do It"'), "'Do It'"),
    "a number as tag": (good("do").replace('"do"', "7"), "a tag that is a string"),
    "another tag field": (good("do").replace('tag="do"', 'tag="do", tag_field="kind"'), "tag field"),
    "a field of no wire type": (good("do").replace("def run", "x: Context\n        def run"), "Context"),
    "the same name twice": (good("do").replace("return [Do]", "return [Do, Do]"), "'do' twice"),
}


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_reported_and_stops_no_other(
    source: str, reason: str, install: Install, foreign: list[str]
) -> None:
    """A plugin that is wrong in any way is left out whole, says why, and those before and after it work."""
    install("broken", source)
    install("a-first", good("first"))
    install("z-last", good("last"))
    registry = load_registry([*foreign, "sample", "hostile"])
    assert sorted(registry.operations) == ["convert", "first", "last"]
    assert failure(registry).plugin.name == "broken"
    assert failure(registry).plugin.distribution == "broken-dist"
    assert reason in failure(registry).reason
    assert {plugin.name for plugin in registry.plugins} == {"a-first", "z-last"}
    assert not registry.hooks.has_plugin("broken")


def test_a_plugin_that_pluggy_can_not_keep_stops_no_other(install: Install, tmp_path: Path, foreign: list[str]) -> None:
    """An entry point may name any object; one that no set takes is left out itself, and none of those after it."""
    install("shop", "from types import SimpleNamespace\nodd = SimpleNamespace()")
    module = next((tmp_path / "plugins").glob("shop*.py")).stem
    write_distribution(tmp_path / "plugins", "odd-dist", {"odd": f"{module}:odd"})
    install("z-last", good("last"))
    registry = load_registry([*foreign, "sample", "hostile"])
    assert sorted(registry.operations) == ["convert", "last"]
    assert failure(registry).plugin.name == "odd"


def test_an_operation_that_two_plugins_bring_stays_with_the_first(install: Install, foreign: list[str]) -> None:
    """The clash names the plugins and distributions of both."""
    install("alpha", good("do"))
    install("beta", good("do"))
    registry = load_registry(foreign)
    assert registry.operations["do"].plugin.name == "alpha"
    for name in ("'do'", "'alpha'", "alpha-dist", "'beta'", "beta-dist"):
        assert name in failure(registry).reason


FORMAT = """
    @hookimpl
    def filemill_formats():
        return [Format(name="{name}", title="F", media_types=("a/b",), extensions=("{extension}",), kind=Text,
                       sniff=lambda head: False)]
"""


@pytest.mark.parametrize(
    ("name", "extension", "taken"), [("one", "x", "one"), ("two", "ext", "ext"), ("text", "y", "text")]
)
def test_a_format_that_is_there_already_is_refused(
    name: str, extension: str, taken: str, install: Install, foreign: list[str]
) -> None:
    """Names and extensions are one space; the core's own formats are in it."""
    install("alpha", FORMAT.format(name="one", extension="ext"))
    install("beta", FORMAT.format(name=name, extension=extension))
    registry = load_registry(foreign)
    assert f"format {taken!r}" in failure(registry).reason
    assert failure(registry).plugin.name == "beta"


def test_two_distributions_with_one_plugin_name_are_told_apart(install: Install, foreign: list[str]) -> None:
    """The second of a name is refused, whatever it holds."""
    install("alpha", good("do"))
    points = [*entry_points(group="filemill", name="alpha")] * 2
    registry = load_registry(entries=points)
    assert "already named 'alpha'" in failure(registry).reason
    assert list(registry.operations) == ["convert", "do"]


def test_a_blocked_plugin_is_not_even_imported(install: Install, foreign: list[str]) -> None:
    """An operator's block list keeps the plugin's code out of the process."""
    install("alpha", "raise RuntimeError('imported')")
    assert load_registry([*foreign, "alpha", "sample", "hostile"]).failures == []


def test_a_program_that_is_missing_is_told_with_a_hint(registry: Registry) -> None:
    """NA-10: an operation that can't run here is listed with reason and hint."""
    missing = registry.operations["absent"].missing
    assert missing is not None
    assert "no-such-program" in missing.reason
    assert "Install" in missing.hint


def test_without_plugins_there_are_text_and_json() -> None:
    """The core alone knows two formats and no operation."""
    registry = load_registry(entries=[])
    assert [form.name for form in registry.formats] == ["text", "json"]
    assert list(registry.operations) == ["convert"]


def test_our_own_plugins_are_whole() -> None:
    """Everything that is installed here is registered."""
    assert [one for one in load_registry().failures if one.plugin.distribution == "filemill"] == []
