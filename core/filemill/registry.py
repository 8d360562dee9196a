"""The registry: every operation, format and preset folder that the installed plugins bring."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from importlib.metadata import Distribution, EntryPoint, entry_points, version
from importlib.resources.abc import Traversable
from operator import or_
from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec
import pluggy

from filemill import hookspecs
from filemill.conversions import Conversion
from filemill.convert import Convert
from filemill.formats import JSON, TEXT, Format, FormatTable
from filemill.graph import ConversionGraph
from filemill.operation import Missing, Operation, Shape, shape_of

if TYPE_CHECKING:
    from filemill.limits import Limits

CORE = "filemill"

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TAKEN_NAMES = frozenset(
    {"assets", "batches", "formats", "jobs", "keys", "operations", "packs", "process", "uploads", "usage", "webhooks"}
)  # of the API itself: an operation stands beside them in a URL
_TAKEN_PARAMETERS = frozenset(
    {"file", "files", "metadata", "output", "source", "sources"}
)  # of every request: parameters stand beside them in a body


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin: the name of its entry point and its distribution."""

    name: str
    distribution: str
    version: str


OURS = Plugin(CORE, CORE, version(CORE))
"""What the core itself brings stands under this name."""


@dataclass(frozen=True, slots=True)
class PluginFailure:
    """A plugin that was left out, and why."""

    plugin: Plugin
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered operation with what was learnt of it when it was registered."""

    name: str
    operation: type[Operation]
    plugin: Plugin
    shape: Shape
    summary: str
    description: str
    missing: Missing | None

    @property
    def title(self) -> str:
        """The name for people: `smart-crop` is `Smart crop`."""
        return self.name.replace("-", " ").capitalize()


@dataclass
class Registry:
    """What the plugins registered. Made by `load_registry`; read-only afterwards."""

    plugins: list[Plugin] = field(default_factory=list)
    failures: list[PluginFailure] = field(default_factory=list)
    operations: dict[str, Entry] = field(default_factory=dict)
    formats: FormatTable = field(default_factory=lambda: FormatTable([TEXT, JSON]))
    edges: list[Conversion] = field(default_factory=list)
    format_plugins: dict[str, Plugin] = field(default_factory=dict)
    preset_folders: list[tuple[Plugin, Traversable]] = field(default_factory=list)
    hooks: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(hookspecs.GROUP))

    @cached_property
    def step_type(self) -> Any:
        """The tagged union of all operations: the type of a step."""
        members = [entry.operation for _, entry in sorted(self.operations.items())]
        return reduce(or_, members) if members else Operation

    @cached_property
    def pipeline_type(self) -> Any:
        """The type of a pipeline: a list of steps."""
        return GenericAlias(list, (self.step_type,))

    @cached_property
    def held_pipeline(self) -> Any:
        """A struct with a pipeline in `steps`: msgspec keeps what it knows of structs, of other types it does not."""
        return msgspec.defstruct("HeldPipeline", [("steps", self.pipeline_type)])

    @cached_property
    def conversions(self) -> ConversionGraph:
        """The graph of what can become what."""
        return ConversionGraph(self.formats, self.edges)

    def entry(self, step: Operation) -> Entry:
        """Return the registration of a step's operation."""
        return self.operations[tag_of(type(step))]

    def ask(self, plugin: Plugin, hook: str) -> list[Any]:
        """Return what one plugin alone answers to a hook that gives a sequence."""
        others = [other for name, other in self.hooks.list_name_plugin() if name != plugin.name and other is not None]
        return [item for answer in self.hooks.subset_hook_caller(hook, others)() for item in answer]

    def startup(self, limits: Limits) -> None:
        """Let every plugin prepare its libraries: in a worker process, and in the tests of plugins."""
        self.hooks.hook.filemill_startup(limits=limits)


def tag_of(operation: type[Operation]) -> str:
    """Return an operation's name on the wire."""
    return str(operation.__struct_config__.tag)


def load_registry(blocked: Collection[str] = (), entries: Iterable[EntryPoint] | None = None) -> Registry:
    """Make a registry of all installed plugins, each on its own: a broken one is reported and left out.

    Our own come first, so that of two that clash it is never one of them that is left out.

    Args:
        blocked: names of entry points that are not loaded.
        entries: the entry points; default: the installed ones of group `filemill`.
    """
    registry = Registry()
    registry.hooks.add_hookspecs(hookspecs)
    registry.operations |= {entry.name: entry for entry in (_entry(one, OURS) for one in (Convert,))}
    chosen = entry_points(group=hookspecs.GROUP) if entries is None else entries
    for point in sorted(chosen, key=lambda point: (_distribution(point) != CORE, point.name)):
        if point.name not in blocked:
            _load(registry, point)
    return registry


def _distribution(point: EntryPoint) -> str:
    return _named(point.dist)[0] if point.dist else CORE


@cache
def _named(distribution: Distribution) -> tuple[str, str]:
    """Return a distribution's name and version: its metadata is a file, and is parsed each time it is asked for."""
    told = distribution.metadata
    return told["Name"], told["Version"]


def _load(registry: Registry, point: EntryPoint) -> None:
    plugin = Plugin(
        point.name,
        _distribution(point),
        _named(point.dist)[1] if point.dist else version(CORE),
    )
    manager = registry.hooks
    try:
        if manager.has_plugin(point.name):
            raise ValueError(f"another plugin is already named {point.name!r}")
        module = point.load()
        hash(module)  # pluggy keeps plugins in sets: an object that can't be in one would break those after it
        manager.register(module, name=point.name)
        manager.check_pending()
        operations = registry.ask(plugin, "filemill_operations")
        formats = registry.ask(plugin, "filemill_formats")
        conversions = registry.ask(plugin, "filemill_conversions")
        folders = registry.ask(plugin, "filemill_presets")
        entries = [_entry(operation, plugin) for operation in operations]
        _refuse_clashes(registry, plugin, entries, formats)
        for conversion in conversions:
            _ = conversion.shape  # raises where its annotations don't say what it takes
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin does wrong concerns that plugin alone
        if manager.get_plugin(point.name) is not None:
            manager.unregister(name=point.name)
        registry.failures.append(PluginFailure(plugin, f"{type(error).__name__}: {error}"))
        return
    registry.plugins.append(plugin)
    registry.operations |= {entry.name: entry for entry in entries}
    registry.formats = FormatTable([*registry.formats, *formats])
    registry.edges += conversions
    registry.format_plugins |= {form.name: plugin for form in formats}
    registry.preset_folders += [(plugin, folder) for folder in folders]


def _entry(operation: type[Operation], plugin: Plugin) -> Entry:
    """Make the registration of an operation.

    Raises:
        ValueError, TypeError: it can't be one; msgspec knows no way to read a field, or no JSON Schema of it.
    """
    doc = (operation.__doc__ or "").strip()
    if not doc or operation.__doc__ == Operation.__doc__:
        raise ValueError(f"operation {operation.__name__} has no docstring")
    summary, _, rest = doc.partition("\n")
    description = "\n".join(line.strip() for line in rest.strip().splitlines())
    name = tag_of(operation)
    _check_wire(operation, name)
    if plugin.distribution != CORE:  # ours are held to it by tests; at each start of a process it takes 3 ms of each
        msgspec.json.Decoder(operation)
        msgspec.json.schema(operation)
    return Entry(name, operation, plugin, shape_of(operation), summary.strip(), description, operation.missing())


def _check_wire(operation: type[Operation], name: str) -> None:
    """Refuse what would break the union of all operations for every other plugin.

    Raises:
        ValueError: where the name is not one of the wire, or a name or parameter is one that the API has already.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"the tag of {operation.__name__} is {name!r}; it has to be like 'resize' or 'smart-crop'")
    if name in _TAKEN_NAMES:
        raise ValueError(f"an operation can't be named {name!r}: the API has a path of that name")
    if taken := _TAKEN_PARAMETERS.intersection(operation.__struct_encode_fields__):
        raise ValueError(f"{operation.__name__} can't have a parameter {min(taken)!r}: every request has one already")
    config = operation.__struct_config__
    if config.tag_field != "op" or not isinstance(config.tag, str):
        raise ValueError(f"{operation.__name__} has to keep the tag field 'op' and a tag that is a string")


def _refuse_clashes(registry: Registry, plugin: Plugin, entries: list[Entry], formats: list[Format]) -> None:
    _refuse_twice([entry.name for entry in entries], plugin)
    _refuse_twice([form.name for form in formats], plugin)
    for entry in entries:
        if (other := registry.operations.get(entry.name)) is not None:
            raise ValueError(_clash("operation", entry.name, plugin, other.plugin))
    for form in formats:
        for name in (form.name, *form.extensions):
            if (known := registry.formats.find(name)) is not None:
                owner = registry.format_plugins.get(known.name, OURS)
                raise ValueError(_clash("format", name, plugin, owner))


def _refuse_twice(names: list[str], plugin: Plugin) -> None:
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise ValueError(f"plugin {plugin.name!r} ({plugin.distribution}) brings {twice[0]!r} twice")


def _clash(what: str, name: str, plugin: Plugin, other: Plugin) -> str:
    return (
        f"{what} {name!r} of plugin {plugin.name!r} ({plugin.distribution}) is already"
        f" brought by plugin {other.name!r} ({other.distribution})"
    )
