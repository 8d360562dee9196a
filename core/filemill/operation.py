"""Operations: structs whose fields are parameters and whose `run` does the work."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from filemill.encoding import Encoding, Quality
from filemill.picture import Picture


class Missing(Struct, frozen=True):
    """Why an operation can't run on this machine, and what would make it run."""

    reason: str
    hint: str


class Operation(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="op",
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Base of every operation.

    A subclass gives its name on the wire as `tag`, its parameters as fields with `msgspec.Meta`, its
    documentation as docstring (the first line is the summary), and a method
    `run(self, value: Kind, context: Context) -> Kind`. The annotations of `run` say what it takes and
    gives: `Picture`, `Document`, `Text`, `Data`, `File`, a union of these, or a list: `list[X]` in
    folds many inputs into one, `list[X]` out fans out.
    """

    run: ClassVar[Callable[..., Any]]

    @classmethod
    def missing(cls) -> Missing | None:
        """Say what is missing on this machine for the operation to run; None: nothing."""
        return None


class PictureOperation(Operation, frozen=True, kw_only=True):
    """Base of every operation that gives pictures: it takes wishes for the encode at the end as well."""

    format: (
        Annotated[
            str | Encoding,
            Meta(description="Format of the result: a name, or an object with the encoder's settings."),
        ]
        | None
    ) = None
    quality: Quality | None = None

    def encoding(self) -> Encoding:
        """Return what this step wishes of the encoder."""
        wish = Encoding(type=self.format) if isinstance(self.format, str) else self.format or Encoding()
        return wish if self.quality is None else wish.merge(Encoding(quality=self.quality))

    def reduction(self, picture: Picture) -> float:
        """Return the factor by which a picture may be reduced while it is decoded, before this step.

        Where several pipelines share one decode, the smallest of their factors is taken.
        """
        return 1.0


class Shape(Struct, frozen=True):
    """What an operation takes and gives, read from the annotations of its `run`."""

    accepts: tuple[type, ...]
    many_in: bool
    returns: type
    many_out: bool


def shape_of(operation: type[Operation]) -> Shape:
    """Read an operation's shape.

    Raises:
        TypeError: where `run` is absent or its annotations don't say what it takes and gives.
    """
    run = getattr(operation, "run", None)
    if not inspect.isfunction(run):
        raise TypeError(f"{operation.__name__} has no method run(self, value, context)")
    shape = shape_of_function(run, ("self", "value", "context"), takes=1)
    if issubclass(shape.returns, Picture) and not issubclass(operation, PictureOperation):
        raise TypeError(f"{operation.__name__} gives pictures and so must derive from PictureOperation")
    return shape


def shape_of_function(run: Callable[..., Any], parameters: tuple[str, ...], *, takes: int = 0) -> Shape:
    """Read what a function takes and gives from its annotations.

    Args:
        run: the function.
        parameters: what its parameters are, for the error; only how many they are counts.
        takes: which of them is the value.

    Raises:
        TypeError: its annotations don't say what it takes and gives.
    """
    names = list(inspect.signature(run).parameters)
    hints = get_type_hints(run)
    if len(names) != len(parameters) or names[takes] not in hints or "return" not in hints:
        wanted = ", ".join(f"{name}: Kind" if index == takes else name for index, name in enumerate(parameters))
        raise TypeError(f"{run.__qualname__} is not annotated as {run.__name__}({wanted}) -> Kind")
    accepts, many_in = _kinds(hints[names[takes]])
    returns, many_out = _kinds(hints["return"])
    if len(returns) != 1:
        raise TypeError(f"{run.__qualname__} must give one kind, not {len(returns)}")
    return Shape(accepts, many_in, returns[0], many_out)


def _kinds(annotation: Any) -> tuple[tuple[type, ...], bool]:
    many = get_origin(annotation) is list
    if many:
        (annotation,) = get_args(annotation)
    union = get_origin(annotation) in (Union, types.UnionType)
    members = get_args(annotation) if union else (annotation,)
    if not all(isinstance(member, type) for member in members):
        raise TypeError(f"{annotation!r} is not a kind")
    return members, many
