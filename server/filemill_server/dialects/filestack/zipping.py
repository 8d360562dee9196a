"""The task `zip`: the sources in one archive, as they are (FS-84)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from filemill.archive import MEDIA_TYPE, NAME, distinct, open_archive, open_member
from filemill.task import Output, output_of
from filemill_server.received import Received


def pack(files: Sequence[Received], folder: Path) -> Output:
    """Write files into an archive; equal names are numbered apart."""
    path = folder / "packed.zip"
    stems = distinct([PurePosixPath(file.name).stem or file.name for file in files])
    with open_archive(path) as archive:
        for file, stem in zip(files, stems, strict=True):
            member = stem + PurePosixPath(file.name).suffix
            with file.path.open("rb") as source, open_member(archive, member, file.size) as target:
                shutil.copyfileobj(source, target, 1 << 20)
    return output_of(path, NAME, "zip", MEDIA_TYPE, {})
