"""What goes to a worker process and what comes back: msgpack over a socket."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from filemill.errors import Problem, invalid
from filemill.kinds import Facts, File
from filemill.limits import Limits


class Input(Struct, frozen=True):
    """A file to work on: its path, and the caller's name for it."""

    path: str
    name: str


class Task(Struct, frozen=True, kw_only=True):
    """Work for one worker process.

    Fields:
        inputs: the files; several are mapped over or folded.
        pipelines: encoded steps; several pipelines share the decode of the first input.
        folder: the task's working folder; results are written there.
        limits: what the task may use.
        extras: files of sources that are parameters of steps, by `Source.key`.
        archive: whether many results of a pipeline become one ZIP.
        bundle: where the results of all pipelines are wanted in one ZIP: a folder name for each.
    """

    inputs: list[Input]
    pipelines: list[msgspec.Raw]
    folder: str
    limits: Limits
    extras: dict[str, Input] = {}
    archive: bool = True
    bundle: list[str] | None = None


class Output(Struct, frozen=True, kw_only=True):
    """A result file in the working folder, complete and closed.

    Fields:
        path, name, format, media_type, size: the file; size in bytes.
        sha256: of its bytes, hexadecimal.
        facts: what its kind knows: width, height, frames, pages, text, data.
    """

    path: str
    name: str
    format: str
    media_type: str
    size: int
    sha256: str
    facts: Facts

    @property
    def file(self) -> File:
        """The result as a file that a further step takes."""
        return File(Path(self.path), self.name, self.format, self.size)


def output_of(path: Path, name: str, format: str, media_type: str, facts: Facts) -> Output:
    """Describe a finished result file; it is read once for its digest."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Output(
        path=str(path),
        name=name,
        format=format,
        media_type=media_type,
        size=path.stat().st_size,
        sha256=digest,
        facts=facts,
    )


class Made(Struct, frozen=True, kw_only=True):
    """What one pipeline made: its results and, per step, what was decided and how long it took."""

    outputs: list[Output]
    report: list[Facts]


class Outcome(Struct, frozen=True, kw_only=True, tag="outcome"):
    """A finished task: one entry a pipeline, the facts of every input, the ZIP of all where asked for."""

    made: list[Made]
    sources: list[Facts]
    bundle: Output | None = None


class Failure(Struct, frozen=True, kw_only=True, tag="failure"):
    """A task that ended with an error; `trace` is for the log where it is a defect."""

    problem: Problem
    trace: str = ""


class Progress(Struct, frozen=True, kw_only=True, tag="progress"):
    """How far a task is: a fraction from 0 to 1, the step's index, and a note for people."""

    fraction: float
    step: int
    note: str = ""


class Ready(Struct, frozen=True, kw_only=True, tag="ready"):
    """A worker has loaded its plugins and waits for tasks."""


Answer = Outcome | Failure | Progress | Ready

encode = msgspec.msgpack.Encoder().encode
decode_task = msgspec.msgpack.Decoder(Task).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode


def encode_steps(steps: Any) -> msgspec.Raw:
    """Encode a pipeline for a task.

    Raises:
        FilemillError: `INVALID_PARAMETER` where a whole number has more than 64 bits.
    """
    try:
        return msgspec.Raw(encode(steps))
    except OverflowError:
        raise invalid("", "A whole number has more than 64 bits.") from None
