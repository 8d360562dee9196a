"""Target: the parameters of requests, of our own API and of the dialects that speak JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec

from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill.operation import Operation
from filemill.pipeline import check_steps, read_steps
from filemill.presets import preset_files
from filemill.sources import sources_in
from filemill.task import encode_steps
from filemill.yaml_text import read_yaml
from filemill_server.dialects.imgsmaller.asked import LEAST_BYTES, MOST_BYTES, read_target
from filemill_server.dialects.imgstax.fields import Fields
from filemill_server.dialects.imgstax.reading import (
    read_compress,
    read_compress_to_size,
    read_convert,
    read_downsize,
    read_process,
    read_resize,
)
from filemill_server.dialects.imgstax.source import Brought, PictureFacts
from fuzz.engine import Target
from fuzz.guidance import SERVER
from fuzz.parts import finished, registry

_READERS = (read_compress, read_compress_to_size, read_convert, read_downsize, read_process, read_resize)
_SEEDS: tuple[object, ...] = (
    {"width": 100, "height": 50, "fit": "Cover", "gravity": "TopLeft", "format": {"type": "Webp", "quality": 80}},
    {"format": "Jpeg", "quality": 70, "maxSizeBytes": 20000},
    {"maxWidth": 100, "maxHeight": 0, "maxSizeBytes": 5000, "format": "Avif"},
    {
        "resize": {"width": 10, "fit": "FitBlurBackground"},
        "effects": {"grayscale": True, "blurRadius": 2.5, "backgroundColor": "#fff", "pad": {"top": 5, "left": 1}},
        "format": {"type": "Png", "targetFileSizeBytes": 9000, "compressionPriority": "Speed"},
    },
    "20KB",
    "1.5 MB",
    12000,
)
_WORDS = (
    *(
        "null",
        "true",
        "false",
        "-1",
        "0",
        "1e308",
        "1e400",
        "18446744073709551616",
        "0.5",
        "NaN",
        '""',
        '"\\u0000"',
        "[]",
        "{}",
    ),
    *(
        '"op":',
        '"steps":',
        '"source":',
        '"url":"https://e.com/a"',
        '"format":',
        '"type":',
        '"#fff8"',
        '"red"',
        '"webp"',
    ),
    *('"AUTO"', '"20 KB"', '".5MB"', '"1e9"', '"99999999999999999999MB"', "[[[[[[", "}", "]", ",", ":", '"', "\\"),
)


@dataclass(frozen=True)
class _Here(Brought):
    """A source that is here already, and a pipeline that is made without a server."""

    def pipeline(self, *steps: Mapping[str, object]) -> Sequence[Operation]:
        return _pipeline(list(steps))

    async def format(self) -> str:
        return "gif"

    async def facts(self) -> PictureFacts:
        return PictureFacts("png", 9000, 300, 200, True)


def target(folder: Path) -> Target:
    """Any JSON is steps that a worker can be sent, or a refusal at a place that is in it."""
    nowhere: Any = None
    source = _Here(nowhere, folder, nowhere)

    def check(data: bytes) -> bool:
        try:
            value = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        done = [_allowed(lambda: _own(value)), _allowed(lambda: _target(value))]
        if isinstance(value, dict):
            done += [_allowed(partial(_imgstax, read, value, source)) for read in _READERS]
        return any(done)

    folders = [preset_folder for _, preset_folder in registry().preset_folders]
    packs = [read_yaml(file.read_text(encoding="utf-8")).plain for one in folders for file in preset_files(one)]
    seeds = [msgspec.json.encode(seed) for seed in (*_SEEDS, *(pack["steps"] for pack in packs[:6]))]
    names = {name for entry in registry().operations.values() for name in entry.operation.__struct_encode_fields__}
    words = [*_WORDS, *(f'"{name}"' for name in registry().operations), *(f'"{name}":' for name in sorted(names))]
    tokens = [word.encode() for word in words]
    return Target(name="fields", check=check, seeds=seeds, tokens=tokens, longest=4000, traced=SERVER)


def _allowed(read: Callable[[], object]) -> bool:
    try:
        read()
    except FilemillError as error:
        assert error.code in (ErrorCode.INVALID_PARAMETER, ErrorCode.OPERATION_UNAVAILABLE), error.code
        return False
    return True


def _pipeline(value: object) -> Sequence[Operation]:
    steps = read_steps(registry(), value)
    check_steps(registry(), steps, Limits())
    encode_steps(steps)
    return steps


def _own(value: object) -> None:
    steps = _pipeline(value if isinstance(value, list) else [value])
    sources_in(steps)
    again = msgspec.json.decode(msgspec.json.encode(steps), type=registry().pipeline_type)
    assert again == list(steps)


def _target(value: object) -> None:
    size = read_target(value)
    assert size is None or LEAST_BYTES <= size <= MOST_BYTES


def _imgstax(read: Callable[[Fields], Any], value: Mapping[str, object], source: Brought) -> None:
    steps = cast("Callable[[Brought], Awaitable[Sequence[Operation]]]", read(Fields(value)))
    finished(steps(source))  # type: ignore[arg-type]
