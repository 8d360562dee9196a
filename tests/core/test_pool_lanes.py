"""Jobs and requests before the same workers: who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from filemill import ErrorCode, Limits
from filemill.pool import Lane, Pool, WorkerCrash
from filemill.task import Input, Task, encode_steps

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The pool is asyncio's."""
    return "asyncio"


@pytest.fixture(autouse=True)
def visible(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the plugins of the tests visible to worker processes."""
    monkeypatch.setenv("PYTHONPATH", str(site))


@pytest.fixture
def work(tmp_path: Path) -> Callable[[str], Task]:
    """Make a task of the hostile operation."""
    (tmp_path / "in.txt").write_text("text")

    def make(act: str) -> Task:
        return Task(
            inputs=[Input(str(tmp_path / "in.txt"), "in.txt")],
            pipelines=[encode_steps([{"op": "hostile", "act": act}])],
            folder=str(tmp_path),
            limits=Limits(),
        )

    return make


@asynccontextmanager
async def pool_of(workers: int, foreign: list[str], reserved: int = 0) -> AsyncIterator[Pool]:
    """A pool with all its workers there."""
    pool = Pool(workers=workers, queue=50, limits=Limits(), blocked=[*foreign, "sample"], reserved=reserved)
    await pool.start()
    try:
        async with asyncio.timeout(30):
            while len(pool._idle) < workers:
                await asyncio.sleep(0.02)
        yield pool
    finally:
        await pool.stop()


async def order_of(pool: Pool, work: Callable[[str], Task], wanted: str) -> str:
    """Queue requests (r) and jobs (j) while a worker is busy; return the order in which they ended."""
    ended: list[str] = []

    async def one(letter: str) -> None:
        await pool.run(work("nothing"), lane=Lane.JOB if letter == "j" else Lane.REQUEST)
        ended.append(letter)

    worker = await pool._worker(Lane.REQUEST)
    asked = [asyncio.create_task(one(letter)) for letter in wanted]
    await asyncio.sleep(0.05)
    pool._offer(worker)
    await asyncio.gather(*asked)
    return "".join(ended)


async def test_jobs_wait_behind_requests_and_are_not_starved(work: Callable[[str], Task], foreign: list[str]) -> None:
    """A job that came first lets three requests go before it, not four."""
    async with pool_of(1, foreign) as pool:
        assert await order_of(pool, work, "jrr") == "rrj"
        assert await order_of(pool, work, "jrrrrr") == "rrrjrr"
        assert await order_of(pool, work, "jj") == "jj"


async def test_reserved_worker_is_left_to_requests(work: Callable[[str], Task], foreign: list[str]) -> None:
    """Long jobs in any number keep no request waiting."""
    async with pool_of(2, foreign, reserved=1) as pool:
        assert pool.job_places == 1
        jobs = [asyncio.create_task(pool.run(work("sleep"), lane=Lane.JOB)) for _ in range(3)]
        await asyncio.sleep(0.2)
        await asyncio.wait_for(pool.run(work("nothing")), 5)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await asyncio.wait_for(pool.run(work("nothing"), lane=Lane.JOB), 20)


async def test_one_worker_is_left_to_jobs(foreign: list[str]) -> None:
    """A reservation of all workers leaves one."""
    assert Pool(workers=1, queue=0, limits=Limits(), reserved=1).job_places == 1


async def test_jobs_are_never_refused(work: Callable[[str], Task], foreign: list[str]) -> None:
    """The queue's bound is for those who hold a connection."""
    async with pool_of(1, foreign) as pool:
        pool.capacity = 1
        await asyncio.gather(*(pool.run(work("nothing"), lane=Lane.JOB) for _ in range(20)))
        assert pool.admitted == 0


async def test_cancelled_jobs_lose_no_worker(work: Callable[[str], Task], foreign: list[str]) -> None:
    """However a waiting job is cancelled, also in the moment it is given a worker."""
    async with pool_of(1, foreign) as pool:
        for turns in range(5):
            first = asyncio.create_task(pool.run(work("nothing")))
            second = asyncio.create_task(pool.run(work("nothing"), lane=Lane.JOB))
            third = asyncio.create_task(pool.run(work("nothing"), lane=Lane.JOB))
            while not first.done():
                await asyncio.sleep(0)
            for _ in range(turns):
                await asyncio.sleep(0)
            second.cancel()
            third.cancel()
            await asyncio.gather(first, second, third, return_exceptions=True)
            await asyncio.wait_for(pool.run(work("nothing"), lane=Lane.JOB), 20)


async def test_waiting_is_told_from_working(work: Callable[[str], Task], foreign: list[str]) -> None:
    """The time for which a job waits for a worker is not its own."""
    seen: list[str] = []

    @contextmanager
    def waiting() -> Iterator[None]:
        seen.append("waits")
        yield
        seen.append("works")

    async with pool_of(1, foreign) as pool:
        worker = await pool._worker(Lane.REQUEST)
        job = asyncio.create_task(pool.run(work("nothing"), lane=Lane.JOB, waiting=waiting()))
        await asyncio.sleep(0.1)
        assert seen == ["waits"]
        pool._offer(worker)
        await job
        assert seen == ["waits", "works"]


async def test_crash_has_a_type_of_its_own(work: Callable[[str], Task], foreign: list[str]) -> None:
    """A job is tried again after a crash of its worker, and not after a refusal."""
    async with pool_of(1, foreign) as pool:
        with pytest.raises(WorkerCrash) as crash:
            await pool.run(work("segfault"), lane=Lane.JOB)
        assert crash.value.code is ErrorCode.INVALID_FILE
