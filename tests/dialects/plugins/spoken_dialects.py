"""Two dialects: one with its key in `Authorization`, one with its key in `X-API-Key` and all other paths."""

from __future__ import annotations

from litestar import Response, get, post

from filemill.errors import FilemillError
from filemill_server.dialects import Dialect, bodies
from filemill_server.dialects.dialect import Refuse
from filemill_server.services import base_url, key_of
from filemill_server.wire import Connection, HttpRequest, json_answer


def bearer(connection: Connection) -> str | None:
    """Find the key in `Authorization`."""
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    return secret if scheme.lower() == "bearer" else None


def refusal(name: str) -> Refuse:
    """Make what words errors as a dialect does."""

    def refuse(request: HttpRequest, error: FilemillError) -> Response[bytes]:
        return json_answer({name: error.code.name, "said": error.detail}, status=error.code.status)

    return refuse


@get("/api/v1/who")
async def who(request: HttpRequest) -> Response[bytes]:
    """Tell who asks, and where."""
    return json_answer({"base": base_url(request), "tenant": key_of(request).tenant, "path": request.url.path})


@get("/api/v1/break")
async def break_(request: HttpRequest) -> Response[bytes]:
    """Fail in an unexpected way."""
    raise RuntimeError("a secret of the implementation")


@get("/v1/operations", opt={"open": True})
async def operations(request: HttpRequest) -> Response[bytes]:
    """Stand at a path that the native API has as well."""
    return json_answer({"loud": "operations"})


@post("/api/v1/echo", status_code=200)
async def echo(request: HttpRequest) -> Response[bytes]:
    """Say again what came as JSON."""
    return json_answer(await bodies.read_object(request, limit=100))


@post("/api/v1/same", status_code=200)
async def same_loud(request: HttpRequest) -> Response[bytes]:
    """Share a path."""
    return json_answer({"by": "loud"})


@post("/api/v1/same", status_code=200)
async def same_meek(request: HttpRequest) -> Response[bytes]:
    """Share a path."""
    return json_answer({"by": "meek"})


@get("/{rest:path}", opt={"open": True})
async def rest(request: HttpRequest, rest: str) -> Response[bytes]:
    """Take all other paths."""
    return json_answer({"rest": rest, "raw": request.scope["raw_path"].decode()})


DIALECTS = [
    Dialect(
        name="loud",
        routes=[who, break_, operations, echo, same_loud],
        secret=bearer,
        refuse=refusal("loud"),
    ),
    Dialect(
        name="meek",
        routes=[same_meek, rest],
        secret=lambda connection: connection.headers.get("x-api-key"),
        refuse=refusal("meek"),
    ),
]
