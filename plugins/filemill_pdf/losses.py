"""What pypdf warns of where it goes on with an object missing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pypdf

_LOST = ("may be missing", "ignoring the stream", "skipping the entry", "Limiting to", "Invalid stream")


@contextmanager
def losses() -> Iterator[list[str]]:
    """Gather the warnings of lost objects while pypdf is at work."""
    gatherer = _Gatherer()
    logger = logging.getLogger(pypdf.__name__)
    logger.addHandler(gatherer)
    try:
        yield gatherer.lost
    finally:
        logger.removeHandler(gatherer)


class _Gatherer(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lost: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if any(words in said for words in _LOST):
            self.lost.append(said)
