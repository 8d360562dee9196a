"""The choice of bookmarks in a merged document."""

from __future__ import annotations

from filemill.choices import Choice


class Bookmarks(Choice):
    """Which bookmarks a merged document has."""

    KEEP = "keep"
    PER_FILE = "per-file"
    NONE = "none"
