"""Requests that cost units: taken before the work, given back where none was done (FG-53), told in headers (NC-02)."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from litestar.handlers import BaseRouteHandler
from litestar.types import Message, Scope

from filemill.errors import FilemillError
from filemill_server.keys import Key
from filemill_server.plans.headers import limit_headers
from filemill_server.plans.usage import Charge, Usage
from filemill_server.services import Services
from filemill_server.wire import Connection, HttpRequest

METERED = {"metered": True}
"""The `opt` of a route whose requests cost a unit."""
_METER = "meter"

log = structlog.get_logger("filemill.plans")


class Meter:
    """What one request has cost so far.

    Attributes:
        charges: units that were taken for it.
        replayed: whether its answer is one that was given before, and cost nothing now.
    """

    def __init__(self, usage: Usage, key: Key) -> None:
        self._usage = usage
        self._key = key
        self.charges: list[Charge] = []
        self.replayed = False

    async def take(self) -> None:
        """Take the unit that every request costs.

        Raises:
            FilemillError: `RATE_LIMITED`, `FORBIDDEN`.
        """
        self.charges.append(await self._usage.take(self._key))

    async def close(self, message: Message) -> None:
        """Give back what an answer that begins does not cost, and tell in it what is left."""
        if message["type"] != "http.response.start" or not self.charges:
            return
        status = message["status"]
        if self.replayed or not (200 <= status < 300 or status == 422):
            await self._give_back()
        elif policies := self.charges[-1].policies:
            # The time to the next poll of a job is no time to the next request.
            polled = any(name.lower() == b"retry-after" for name, _ in message["headers"])
            told = limit_headers(policies, policies, now=None if polled else datetime.now(UTC))
            extra = [(name.lower().encode(), value.encode()) for name, value in told.items()]
            message["headers"] = [*message["headers"], *extra]

    async def _give_back(self) -> None:
        charges, self.charges = self.charges, []
        for charge in charges:
            try:
                await self._usage.refund(charge)
            except FilemillError as error:  # the answer goes out all the same
                log.warning("units_not_given_back", key_id=self._key.id, units=charge.units, reason=error.detail)


async def take_unit(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard of the routes that are `METERED`, after the one that finds the key.

    Raises:
        FilemillError: `RATE_LIMITED`, `FORBIDDEN`.
    """
    if handler.opt.get("metered"):
        await take_unit_of(connection)


async def take_unit_of(connection: Connection) -> None:
    """Take the unit of an authorised request, where the handler alone knows that it costs one.

    Raises:
        FilemillError: `RATE_LIMITED`, `FORBIDDEN`.
    """
    services: Services = connection.app.state.services
    state = connection.scope["state"]
    meter = state[_METER] = Meter(services.usage, state["key"])
    await meter.take()


async def close_meter(message: Message, scope: Scope) -> None:
    """Settle what a request costs as its answer begins."""
    meter: Meter | None = scope["state"].get(_METER)
    if meter is not None:
        await meter.close(message)


def meter_of(request: HttpRequest) -> Meter | None:
    """Return the meter of a request that costs units."""
    meter: Meter | None = request.scope["state"].get(_METER)
    return meter
