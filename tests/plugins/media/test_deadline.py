"""What becomes of FFmpeg when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from filemill import ErrorCode, FilemillError, Limits
from filemill.pool import Pool
from filemill.task import Input, Task, encode_steps
from filemill_media.operations.compress import CompressMedia
from media_files import ffmpeg
from one_worker import until, with_pool


@dataclass
class Work:
    """A task that FFmpeg is at for minutes."""

    folder: Path
    source: Path

    def task(self, deadline: float) -> Task:
        """Return it with a deadline."""
        return Task(
            inputs=[Input(str(self.source), self.source.name)],
            pipelines=[encode_steps([CompressMedia()])],
            folder=str(self.folder),
            limits=Limits(deadline_seconds=deadline),
        )

    def running(self) -> list[str]:
        """Return the processes of FFmpeg that work in the folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith((b"/ffmpeg", b"/ffprobe")) and any(
                str(self.folder).encode() in word for word in words
            ):
                found.append(process.name)
        return found

    def gone(self) -> bool:
        """Whether none of them is left within two seconds."""
        end = time.monotonic() + 2
        while (left := self.running()) and time.monotonic() < end:
            time.sleep(0.05)
        return not left


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten minutes of black in a few kilobytes, which take minutes to encode."""
    second = tmp_path_factory.mktemp("long") / "second.mkv"
    black = ("-f", "lavfi", "-i", "color=black:size=1280x720:rate=25:duration=1")
    ffmpeg(*black, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", output=second)
    return ffmpeg("-stream_loop", "599", "-i", second, "-c", "copy", output=second.with_name("black.webm"))


@pytest.fixture
def work(source: Path, tmp_path: Path) -> Work:
    """Make the task's folder."""
    (folder := tmp_path / "work").mkdir()
    return Work(folder, source)


def test_deadline(work: Work) -> None:
    """At the deadline FFmpeg is killed with the worker that started it."""

    async def over_the_deadline(pool: Pool) -> None:
        running = asyncio.create_task(pool.run(work.task(3)))
        await until(lambda: bool(work.running()))
        with pytest.raises(FilemillError) as refused:
            await running
        assert refused.value.code is ErrorCode.DEADLINE_EXCEEDED
        assert await asyncio.to_thread(work.gone)

    asyncio.run(with_pool(over_the_deadline))


def test_cancel(work: Work) -> None:
    """Who cancels the work ends FFmpeg as well; until then its progress is told."""
    told: list[float] = []

    async def cancelled(pool: Pool) -> None:
        running = asyncio.create_task(pool.run(work.task(50), lambda progress: told.append(progress.fraction)))
        await until(lambda: any(told))
        assert work.running()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await asyncio.to_thread(work.gone)

    asyncio.run(with_pool(cancelled))
    assert max(told) < 1
