"""Which methods a path has: for `Allow`, in answers to `OPTIONS` and to methods that it has not (NC-15)."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Response

from filemill_server.auth import OPEN
from filemill_server.wire import HttpRequest

TELLS_OPTIONS = {**OPEN, "options": True}
"""The `opt` of a route that answers `OPTIONS` itself, because it has more to tell than its methods."""


def allowed_methods(request: HttpRequest) -> str:
    """Return the methods of a request's path as `Allow` lists them; "" where there is no such path."""
    path = request.url.path.split("/")
    best: tuple[int, list[str]] = (-1, [])
    for route in request.app.routes:
        parts = route.path.split("/")
        if fits(parts, path):
            literal = sum(a == b for a, b in zip(parts, path, strict=True))
            best = max(best, (literal, sorted(map(str, route.methods))))
    return ", ".join(best[1])


def fits(parts: Sequence[str], path: Sequence[str]) -> bool:
    """Whether a path is one of a route's; both are cut at their slashes."""
    return len(parts) == len(path) and all(a == b or a.startswith("{") for a, b in zip(parts, path, strict=True))


async def answer_options(request: HttpRequest) -> Response[bytes] | None:
    """Answer `OPTIONS` before the router does, which knows only those methods that were registered first."""
    if request.method != "OPTIONS" or request.route_handler.opt.get("options"):
        return None
    return Response(b"", status_code=204, headers={"Allow": allowed_methods(request)})
