"""FFmpeg, the programs: how they are told what to read, and whose fault it is where they end with an error."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from filemill import Context, ErrorCode, File, FilemillError, Missing, Program, ProgramFailed

_INSTALL = "apt-get install ffmpeg"
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}  # each arena reserves 64 MiB, which the limit of memory counts
_MEMORY_FACTOR = 4
"""FFmpeg maps its libraries and a stack a thread: 0.7 GiB before it has read anything."""
FFMPEG = Program(("ffmpeg",), "FFmpeg", _INSTALL, _ENVIRONMENT, _MEMORY_FACTOR)
FFPROBE = Program(("ffprobe",), "FFmpeg (ffprobe)", _INSTALL, _ENVIRONMENT, _MEMORY_FACTOR)

THREADS = ("-threads", "4")
"""So many at each place: what the encoders write depends on it, and is to be the same on every machine."""
MOST_STREAMS = 100
"""A file of more streams is refused."""
_LEAST_ALLOWED_BYTES = 1 << 20
_ADDRESS = re.compile(r"^(\[[^\]]*\] )+")
_NO_ENCODER = re.compile(r"Unknown encoder '([\w-]+)'")
_NO_MEMORY = "Cannot allocate memory"


def missing() -> Missing | None:
    """Say which of the programs is missing; None: both are there."""
    return FFMPEG.missing() or FFPROBE.missing()


def require() -> None:
    """Refuse work that has no program to do it.

    Raises:
        FilemillError: `OPERATION_UNAVAILABLE`.
    """
    if (absent := missing()) is not None:
        raise FilemillError(ErrorCode.OPERATION_UNAVAILABLE, f"{absent.reason} {absent.hint}")


def reading(path: Path, demuxer: str, context: Context, *before: str) -> list[str]:
    """Return the arguments that have a program read a file as one format, and nothing that the file names.

    Args:
        path: of the file.
        demuxer: FFmpeg's name of the format that was found by content.
        context: gives the limits.
        before: further options of the input, such as where reading begins.
    """
    return [
        *("-protocol_whitelist", "file,pipe"),
        *("-format_whitelist", demuxer),
        *("-max_streams", str(MOST_STREAMS)),
        *("-max_pixels", str(min(context.limits.max_pixels, 2**31 - 1))),
        *("-f", demuxer),
        *before,
        *("-i", f"file:{path}"),
    ]


def run(
    program: Program,
    arguments: Sequence[str],
    file: File,
    context: Context,
    tell: Callable[[str], None] = lambda line: None,
) -> str:
    """Run one of the programs over a file; it may write as many times the bytes of the file as the limits say.

    Returns:
        What it complained of, though it came to its end.

    Raises:
        FilemillError: `INVALID_FILE` where it can't read the file, or needs or writes too much;
            `OPERATION_UNAVAILABLE` where it was built without an encoder.
    """
    require()
    most = context.limits.max_growth * max(file.size, _LEAST_ALLOWED_BYTES)
    try:
        return program.run(["-v", "error", *arguments], context, tell=tell, most_bytes=most)
    except ProgramFailed as failed:
        raise _typed(failed, file, context, most) from None


def _typed(failed: ProgramFailed, file: File, context: Context, most: int) -> FilemillError:
    if (encoder := _NO_ENCODER.search(failed.said)) is not None:
        return FilemillError(
            ErrorCode.OPERATION_UNAVAILABLE, f"FFmpeg on the server was built without the encoder {encoder[1]}."
        )
    if failed.code == -signal.SIGXFSZ or "File too large" in failed.said:
        detail = f"What is made of {file.name!r} would have more than {most} bytes."
    elif "max_streams" in failed.said:
        detail = f"{file.name!r} can't be read: it has more than {MOST_STREAMS} streams."
    elif failed.code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGKILL) or _NO_MEMORY in failed.said:
        memory = context.limits.memory_bytes
        detail = f"{file.name!r} is broken, or needs more memory than the limit of {memory} bytes."
    else:
        detail = f"{file.name!r} can't be read: {_reason(failed.said)}."
    return FilemillError(ErrorCode.INVALID_FILE, detail)


def _reason(said: str) -> str:
    """Return the last thing that a program said, without paths and addresses."""
    lines = [_ADDRESS.sub("", line).strip() for line in said.splitlines()]
    last = next((line for line in reversed(lines) if line), "FFmpeg does not say why")
    return last.rpartition(": ")[2].rstrip(".")
