"""What is in an archive."""

from __future__ import annotations

from datetime import UTC, datetime

from filemill import Context, Data, Facts
from filemill.kinds import Json
from filemill_archive.entries import Entry, Kind
from filemill_archive.kind import Archive
from filemill_archive.names import Refused
from filemill_archive.reading import Reader
from filemill_archive.tree import Tree


def listed(archive: Archive, limit: int, context: Context) -> Data:
    """Tell of an archive's entries.

    Args:
        archive: may hold what is refused elsewhere: that is told of it.
        limit: how many entries are told of; all are counted.
        context: surroundings of the step.
    """
    told: list[Json] = []
    said, tree = 0, Tree()
    with Reader(archive.file, context, headers_only=True) as reader:
        for entry in reader.all():
            if len(told) < limit:
                told.append({**_facts(entry), **_refusal(entry, tree)})
            said += entry.size or 0
            reader.pass_over(entry)
        count = reader.growth.entries
    context.report(entries=count)
    facts: Facts = {"format": archive.file.format, "count": count, "unpackedBytes": said, "entries": told}
    return Data(facts)


def _facts(entry: Entry) -> Facts:
    facts: Facts = {"name": entry.path, "kind": entry.kind.value, "permissions": f"{entry.permissions:03o}"}
    if entry.kind is Kind.FILE:
        facts["sizeBytes"] = entry.size
    if entry.target:
        facts["target"] = entry.target
    if (moment := _moment(entry)) is not None:
        facts["modifiedAt"] = moment
    if entry.encrypted:
        facts["encrypted"] = True
    return facts


def _refusal(entry: Entry, tree: Tree) -> Facts:
    """Say why an entry makes all other operations refuse the archive."""
    try:
        if entry.refused:
            raise Refused(entry.refused)
        tree.add(entry)
    except Refused as refused:
        return {"refused": f"It {refused}."}
    return {}


def _moment(entry: Entry) -> str | None:
    if entry.modified is None:
        return None
    try:
        return datetime.fromtimestamp(entry.modified, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):  # a year that is none
        return None
