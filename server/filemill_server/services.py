"""Everything a handler works with, made once when the application starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from filemill.limits import Limits
from filemill.pool import Pool
from filemill.registry import Registry
from filemill_server.assets import Asset, Assets
from filemill_server.database import Database
from filemill_server.fetch.policy import FetchPolicy
from filemill_server.idempotency import Idempotency
from filemill_server.keys import Key, Keys
from filemill_server.observe import Metrics
from filemill_server.ongoing import Ongoing
from filemill_server.packs import Packs
from filemill_server.plans.declared import Plans
from filemill_server.plans.domains import Domains
from filemill_server.plans.plan import Plan
from filemill_server.plans.sizes import file_limit
from filemill_server.plans.usage import Usage
from filemill_server.resumable.partial import PartialUploads
from filemill_server.settings import Settings
from filemill_server.signing import Signer
from filemill_server.storage import Storage
from filemill_server.uploads import Uploads
from filemill_server.webhooks.endpoints import DisabledEndpoints
from filemill_server.webhooks.notices import Notices
from filemill_server.webhooks.sealing import Sealer
from filemill_server.webhooks.tenant_secrets import TenantSecrets
from filemill_server.wire import HttpRequest

if TYPE_CHECKING:
    # These work with the services themselves.
    from filemill_server.jobs.jobs import Jobs
    from filemill_server.transforms import Transforms


@dataclass(kw_only=True)
class Services:
    """The parts of a running server."""

    settings: Settings
    limits: Limits
    registry: Registry
    pool: Pool
    packs: Packs
    database: Database
    storage: Storage
    source_storage: Storage | None
    plans: Plans
    usage: Usage
    domains: Domains
    keys: Keys
    assets: Assets
    uploads: Uploads
    jobs: Jobs
    partial_uploads: PartialUploads
    idempotency: Idempotency
    signer: Signer
    tokens: Sealer
    fetch_policy: FetchPolicy
    metrics: Metrics
    webhook_secrets: TenantSecrets
    webhook_endpoints: DisabledEndpoints
    notices: Notices
    completing: Ongoing[Asset]
    transforms: Transforms
    work_folder: Path


def services_of(request: HttpRequest) -> Services:
    """Return the services of the application that answers a request."""
    return cast(Services, request.app.state.services)


def key_of(request: HttpRequest) -> Key:
    """Return the key of an authorised request."""
    return cast(Key, request.scope["state"]["key"])


def plan_of(request: HttpRequest) -> Plan:
    """Return the plan of the key of an authorised request.

    Raises:
        FilemillError: `FORBIDDEN` where there is no such plan any more.
    """
    return services_of(request).plans[key_of(request).plan]


def file_limit_of(request: HttpRequest) -> int:
    """Return the bytes that a file may have which an authorised request brings."""
    return file_limit(services_of(request).settings.max_upload_bytes, plan_of(request))


def base_url(request: HttpRequest) -> str:
    """Return what URLs in answers begin with: the public origin, and the prefix that the request came through.

    The origin is the configured one, else that of the request.
    """
    configured = services_of(request).settings.public_url
    origin = configured.rstrip("/") if configured else f"{request.url.scheme}://{request.url.netloc}"
    return origin + str(request.scope["state"].get("prefix", ""))


def delivery_url(request: HttpRequest) -> str:
    """Return what URLs of a dialect's results begin with: an address of their own where one is set."""
    return cast("str | None", request.scope["state"].get("delivery")) or base_url(request)
