"""A batch: one pipeline or some packs on each of many inputs, a job for each, and a last one that gathers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from filemill.archive import distinct, split_name, under
from filemill.errors import ErrorCode, Fault, FilemillError, Problem
from filemill.faults import MAX_FAULTS
from filemill.kinds import Facts
from filemill.sources import Source
from filemill.task import Output
from filemill_server.assets import Asset
from filemill_server.files import new_id
from filemill_server.jobs.gathering import Member, gather
from filemill_server.jobs.rows import URGENCY, JobRow, NewJob, State
from filemill_server.jobs.terms import GATHER_SECONDS, Term, asset_ids, outputs_in, term_of
from filemill_server.jobs.views import job_path
from filemill_server.jobs.work import Assembly, SavedPipeline, Work, encode_order
from filemill_server.links import asset_url
from filemill_server.messages import Archive, BatchResult, BatchSource, OutputOptions, SourceFacts
from filemill_server.names import DEFAULT_NAME, clean_name
from filemill_server.problems import problem
from filemill_server.services import Services


class Assembled(Struct, frozen=True, kw_only=True):
    """What a batch has come to.

    Fields:
        result: of the batch; what there is to say of `outputs` stands beside it.
        outputs: the ZIP, where there is one.
        term: of the results of the parts, from the moment on at which the batch ends.
    """

    result: Facts
    outputs: Sequence[Output]
    term: Term


def plan(
    *,
    tenant: str,
    pipelines: Sequence[SavedPipeline],
    sources: Sequence[tuple[str, Source]],
    packs: bool,
    output: OutputOptions,
    metadata: Mapping[str, Any] | None,
    base_url: str,
    uploads: Sequence[str] = (),
    urgency: int = URGENCY,
    plan: str | None = None,
) -> Sequence[NewJob]:
    """Return the jobs of a batch: itself first, then its parts.

    Args:
        tenant: whose they are.
        pipelines: what to do with each input.
        sources: the inputs, with their JSON pointers.
        packs: whether the pipelines are packs.
        output: what becomes of the results.
        metadata: the caller's own.
        base_url: public origin of URLs in the results.
        uploads: that go with the batch.
        urgency: of all.
        plan: of the key that asks for them.
    """
    saved = dict(metadata) if metadata is not None else None
    order = Assembly(output=output, metadata=saved, base_url=base_url, uploads=list(uploads))
    batch = NewJob(
        id=new_id(),
        tenant=tenant,
        plan=plan,
        order=encode_order(order).decode(),
        urgency=urgency,
        webhook=output.webhook,
        parts=len(sources),
    )
    jobs = [batch]
    for position, source in enumerate(sources):
        work = Work(
            pipelines=list(pipelines),
            sources=[source],
            output=_of_part(output, position, len(sources)),
            packs=packs,
            base_url=base_url,
        )
        part = NewJob(
            id=new_id(),
            tenant=tenant,
            plan=plan,
            order=encode_order(work).decode(),
            urgency=urgency,
            parent=batch.id,
            position=position,
        )
        jobs.append(part)
    return jobs


def _of_part(output: OutputOptions, position: int, parts: int) -> OutputOptions:
    """What becomes of a part's results: single assets that outlive the batch, numbered where one name is for all."""
    if output.archive is Archive.ZIP:
        return OutputOptions(ttl_seconds=GATHER_SECONDS, archive=Archive.NONE)
    ttl = None if output.ttl_seconds is None else max(output.ttl_seconds, GATHER_SECONDS)
    filename = output.filename
    if filename is not None:
        filename = f"{PurePosixPath(clean_name(filename) or DEFAULT_NAME).stem}-{position + 1:0{len(str(parts))}}"
    return OutputOptions(ttl_seconds=ttl, public=output.public, filename=filename, archive=Archive.NONE)


async def assemble(services: Services, order: Assembly, parts: Sequence[JobRow], folder: Path) -> Assembled:
    """Gather what the parts of a batch have made: into a ZIP, or a list.

    Nothing is kept by this, so that it may be done again.

    Args:
        services: of the server.
        order: of the batch.
        parts: all of them, ended, in order.
        folder: where the ZIP is put.

    Raises:
        FilemillError: with the code of the first part's error, and the errors of all, where none has a result.
    """
    results: dict[int, Facts] = {part.position: msgspec.json.decode(part.result) for part in parts if part.result}
    term = term_of(order, results.values(), datetime.now(UTC))
    assets = await services.assets.get_many(term.files)
    results = {at: result for at, result in results.items() if all(asset in assets for asset in asset_ids(result))}
    names: dict[int, list[str]] = {}
    outputs: list[Output] = []
    if results and order.output.archive is Archive.ZIP:
        members = _members(results, assets)
        archive, lost = await gather(services.storage, members, folder)
        outputs.append(archive)
        results = {at: result for at, result in results.items() if at not in lost}
        for member in members:
            names.setdefault(member.position, []).append(member.name)
    errors = {part.position: _error(part) for part in parts if part.position not in results}
    if not results:
        raise _nothing(errors)

    def told(part: JobRow) -> BatchSource:
        at = part.position
        if at in errors:
            details, _ = problem(errors[at], request_id=part.id, path=job_path(part.id))
            return BatchSource(source=at, error=details)
        if outputs:
            return BatchSource(source=at, files=names[at])
        return BatchSource(source=at, result=_prolonged(services, order, results[at], assets, term))

    result = BatchResult(
        outputs=[told(part) for part in parts], succeeded=len(results), failed=len(errors), metadata=order.metadata
    )
    return Assembled(result=msgspec.to_builtins(result), outputs=outputs, term=term)


def _members(results: Mapping[int, Facts], assets: Mapping[str, Asset]) -> Sequence[Member]:
    """Name the files of a ZIP: by their own names, or, where packs were made, by input and pack."""
    if all("results" in result for result in results.values()):
        return _pack_members(results, assets)
    held = [(at, assets[asset]) for at, result in results.items() for asset in asset_ids(result)]
    names = _distinct_names([asset for _, asset in held])
    return [Member(at, name, asset) for (at, asset), name in zip(held, names, strict=True)]


def _distinct_names(assets: Sequence[Asset]) -> list[str]:
    names = [split_name(asset.filename) for asset in assets]
    stems = distinct([stem for stem, _ in names])
    return [stem + ending for stem, (_, ending) in zip(stems, names, strict=True)]


def _pack_members(results: Mapping[int, Facts], assets: Mapping[str, Asset]) -> Sequence[Member]:
    inputs = [msgspec.convert(result["source"], SourceFacts).filename for result in results.values()]
    folders = distinct([PurePosixPath(clean_name(name) or DEFAULT_NAME).stem for name in inputs])
    members: list[Member] = []
    for (at, result), folder in zip(results.items(), folders, strict=True):
        for pack, made in groupby(outputs_in(result), key=lambda output: output["packId"]):
            held = [assets[str(output["assetId"])] for output in made]
            names = under(f"{folder}/{pack}", _distinct_names(held))
            members += [Member(at, name, asset) for name, asset in zip(names, held, strict=True)]
    return members


def _prolonged(services: Services, order: Assembly, result: Facts, assets: Mapping[str, Asset], term: Term) -> Facts:
    """Return a part's result with the time that its files are kept from now on."""
    for output in outputs_in(result):
        asset = replace(assets[str(output["assetId"])], expires_at=term.end)
        output["url"] = asset_url(services.signer, order.base_url, asset)
        output["expiresAt"] = msgspec.to_builtins(term.end)
    return result


def _error(part: JobRow) -> FilemillError:
    if part.error is not None:
        return msgspec.json.decode(part.error, type=Problem).error()
    if part.state is State.CANCELLED:
        return FilemillError(ErrorCode.CONFLICT, "The job of this input was cancelled.")
    return FilemillError(ErrorCode.NOT_FOUND, "The result was deleted before the batch had ended.")


def _nothing(errors: Mapping[int, FilemillError]) -> FilemillError:
    """Make the error of a batch of which nothing came."""
    first = next(iter(errors.values()))
    faults = [Fault(f"/sources/{at}", error.detail) for at, error in islice(errors.items(), MAX_FAULTS)]
    return FilemillError(
        first.code, f"None of the {len(errors)} inputs has a result. The first: {first.detail}", faults=faults
    )
