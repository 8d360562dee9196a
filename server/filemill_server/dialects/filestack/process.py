"""`POST /process`: a chain over sources, as JSON, whose result is stored (FS-90…FS-93)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from filemill_server.auth import OPEN
from filemill_server.browsers import guarding_headers
from filemill_server.dialects.bodies import read_object
from filemill_server.dialects.filestack.apps import app_asking
from filemill_server.dialects.filestack.chains import Chain, make
from filemill_server.dialects.filestack.delivery import action_of
from filemill_server.dialects.filestack.grammar import security_of
from filemill_server.dialects.filestack.origins import Named, Permission, payer
from filemill_server.dialects.filestack.own_urls import find_origin
from filemill_server.dialects.filestack.policies import Action
from filemill_server.dialects.filestack.request import DeliveryRequest, SourceList, unreadable
from filemill_server.dialects.filestack.sources import MAX_SOURCES, plain_source
from filemill_server.dialects.filestack.stored_results import store
from filemill_server.dialects.filestack.storing import stored_body
from filemill_server.dialects.filestack.task_lists import read_tasks
from filemill_server.dialects.filestack.tasks.data import DataTask, Debug, Metadata, Ocr, debug_answer
from filemill_server.dialects.filestack.tasks.endings import Store
from filemill_server.dialects.filestack.tasks.plan import check_tasks, ending, working
from filemill_server.doing import working_folder
from filemill_server.presence import while_connected
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest, json_answer

MAX_BODY_BYTES = 1 << 20
"""Bytes of a request: it names files, and holds none."""
_NOT_STORED = {"Cache-Control": "no-store"}


@post(["/process", "/cdn/process"], opt=OPEN, status_code=200)
async def process(request: HttpRequest) -> Response[bytes]:
    """Do a chain and store its result."""
    said = {name.lower(): value for name, value in (await read_object(request, MAX_BODY_BYTES)).items()}
    key = said.get("apikey")
    app = await app_asking(request, key if isinstance(key, str) else None)
    request.scope["state"]["key"] = app.key
    listed = read_tasks([] if said.get("tasks") is None else said["tasks"])
    secured = [task for task in listed if task.name == "security"]
    if len(secured) > 1:
        raise unreadable("The task 'security' is given more than once.")
    security = security_of(secured[0]) if secured else None
    tasks = tuple(task for task in listed if task.name != "security")
    named = read_sources(said.get("sources"))
    tags = said.get("upload_tags")
    if tags is not None and not isinstance(tags, (dict, list)):
        raise unreadable("'upload_tags' are no object.")

    check_tasks(tasks)
    does = working(tasks)
    if Debug in does:
        sources = SourceList(tuple(source for source, _ in named))
        return json_answer(debug_answer(DeliveryRequest(sources, tasks)), headers=_NOT_STORED)
    end = ending(tasks)
    tells = end.store is None and any(issubclass(kind, DataTask) for kind in does)
    if Metadata in does:
        raise unreadable("'metadata' is asked for at the URL of a file: {cdn}/HANDLE/metadata.")
    action = action_of(tasks) if tells else Action.STORE
    permission = Permission(app=app, security=security, action=action, required=Ocr in does)
    origins = [await find_origin(request, one, permission) for one in named]
    chain = Chain(origins=origins, many=len(origins) > 1, tasks=tasks, payer=payer(origins))
    if tells:
        return await _tell(request, chain)
    asset = await store(request, chain, end.store or Store())
    echoed: Mapping[str, Any] = {} if tags is None else {"upload_tags": tags}
    return json_answer({**stored_body(request, asset), **echoed}, headers=_NOT_STORED)


def read_sources(value: object) -> Sequence[Named]:
    """Read the sources of a request: texts, or objects of a source and the headers to fetch it with (FS-91).

    Raises:
        FilemillError: `BAD_REQUEST`, naming the place in the array.
    """
    if not isinstance(value, list) or not value:
        raise unreadable("The 'sources' are no array of handles and URLs; they would be [\"HANDLE\"].")
    if len(value) > MAX_SOURCES:
        raise unreadable(f"There are {len(value)} sources; {MAX_SOURCES} are allowed.")
    found: list[Named] = []
    for number, item in enumerate(value, 1):
        members = {str(name).lower(): member for name, member in item.items()} if isinstance(item, dict) else {}
        text = members.get("source") if isinstance(item, dict) else item
        if not isinstance(text, str):
            raise unreadable(f"Source {number} is no text, and no object with a text 'source'.")
        headers = _headers(members.get("headers"), number)
        source = plain_source(text)
        found += [(one, headers) for one in (source.sources if isinstance(source, SourceList) else (source,))]
    if len(found) > MAX_SOURCES:
        raise unreadable(f"There are {len(found)} sources; {MAX_SOURCES} are allowed.")
    return found


def _headers(value: object, number: int) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise unreadable(f"The 'headers' of source {number} are no object of texts.")
    return value


async def _tell(request: HttpRequest, chain: Chain) -> Response[bytes]:
    """Answer with what a data task tells, where nothing is to be stored."""
    async with working_folder(services_of(request).work_folder) as folder:
        output = await while_connected(request, make(request, folder, chain))
        body = Path(output.path).read_bytes()
    return Response(body, media_type=output.media_type, headers={**_NOT_STORED, **guarding_headers(output.media_type)})


ROUTES: Sequence[HTTPRouteHandler] = (process,)
