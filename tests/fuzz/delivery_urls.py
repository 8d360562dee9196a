"""Target: the grammar of Filestack's delivery URLs, and what its tasks are translated to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from filemill.errors import ErrorCode, FilemillError
from filemill.limits import Limits
from filemill_server.dialects.filestack.grammar import MAX_URL, parse
from filemill_server.dialects.filestack.request import (
    Alias,
    DeliveryRequest,
    ExternalUrl,
    OneSource,
    SourceList,
    Task,
    Value,
)
from filemill_server.dialects.filestack.task_lists import read_tasks
from filemill_server.dialects.filestack.tasks.base import Kind
from filemill_server.dialects.filestack.tasks.plan import TASKS, check_tasks, ending, translate, working
from filestack_urls import HANDLE, KEY, base64_tasks, base64url
from fuzz.engine import Target
from fuzz.guidance import SERVER
from fuzz.parts import registry

REFUSALS = (ErrorCode.BAD_REQUEST, ErrorCode.INVALID_PARAMETER, ErrorCode.OPERATION_UNAVAILABLE)

_POLICY = base64url(json.dumps({"expiry": 9999999999, "call": ["read", "convert"], "handle": HANDLE}))
_LISTED = base64_tasks([{"name": "resize", "params": {"width": 100, "align": ["top", "left"]}}, {"name": "flip"}])
_SEEDS = (
    HANDLE,
    f"{KEY}/{HANDLE}+png?dl=true",
    f"{KEY}/resize=width:100,height:50,fit:crop,align:[top,left]/output=format:webp,quality:80/compress/{HANDLE}",
    f"resize=align:%5Btop,left%5D,width:100/round_corners=background:red,radius:10/{HANDLE}/metadata",
    f"{KEY}/flip/https://example.com/a/b.png?x=1&y=2",
    f"{KEY}/flip/%22https://example.com/a,b.png?x=1%22",
    f"{KEY}/cache=false/http%3A%2F%2Fexample.com%2Fa.png",
    f"{KEY}/zip/[{HANDLE},https://e.com/x.png,src://photos/2026/a]",
    f"{KEY}/b64://{base64url('https://e.com/x.png')}",
    f"{KEY}/security=policy:{_POLICY},signature:{'0' * 64}/{HANDLE}",
    f"{KEY}/{HANDLE}?policy={_POLICY}&signature={'a' * 64}",
    f'{KEY}/watermark=file:{HANDLE},size:50,position:[top,right]/store=filename:"a/b,c.png",workflows:["x"]/{HANDLE}',
    f"{KEY}/{_LISTED}/{HANDLE}",
    f"collage=files:[{HANDLE},{HANDLE}],margin:5,width:300,height:200,color:gray50/{HANDLE}",
    f"partial_blur=objects:[[10,20,30,40],[1,2,3,4]],amount:9/imagesize/{HANDLE}",
    f"output=format:pdf,page:1,density:90/pdfconvert=pageorientation:landscape,pages:[1-3,5]/{HANDLE}",
)
_TOKENS = tuple(
    text.encode()
    for text in (
        *('"', "%22", "[", "]", "%5B", "%5D", ",", ":", "=", "/", "//", "?", "&", "+", "%", "%25", "%2F", "%00", "%ff"),
        *(
            "%C3%A9",
            "é",
            "🦊",
            "=false",
            "=true",
            "/metadata",
        ),
        *(HANDLE, KEY, "b64/", "b64://", "src://", "https://", "http:/", "security=", "p:", "s:", "policy=", "store="),
        *(
            "none",
            "transparent",
            "gray100",
            "gray٣",
            "faces",
            "-1",
            "1e9",
            "0x10",
            "1.5",
            "nan",
            "inf",
            "null",
            "[1-3,5]",
        ),
        *TASKS,
        *sorted({field for task in TASKS.values() for field in task.__struct_fields__}),
    )
)


def target(folder: Path) -> Target:
    """A URL that is read, written from what it says and read again, says the same; its tasks become steps of ours."""

    def check(data: bytes) -> bool:
        path, _, query = data.partition(b"?")
        try:
            found = parse(path, query, lambda key: key == KEY)
        except FilemillError as error:
            assert error.code in (ErrorCode.BAD_REQUEST, ErrorCode.UNAUTHORIZED), error.code
            return False
        if len(written := _written(found).encode()) <= MAX_URL:  # with all its escapes it can be too long
            again = parse(written, b"", lambda key: key == KEY)
            assert (again.source, again.key) == (found.source, found.key)
        assert read_tasks(json.loads(json.dumps(_listed(found.tasks)))) == list(found.tasks)
        assert all(task.name != "security" for task in found.tasks)
        check_translation(found.tasks)
        return True

    seeds = [seed.encode() for seed in _SEEDS]
    return Target(name="filestack-urls", check=check, seeds=seeds, tokens=_TOKENS, longest=17_000, traced=SERVER)


def check_translation(tasks: Sequence[Task]) -> None:
    """Translate tasks for every kind of file: into steps that can be worked off, or a refusal."""
    try:
        check_tasks(tasks)
        working(tasks)
        ending(tasks)
    except FilemillError as error:
        assert error.code in REFUSALS, error.code
        return
    for kind in Kind:
        for many in (False, True):
            try:
                translate(tasks, kind, many=many).operations(registry(), Limits())
            except FilemillError as error:
                assert error.code in REFUSALS, error.code


def _listed(tasks: Sequence[Task]) -> list[dict[str, object]]:
    return [{"name": task.name, "params": _plain(task.options) if task.on else False} for task in tasks]


def _plain(options: object) -> object:
    if isinstance(options, tuple):
        return [_plain(item) for item in options]
    return {name: _plain(value) for name, value in options.items()} if isinstance(options, dict) else options


def _written(found: DeliveryRequest) -> str:
    """Write the source so that nothing in it can be read in another way."""
    key = f"{found.key}/" if found.key else ""
    return f"/{key}b64://{base64url(_source(found.source))}"


def _source(source: OneSource | SourceList) -> str:
    if isinstance(source, SourceList):
        return f"[{','.join(_quoted(_item(one)) for one in source.sources)}]"
    if isinstance(source, ExternalUrl):
        return source.url
    if isinstance(source, Alias):
        return f"src://{source.alias}/{source.path}"
    return source.handle + (f"+{source.extension}" if source.extension else "")


def _item(source: OneSource) -> str:
    """Write a source within a list, where all but URLs are decoded once."""
    text = _source(source)
    return text if isinstance(source, ExternalUrl) else text.replace("%", "%25")


def _quoted(text: Value) -> str:
    return f'"{text}"'
