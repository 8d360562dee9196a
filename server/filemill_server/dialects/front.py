"""Who answers a request: the native API, or a dialect by its host name, its prefix or at the root (DX-01)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from filemill_server.dialects.loading import Spoken
from filemill_server.methods import fits

NATIVE_API = "/v1"
NATIVE_PREFIX = "/native"
"""Where the native API is beside dialects at the root, whose paths may be the same (DX-18)."""


class Front:
    """Stands before the native application and those of the dialects.

    Args:
        native: the native application.
        handler: what answers for it.
        dialects: all of them, by name.
        hosts: names of dialects by host name, in small letters and without a port; `*.` stands for one label.
        root: names of the dialects whose paths stand at the root.
        delivery: where results are fetched, by the dialects that have an address of their own for it.
    """

    def __init__(
        self,
        native: Litestar,
        handler: ASGIApp,
        dialects: Mapping[str, Spoken],
        hosts: Mapping[str, str],
        root: Sequence[str],
        delivery: Mapping[str, str] = {},
    ) -> None:
        self._native = native
        self._handler = handler
        self._dialects = dialects
        self._hosts = hosts
        self._root = root
        self._delivery = delivery
        for spoken in dialects.values():
            spoken.app.state = native.state  # with the services, as soon as they are there
        taken = {route.path for route in native.routes}
        # Where a dialect has paths that the native API has, all of the native ones move aside for it (DX-18).
        self._instead = next((name for name in root if any(r.path in taken for r in dialects[name].app.routes)), None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to who answers it."""
        if scope["type"] != ScopeType.HTTP:
            await self._handler(scope, receive, send)
            return
        path = scope["path"]
        first = path.split("/", 2)[1] if path.startswith("/") else ""
        host = _host(scope)
        if (named := self._of_host(host)) is not None:
            place = self._dialects[named].dialect.places.get(host.partition(".")[0], "")
            await self._give(named, "", _above(scope, place) if place else scope, receive, send)
        elif first in self._dialects:
            await self._give(first, f"/{first}", scope, receive, send)
        elif self._root and path.startswith(f"{NATIVE_PREFIX}/"):
            await self._handler(_below(scope, NATIVE_PREFIX), receive, send)
        elif (chosen := self._at_root(scope)) is not None:
            await self._give(chosen, "", scope, receive, send)
        else:
            await self._handler(scope, receive, send)

    def native_path(self, scope: Mapping[str, Any]) -> str | None:
        """Return the path of a request in the native API; None where a dialect answers it.

        Args:
            scope: of the request: its path and headers.
        """
        path: str = scope["path"]
        if self._hosts and self._of_host(_host(scope)) is not None:
            return None
        if self._root and path.startswith(f"{NATIVE_PREFIX}/"):
            return path[len(NATIVE_PREFIX) :]
        if path.partition("/")[2].partition("/")[0] in self._dialects:
            return None
        return None if self._root and self._at_root(cast(Scope, scope)) is not None else path

    def _of_host(self, host: str) -> str | None:
        return self._hosts.get(host) or self._hosts.get(f"*.{host.partition('.')[2]}")

    async def _give(self, name: str, prefix: str, scope: Scope, receive: Receive, send: Send) -> None:
        inner = _below(scope, prefix)
        scope["state"]["delivery"] = self._delivery.get(name)
        try:
            await self._dialects[name].app(inner, receive, send)
        finally:  # what the log and the metrics say of it
            scope["path_template"] = f"/{name}{inner.get('path_template', '')}"

    def _at_root(self, scope: Scope) -> str | None:
        """Return the dialect that a path at the root belongs to; a path of all the rest comes last (DX-03)."""
        path = scope["path"]
        having = [name for name in self._root if _has(self._dialects[name].app, path)]
        if not having and self._instead is not None and path.startswith(f"{NATIVE_API}/"):
            return self._instead
        if not having and not _has(self._native, path):
            having = [name for name in self._root if _has(self._dialects[name].app, path, rest=True)]
        asking = (name for name in having if self._dialects[name].dialect.secret(ASGIConnection(scope)) is not None)
        return next(asking, having[0] if having else None)  # of those that share a path, by where the key is (DX-02)


def _host(scope: Mapping[str, Any]) -> str:
    """Return the host name that a request is for."""
    for name, value in scope["headers"]:
        if name == b"host":
            host: str = value.decode("latin-1").lower()
            return host if host.endswith("]") else host.rpartition(":")[0] or host
    return ""


def _below(scope: Scope, prefix: str) -> Scope:
    """Return a request as who stands below a prefix sees it; what it writes in `state` is seen by all."""
    scope["state"]["prefix"] = prefix
    path = {"path": scope["path"][len(prefix) :] or "/", "raw_path": scope["raw_path"][len(prefix) :] or b"/"}
    return {**scope, **path}  # type: ignore[return-value]


def _above(scope: Scope, place: str) -> Scope:
    """Return a request whose path says what its host name says."""
    return {**scope, "path": place + scope["path"], "raw_path": place.encode() + scope["raw_path"]}  # type: ignore[return-value]


def _has(app: Litestar, path: str, *, rest: bool = False) -> bool:
    """Whether an application has a route for a path; `rest`: one that takes all that begins as it does counts."""
    asked = path.rstrip("/").split("/")
    for route in app.routes:
        parts = route.path.rstrip("/").split("/")
        takes_rest = parts[-1].endswith(":path}")
        if rest and takes_rest and fits(parts[:-1], asked[: len(parts) - 1]):
            return True
        if not takes_rest and fits(parts, asked):
            return True
    return False
