"""What a request to the File API asks: its query, its credentials, the file it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from filemill_server.assets import Asset
from filemill_server.dialects.filestack.apps import App, app_asking, app_of_tenant, key_sent, permit, secret_sent
from filemill_server.dialects.filestack.grammar import query_pairs, security_of
from filemill_server.dialects.filestack.policies import Policy, Use
from filemill_server.dialects.filestack.request import Security, Task, unreadable
from filemill_server.dialects.filestack.storing import missing_file, stored_of
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest

MAX_URL = 16_384
_CREDENTIALS = ("policy", "signature")


@dataclass(frozen=True)
class Asked:
    """A request, its query, and who it comes from.

    Attributes:
        request: who asks.
        pairs: the query in its order.
        app: whose file it is about, or who stores; None: nobody's, it is a public one of the native API.
        said: parameters of the query and of a small body; of a name that came twice the last one.
    """

    request: HttpRequest
    pairs: Sequence[tuple[str, str]]
    app: App | None
    said: Mapping[str, str] = field(default_factory=dict)

    def permit(self, use: Use, *, required: bool = False) -> Policy | None:
        """Let it do something, as `apps.permit` does."""
        app_secret = secret_sent(self.request)
        return permit(self.request, self.app, use, security_in(self.said), required=required, app_secret=app_secret)


def read_query(request: HttpRequest) -> list[tuple[str, str]]:
    """Read the query of a request; it may be empty and begin with `&` (FS-27).

    A `+` is a space, as forms have it, but in a policy: there it is one of base64.

    Raises:
        FilemillError: `BAD_REQUEST`.
    """
    raw: bytes = request.scope["query_string"]
    if len(raw) > MAX_URL:
        raise unreadable(f"The query has {len(raw)} bytes; {MAX_URL} are allowed.")
    parts = raw.decode("latin-1").split("&")
    spaced = (part if part.startswith(_CREDENTIALS) else part.replace("+", " ") for part in parts)
    return query_pairs("&".join(spaced))


def security_in(said: Mapping[str, str]) -> Security | None:
    """Return the policy and its signature; None where there is neither.

    Raises:
        FilemillError: `BAD_REQUEST` where one is there without the other.
    """
    given = {name: said[name] for name in _CREDENTIALS if said.get(name)}
    return security_of(Task("security", given)) if given else None


async def about_file(request: HttpRequest, *, stored: bool = False) -> tuple[Asked, Asset]:
    """Return what a request asks of a file, and the file that its path names.

    Args:
        request: who asks.
        stored: whether it must be one that was stored here, since it is to be changed.

    Raises:
        FilemillError: `NOT_FOUND` where there is no such file, or the key is not of its app; `UNAUTHORIZED` where
            the key is none; `BAD_REQUEST` for the query.
    """
    services = services_of(request)
    pairs = read_query(request)
    key = key_sent(request)
    asking = await app_asking(request, key) if key else None
    handle: str = request.path_params["name"].partition("+")[0]
    asset = await services.assets.get(handle)
    if asset is None or (asking is not None and asking.tenant != asset.tenant):
        raise missing_file()
    app = asking or await app_of_tenant(services, asset.tenant)
    # A private asset of the native API is for who can sign: an API key is no secret.
    if (stored and stored_of(asset) is None) or (app is None and not asset.public):
        raise missing_file()
    return Asked(request, pairs, app, dict(pairs)), asset
