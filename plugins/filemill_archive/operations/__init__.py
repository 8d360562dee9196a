"""The operations on archives."""

from __future__ import annotations

from collections.abc import Sequence

from filemill import Operation
from filemill_archive.operations.create import CreateArchive
from filemill_archive.operations.extract import Extract
from filemill_archive.operations.inspect import ListArchive

OPERATIONS: Sequence[type[Operation]] = [CreateArchive, Extract, ListArchive]
