"""Runs one job: brings its inputs, has a worker do the work, stores the results and ends the job.

Everything here may happen again: a process can be killed at any moment, and another one begins anew. What the job
made is published together with its end, in one transaction, so that it is there once or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from filemill.errors import ErrorCode, FilemillError, Problem
from filemill.pipeline import read_steps
from filemill.pool import Lane, WorkerCrash
from filemill.task import Input, Outcome, Progress
from filemill_server.bodies import Part
from filemill_server.doing import Doing, Pipeline, do, working_folder
from filemill_server.jobs.batch import assemble
from filemill_server.jobs.one_input import choose, seconds_left
from filemill_server.jobs.pace import Pace
from filemill_server.jobs.queue import Reached
from filemill_server.jobs.rows import JobRow
from filemill_server.jobs.store import JobStore
from filemill_server.jobs.terms import Term
from filemill_server.jobs.work import Assembly, Order, Work
from filemill_server.messages import Archive
from filemill_server.results import output_bodies, outputs_of, put_all, result_body
from filemill_server.services import Services

MAX_CRASHES = 3
"""A job that ends the worker process so often has failed."""
MAX_ATTEMPTS = 10
"""A job that so many processes of the server began to run, and none ended, has failed."""
FETCH_RETRIES = 3
"""How often a source that can't be reached now is tried again."""
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0

T = TypeVar("T")
Tell = Callable[[Reached], None]

log = structlog.get_logger("filemill.jobs")


class Made(NamedTuple):
    """What a job made: its result, the rows of its files, whose bytes are in the store, and the term of others'."""

    result: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    term: Term | None = None


class Clock:
    """The time of a job, which stands still while the job waits for a worker that does others."""

    def __init__(self, deadline: asyncio.Timeout) -> None:
        self._deadline = deadline

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop it for the time of a `with` block."""
        now = asyncio.get_running_loop().time
        until = self._deadline.when()
        assert until is not None
        left = until - now()
        self._deadline.reschedule(None)
        try:
            yield
        finally:
            self._deadline.reschedule(now() + left)


class Runner:
    """Runs jobs of one process."""

    def __init__(self, services: Services, store: JobStore, pace: Pace) -> None:
        self._services = services
        self._store = store
        self._pace = pace

    async def run(self, row: JobRow, tell: Tell) -> None:
        """Run a job to its end and write that down.

        Args:
            row: the job, which this process has begun.
            tell: is told how far it is.
        """
        try:
            if row.attempts > MAX_ATTEMPTS:
                raise FilemillError(
                    ErrorCode.INTERNAL_ERROR, f"{MAX_ATTEMPTS} server processes began this job and none ended it."
                )
            made = await self._make(row, tell)
        except FilemillError as error:
            await self._fail(row, error)
            return
        except Exception as error:
            log.exception("job_failed", job_id=row.id, exc_info=error)
            await self._fail(row, FilemillError(ErrorCode.INTERNAL_ERROR, "The job failed in an unexpected way."))
            return
        result = msgspec.json.encode(made.result).decode()
        ended, lost = await _insist(lambda: self._store.succeed(row.id, result, made.rows, made.term))
        # Where the word of a try was lost, its end may be the one that stands, and with it the bytes.
        if not ended and not lost:
            await self._services.storage.delete([str(made_row["storage_name"]) for made_row in made.rows])

    async def _fail(self, row: JobRow, error: FilemillError) -> None:
        problem = msgspec.json.encode(Problem.of(error)).decode()
        await _insist(lambda: self._store.fail(row.id, problem))

    async def _make(self, row: JobRow, tell: Tell) -> Made:
        order = self._store.order_of(row)
        seconds = seconds_left(row, order, self._services.settings.job_deadline_seconds)
        try:
            async with asyncio.timeout(seconds) as deadline:
                return await self._try(row, order, tell, Clock(deadline))
        except TimeoutError:
            raise FilemillError(
                ErrorCode.DEADLINE_EXCEEDED, f"The job took longer than {seconds:g} s and was stopped."
            ) from None

    async def _try(self, row: JobRow, order: Order, tell: Tell, clock: Clock) -> Made:
        """Do the work, again where the reason why it failed can pass: a network, a store, a crash of the worker."""
        crashes = failures = fetches = 0
        while True:
            try:
                async with working_folder(self._services.work_folder) as folder:
                    return await self._once(row, order, folder, tell, clock)
            except WorkerCrash as crash:
                crashes += 1
                if crashes == MAX_CRASHES:
                    detail = f"The work ended its worker process {crashes} times. {crash.detail}"
                    raise FilemillError(ErrorCode.INVALID_FILE, detail) from crash
                log.warning("job_crashed_its_worker", job_id=row.id, crashes=crashes)
                continue
            except FilemillError as error:
                if error.retry_after is None:
                    raise
                if error.code is ErrorCode.SOURCE_UNREACHABLE:
                    fetches += 1
                    if fetches > FETCH_RETRIES:
                        raise
                failures += 1
                log.warning("job_waits_to_retry", job_id=row.id, code=error.code.name, failures=failures)
            with self._pace.pausing():
                await asyncio.sleep(wait_seconds(failures))

    async def _once(self, row: JobRow, order: Order, folder: Path, tell: Tell, clock: Clock) -> Made:
        if isinstance(order, Work):
            return await self._work(row, order, folder, tell, clock)
        return await self._assemble(row, order, folder)

    async def _assemble(self, row: JobRow, order: Assembly, folder: Path) -> Made:
        """Do the last work of a batch."""
        assembled = await assemble(self._services, order, await self._store.parts(row.id), folder)
        assets, rows = await put_all(self._services, assembled.outputs, order.output, row.tenant)
        bodies = output_bodies(self._services, order.base_url, assets, assembled.outputs)
        described = bodies[0] if bodies else {}
        return Made({**described, **assembled.result}, rows, assembled.term)

    async def _work(self, row: JobRow, work: Work, folder: Path, tell: Tell, clock: Clock) -> Made:
        with ExitStack() as stage:
            stage.enter_context(self._pace.bringing())
            outcome = await self._do(row, work, folder, tell, clock, stage)
        return await self._store_outcome(row, work, outcome)

    async def _do(self, row: JobRow, work: Work, folder: Path, tell: Tell, clock: Clock, stage: ExitStack) -> Outcome:
        services = self._services
        files = [await self._upload(row, held, folder / f"file-{at}") for at, held in enumerate(work.files)]
        parts: dict[str, Part] = {}
        for at, (name, held) in enumerate(work.parts.items()):
            given = await self._upload(row, held, folder / f"part-{at}")
            parts[name] = Part(name, Path(given.path), given.name)
        sources, wanted = work.sources, work.pipelines
        if work.input is not None:
            given, saved = await choose(services, work.input, files, sources, folder, row.tenant)
            files, sources, wanted = [given], [], [saved]
        pipelines = [
            Pipeline(read_steps(services.registry, msgspec.json.decode(saved.steps)), saved.pointer, saved.pack)
            for saved in wanted
        ]
        doing = Doing(
            pipelines=pipelines,
            files=files,
            sources=sources,
            parts=parts,
            archive=work.output.archive is Archive.ZIP,
            bundle=work.bundle,
        )
        steps = max(len(pipeline.steps) for pipeline in pipelines)

        def on_progress(progress: Progress) -> None:
            share = min(1.0, (progress.step + progress.fraction) / steps)
            at = min(progress.step, steps - 1)
            name = type(pipelines[0].steps[at]).__struct_config__.tag if len(pipelines[0].steps) > at else None
            tell(Reached(share, ": ".join(filter(None, (str(name) if name else "", progress.note))) or None))

        return await do(
            services,
            doing,
            folder,
            row.tenant,
            limits=replace(services.limits, deadline_seconds=services.settings.job_deadline_seconds),
            plan=services.plans.by_name.get(row.plan) if row.plan is not None else None,
            lane=Lane.JOB,
            on_progress=on_progress,
            waiting=self._waiting(clock, stage),
        )

    @contextmanager
    def _waiting(self, clock: Clock, stage: ExitStack) -> Iterator[None]:
        """Wait for a worker: the stage of bringing inputs has ended, and that of work begins when there is one."""
        stage.close()
        with clock.stopped():
            yield
        stage.enter_context(self._pace.working())

    async def _store_outcome(self, row: JobRow, work: Work, outcome: Outcome) -> Made:
        outputs = outputs_of(outcome)
        assets, rows = await put_all(self._services, outputs, work.output, row.tenant, work.asset_id)
        bodies = output_bodies(self._services, work.base_url, assets, outputs)
        packs = [saved.pack for saved in work.pipelines] if work.packs else None
        return Made(result_body(outcome, bodies, work.metadata, packs), rows)

    async def _upload(self, row: JobRow, id: str, path: Path) -> Input:
        upload = await self._services.uploads.get(id)
        if upload is None or upload.tenant != row.tenant:
            raise FilemillError(ErrorCode.NOT_FOUND, "A file that came with the request has expired.")
        await self._services.storage.fetch(upload.storage_name, path)
        return Input(str(path), upload.filename)


def wait_seconds(failures: int) -> float:
    """Return how long to wait after so many failures, at least one: twice as long each time, up to half a minute."""
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(failures - 1, 10))


async def _insist(write: Callable[[], Awaitable[T]]) -> tuple[T, int]:
    """Write the end of a job, however long the database is away: what was worked for is not thrown away.

    Returns:
        What the write gives, and how many tries came to nothing, as far as is known here.
    """
    failures = 0
    while True:
        try:
            return await write(), failures
        except FilemillError as error:
            if error.retry_after is None:
                raise
            failures += 1
            log.warning("job_end_not_written", reason=error.detail, failures=failures)
        await asyncio.sleep(wait_seconds(failures))
