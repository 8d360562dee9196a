"""What a dialect is, and how it becomes an application."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from litestar import Litestar, Response
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from filemill.errors import ErrorCode, FilemillError
from filemill_server.methods import answer_options
from filemill_server.problems import allow_header, answer_gone, routing_error
from filemill_server.services import Services
from filemill_server.serving import Refuse
from filemill_server.wire import ClientGone, Connection, HttpRequest

log = structlog.get_logger("filemill.dialects")

_NAME = re.compile(r"[a-z][a-z0-9]{1,31}")

Secret = Callable[[Connection], str | None]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The API of another service.

    Attributes:
        name: of it: in settings, as the prefix of its paths, and of the keys that are bound to it.
        title: its name for people.
        routes: its handlers, with the paths that the service has. A handler whose `opt` has `open` answers
            without a key, or looks for one itself.
        secret: finds the secret of a key in a request, where the service's clients send it; None where there is
            none, or one that no key of this service has.
        refuse: makes the answer of an error, as the service words it (DX-06).

    Raises:
        ValueError: the name is none that a path may begin with.
    """

    name: str
    title: str
    routes: Sequence[HTTPRouteHandler]
    secret: Secret
    refuse: Refuse

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a dialect's name is 2 to 32 small letters and digits, not {self.name!r}")

    def application(self) -> Litestar:
        """Make the application of its routes; its state gets the services of the server that it runs in."""

        async def require_key(connection: Connection, handler: BaseRouteHandler) -> None:
            if not handler.opt.get("open"):
                await self.authorise(connection)

        def answer_http(request: HttpRequest, error: HTTPException) -> Response[bytes]:
            response = self.refuse(request, routing_error(request, error))
            response.headers.update(allow_header(request, error))
            return response

        def answer_defect(request: HttpRequest, error: Exception) -> Response[bytes]:
            log.error("unexpected_error", dialect=self.name, path=request.url.path, exc_info=error)
            detail = "An unexpected error; the server's log holds it by the id in X-Request-Id."
            return self.refuse(request, FilemillError(ErrorCode.INTERNAL_ERROR, detail))

        return Litestar(
            route_handlers=list(self.routes),
            guards=[require_key],
            exception_handlers={
                FilemillError: self.refuse,
                HTTPException: answer_http,
                ClientGone: answer_gone,
                Exception: answer_defect,
            },
            before_request=answer_options,
            openapi_config=None,
            request_max_body_size=None,  # bodies are limited while they stream
            logging_config=None,
        )

    async def authorise(self, connection: Connection) -> None:
        """Find the key that a request carries, and remember it in the request's state (DX-05).

        Raises:
            FilemillError: `UNAUTHORIZED` where it carries none that works here.
        """
        secret = self.secret(connection)
        services: Services = connection.app.state.services
        key = await services.keys.find(secret) if secret else None
        if key is None or key.dialect not in (None, self.name):
            detail = "The key is unknown, expired or revoked." if secret else "A key is needed."
            raise FilemillError(ErrorCode.UNAUTHORIZED, detail)
        connection.scope["state"]["key"] = key
