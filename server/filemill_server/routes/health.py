"""Whether the server lives and works, and its metrics (NA-83)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from filemill.errors import FilemillError
from filemill_server.auth import require_key
from filemill_server.canary import canary
from filemill_server.messages import HealthBody
from filemill_server.services import Services, services_of
from filemill_server.wire import HttpRequest, json_answer

_CHECK_SECONDS = 5.0


@get("/health/live")
async def live() -> Response[bytes]:
    """Answer while the process lives."""
    return json_answer(HealthBody(status="ok"))


@get("/health/ready")
async def ready(request: HttpRequest) -> Response[bytes]:
    """Encode a picture in a worker, and ask the database and the storage: 503 where one fails."""
    services = services_of(request)
    names = ("worker", "database", "storage")
    results = await asyncio.gather(
        _checked(canary(services)), _checked(_database(services)), _checked(services.storage.check())
    )
    checks = dict(zip(names, results, strict=True))
    healthy = all(result == "ok" for result in results)
    headers = {} if healthy else {"Retry-After": "5"}
    return json_answer(
        HealthBody(status="ok" if healthy else "failing", checks=checks),
        status=200 if healthy else 503,
        headers=headers,
    )


async def _checked(check: Awaitable[object]) -> str:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check
    except TimeoutError:
        return f"no answer within {_CHECK_SECONDS:g} s"
    except FilemillError as error:
        return error.detail
    except Exception as error:  # noqa: BLE001 - whatever it is, the check has failed
        return type(error).__name__  # the text may hold addresses and names of the inside
    return "ok"


async def _database(services: Services) -> None:
    await services.database.run(lambda connection: connection.execute(text("SELECT 1")).scalar_one())


@get("/metrics", guards=[require_key])
async def metrics(request: HttpRequest) -> Response[bytes]:
    """Give the metrics in Prometheus form."""
    services = services_of(request)
    services.metrics.admitted.set(services.pool.admitted)
    return Response(generate_latest(services.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
