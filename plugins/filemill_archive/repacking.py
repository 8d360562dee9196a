"""Archives of one format made of those of another, entry by entry."""

from __future__ import annotations

from collections import defaultdict

from msgspec.structs import replace

from filemill import Context
from filemill_archive.entries import Entry, Kind
from filemill_archive.kind import Archive
from filemill_archive.reading import Reader
from filemill_archive.writing import Writer, blocks_of


def packed_anew(archive: Archive, target: str, context: Context) -> Archive:
    """Pack what is in an archive in another format; in its own as small as can be, or leave it as it is.

    Raises:
        FilemillError: `INVALID_FILE` where it is broken, encrypted, too large, or has an entry that none should have.
    """
    file = archive.file
    same = file.format == target
    links: defaultdict[str, list[Entry]] = defaultdict(list)
    with Writer(file.name, target, context, best=same) as writer:
        with Reader(file, context) as reader:
            first: dict[str, str] = {}  # the file behind each hard link
            for entry in reader.entries():
                if entry.kind is Kind.HARD_LINK and not writer.hard_links:
                    first[entry.path] = first.get(entry.target, entry.target)
                    links[first[entry.path]].append(entry)
                elif entry.kind is Kind.FILE:
                    writer.add(entry, reader.blocks(entry))
                else:
                    writer.add(entry)
            archive.learn(reader.growth)
        if links:
            _add_links(archive, links, writer, context)
    made = writer.archive()
    return archive if same and made.file.size >= file.size else made


def _add_links(archive: Archive, links: dict[str, list[Entry]], writer: Writer, context: Context) -> None:
    """Write hard links as files of their own: what they lead to is read a second time."""
    with Reader(archive.file, context) as reader:
        for entry in reader.entries():
            if entry.kind is not Kind.FILE:
                continue
            if entry.path not in links:
                reader.pass_over(entry)
                continue
            content = context.path("part")
            reader.unpack(entry, content)
            for link in links[entry.path]:
                reader.growth.add(entry.size or 0)
                writer.add(replace(link, kind=Kind.FILE, size=entry.size), blocks_of(content))
            content.unlink()
