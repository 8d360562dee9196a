"""Entries of archives."""

from __future__ import annotations

from msgspec import Struct

from filemill import Choice


class Kind(Choice):
    """What an entry is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    HARD_LINK = "hard-link"
    DEVICE = "device"
    PIPE = "pipe"


class Owner(Struct, frozen=True):
    """Whose a file is: numbers and names."""

    user: int = 0
    group: int = 0
    user_name: bytes | None = None
    group_name: bytes | None = None


NOBODY = Owner()


class Entry(Struct, frozen=True, kw_only=True):
    """What stands in an archive of a file, a folder or a link.

    Fields:
        path: in the archive, harmless; of one that is refused, as it stands there.
        kind: what it is.
        size: bytes of a file; None: it is not told.
        permissions: without the bits that let a program run as its owner.
        modified: seconds since 1970; None: it is not told.
        target: of a link.
        encrypted: whether its content is.
        owner: whose it is, where archives of the format tell.
        refused: why its name is one that no archive should have; "": it is not.
    """

    path: str
    kind: Kind = Kind.FILE
    size: int | None = 0
    permissions: int = 0o644
    modified: int | None = None
    target: str = ""
    encrypted: bool = False
    owner: Owner = NOBODY
    refused: str = ""
