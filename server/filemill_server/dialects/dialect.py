"""What a dialect is, and how it becomes an application."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from litestar import Litestar, Response
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.types import Guard, Message, Scope

from filemill.errors import ErrorCode, FilemillError
from filemill_server.keys import Key
from filemill_server.methods import answer_options
from filemill_server.plans.metering import close_meter, take_unit
from filemill_server.problems import allow_header, answer_gone, routing_error
from filemill_server.services import Services
from filemill_server.serving import Refuse
from filemill_server.wire import ClientGone, Connection, HttpRequest

log = structlog.get_logger("filemill.dialects")

_NAME = re.compile(r"[a-z][a-z0-9]{1,31}")

EXPOSED = (
    "Content-Disposition",
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-File-Name",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
)
"""Headers that pages of other origins may read, in every dialect that they may use (DX-14)."""

WORKS = {"works": True}
"""The `opt` of a route whose requests all wait for a worker."""

Secret = Callable[[Connection], str | None]
Tell = Callable[[Services, Key], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The API of another service.

    Attributes:
        name: of it: in settings, as the prefix of its paths, and of the keys that are bound to it.
        routes: its handlers, with the paths that the service has. A handler whose `opt` has `open` answers
            without a key, or looks for one itself; one whose `opt` has `metered` costs a unit of the key's plan;
            one whose `opt` has `works` is refused by its head where no worker can come to it in time.
        secret: finds the secret of a key in a request, where the service's clients send it; None where there is
            none, or one that no key of this service has.
        refuse: makes the answer of an error, as the service words it (DX-06).
        browsers: whether it is made for pages of other origins, so that these may use it without a setting (DX-14).
        exposed: headers of its own that such pages may read.
        places: where the paths of a host name of its own begin, by the first label of the name.
        tell: gives headers of every answer to a request with a key that works, refusals too.

    Raises:
        ValueError: the name is none that a path may begin with.
    """

    name: str
    routes: Sequence[HTTPRouteHandler]
    secret: Secret
    refuse: Refuse
    browsers: bool = False
    exposed: Sequence[str] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    tell: Tell | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a dialect's name is 2 to 32 small letters and digits, not {self.name!r}")

    def application(self, *, browsers: bool = False) -> Litestar:
        """Make the application of its routes; its state gets the services of the server that it runs in.

        Args:
            browsers: whether pages of other origins may use it, though it is not made for them.
        """

        async def require_key(connection: Connection, handler: BaseRouteHandler) -> None:
            if not handler.opt.get("open"):
                await self.authorise(connection)

        def answer_http(request: HttpRequest, error: HTTPException) -> Response[bytes]:
            response = self.refuse(request, routing_error(request, error))
            response.headers.update(allow_header(request, error))
            return response

        def answer_defect(request: HttpRequest, error: Exception) -> Response[bytes]:
            log.error("unexpected_error", dialect=self.name, exc_info=error)
            detail = "An unexpected error; the server's log holds it by the id in X-Request-Id."
            return self.refuse(request, FilemillError(ErrorCode.INTERNAL_ERROR, detail))

        async def add_headers(message: Message, scope: Scope) -> None:
            key = scope.get("state", {}).get("key")
            if self.tell is not None and key is not None and message["type"] == "http.response.start":
                headers = await self.tell(scope["litestar_app"].state.services, key)
                message["headers"] = [
                    *message.get("headers", []),
                    *((name.lower().encode(), value.encode()) for name, value in headers.items()),
                ]

        guards: list[Guard] = []
        # The router copies a handler for each guard of it, which takes a sixth of the time of a short answer.
        if any(route.opt.get("works") for route in self.routes):
            guards.append(require_room)
        if not all(route.opt.get("open") for route in self.routes):
            guards.append(require_key)
        if any(route.opt.get("metered") for route in self.routes):
            guards.append(take_unit)
        return Litestar(
            route_handlers=list(self.routes),
            guards=guards,
            exception_handlers={
                FilemillError: self.refuse,
                HTTPException: answer_http,
                ClientGone: answer_gone,
                Exception: answer_defect,
            },
            before_request=answer_options,
            before_send=[close_meter, add_headers],
            cors_config=CORSConfig(expose_headers=[*EXPOSED, *self.exposed]) if browsers or self.browsers else None,
            openapi_config=None,
            request_max_body_size=None,  # bodies are limited while they stream
            logging_config=None,
        )

    async def authorise(self, connection: Connection) -> None:
        """Find the key that a request carries, and remember it in the request's state (DX-05).

        Raises:
            FilemillError: `UNAUTHORIZED` where it carries none that works here.
        """
        await authorised(connection, self.name, self.secret(connection))


async def require_room(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of the routes that are `WORKS`, before key, unit and body cost anything.

    Raises:
        FilemillError: `OVERLOADED`.
    """
    services: Services = connection.app.state.services
    if handler.opt.get("works") and (full := services.pool.refusal()) is not None:
        raise full


async def authorised(connection: Connection, dialect: str, secret: str | None) -> Key:
    """Find the key of a secret for a dialect, and remember it in the request's state (DX-05).

    Raises:
        FilemillError: `UNAUTHORIZED` where there is none that works here.
    """
    services: Services = connection.app.state.services
    key = await services.keys.find(secret) if secret else None
    if key is None or key.dialect not in (None, dialect):
        detail = "The key is unknown, expired or revoked." if secret else "A key is needed."
        raise FilemillError(ErrorCode.UNAUTHORIZED, detail)
    connection.scope["state"]["key"] = key
    return key
