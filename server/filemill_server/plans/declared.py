"""The plans of a server: those it comes with, and those of the operator's file (NA-61)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from msgspec.structs import asdict

from filemill.errors import ErrorCode, Fault, FilemillError
from filemill.faults import convert, unknown
from filemill.yaml_text import YamlError, YamlFault, YamlText, read_yaml
from filemill_server.plans.plan import Plan, PlanFields

DEFAULT = "enterprise"
"""The plan of a key for which neither a plan is named nor one stands under its dialect's name."""
_NAME = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
_LONGEST = 64


class PlansError(ValueError):
    """A plans file that can't be used: file, line and column of every fault."""


class Plans:
    """The plans of a server.

    Attributes:
        by_name: all of them.
    """

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self.by_name = dict(plans)

    def __getitem__(self, name: str) -> Plan:
        """Return the plan of a key.

        Raises:
            FilemillError: `FORBIDDEN` where there is no such plan any more.
        """
        if (plan := self.by_name.get(name)) is None:
            raise FilemillError(
                ErrorCode.FORBIDDEN,
                f"This key has the plan {name!r}, which the server has no more; its operator can declare the plan"
                " again or make another key.",
            )
        return plan

    def chosen(self, name: str | None, dialect: str | None) -> str:
        """Return the name of a new key's plan: the one asked for, else its dialect's own, else the default (DX-19).

        Raises:
            ValueError: there is no such plan.
        """
        if name is None:
            return dialect if dialect in self.by_name else DEFAULT
        if name not in self.by_name:
            raise ValueError(unknown(name, self.by_name, "plan"))
        return name


def load_plans(file: Path | None) -> Plans:
    """Read the plans.

    Args:
        file: of the operator; its plans are added, and replace shipped ones of their names.

    Raises:
        PlansError: with every fault of the file.
    """
    shipped = files(__package__).joinpath("plans.yaml").read_text(encoding="utf-8")
    return Plans({**read_plans(shipped, "plans.yaml"), **(_own(file) if file is not None else {})})


def read_plans(text: str, file: str) -> Mapping[str, Plan]:
    """Read the text of a plans file.

    Raises:
        PlansError: with every fault.
    """
    try:
        read = read_yaml(text)
        given = convert(read.plain or {}, dict[str, PlanFields])
    except YamlError as error:
        raise _wrong(file, [error.fault]) from None
    except FilemillError as error:
        raise _wrong(file, [read.placed(fault) for fault in error.faults]) from None
    misnamed = [name for name in given if not _NAME.fullmatch(name) or len(name) > _LONGEST]
    if misnamed:
        raise _wrong(file, [_misnamed(read, name) for name in misnamed])
    return {name: Plan(name=name, **asdict(plan)) for name, plan in given.items()}


def _own(file: Path) -> Mapping[str, Plan]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlansError(f"{file} can't be read: {error}") from None
    return read_plans(text, str(file))


def _misnamed(read: YamlText, name: str) -> YamlFault:
    detail = f"{name!r} is no name of a plan: small letters and digits, joined by - or _, at most {_LONGEST}"
    return read.placed(Fault(f"/{name.replace('~', '~0').replace('/', '~1')}", detail))


def _wrong(file: str, faults: list[YamlFault]) -> PlansError:
    return PlansError("; ".join(f"{file}:{fault.line}:{fault.column}: {fault.detail.rstrip('.')}" for fault in faults))
