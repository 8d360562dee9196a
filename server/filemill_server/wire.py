"""What handlers are given and what most of them answer: requests, and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import State

Connection = ASGIConnection[Any, Any, Any, State]
HttpRequest = Request[Any, Any, State]
"""A request as handlers get it; who asks stands in `key_of`, not in Litestar's own `user` and `auth`."""

CLIENT_GONE = 499
"""Status in logs and metrics where the client left before there was an answer; nobody ever receives it."""


class ClientGone(Exception):  # noqa: N818 - it is no error of anybody here
    """The client has hung up: there is nobody to answer."""


def json_answer(body: object, *, status: int = 200, headers: Mapping[str, str] = {}) -> Response[bytes]:
    """Answer with a struct or plain data as JSON."""
    return Response(msgspec.json.encode(body), status_code=status, headers=dict(headers), media_type="application/json")
