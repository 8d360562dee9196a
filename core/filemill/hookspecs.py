"""The hooks a plugin may implement. Entry-point group: `filemill`.

A plugin is a module (or object) named by an entry point; it implements any of these with
`filemill.hookimpl`. Nothing else is asked of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources.abc import Traversable

import pluggy

from filemill.conversions import Conversion
from filemill.formats import Format
from filemill.limits import Limits
from filemill.operation import Operation

GROUP = "filemill"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def filemill_operations() -> Sequence[type[Operation]]:  # type: ignore[empty-body]
    """Return the plugin's operations.

    Called once when a registry is made, in the server, in every worker and in the command line. May
    raise: the plugin is then reported and left out. Names must not clash with another plugin's.
    """


@hookspec
def filemill_formats() -> Sequence[Format]:  # type: ignore[empty-body]
    """Return the plugin's formats.

    Called once when a registry is made, in the server, in every worker and in the command line. May
    raise: the plugin is then reported and left out. Names must not clash with another plugin's.
    """


@hookspec
def filemill_conversions() -> Sequence[Conversion]:  # type: ignore[empty-body]
    """Return the plugin's conversions: by which of its functions files of some formats become others.

    Called once when a registry is made, in the server, in every worker and in the command line. May
    raise: the plugin is then reported and left out. `convert` takes the cheapest path over all of them;
    where a format is of a plugin that is not installed, there is no such edge.
    """


@hookspec
def filemill_presets() -> Sequence[Traversable]:  # type: ignore[empty-body]
    """Return folders with preset files (`*.yaml`, one pack a file).

    Called once when a registry is made. The files themselves are read by the server and the command
    line; one that is wrong is reported and left out. Pack ids must not clash with another plugin's.
    """


@hookspec
def filemill_dialects() -> Sequence[object]:  # type: ignore[empty-body]
    """Return the plugin's dialects: other services' APIs that the server speaks beside its own.

    Each is a `filemill_server.dialects.Dialect`. Called once, in the server alone, so that what only a server
    has may be imported here. May raise: the plugin's dialects are then reported and left out. Names must not
    clash with another dialect's.
    """


@hookspec
def filemill_startup(limits: Limits) -> None:
    """Prepare libraries for work.

    Called once in every worker process before its first task, never in the server. May raise: the
    worker then ends and the server says why. `limits` are those of the server's settings.
    """
