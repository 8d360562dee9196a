"""Which form of an answer a request prefers."""

from __future__ import annotations

_BYTES = ("image/", "video/", "audio/", "text/", "application/")
"""What a file can be: anything that an application reads but JSON, which describes it."""
_JSON = ("application/json", "application/problem+json", "application/*", "*/*")
_PAGE = "text/html"
"""What every browser names first: it is no wish for a file."""


def prefers_bytes(accept: str | None) -> bool:
    """Whether `Accept` ranks a file's own bytes above the JSON that describes it (NA-28).

    A range that matches JSON (`application/json`, `*/*`) wins where both are ranked alike only if it is named
    first; an absent header means JSON.
    """
    best_bytes, best_json = (0.0, 0), (0.0, 0)
    for position, part in enumerate((accept or "").split(",")):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        rank = (_quality(parameters), -position)
        if media in _JSON:
            best_json = max(best_json, rank)
        elif media.startswith(_BYTES) and media != _PAGE:
            best_bytes = max(best_bytes, rank)
    return best_bytes[0] > 0 and best_bytes > best_json


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
