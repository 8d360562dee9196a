"""Target: Filestack's tasks as JSON."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import msgspec

from filemill.errors import ErrorCode, FilemillError
from filemill_server.dialects.filestack.request import Task
from filemill_server.dialects.filestack.task_lists import decode_tasks
from filemill_server.dialects.filestack.tasks.plan import TASKS
from fuzz.delivery_urls import check_translation
from fuzz.engine import Target
from fuzz.guidance import SERVER

_SEEDS: tuple[list[object], ...] = (
    [],
    [{"name": "resize", "params": {"width": 100, "height": "50", "align": ["top", "left"]}}, {"name": "flip"}],
    [
        {"Name": "output", "Params": {"format": "webp", "quality": 80.5, "strip": True}},
        {"name": "cache", "params": False},
    ],
    [{"name": "partial_pixelate", "params": {"objects": [[1, 2, 3, 4]], "amount": 10, "blur": 1.5}}],
    [
        {"name": "store", "params": {"filename": "a", "tags": None}},
        {"name": "watermark", "params": {"file": "h", "size": 1e2}},
    ],
)
_TOKENS = tuple(
    text.encode()
    for text in (
        *('"name":', '"params":', "null", "true", "false", "[", "]", "{", "}", ",", ":", '"', "1e400", "-0.0", "1e-9"),
        *(
            "[[[[[[",
            "]]]]]]",
            "NaN",
            "9007199254740993",
            r"\ud800",
            r"\u0000",
            '"security"',
            "é",
            "123456789012345678901",
        ),
        *(f'"{name}"' for name in TASKS),
        *sorted({f'"{field}":' for task in TASKS.values() for field in task.__struct_fields__}),
    )
)


def target(folder: Path) -> Target:
    """Any JSON is a list of tasks that can be translated or refused, or is refused itself."""

    def check(data: bytes) -> bool:
        try:
            tasks = decode_tasks(base64.urlsafe_b64encode(data).decode())
        except FilemillError as error:
            assert error.code is ErrorCode.BAD_REQUEST, error.code
            return False
        assert isinstance(msgspec.json.decode(data), list)
        assert all(_is_plain(task) for task in tasks)
        check_translation([task for task in tasks if task.name != "security"])
        return True

    seeds = [json.dumps(seed).encode() for seed in _SEEDS]
    return Target(name="task-lists", check=check, seeds=seeds, tokens=_TOKENS, longest=6000, traced=SERVER)


def _is_plain(task: Task) -> bool:
    values = list(task.options.values())
    for value in values:
        if isinstance(value, tuple):
            values += value
    return all(isinstance(value, (str, tuple)) for value in values)
