"""Names an operation can't have, because every request has them already."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint

from filemill import Context, Operation, Text, hookimpl
from filemill.registry import load_registry


class Uploads(Operation, frozen=True, tag="uploads"):
    """Would stand at the path of uploads."""

    def run(self, text: Text, context: Context) -> Text:
        return text


class Store(Operation, frozen=True, tag="store"):
    """Would hide the request's own `output`."""

    output: str = ""

    def run(self, text: Text, context: Context) -> Text:
        return text


class Plugin:
    """A plugin of one operation."""

    def __init__(self, operation: type[Operation]) -> None:
        self.operation = operation

    @hookimpl
    def filemill_operations(self) -> Sequence[type[Operation]]:
        return [self.operation]


class Point:
    """An entry point that gives a plugin."""

    dist = None
    name = "greedy"

    def __init__(self, operation: type[Operation]) -> None:
        self.operation = operation

    def load(self) -> object:
        return Plugin(self.operation)


def reason(operation: type[Operation]) -> str:
    """Say why a plugin with this operation was left out."""
    entry: EntryPoint = Point(operation)  # type: ignore[assignment]
    registry = load_registry(entries=[entry])
    assert list(registry.operations) == ["convert"]
    (failure,) = registry.failures
    return failure.reason


def test_an_operation_named_like_a_path_of_the_api_is_refused() -> None:
    """NA-20: `POST /v1/uploads` is one thing; the plugin is reported and the server starts without it."""
    assert "'uploads'" in reason(Uploads)


def test_a_parameter_named_like_a_part_of_every_request_is_refused() -> None:
    """NA-23: parameters stand beside `source`, `sources`, `output` and `metadata`, or beside the form's files."""
    assert "'output'" in reason(Store)
