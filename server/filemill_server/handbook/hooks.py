"""The page of hooks, from the docstrings of `filemill.hookspecs`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from filemill import hookspecs
from filemill.hookspecs import GROUP


def hooks() -> list[Callable[..., Any]]:
    """Return the hooks, in the order of their declaration."""
    functions = filter(inspect.isfunction, vars(hookspecs).values())
    return [function for function in functions if function.__name__.startswith(f"{GROUP}_")]


def hooks_page() -> str:
    """Return the page of all hooks."""
    return (
        "# Hooks\n\n"
        f"A plugin is a module that an entry point of the group `{GROUP}` names. It implements any of these hooks with"
        " `filemill.hookimpl`; a plugin that fails is reported by `filemill plugins` and left out.\n"
    ) + "".join(map(_section, hooks()))


def _section(hook: Callable[..., Any]) -> str:
    signature = str(inspect.signature(hook)).replace("'", "")
    declared = f"def {hook.__name__}{signature}"
    return f"\n## {hook.__name__}\n\n```python\n{declared}\n```\n\n{inspect.getdoc(hook)}\n"
