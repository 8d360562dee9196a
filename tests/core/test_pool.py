"""The worker pool under operations that do what none should: only their own request pays."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from textwrap import dedent

import pytest

from filemill import ErrorCode, FilemillError, Limits
from filemill.pool import Pool
from filemill.process import Worker
from filemill.task import Input, Progress, Task, encode_steps
from filemill.worker import Start

pytestmark = pytest.mark.anyio

DEADLINE = 1.5


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """The pool is asyncio's."""
    return "asyncio"


@pytest.fixture(scope="module")
def visible(site: Path) -> object:
    """Make the plugins of the tests visible to worker processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        yield


@pytest.fixture(scope="module")
async def pool(visible: object, foreign: list[str]) -> AsyncIterator[Pool]:
    """A pool of one worker that most tests share: each shows that it still works for the next."""
    pool = Pool(workers=1, queue=1, limits=Limits(), blocked=[*foreign, "sample"])
    await pool.start()
    yield pool
    await pool.stop()


Hostile = Callable[..., Task]


@pytest.fixture
def hostile(tmp_path: Path) -> Hostile:
    """Make a task of the hostile operation; the processes involved write their ids into `note`."""
    (tmp_path / "in.txt").write_text("text")
    folder = tmp_path / "work"
    folder.mkdir()

    def make(act: str, *, deadline: float = 20.0, memory: int = 1 << 30) -> Task:
        step = {"op": "hostile", "act": act, "note": str(tmp_path / "note")}
        return Task(
            inputs=[Input(str(tmp_path / "in.txt"), "in.txt")],
            pipelines=[encode_steps([step])],
            folder=str(folder),
            limits=Limits(deadline_seconds=deadline, memory_bytes=memory),
        )

    return make


def noted(folder: Path) -> list[int]:
    """The processes that a task involved."""
    return [int(pid) for pid in (folder / "note").read_text().split()]


async def gone(pids: list[int], within: float = 2.0) -> bool:
    """Whether all processes end within some seconds; a zombie has ended."""
    end = time.monotonic() + within
    while any(map(runs, pids)):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def pid_of(pool: Pool, hostile: Hostile) -> int:
    """Do a harmless task and return the worker's process id."""
    outcome = await pool.run(hostile("pid"))
    pid = outcome.made[0].outputs[0].facts["data"]["pid"]  # type: ignore[index, call-overload]
    assert isinstance(pid, int)
    return pid


async def refused(pool: Pool, task: Task) -> FilemillError:
    """The error of a task."""
    with pytest.raises(FilemillError) as error:
        await pool.run(task)
    return error.value


async def until(condition: Callable[[], object], within: float = 15.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.02)


async def test_a_worker_lives_for_many_tasks(pool: Pool, hostile: Hostile) -> None:
    """Libraries are imported once."""
    assert await pid_of(pool, hostile) == await pid_of(pool, hostile)


async def test_a_worker_knows_no_secret_of_the_server(
    visible: object, foreign: list[str], hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reads strangers' files inherits no settings and no cloud credentials, but all else."""
    monkeypatch.setenv("FILEMILL_SECRET", "s" * 40)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s" * 40)
    monkeypatch.setenv("HARMLESS", "kept")
    pool = Pool(workers=1, queue=1, limits=Limits(), blocked=[*foreign, "sample"])
    await pool.start()
    try:
        environment = Path(f"/proc/{await pid_of(pool, hostile)}/environ").read_bytes()
    finally:
        await pool.stop()
    assert b"s" * 40 not in environment
    assert b"HARMLESS=kept" in environment


@pytest.mark.parametrize("act", ["sleep", "burn", "spawn"])
async def test_what_does_not_end_is_killed_at_its_deadline(
    act: str, pool: Pool, hostile: Hostile, tmp_path: Path
) -> None:
    """NA-70: `DEADLINE_EXCEEDED` within a second of the deadline; the processes it started end too."""
    started = time.monotonic()
    error = await refused(pool, hostile(act, deadline=DEADLINE))
    assert error.code is ErrorCode.DEADLINE_EXCEEDED
    assert "1.5 s" in error.detail
    assert time.monotonic() - started < DEADLINE + 1
    assert await gone(noted(tmp_path), 1)
    assert await pid_of(pool, hostile) not in noted(tmp_path)[1:]


async def test_nothing_works_any_more_when_the_deadline_is_told(pool: Pool, hostile: Hostile, tmp_path: Path) -> None:
    """A kill takes effect a moment later; who is told removes the folder, and nobody may make a file in it after."""
    for _ in range(3):
        assert (await refused(pool, hostile("spawn", deadline=0.7))).code is ErrorCode.DEADLINE_EXCEEDED
        assert [pid for pid in noted(tmp_path) if runs(pid)] == []


@pytest.mark.parametrize("act", ["segfault", "exit", "fork-and-crash"])
async def test_a_crash_costs_its_own_request_a_typed_error(
    act: str, pool: Pool, hostile: Hostile, tmp_path: Path
) -> None:
    """NA-71: `INVALID_FILE` at once, also where a child holds the worker's socket; then work goes on."""
    started = time.monotonic()
    error = await refused(pool, hostile(act))
    assert error.code is ErrorCode.INVALID_FILE
    assert time.monotonic() - started < 5
    assert await gone(noted(tmp_path))
    assert runs(await pid_of(pool, hostile))


@pytest.mark.parametrize("act", ["allocate", "allocate-in-vips"])
@pytest.mark.parametrize("memory", [64 << 20, 512 << 20])
async def test_too_much_memory_is_a_typed_error(act: str, memory: int, pool: Pool, hostile: Hostile) -> None:
    """NA-71: a task gets no more memory than its limit, in Python and in a library; work goes on."""
    assert (await refused(pool, hostile(act, memory=memory))).code is ErrorCode.INVALID_FILE
    assert runs(await pid_of(pool, hostile))


async def test_a_limit_of_one_task_is_not_that_of_the_next(pool: Pool, hostile: Hostile) -> None:
    """Memory that was denied to one task is there for another in the same process."""
    await refused(pool, hostile("allocate", memory=64 << 20))
    await pool.run(hostile("leak", memory=512 << 20))


@pytest.mark.parametrize("act", ["raise", "unencodable"])
async def test_a_defect_is_an_internal_error_and_the_worker_lives(act: str, pool: Pool, hostile: Hostile) -> None:
    """NA-70: an operation's own exception is a 500 that says nothing of the inside."""
    before = await pid_of(pool, hostile)
    error = await refused(pool, hostile(act))
    assert error.code is ErrorCode.INTERNAL_ERROR
    assert "ordered" not in error.detail
    assert await pid_of(pool, hostile) == before


async def test_a_worker_killed_from_outside_costs_one_request(pool: Pool, hostile: Hostile, tmp_path: Path) -> None:
    """`kill -9` in the middle of work: that request may be repeated, the next one just works."""
    running = asyncio.create_task(refused(pool, hostile("sleep")))
    await until((tmp_path / "note").exists)
    next_one = asyncio.create_task(pid_of(pool, hostile))
    await asyncio.sleep(0)
    os.kill(noted(tmp_path)[0], signal.SIGKILL)
    error = await running
    assert (error.code, error.retry_after) == (ErrorCode.OVERLOADED, 1)
    assert runs(await next_one)


async def test_a_worker_that_ends_while_it_is_idle_costs_nothing(pool: Pool, hostile: Hostile) -> None:
    """A dead worker is noticed before a task is given to it."""
    pid = await pid_of(pool, hostile)
    os.kill(pid, signal.SIGKILL)
    assert await gone([pid])
    await asyncio.sleep(0.1)
    assert await pid_of(pool, hostile) != pid


async def test_a_print_goes_to_standard_error(visible: object, foreign: list[str], tmp_path: Path) -> None:
    """What a plugin prints breaks neither the answers nor what the server writes to standard output."""
    program = f"""
        import asyncio
        from filemill import Limits
        from filemill.pool import Pool
        from filemill.task import Input, Task, encode_steps

        async def main():
            pool = Pool(workers=1, queue=0, limits=Limits(), blocked={[*foreign, "sample"]!r})
            await pool.start()
            open("in.txt", "w").write("text")
            steps = encode_steps([{{"op": "hostile", "act": "print"}}])
            task = Task(inputs=[Input("in.txt", "in.txt")], pipelines=[steps], folder=".", limits=Limits())
            assert (await pool.run(task)).made
            await pool.stop()

        asyncio.run(main())
    """
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", dedent(program)], cwd=tmp_path, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b""
    assert b"printed by a plugin" in done.stderr
    assert b"written by a plugin" in done.stderr


async def test_progress_from_many_threads_arrives_whole(pool: Pool, hostile: Hostile) -> None:
    """Messages of several threads of an operation don't mix."""
    told: list[Progress] = []
    await pool.run(hostile("threads"), told.append)
    assert len(told) == 8 * 200
    assert {one.note for one in told} == {"x" * 500}


async def test_one_more_than_the_queue_holds_is_refused_at_once(pool: Pool, hostile: Hostile) -> None:
    """NA-70: `OVERLOADED` with a time to come back, while the ones before are served."""
    await pid_of(pool, hostile)
    running = asyncio.create_task(refused(pool, hostile("sleep", deadline=DEADLINE)))
    waiting = asyncio.create_task(pid_of(pool, hostile))
    await asyncio.sleep(0.1)
    started = time.monotonic()
    error = await refused(pool, hostile("nothing", deadline=50))
    assert time.monotonic() - started < DEADLINE / 2, "before the work ahead of it has ended"
    assert (error.code, error.retry_after) == (ErrorCode.OVERLOADED, 5)
    assert (await running).code is ErrorCode.DEADLINE_EXCEEDED
    assert runs(await waiting)
    assert pool.admitted == 0


async def test_who_goes_away_ends_his_work(pool: Pool, hostile: Hostile, tmp_path: Path) -> None:
    """A cancelled request kills its work within a second and frees its place."""
    running = asyncio.create_task(pool.run(hostile("spawn")))
    await until(lambda: (tmp_path / "note").exists() and len(noted(tmp_path)) == 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await gone(noted(tmp_path), 1)
    assert pool.admitted == 0
    assert runs(await pid_of(pool, hostile))


async def test_who_goes_away_from_the_queue_takes_no_worker_along(pool: Pool, hostile: Hostile) -> None:
    """However a waiting request is cancelled, also in the moment it is given a worker, none is lost."""
    for turns in range(5):
        first = asyncio.create_task(pool.run(hostile("nothing")))
        second = asyncio.create_task(pool.run(hostile("nothing")))
        while not first.done():
            await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert runs(await pid_of(pool, hostile))
    assert pool.admitted == 0


async def test_busy_while_a_worker_is_replaced(pool: Pool, hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a worker that starts makes the pool busy, as those at work do; unless none can be started."""

    async def none(start: Start) -> Worker:
        raise RuntimeError("no memory")

    for starts in (True, False):
        with monkeypatch.context() as patch:
            first = asyncio.create_task(pool.run(hostile("exit")))
            second = asyncio.create_task(pool.run(hostile("nothing")))
            await asyncio.sleep(0)
            assert pool.is_busy
            if not starts:
                patch.setattr(Worker, "start", none)
            await asyncio.gather(first, return_exceptions=True)
            await asyncio.sleep(0.05)
            assert (pool._working, pool.is_busy) == (0, starts)
        await second
        assert not pool.is_busy


async def test_a_worker_is_replaced_after_its_tasks(visible: object, foreign: list[str], hostile: Hostile) -> None:
    """Recycling by age: three tasks a process, and the process before has ended."""
    pool = Pool(workers=1, queue=0, limits=Limits(), blocked=[*foreign, "sample"], max_tasks=3)
    await pool.start()
    try:
        pids = [await pid_of(pool, hostile) for _ in range(7)]
        assert [len({*pids[:3]}), len({*pids[3:6]}), len({*pids})] == [1, 1, 3]
        assert await gone(pids[:6])
        assert len(pool._live) == 1
    finally:
        await pool.stop()


async def test_a_worker_is_replaced_above_the_memory_mark(
    visible: object, foreign: list[str], hostile: Hostile
) -> None:
    """Recycling by size: what a library keeps ends with the process."""
    pool = Pool(workers=1, queue=0, limits=Limits(), blocked=[*foreign, "sample"], max_resident_bytes=200 << 20)
    await pool.start()
    try:
        before = await pid_of(pool, hostile)
        assert await pid_of(pool, hostile) == before
        for _ in range(4):
            await pool.run(hostile("leak"))
        assert await pid_of(pool, hostile) != before
        assert await gone([before])
    finally:
        await pool.stop()


async def test_stop_ends_every_process_and_everyone_who_waits(
    visible: object, foreign: list[str], hostile: Hostile, tmp_path: Path
) -> None:
    """Running and waiting requests are answered `OVERLOADED` at once; no process is left; none starts anew."""
    pool = Pool(workers=1, queue=2, limits=Limits(), blocked=[*foreign, "sample"])
    await pool.start()
    running = [asyncio.create_task(refused(pool, hostile("spawn"))) for _ in range(3)]
    await until(lambda: (tmp_path / "note").exists() and len(noted(tmp_path)) == 2)
    started = time.monotonic()
    await pool.stop()
    assert {error.code for error in await asyncio.gather(*running)} == {ErrorCode.OVERLOADED}
    assert time.monotonic() - started < 2
    assert await gone(noted(tmp_path))
    assert (await refused(pool, hostile("nothing"))).code is ErrorCode.OVERLOADED
    assert not pool._live
    await pool.stop()


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.3])
async def test_stop_while_workers_start_leaves_no_process(
    moment: float, visible: object, foreign: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """At whatever moment a start is interrupted."""
    monkeypatch.setenv("HOSTILE_STARTUP", "hang")
    monkeypatch.setenv("HOSTILE_STARTUP_NOTE", str(tmp_path / "started"))
    before = children()
    pool = Pool(workers=2, queue=0, limits=Limits(), blocked=[*foreign, "sample"])
    starting = asyncio.create_task(pool.start())
    await asyncio.sleep(moment)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await pool.stop()
    await until(lambda: children() <= before, 5)


def children() -> set[int]:
    """The live children of this process."""
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {int(pid) for pid in text.split() if runs(int(pid))}


async def test_a_worker_that_can_not_start_is_reported(
    visible: object, foreign: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A plugin that refuses its start-up is named on standard error, and the pool says that it has no workers."""
    monkeypatch.setenv("HOSTILE_STARTUP", "raise")
    before = children()
    pool = Pool(workers=2, queue=0, limits=Limits(), blocked=[*foreign, "sample"])
    with pytest.raises(RuntimeError, match="did not start"):
        await pool.start()
    assert "no licence" in capfd.readouterr().err
    await until(lambda: children() <= before, 2)


async def test_a_worker_that_can_not_be_replaced_is_tried_again_with_pauses(
    visible: object, foreign: list[str], hostile: Hostile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No hot loop of starts; once it works again, the waiting request is served."""
    pool = Pool(workers=1, queue=0, limits=Limits(), blocked=[*foreign, "sample"])
    await pool.start()
    try:
        monkeypatch.setenv("HOSTILE_STARTUP", "raise")
        await refused(pool, hostile("exit"))
        waiting = asyncio.create_task(pid_of(pool, hostile))
        (swapping,) = pool._filling
        await asyncio.sleep(2)
        assert not swapping.done()
        monkeypatch.delenv("HOSTILE_STARTUP")
        monkeypatch.setenv("HOSTILE_STARTUP_NOTE", str(tmp_path / "started"))
        assert runs(await asyncio.wait_for(waiting, 20))
        assert len((tmp_path / "started").read_text().split()) == 1
    finally:
        await pool.stop()


async def test_workers_end_with_the_server(visible: object, foreign: list[str], tmp_path: Path) -> None:
    """`kill -9` of the parent ends its workers, idle or in the middle of work."""
    program = f"""
        import asyncio
        from filemill import Limits
        from filemill.pool import Pool

        async def main():
            pool = Pool(workers=2, queue=0, limits=Limits(), blocked={[*foreign, "sample"]!r})
            await pool.start()
            while len(pool._live) < 2:
                await asyncio.sleep(0.01)
            print(*(worker.process.pid for worker in pool._live), flush=True)
            await asyncio.sleep(600)

        asyncio.run(main())
    """
    parent = subprocess.Popen([sys.executable, "-c", dedent(program)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pids = [int(pid) for pid in (await asyncio.to_thread(parent.stdout.readline)).split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert await gone(pids)


async def test_nothing_grows_over_many_tasks(pool: Pool, hostile: Hostile) -> None:
    """A thousand tasks leave file descriptors, tasks of the loop and the worker's memory as they were."""
    work = hostile("nothing")
    for _ in range(100):
        await pool.run(work)
    pid = await pid_of(pool, hostile)
    before = measured(pid)
    for _ in range(1000):
        await pool.run(work)
    assert await pid_of(pool, hostile) == pid
    after = measured(pid)
    assert after[:3] == before[:3]
    assert after[3] <= before[3] + (4 << 20)


def measured(pid: int) -> tuple[int, int, int, int]:
    """Descriptors here and in the worker, asyncio tasks, and the worker's resident bytes."""
    here, there = (len(list(Path(f"/proc/{one}/fd").iterdir())) for one in ("self", pid))
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return here, there, len(asyncio.all_tasks()), resident


async def test_replacing_leaks_nothing(pool: Pool, hostile: Hostile) -> None:
    """Crash after crash, the number of descriptors and live workers stays."""
    await pid_of(pool, hostile)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(4):
        await refused(pool, hostile("exit"))
        await pid_of(pool, hostile)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert len(pool._live) == pool.size


async def test_what_would_wait_too_long_is_refused(visible: object, foreign: list[str], hostile: Hostile) -> None:
    """A queue is as long as its work can be begun within half of the deadline, by how long the last tasks took."""
    pool = Pool(workers=1, queue=100, limits=Limits(deadline_seconds=4), blocked=[*foreign, "sample"])
    await pool.start()
    try:
        pool.expected = 101
        error = pool.refusal()
        assert error is not None, "the queue is full"
        assert (error.code, error.retry_after) == (ErrorCode.OVERLOADED, 1)
        pool.expected = 100
        assert pool.refusal() is None
        await refused(pool, hostile("sleep", deadline=DEADLINE))
        assert pool.refusal() is not None, "a hundred such take too long"
        pool.expected = 10
        assert pool.refusal() is None
    finally:
        await pool.stop()
