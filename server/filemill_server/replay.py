"""`Idempotency-Key`: the same request again gets the same answer, and is worked on once (NC-04)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from litestar import Response
from litestar.response import Stream

from filemill.errors import ErrorCode, FilemillError, invalid
from filemill_server.answers import Answer
from filemill_server.bodies import Body
from filemill_server.idempotency import Idempotency, Stored
from filemill_server.plans.metering import meter_of
from filemill_server.services import key_of, services_of
from filemill_server.wire import HttpRequest

_QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"$')
MAX_KEY = 255


class Replay:
    """The idempotency of one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._header = idempotency_key(request.headers.get("idempotency-key"))

    async def answer(
        self, body: Body, field: str | None, work: Callable[[bool], Awaitable[Answer]]
    ) -> Response[bytes] | Stream:
        """Answer a request, from memory where it has been answered before.

        Args:
            body: the request's body.
            field: the key given in the body.
            work: makes the answer; is told whether it will be given again.

        Raises:
            FilemillError: `CONFLICT` while the first one runs, `INVALID_PARAMETER` for another body.
        """
        if self._header is not None and field is not None and self._header != field:
            raise invalid("/output/idempotencyKey", "It differs from the Idempotency-Key header; give one of them.")
        key = self._header or field
        if key is None:
            return await (await work(False)).response(self._request)
        store: Idempotency = services_of(self._request).idempotency
        place = (key_of(self._request).tenant, self._request.method, self._request.url.path, key)
        stored = await store.begin(*place, await body.fingerprint())
        if stored is not None:
            return await self._again(stored)
        try:
            made = await work(True)
            held = made.asset.id if made.asset else None
            await store.finish(*place, Stored(made.status, made.headers, b"" if held else made.body, held))
        except BaseException:
            await store.release(*place)
            raise
        return await made.response(self._request)

    async def _again(self, stored: Stored) -> Response[bytes] | Stream:
        if (meter := meter_of(self._request)) is not None:
            meter.replayed = True
        headers = {**stored.headers, "Idempotency-Replayed": "true"}
        if stored.asset_id is None:
            return await Answer(headers, stored.body).response(self._request)
        gone = FilemillError(ErrorCode.NOT_FOUND, "The result of the first request with this key has gone.")
        asset = await services_of(self._request).assets.get(stored.asset_id)
        if asset is None:
            raise gone
        try:
            return await Answer(headers, b"", asset).response(self._request)
        except FileNotFoundError:  # deleted since it was looked up
            raise gone from None


def idempotency_key(header: str | None) -> str | None:
    """Read the header: a structured-field string in quotes, or a bare token.

    Raises:
        FilemillError: `BAD_REQUEST` where it is empty or too long.
    """
    if header is None:
        return None
    quoted = _QUOTED.match(header.strip())
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header.strip()
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise FilemillError(ErrorCode.BAD_REQUEST, f"Idempotency-Key must have 1 to {MAX_KEY} printable characters.")
    return key
