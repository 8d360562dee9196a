"""Sources that are delivery URLs of this server: they are had from here, not fetched.

An official client stores the URL that it made of a chain; and where the vendor's names lead here for a client alone,
a fetch would ask the vendor.
"""

from __future__ import annotations

from msgspec.structs import replace

from filemill.errors import FilemillError
from filemill_server.assets import Asset
from filemill_server.dialects.filestack.apps import App, app_of_key, permit
from filemill_server.dialects.filestack.cached import kept
from filemill_server.dialects.filestack.chains import Chain
from filemill_server.dialects.filestack.grammar import key_candidate, parse
from filemill_server.dialects.filestack.origins import Named, Origin, Permission, find, find_stored, payer
from filemill_server.dialects.filestack.policies import Action, Use
from filemill_server.dialects.filestack.request import DeliveryRequest, ExternalUrl, Handle
from filemill_server.dialects.filestack.tasks.data import Debug, Metadata, Ocr
from filemill_server.dialects.filestack.tasks.endings import MONTH
from filemill_server.dialects.filestack.tasks.plan import check_tasks, ending, working
from filemill_server.dialects.filestack.urls import delivered_here
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest


async def find_origin(request: HttpRequest, named: Named, permission: Permission) -> Origin:
    """Find a source, as `origins.find` does; a delivery URL of this server is what it gives.

    The URL may do what it may when it is asked for by itself, and is to the request what any other URL is.

    Raises:
        FilemillError: as `origins.find`; for a URL of this server also whatever is wrong with it.
    """
    source, _ = named
    app = permission.app
    read = await _read(request, source.url) if isinstance(source, ExternalUrl) and app is not None else None
    if read is None:
        return await find(request, named, permission)
    assert isinstance(source, ExternalUrl)  # it was read
    use = Use(action=permission.action, url=source.url)
    permit(request, app, use, permission.security, required=permission.required)
    asset = await _given(request, *read)
    use = replace(use, size=asset.size)
    policy = permit(request, app, use, permission.security, required=permission.required)
    return Origin(app=app, use=use, asset=asset, url=source.url, policy=policy)


async def file_here(request: HttpRequest, url: str) -> Asset | None:
    """Return the file that a delivery URL of this server gives; None for any other URL.

    Raises:
        FilemillError: whatever is wrong with it when it is asked for by itself.
    """
    read = await _read(request, url)
    return None if read is None else await _given(request, *read)


async def _read(request: HttpRequest, url: str) -> tuple[App | None, DeliveryRequest] | None:
    """Read a delivery URL of this server; None where it is none, or does something else than to give a file."""
    here = delivered_here(request, url)
    if here is None:
        return None
    path, query = here
    candidate = key_candidate(path)
    app = None if candidate is None else await app_of_key(services_of(request), candidate)
    try:
        said = parse(path, query, lambda _: app is not None)
        check_tasks(said.tasks)
        end = ending(said.tasks)
    except FilemillError:
        return None
    does = working(said.tasks)
    other = said.metadata or end.store or end.fallback or Metadata in does or Debug in does
    return None if other or not isinstance(said.source, Handle) else (app, said)


async def _given(request: HttpRequest, app: App | None, said: DeliveryRequest) -> Asset:
    assert isinstance(said.source, Handle)  # no other one is read
    does = working(said.tasks)
    action = Action.CONVERT if does else Action.READ
    permission = Permission(app=app, security=said.security, action=action, required=Ocr in does)
    paying = request.scope["state"].get("key")
    try:
        origin = await find_stored(request, said.source.handle, permission)
        assert origin.asset is not None  # it is stored
        if not does:
            return origin.asset
        chain = Chain(origins=[origin], many=False, tasks=said.tasks, payer=payer([origin]))
        return await kept(request, chain, MONTH)
    finally:  # who asks is still the one who asked
        request.scope["state"]["key"] = paying
