"""Many tasks of the command line through a pool of workers, with a progress bar."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from filemill.errors import FilemillError
from filemill.limits import Limits
from filemill.operation import Operation
from filemill.pool import Pool
from filemill.task import Input, Outcome, Task, encode_steps
from filemill.task import Progress as Step


class Piece(Struct, frozen=True, kw_only=True):
    """One task of a batch.

    Fields:
        number: its place in the batch, from 0.
        label: what it is called in messages: the path of its (first) input as the caller gave it.
        inputs: its files.
        pipelines: the steps of each pipeline; several share one decode.
        extras: files that are parameters of steps.
    """

    number: int
    label: str
    inputs: list[Input]
    pipelines: list[list[Operation]]
    extras: dict[str, Input]

    @property
    def length(self) -> int:
        """How many steps there are, with the encode at the end of each pipeline."""
        return sum(len(steps) + 1 for steps in self.pipelines)


Done = Callable[[Piece, Outcome], None]
Failed = Callable[[Piece, Exception], None]


async def run_batch(
    pieces: Sequence[Piece], pool: Pool, limits: Limits, console: Console, done: Done, failed: Failed
) -> None:
    """Do all pieces; one that fails does not stop the others.

    Args:
        pieces: the work.
        pool: with a queue that holds all pieces.
        limits: of each piece.
        console: where the progress bar is drawn, if it is a terminal.
        done: is given each outcome while its files still exist.
        failed: is given what was wrong with a piece.
    """
    folder = Path(tempfile.mkdtemp(prefix="filemill-run-"))
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    bar = progress.add_task("Processing", total=len(pieces))
    fractions: dict[int, float] = {}

    def show() -> None:
        progress.update(bar, completed=round(sum(fractions.values()), 2))

    async def one(piece: Piece) -> None:
        work = folder / str(piece.number)
        work.mkdir()

        def on_progress(step: Step) -> None:
            fractions[piece.number] = min((step.step + step.fraction) / piece.length, 1.0)
            show()

        try:
            outcome = await pool.run(_task(piece, work, limits), on_progress)
            done(piece, outcome)
        except (FilemillError, OSError) as error:
            failed(piece, error)
        finally:
            fractions[piece.number] = 1.0
            show()
            shutil.rmtree(work)

    try:
        await pool.start()
        with progress:
            async with asyncio.TaskGroup() as group:
                for piece in pieces:
                    group.create_task(one(piece))
    finally:
        await pool.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _task(piece: Piece, folder: Path, limits: Limits) -> Task:
    return Task(
        inputs=piece.inputs,
        pipelines=[encode_steps(steps) for steps in piece.pipelines],
        folder=str(folder),
        limits=limits,
        extras=piece.extras,
        archive=False,
    )
