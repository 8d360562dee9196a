"""Reads the members of JSON objects: names and enumerated values in any case, the unknown is left (IX-05, IX-06)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from filemill.errors import FilemillError, invalid


class Fields:
    """The members of an object; one that is `null` counts as absent.

    Args:
        members: as decoded from JSON.
        path: where the object stands in the request, "" for the body itself.
    """

    def __init__(self, members: Mapping[str, object], path: str = "") -> None:
        self._members = {name.casefold(): value for name, value in members.items() if value is not None}
        self._path = path

    def value(self, name: str) -> object:
        """Return a member as it is, None where it is absent."""
        return self._members.get(name.casefold())

    def wrong(self, name: str, wanted: str) -> FilemillError:
        """Make the error for a member that is not what it must be."""
        where = f"{self._path}.{name}" if self._path else name
        return invalid("/" + where.replace(".", "/"), f"{where} must be {wanted}.")

    def under(self, name: str) -> Fields | None:
        """Return the members of an object in this one."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Fields(value, f"{self._path}.{name}" if self._path else name)

    def whole(self, name: str, least: int, most: int) -> int | None:
        """Return a whole number within bounds."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(name, f"an integer from {least} to {most}")
        return value

    def number(self, name: str, least: float, most: float) -> float | None:
        """Return a number within bounds."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(name, f"a number from {least:g} to {most:g}")
        return float(value)

    def flag(self, name: str) -> bool | None:
        """Return true or false."""
        value = self.value(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def text(self, name: str, longest: int) -> str | None:
        """Return a text that is not empty."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            raise self.wrong(name, f"a string of 1 to {longest} characters")
        return value

    def choice(self, name: str, names: Sequence[str]) -> str | None:
        """Return one of some names, as it is written there."""
        value = self.value(name)
        if value is None:
            return None
        found = {known.casefold(): known for known in names}.get(value.casefold()) if isinstance(value, str) else None
        if found is None:
            raise self.wrong(name, f"one of {', '.join(names)}")
        return found
