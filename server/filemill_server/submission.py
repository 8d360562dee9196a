"""A checked request becomes a job: nothing that it needs is on this machine any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from filemill.sources import Source
from filemill_server.bodies import Body
from filemill_server.doing import Pipeline
from filemill_server.files import new_id
from filemill_server.intake import keep_inputs
from filemill_server.jobs.rows import URGENCY, JobRow, NewJob
from filemill_server.jobs.work import SavedPipeline, Work, encode_order
from filemill_server.messages import OutputOptions
from filemill_server.plans.plan import Plan
from filemill_server.services import Services
from filemill_server.webhooks.checks import check_webhook


async def submit(
    services: Services,
    tenant: str,
    folder: Path,
    body: Body,
    *,
    sources: Sequence[tuple[str, Source]],
    pipelines: Sequence[Pipeline],
    output: OutputOptions,
    base_url: str,
    metadata: dict[str, Any] | None = None,
    packs: bool = False,
    bundle: bool = False,
    plan: Plan | None = None,
    urgency: int = URGENCY,
) -> JobRow:
    """Keep what a request brought, and accept it as a job.

    Args:
        services: of the server.
        tenant: whose job it is.
        folder: of the request.
        body: of the request; its files are consumed.
        sources: the inputs that it names, with their JSON pointers.
        pipelines: what to do.
        output: what becomes of the results, and the webhook that is told of the end.
        base_url: public origin of the URLs in the result.
        metadata: the caller's own.
        packs: whether the pipelines are packs, whose results are named by them.
        bundle: whether the results of all pipelines become one ZIP.
        plan: whose limits hold beside the server's.
        urgency: from 0, the first, to 7, the last.

    Raises:
        FilemillError: what is wrong with an input or the webhook.
    """
    if output.webhook is not None:
        await check_webhook(services, tenant, output.webhook)
    kept = await keep_inputs(services, tenant, folder, body, sources, plan)
    work = Work(
        pipelines=[
            SavedPipeline(msgspec.Raw(msgspec.json.encode(pipeline.steps)), pipeline.pointer, pipeline.pack)
            for pipeline in pipelines
        ],
        sources=kept.sources,
        files=kept.files,
        parts=kept.parts,
        output=output,
        metadata=metadata,
        packs=packs,
        bundle=bundle,
        base_url=base_url,
    )
    job = NewJob(
        id=new_id(),
        tenant=tenant,
        plan=plan.name if plan is not None else None,
        order=encode_order(work).decode(),
        urgency=urgency,
        webhook=output.webhook,
    )
    return await services.jobs.submit(job, uploads=kept.rows)
