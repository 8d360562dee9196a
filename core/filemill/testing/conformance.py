"""The conformance tests of a plugin: every operation, format and preset against everything asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from filemill.registry import OURS, Plugin, Registry, load_registry
from filemill.testing import checks, format_checks
from filemill.testing.runner import Runner
from filemill.testing.samples import MakeSamples, Samples

Known = Mapping[str, Sequence[Mapping[str, object]]]


def conformance_tests(
    *plugins: str, examples: int = 20, known: Known | None = None, samples: MakeSamples | None = None
) -> Callable[..., None]:
    """Make the test function of a plugin: assign it to a name that starts with `test_`.

    Args:
        plugins: names of entry points, as in `pyproject.toml`; none: every plugin that is installed.
        examples: how many generated parameter sets each check tries.
        known: for operations whose parameters can't be guessed (a rule between fields, a password),
            some that work, by the operation's name: `{"unlock": [{"password": "secret"}]}`.
        samples: makes files of the plugin's own kinds in the folder it is given, and returns them.

    Raises:
        ValueError: while pytest collects, where a plugin is not installed or was left out; it says why.
    """
    registry = load_registry()
    chosen = [plugin for plugin in registry.plugins if not plugins or plugin.name in plugins]
    chosen += [OURS] if OURS.name in plugins else []
    for failure in registry.failures:
        if not plugins or failure.plugin.name in plugins:
            raise ValueError(f"plugin {failure.plugin.name!r} was left out: {failure.reason}")
    if absent := set(plugins) - {plugin.name for plugin in chosen}:
        raise ValueError(f"no plugin {', '.join(map(repr, sorted(absent)))} is installed in this environment")

    def test_conformance(
        check: Callable[..., None], filemill_run: Runner, filemill_samples: Samples, tmp_path: Path
    ) -> None:
        """A plugin's operations, formats and presets keep what every one of them has to keep."""
        files = filemill_samples if samples is None else filemill_samples.extended(samples)
        check(run=filemill_run, samples=files, folder=tmp_path)

    cases = list(_cases(registry, chosen, examples, known or {}))
    parametrised: Callable[..., None] = pytest.mark.parametrize("check", cases)(test_conformance)
    return parametrised


def _cases(registry: Registry, plugins: Sequence[Plugin], examples: int, known: Known) -> Iterator[Any]:
    for entry in registry.operations.values():
        if entry.plugin in plugins:
            for demand in checks.CHECKS:
                subject = partial(
                    checks.Subject,
                    entry=entry,
                    registry=registry,
                    examples=examples,
                    known=known.get(entry.name, ()),
                )
                yield pytest.param(partial(_operation, demand, subject), id=f"{entry.name}-{demand.__name__}")
    for form in registry.formats:
        if registry.format_plugins.get(form.name) in plugins:
            for check in format_checks.CHECKS:
                yield pytest.param(
                    partial(_format, partial(check, form, registry)), id=f"format-{form.name}-{check.__name__}"
                )
    for plugin in plugins:
        if any(owner == plugin for owner, _ in registry.preset_folders):
            check_presets = partial(format_checks.presets_are_good, plugin, registry)
            yield pytest.param(partial(_presets, check_presets), id=f"presets-{plugin.name}")


def _operation(
    demand: Callable[[checks.Subject], None],
    subject: Callable[..., checks.Subject],
    *,
    run: Runner,
    samples: Samples,
    folder: Path,
) -> None:
    demand(subject(run=run, samples=samples, folder=folder))


def _format(check: Callable[[Path], None], *, run: Runner, samples: Samples, folder: Path) -> None:
    check(folder)


def _presets(check: Callable[[], None], *, run: Runner, samples: Samples, folder: Path) -> None:
    check()
