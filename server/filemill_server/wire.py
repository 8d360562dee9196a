"""JSON answers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from litestar import Response


def json_answer(body: object, *, status: int = 200, headers: Mapping[str, str] = {}) -> Response[bytes]:
    """Answer with a struct or plain data as JSON."""
    return Response(msgspec.json.encode(body), status_code=status, headers=dict(headers), media_type="application/json")
