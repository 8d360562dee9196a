"""Delivery: `GET {cdn}/[KEY/][TASKS/]SOURCE` (FS-40…FS-55)."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from litestar import route
from litestar.handlers import HTTPRouteHandler

from filemill.errors import ErrorCode, FilemillError
from filemill_server.auth import OPEN
from filemill_server.dialects.filestack.answering import (
    Answer,
    answer_held,
    answer_output,
    answer_stored,
    cache_control,
    held_headers,
)
from filemill_server.dialects.filestack.apps import App, app_of_key, permit
from filemill_server.dialects.filestack.cached import kept
from filemill_server.dialects.filestack.chains import Chain, make
from filemill_server.dialects.filestack.grammar import key_candidate, parse
from filemill_server.dialects.filestack.metadata import metadata_body, metadata_uses
from filemill_server.dialects.filestack.origins import Permission, find_stored, payer
from filemill_server.dialects.filestack.own_urls import find_origin
from filemill_server.dialects.filestack.policies import Action
from filemill_server.dialects.filestack.request import DeliveryRequest, Handle, SourceList, Task, unreadable
from filemill_server.dialects.filestack.stored_results import store
from filemill_server.dialects.filestack.storing import stored_body
from filemill_server.dialects.filestack.tasks.data import Metadata, Ocr, debug_answer
from filemill_server.dialects.filestack.tasks.endings import Fallback, Store
from filemill_server.dialects.filestack.tasks.outputs import best_format
from filemill_server.dialects.filestack.tasks.plan import Plan, check_tasks, ending, refuse_undone, working
from filemill_server.doing import working_folder
from filemill_server.presence import while_connected
from filemill_server.services import services_of
from filemill_server.transforms import Line, Moment
from filemill_server.wire import HttpRequest, json_answer

_PREFIX = b"/cdn/"
_NOT_STORED = {"Cache-Control": "no-store"}
_NO_FALLBACK = (
    ErrorCode.BAD_REQUEST,
    ErrorCode.UNAUTHORIZED,
    ErrorCode.FORBIDDEN,
    ErrorCode.RATE_LIMITED,
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.OVERLOADED,
)
"""What is no failure of the chain: who asks may not, or said nothing that can be read."""


@route(
    ["/", "/cdn", "/cdn/{rest:path}", "/{rest:path}"],
    http_method=["GET", "HEAD", "POST"],
    opt=OPEN,
    status_code=200,
)
async def deliver(request: HttpRequest) -> Answer:
    """Give a file, or what a chain of tasks makes of it."""
    services = services_of(request)
    path: bytes = request.scope["raw_path"]
    path = path[len(_PREFIX) - 1 :] if path.startswith(_PREFIX) else path
    query: bytes = request.scope["query_string"]
    wanted = best_format(request.headers.get("accept", ""))
    line = Line(path, query, wanted)
    if "range" not in request.headers and (ready := services.transforms.recall(line)) is not None:
        request.scope["state"]["key"] = ready.key
        return answer_held(request, ready)
    since = services.transforms.moment()
    app = await _app(request, path)
    asked = _Asked(request, app, _read(path, query, app), wanted, since)
    return await asked.answer(line)


async def _app(request: HttpRequest, path: bytes) -> App | None:
    candidate = key_candidate(path)
    return None if candidate is None else await app_of_key(services_of(request), candidate)


def _read(path: bytes, query: bytes, app: App | None) -> DeliveryRequest:
    try:
        return parse(path, query, lambda _: app is not None)
    except FilemillError as error:
        if error.code is ErrorCode.BAD_REQUEST:  # some tasks have no source, so that they are read as one
            refuse_undone([part.partition("=")[0] for part in unquote(path.decode("latin-1")).split("/")])
        raise


@dataclass(frozen=True)
class _Asked:
    """A delivery request that was read."""

    request: HttpRequest
    app: App | None
    said: DeliveryRequest
    wanted: str | None
    since: Moment

    @property
    def _download(self) -> bool:
        return ("dl", "true") in self.said.query

    async def answer(self, line: Line) -> Answer:
        """Do what it asks."""
        said = self.said
        if any(task.name == "debug" and task.on for task in said.tasks):
            return json_answer(debug_answer(said), headers=_NOT_STORED)
        end = ending(said.tasks)
        try:
            return await self._answer(line, end)
        except FilemillError as error:
            if end.fallback is None or end.store is not None or error.code in _NO_FALLBACK:
                raise
            return await self._fall_back(end.fallback, error)

    async def _answer(self, line: Line, end: Plan) -> Answer:
        said = self.said
        check_tasks(said.tasks)
        does = working(said.tasks)
        if said.metadata or Metadata in does:
            return await self._tell()
        action = action_of(said.tasks)
        permission = Permission(app=self.app, security=said.security, action=action, required=Ocr in does)
        many = isinstance(said.source, SourceList)
        sources = said.source.sources if isinstance(said.source, SourceList) else (said.source,)
        origins = [await find_origin(self.request, (source, {}), permission) for source in sources]
        more = {"Cache-Control": cache_control(end.cache_seconds, private=any(one.private for one in origins))}
        if end.auto_image:
            more["Vary"] = "Accept"
        changes = does or end.store or (end.auto_image and self.wanted)
        if not changes and not many and (asset := origins[0].asset) is not None:
            return await answer_stored(self.request, asset, more, download=self._download)
        chain = Chain(
            origins=origins,
            many=many,
            tasks=said.tasks,
            payer=payer(origins),
            wanted=self.wanted if end.auto_image else None,
        )
        if end.store is not None:
            return await self._store(chain, end.store)
        if not end.cache_seconds:
            return await self._make(chain, more)
        return await self._give(line, chain, more, end.cache_seconds)

    async def _give(self, line: Line, chain: Chain, more: Mapping[str, str], seconds: int) -> Answer:
        """Answer with a result that is kept."""
        asset = await kept(self.request, chain, seconds)
        headers = held_headers(asset, more, download=self._download)
        expiry = min((one.policy.expiry for one in chain.origins if one.policy is not None), default=math.inf)
        try:
            ready = await services_of(self.request).transforms.hold(
                line, asset, headers, chain.payer.key, self.since, expiry - time.time()
            )
        except FileNotFoundError:  # it ended just now
            return await self._make(chain, more)
        if ready is None or "range" in self.request.headers:
            return await answer_stored(self.request, asset, more, download=self._download)
        return answer_held(self.request, ready)

    async def _make(self, chain: Chain, more: Mapping[str, str]) -> Answer:
        """Answer with a result that is not kept."""
        async with working_folder(services_of(self.request).work_folder) as folder:
            output = await while_connected(self.request, make(self.request, folder, chain))
            return answer_output(output, more, download=self._download)

    async def _store(self, chain: Chain, wanted: Store) -> Answer:
        if self.request.method == "HEAD":
            raise FilemillError(ErrorCode.METHOD_NOT_ALLOWED, "HEAD stores nothing; GET and POST do.")
        asset = await store(self.request, chain, wanted)
        return json_answer(stored_body(self.request, asset), headers=_NOT_STORED)

    async def _tell(self) -> Answer:
        """Answer with what is known of a stored file (FS-23)."""
        said = self.said
        if not isinstance(said.source, Handle) or any(kind is not Metadata for kind in working(said.tasks)):
            raise unreadable("'metadata' tells of one stored file as it is: nothing but its handle goes with it.")
        asked = [task.options.get("params", ()) for task in said.tasks if task.name == "metadata"]
        query = [*said.query, *((name, "true") for names in asked for name in names if isinstance(name, str))]
        permission = Permission(app=self.app, security=said.security, action=Action.STAT)
        origin = await find_stored(self.request, said.source.handle, permission)
        assert origin.asset is not None  # it is stored
        for use, required in metadata_uses(origin.asset, query):
            permit(self.request, origin.app, use, said.security, required=required)
        return json_answer(await metadata_body(self.request, origin.asset, query), headers=_NOT_STORED)

    async def _fall_back(self, fallback: Fallback, error: FilemillError) -> Answer:
        """Answer with another file in place of one that could not be made (FS-75)."""
        permission = Permission(app=self.app, security=self.said.security, action=Action.CONVERT)
        try:
            origin = await find_stored(self.request, fallback.file, permission)
        except FilemillError:
            raise error from None
        assert origin.asset is not None  # it is stored
        control = cache_control(fallback.cache, private=origin.private)
        return await answer_stored(self.request, origin.asset, {"Cache-Control": control}, download=self._download)


def action_of(tasks: Sequence[Task]) -> Action:
    """Return what checked tasks do, as a policy has it (FS-124)."""
    if any(task.name == "store" and task.on for task in tasks):
        return Action.STORE
    return Action.CONVERT if working(tasks) else Action.READ


ROUTES: Sequence[HTTPRouteHandler] = (deliver,)
