"""The Litestar application: what is made at its start, and how its parts are wired together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from litestar import Litestar, Router
from litestar.exceptions import HTTPException

from filemill.errors import FilemillError
from filemill.pool import Pool
from filemill.registry import Registry, load_registry
from filemill_server.assets import Assets
from filemill_server.auth import require_key
from filemill_server.database import Database
from filemill_server.fetch.policy import FetchPolicy
from filemill_server.idempotency import Idempotency
from filemill_server.keys import Keys
from filemill_server.methods import answer_options
from filemill_server.observe import Metrics, Observe
from filemill_server.packs import Packs
from filemill_server.problems import answer_defect, answer_error, answer_gone, answer_http
from filemill_server.reference import reference_routes
from filemill_server.resumable.partial import PartialUploads
from filemill_server.routes import assets, discovery, health, operations, resumable, tus, uploads
from filemill_server.services import Services
from filemill_server.settings import Settings, limits, signing_secret
from filemill_server.signing import Signer
from filemill_server.storage import Storage
from filemill_server.sweeper import Sweeper
from filemill_server.uploads import Uploads
from filemill_server.wire import ClientGone
from filemill_server.workforce import pool_of
from filemill_server.workplace import Workplace


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
        guards=[require_key],
        route_handlers=[
            *operations.operation_routes(registry),
            operations.run_steps,
            operations.run_pack,
            operations.run_packs,
            resumable.tell_options,
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
        openapi_config=None,
        request_max_body_size=None,  # bodies are limited while they stream, by the settings
        logging_config=None,
    )
    app.asgi_handler = Observe(app.asgi_handler, metrics)
    return app


@asynccontextmanager
async def _lifespan(
    app: Litestar, settings: Settings, registry: Registry, metrics: Metrics, pool: Pool
) -> AsyncIterator[None]:
    """Start the parts of the server, and end them in the opposite order."""
    task_limits = limits(settings)
    async with AsyncExitStack() as stack:
        starting = asyncio.create_task(pool.start())
        stack.push_async_callback(pool.stop)
        workplace = Workplace.open(settings.data_dir)
        stack.callback(workplace.close)
        database = Database(settings.database)
        stack.callback(database.close)
        await asyncio.to_thread(database.migrate)
        storage = Storage.open(settings.storage_url, settings.storage_folder)
        source_storage = Storage.open_sources(settings.source_storage_url) if settings.source_storage_url else None
        kept = Uploads(database, storage)
        services = Services(
            settings=settings,
            limits=task_limits,
            registry=registry,
            pool=pool,
            packs=Packs(registry, task_limits, settings.presets_dir),
            database=database,
            storage=storage,
            source_storage=source_storage,
            keys=Keys(database),
            assets=Assets(database, storage),
            uploads=kept,
            partial_uploads=PartialUploads(database, storage, kept, registry.formats, workplace.id),
            idempotency=Idempotency(database, workplace.id),
            signer=Signer(signing_secret(settings)),
            fetch_policy=FetchPolicy(
                max_bytes=settings.max_upload_bytes,
                timeout_seconds=settings.fetch_timeout_seconds,
                allow_networks=settings.networks,
            ),
            metrics=metrics,
            work_folder=workplace.folder,
        )
        stack.push_async_callback(services.assets.settle)
        services.packs.load()
        app.state.services = services
        for work in (services.packs.watch(), Sweeper(database, storage, services.idempotency, workplace).run()):
            task = asyncio.create_task(work)
            stack.push_async_callback(_end, task)
        await starting
        yield


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
