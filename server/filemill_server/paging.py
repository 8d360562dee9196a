"""Lists a page at a time: what a request asks for, and where the next page is (NC-15)."""

from __future__ import annotations

from urllib.parse import urlencode

from filemill.errors import invalid
from filemill_server.wire import HttpRequest

MAX_PAGE = 200
DEFAULT_PAGE = 50


def page_size(request: HttpRequest) -> int:
    """Return how many entries a page is to have.

    Raises:
        FilemillError: `INVALID_PARAMETER`.
    """
    limit = request.query_params.get("limit", str(DEFAULT_PAGE))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 10 and 1 <= int(limit) <= MAX_PAGE):
        raise invalid("/limit", f"'limit' is a whole number from 1 to {MAX_PAGE}.")
    return int(limit)


def next_link(request: HttpRequest, cursor: str | None) -> dict[str, str]:
    """Return the header that leads to the page of a cursor, with all else as it was asked for; none without."""
    if cursor is None:
        return {}
    query = {**request.query_params.dict(), "limit": [str(page_size(request))], "cursor": [cursor]}
    return {"Link": f'<{request.url.path}?{urlencode(query, doseq=True)}>; rel="next"'}
