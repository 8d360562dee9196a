"""What an answer with a stranger's file tells browsers, so that they run nothing of it."""

from __future__ import annotations

_SHOWN = ("image/", "audio/", "video/")
_READ = frozenset({"application/octet-stream", "application/pdf", "text/plain"})
"""PDFs are shown by a viewer that has no part in the page's origin, and that a sandbox would switch off."""
_NO_RIGHTS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def guarding_headers(media_type: str) -> dict[str, str]:
    """Return the headers for a file: its type is believed as it is said, and what may hold scripts has no rights.

    Every type that ends in `+xml` is a document to a browser, and such a one can hold scripts whatever it begins with.
    """
    headers = {"X-Content-Type-Options": "nosniff"}
    if media_type not in _READ and (not media_type.startswith(_SHOWN) or "xml" in media_type):
        headers["Content-Security-Policy"] = _NO_RIGHTS
    return headers
