"""What a request is about: the files that it names, and whether its bearer may have that done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from filemill.errors import ErrorCode, FilemillError
from filemill_server.assets import Asset
from filemill_server.dialects.filestack.apps import App, app_of_tenant, permit
from filemill_server.dialects.filestack.policies import Action, Policy, Use
from filemill_server.dialects.filestack.request import Alias, Handle, OneSource, Security
from filemill_server.dialects.filestack.storing import missing_file, use_of
from filemill_server.dialects.filestack.tasks.base import Kind, not_implemented
from filemill_server.services import services_of
from filemill_server.wire import HttpRequest

Named: TypeAlias = tuple[OneSource, Mapping[str, str]]
"""A source as a request names it, and the headers to fetch it with."""


class Origin(Struct, frozen=True, kw_only=True):
    """A file to work on.

    Fields:
        app: whose it is, or who fetches it; None: it is public, and of a tenant who has no app.
        asset: a stored file; None: it is fetched.
        url: where it is fetched from; of a file that is here, the delivery URL that named it.
        headers: to fetch it with.
        use: what is done with it, as its policy sees that.
        policy: that was signed for it.
    """

    app: App | None
    use: Use
    asset: Asset | None = None
    url: str = ""
    headers: Mapping[str, str] = {}
    policy: Policy | None = None

    @property
    def private(self) -> bool:
        """Whether what is made of it is for its bearer alone."""
        return self.policy is not None or (self.app is not None and self.app.signed)

    @property
    def version(self) -> tuple[str, ...]:
        """What tells it from other files, and from what it was before it was overwritten."""
        if self.asset is None:
            # Whoever may have it of some sizes only has it looked at: it is not known before it was fetched.
            sizes = () if self.policy is None else (self.policy.min_size, self.policy.max_size)
            return ("url", self.url, *map(str, sizes))
        return (self.asset.id, self.asset.sha256, self.asset.modified_at.isoformat())


class Permission(Struct, frozen=True, kw_only=True):
    """Who asks to do what.

    Fields:
        app: of the key in the request.
        security: that the request carries.
        action: what it wants to do.
        required: whether that always needs a signature.
    """

    app: App | None
    security: Security | None
    action: Action
    required: bool = False


async def find(request: HttpRequest, named: Named, permission: Permission) -> Origin:
    """Find a source, and check that it may be used so.

    Raises:
        FilemillError: `NOT_FOUND`, `UNAUTHORIZED` or `FORBIDDEN`, `OPERATION_UNAVAILABLE` for an alias.
    """
    source, headers = named
    if isinstance(source, Handle):
        return await find_stored(request, source.handle, permission)
    if isinstance(source, Alias):
        raise not_implemented(f"There is no storage alias {source.alias!r}: sources are handles and URLs here.")
    if permission.app is None:
        raise FilemillError(ErrorCode.UNAUTHORIZED, "A source that is not a handle needs a known API key.")
    use = Use(action=permission.action, url=source.url)
    policy = permit(request, permission.app, use, permission.security, required=permission.required)
    return Origin(app=permission.app, use=use, url=source.url, headers=headers, policy=policy)


async def find_stored(request: HttpRequest, handle: str, permission: Permission) -> Origin:
    """Find a stored file by its handle.

    Without a key it is its owner's to say who may have it: an app of the tenant whose it is. A private file of the
    native API is for who can sign, since an API key is no secret.

    Raises:
        FilemillError: `NOT_FOUND`, also for what is another's than the key's, or `FORBIDDEN`.
    """
    services = services_of(request)
    asset = await services.assets.get(handle)
    app = permission.app
    if app is None and asset is not None:
        app = await app_of_tenant(services, asset.tenant)
    if asset is None or (app is not None and app.tenant != asset.tenant) or (app is None and not asset.public):
        raise missing_file()
    use = use_of(asset, permission.action)
    required = permission.required or not asset.public
    policy = permit(request, app, use, permission.security, required=required)
    return Origin(app=app, use=use, asset=asset, policy=policy)


def payer(origins: Sequence[Origin]) -> App:
    """Return the app whose plan pays for work on files: that of the key, which is also the files' owner.

    Raises:
        FilemillError: `UNAUTHORIZED` where there is none, and `NOT_FOUND` where they are of several.
    """
    app = origins[0].app
    if app is None:
        raise FilemillError(ErrorCode.UNAUTHORIZED, "This file belongs to no app; only the file itself can be had.")
    if any(origin.app is None or origin.app.tenant != app.tenant for origin in origins):
        raise missing_file()
    return app


def kind_of(media_type: str) -> Kind:
    """Return what a file of a type is to tasks."""
    if media_type.startswith("image/"):
        return Kind.PICTURE
    return Kind.DOCUMENT if media_type == "application/pdf" else Kind.OTHER
