"""What every task is: a struct whose fields are its options, and the steps of our own it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias

from msgspec import Meta, Struct
from PIL.ImageColor import colormap

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill.faults import convert, unknown
from filemill_server.dialects.filestack.request import Task, Value

Step: TypeAlias = dict[str, object]
"""A step of a pipeline as plain data: `{"op": …}`."""


class Kind(Enum):
    """What a source is, as far as a task asks."""

    PICTURE = "a picture"
    DOCUMENT = "a PDF"
    OTHER = "another file"


class TaskOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every task; `aliases` are other names of its options."""

    aliases: ClassVar[Mapping[str, str]] = {}


class StepTask(TaskOptions, frozen=True, kw_only=True):
    """A task that changes the file."""

    takes: ClassVar[tuple[Kind, ...]] = (Kind.PICTURE,)

    def gives(self, kind: Kind) -> Kind:
        """Return what the file is afterwards."""
        return kind

    def steps(self, kind: Kind) -> list[Step]:
        """Return the steps it stands for; none where it changes nothing.

        Raises:
            FilemillError: `INVALID_PARAMETER`, or `OPERATION_UNAVAILABLE` for what our operations can't do.
        """
        raise NotImplementedError  # a struct can't have an abstract base: each task says it for itself


class Position(StrEnum):
    """One point of a picture; `middle` and `center` are the same."""

    TOP = "top"
    MIDDLE = "middle"
    BOTTOM = "bottom"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    FACES = "faces"


PositionOption: TypeAlias = Position | Annotated[list[Position], Meta(min_length=2, max_length=2)]
ColourOption = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,32}$")]

_VERTICAL = ("top", "middle", "bottom")
_HORIZONTAL = ("left", "center", "right")
_HEX = frozenset("0123456789abcdefABCDEF")


def read_options(task: Task, options: type[TaskOptions]) -> Any:
    """Make a task's struct of its options.

    Raises:
        FilemillError: `INVALID_PARAMETER` with every wrong option.
    """
    given: dict[str, Value] = {}
    for name, value in task.options.items():
        full = options.aliases.get(name, name)
        if full in given:
            raise invalid(f"/{task.name}/{name}", f"The option {full!r} is given twice.")
        given[full] = value
    return convert(given, options, f"/{task.name}", strict=False)


def gravity(position: Position | list[Position], pointer: str) -> str:
    """Return the one of our nine points that a position names.

    Raises:
        FilemillError: `OPERATION_UNAVAILABLE` for `faces`, `INVALID_PARAMETER` for a pair that is none.
    """
    names = [one.value for one in position] if isinstance(position, list) else [position.value]
    if "faces" in names:
        raise not_implemented(f"{pointer}: 'faces' needs an engine that finds faces; none is installed.")
    if len(names) == 2 and (names[0] not in _VERTICAL or names[1] not in _HORIZONTAL):
        raise invalid(pointer, "A pair is [top|middle|bottom,left|center|right].")
    moved = [name for name in names if name not in ("middle", "center")]
    return "-".join(moved) or "center"


def colour(text: str, pointer: str) -> str:
    """Return a colour as our operations take it.

    Hex digits are `RGB`, `RRGGBB` or `RRGGBBAA`; names are those of CSS, X11's `gray0` to `gray100`, `none`
    and `transparent`.

    Raises:
        FilemillError: `INVALID_PARAMETER`.
    """
    name = text.lower()
    if name in ("transparent", "none"):
        return "transparent"
    if name in colormap:
        return name
    shade = name[4:] if name.startswith(("gray", "grey")) else ""
    if shade.isdecimal() and int(shade) <= 100 and str(int(shade)) == shade:
        return "#" + f"{int(int(shade) * 2.55 + 0.5):02x}" * 3
    if len(text) in (3, 6, 8) and _HEX.issuperset(text):
        return f"#{text}"
    if text.isalpha():
        raise invalid(pointer, unknown(text, [*colormap, "transparent"], "colour"))
    raise invalid(
        pointer, f"{text!r} is no colour; it would be RGB, RRGGBB or RRGGBBAA in hex, or a name such as 'teal'."
    )


def not_implemented(reason: str) -> FilemillError:
    """Make the error for what is known but not done here."""
    return FilemillError(ErrorCode.OPERATION_UNAVAILABLE, reason)
