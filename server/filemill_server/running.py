"""The parts of a running server: what is made at its start, and ended with it in the opposite order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import sqlalchemy.orm  # noqa: F401 - DBOS needs it; imported while other threads use SQLAlchemy, it fails those

from filemill.pool import Pool
from filemill.registry import Registry
from filemill_server.assets import Assets
from filemill_server.database import Database
from filemill_server.dialects.filestack.webhook_signature import signed_headers
from filemill_server.fetch.policy import FetchPolicy
from filemill_server.idempotency import Idempotency
from filemill_server.jobs.dispatcher import Dispatcher
from filemill_server.jobs.jobs import Jobs
from filemill_server.jobs.nodes import Nodes
from filemill_server.jobs.pace import Pace
from filemill_server.jobs.queue import Queue
from filemill_server.jobs.runner import Runner
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.views import job_body, job_path
from filemill_server.jobs.watching import Watch
from filemill_server.keys import Keys
from filemill_server.observe import Metrics
from filemill_server.ongoing import Ongoing
from filemill_server.packs import Packs
from filemill_server.plans.declared import load_plans
from filemill_server.plans.domains import Domains
from filemill_server.plans.usage import Usage
from filemill_server.resumable.partial import PartialUploads
from filemill_server.services import Services
from filemill_server.settings import Settings, limits, server_secret
from filemill_server.signing import Signer
from filemill_server.storage import Storage
from filemill_server.sweeper import Sweeper
from filemill_server.transforms import Transforms
from filemill_server.uploads import Uploads
from filemill_server.webhooks.app_events import Courier
from filemill_server.webhooks.delivery import DeliveryPolicy
from filemill_server.webhooks.endpoints import DisabledEndpoints
from filemill_server.webhooks.notices import Notices
from filemill_server.webhooks.resealing import reseal
from filemill_server.webhooks.sealing import Purpose, Sealer
from filemill_server.webhooks.tenant_secrets import TenantSecrets
from filemill_server.workplace import Workplace


@asynccontextmanager
async def running(settings: Settings, registry: Registry, metrics: Metrics, pool: Pool) -> AsyncIterator[Services]:
    """Start the parts of a server, and end them.

    Jobs are run by who starts the dispatcher of `services.jobs`; it is stopped here.
    """
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
        uploads = Uploads(database, storage)
        assets = Assets(database, storage)
        plans = load_plans(settings.plans_file)
        secret = server_secret(settings)
        sealers = {purpose: Sealer(secret.current, purpose, secret.previous) for purpose in Purpose}
        if secret.previous is not None:
            await reseal(database, sealers)
        secrets = TenantSecrets(database, sealers[Purpose.WEBHOOK])
        store = JobStore(database, sealers[Purpose.JOB])
        watch = Watch(store)
        stack.callback(watch.close)
        endpoints = DisabledEndpoints(database)
        services = Services(
            settings=settings,
            limits=limits(settings),
            registry=registry,
            pool=pool,
            packs=Packs(registry, limits(settings), settings.presets_dir),
            database=database,
            storage=storage,
            source_storage=source_storage,
            plans=plans,
            usage=Usage(database, plans),
            domains=Domains(database),
            keys=Keys(database, plans, sealers[Purpose.APP]),
            assets=assets,
            uploads=uploads,
            partial_uploads=PartialUploads(database, storage, uploads, registry.formats, workplace.id),
            jobs=Jobs(store, watch),
            idempotency=Idempotency(database, workplace.id, sealers[Purpose.ANSWER]),
            signer=Signer(secret.current, secret.previous),
            tokens=sealers[Purpose.TOKEN],
            fetch_policy=FetchPolicy(
                max_bytes=settings.max_upload_bytes,
                timeout_seconds=settings.fetch_timeout_seconds,
                allow_networks=settings.networks,
                allow_ports=settings.ports,
            ),
            metrics=metrics,
            webhook_secrets=secrets,
            webhook_endpoints=endpoints,
            notices=Notices(
                database,
                store,
                secrets=secrets,
                endpoints=endpoints,
                policy=DeliveryPolicy.of(settings),
                attempts=metrics.webhooks,
                shown=job_body,
                job_url=lambda job: _origin(settings) + job_path(job),
            ),
            completing=Ongoing(),
            transforms=Transforms(assets, storage),
            work_folder=workplace.folder,
        )
        stack.push_async_callback(services.usage.settle)
        stack.push_async_callback(services.assets.settle)
        stack.push_async_callback(services.completing.stop)
        services.packs.load()
        dispatcher = _dispatcher(services, store, workplace.id)
        stack.push_async_callback(dispatcher.stop, settings.deadline_seconds)
        services.jobs.dispatcher = dispatcher
        courier = Courier(
            database,
            sealers[Purpose.WEBHOOK],
            policy=DeliveryPolicy.of(settings),
            attempts=metrics.webhooks,
            sign=signed_headers,
        )
        sweeper = Sweeper(database, storage, services.idempotency, workplace, services.notices, dispatcher, courier)
        for work in (services.packs.watch(), sweeper.run(), courier.run()):
            task = asyncio.create_task(work)
            stack.push_async_callback(_end, task)
        await starting
        yield services


def _origin(settings: Settings) -> str:
    """Return where the server is, for who did not come by a request."""
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")


def _dispatcher(services: Services, store: JobStore, node: str) -> Dispatcher:
    settings = services.settings
    pace = Pace(services.pool.job_places, settings.job_places)
    return Dispatcher(
        store=store,
        queue=Queue(services.database, node, settings.jobs_per_key, services.plans),
        nodes=Nodes(services.database, node),
        runner=Runner(services, store, pace),
        pace=pace,
        engine_url=settings.engine_database,
        lock=settings.data_dir / "jobs.lock" if settings.engine_database.startswith("sqlite") else None,
        attempt=services.notices.attempt,
        tell=services.jobs.watch.tell,
    )


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
