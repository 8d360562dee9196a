"""The Litestar application: what is made at its start, and how its parts are wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from litestar import Litestar, Router
from litestar.exceptions import HTTPException

from filemill.errors import FilemillError
from filemill.pool import Pool
from filemill.registry import Registry, load_registry
from filemill_server.admission import Admission
from filemill_server.auth import require_key
from filemill_server.descriptors import make_room
from filemill_server.dialects.front import Front
from filemill_server.dialects.loading import delivery_urls, dialect_hosts, load_dialects, root_dialects
from filemill_server.methods import answer_options
from filemill_server.observe import Metrics, Observe
from filemill_server.plans.metering import close_meter, take_unit
from filemill_server.problems import answer_defect, answer_error, answer_gone, answer_http
from filemill_server.reference import reference_routes
from filemill_server.routes import (
    assets,
    batches,
    discovery,
    health,
    jobs,
    keys,
    operations,
    resumable,
    tus,
    uploads,
    webhooks,
)
from filemill_server.running import running
from filemill_server.settings import Settings
from filemill_server.wire import ClientGone
from filemill_server.workforce import pool_of


def create_app(settings: Settings, pool: Pool | None = None) -> Litestar:
    """Make the application. Its parts start with its lifespan and end with it.

    Args:
        settings: of this server.
        pool: its workers, where they have been launched already; it takes them over.
    """
    pool = pool or pool_of(settings)
    registry = load_registry(settings.blocked_plugins)
    metrics = Metrics()
    native = Router(
        "/v1",
        guards=[require_key, take_unit],
        route_handlers=[
            *operations.operation_routes(registry),
            operations.run_steps,
            operations.run_pack,
            operations.run_packs,
            resumable.tell_options,
            batches.add_batch,
            batches.list_parts,
            uploads.add_upload,
            uploads.read_upload,
            uploads.delete_upload,
            resumable.read_state,
            resumable.append,
            tus.tus_router(),
            assets.list_assets,
            assets.delete_asset,
            assets.replace_asset,
            assets.copy_asset,
            assets.read_asset,
            jobs.list_jobs,
            jobs.read_job,
            jobs.cancel_job,
            jobs.follow_job,
            keys.read_usage,
            keys.list_keys,
            keys.add_key,
            keys.revoke_key,
            keys.list_domains,
            keys.allow_domain,
            keys.remove_domain,
            webhooks.read_secret,
            webhooks.rotate_secret,
            webhooks.list_disabled_endpoints,
            webhooks.enable_endpoint,
            discovery.list_operations,
            discovery.read_operation,
            discovery.list_formats,
            discovery.list_packs,
            discovery.read_pack,
        ],
    )
    app = Litestar(
        route_handlers=[
            native,
            discovery.read_openapi,
            health.live,
            health.ready,
            health.metrics,
            *reference_routes(),
        ],
        lifespan=[partial(_lifespan, settings=settings, registry=registry, metrics=metrics, pool=pool)],
        exception_handlers={
            FilemillError: answer_error,
            HTTPException: answer_http,
            ClientGone: answer_gone,
            Exception: answer_defect,
        },
        before_request=answer_options,
        before_send=[close_meter],
        openapi_config=None,
        request_max_body_size=None,  # bodies are limited while they stream, by the settings
        logging_config=None,
    )
    dialects = load_dialects(registry, settings.browser_dialects)
    front = Front(
        app,
        app.asgi_handler,
        dialects,
        dialect_hosts(settings, dialects),
        root_dialects(settings, dialects),
        delivery_urls(settings, dialects),
    )
    app.asgi_handler = Observe(front, metrics)
    app.state.admission = Admission(
        front,
        pool,
        registry.operations,
        metrics,
        waits_become_jobs=settings.wait_seconds is not None,
        max_connections=make_room(settings.max_connections),
        stall_seconds=settings.stall_seconds,
    )
    return app


@asynccontextmanager
async def _lifespan(
    app: Litestar, settings: Settings, registry: Registry, metrics: Metrics, pool: Pool
) -> AsyncIterator[None]:
    async with running(settings, registry, metrics, pool) as services:
        app.state.services = services
        yield
