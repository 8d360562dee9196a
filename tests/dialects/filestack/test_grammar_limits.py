"""The grammar against malformed and hostile URLs, and against its own inverse."""

from __future__ import annotations

import base64
import time
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filemill import ErrorCode, FilemillError
from filemill_server.dialects.filestack.cutting import MAX_DEPTH, MAX_TASKS
from filemill_server.dialects.filestack.grammar import MAX_URL, parse
from filemill_server.dialects.filestack.request import (
    ExternalUrl,
    Task,
)
from filestack_urls import (
    HANDLE,
    KEY,
    Spelling,
    base64_tasks,
    base64url,
    encoded,
    read,
    refused,
    written_source,
    written_task,
)

ENDLESS = '[{"name":"a","params":{"b":1e999}}]'
SURROGATE = '[{"name":"a","params":{"b":"\\udc80"}}]'


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", "names no source"),
        ("/resize=width:5", "is no source"),
        (f"/resize=width/{HANDLE}", "'name:value'"),
        (f"/resize=width:5,width:6/{HANDLE}", "given twice"),
        (f"/=a:b/{HANDLE}", "no name of a task"),
        (f"/a=%00:b/{HANDLE}", "control character U+0000"),
        (f"/{HANDLE}%00", "control character U+0000"),
        (f"/{KEY}/https%3A%2F%2Fe.com%2F%00", "control character U+0000"),
        (f"/a=b:%0d%0a/{HANDLE}", "control character U+000D"),
        (f"/a=b:%C0%AF/{HANDLE}", "not of UTF-8"),
        (f"/a=b:%ED%A0%80/{HANDLE}", "not of UTF-8"),
        (f"/a=b:%zz/{HANDLE}", "no percent-encoding"),
        (f"/a=b:%/{HANDLE}", "no percent-encoding"),
        (f"/a=b:[1,2/{HANDLE}", "not closed"),
        (f"/a=b:1]/{HANDLE}", "without its '['"),
        (f'/a=b:"1/{HANDLE}', "not closed"),
        (f"/zip/[{HANDLE}", "not closed"),
        (f"/zip/[{HANDLE}]x", "not closed"),
        ("/zip/[[a],b]", "is no source"),
        (f"/zip/[{','.join([HANDLE] * 101)}]", "more than 100 sources"),
        (f"/{KEY}/%22https://e.com/a", "not closed at its end"),
        (f"/b64/!!/{HANDLE}", "no base64"),
        (f"/b64/{base64url('{')}/{HANDLE}", "not JSON"),
        (f"/b64/{base64url('[' * 5000)}/{HANDLE}", "not JSON"),
        (f"/b64/{base64url('{}')}/{HANDLE}", "no array"),
        (f"/b64/{base64url('[1]')}/{HANDLE}", "Task 1 is no object"),
        (f"/{base64_tasks([{'params': {}}])}/{HANDLE}", "no 'name'"),
        (f"/{base64_tasks([{'name': 'a', 'Name': 'b'}])}/{HANDLE}", "other members"),
        (f"/{base64_tasks([{'name': 'a', 'params': []}])}/{HANDLE}", "are no object"),
        (f"/{base64_tasks([{'name': 'a', 'params': {'b': {}}}])}/{HANDLE}", "no text, number"),
        (f"/{base64_tasks([{'name': 'a', 'params': {'b': [[[[[1]]]]]}}])}/{HANDLE}", "deeper than"),
        (f"/b64/{base64url(ENDLESS)}/{HANDLE}", "not JSON"),
        (f"/b64/{base64url(SURROGATE)}/{HANDLE}", "not JSON"),
        ("/b64://!", "no base64"),
        (f"/b64://{base64.urlsafe_b64encode(bytes([255, 254])).decode()}", "not UTF-8"),
        (f"/b64://{base64url('b64://YQ==')}", "is no source"),
        ("/b64://YQ%3D%3D%00", "control character"),
        ("/ftp://e.com/a", "no name of a task"),
        ("/a" * (MAX_TASKS + 1) + f"/{HANDLE}", f"more than {MAX_TASKS} tasks"),
        (f"/a={','.join(f'o{n}:1' for n in range(51))}/{HANDLE}", "more than 50 options"),
        (f"/a=b:{'[' * (MAX_DEPTH + 1)}{']' * (MAX_DEPTH + 1)}/{HANDLE}", "deeper than"),
        (f"/{'a' * MAX_URL}", f"{MAX_URL} are allowed"),
    ],
)  # fmt: skip
def test_malformed_and_hostile_urls(path: str, said: str) -> None:
    """FS-46, FS-53: 400 with a sentence; nothing is guessed."""
    error = refused(path)
    assert error.code is ErrorCode.BAD_REQUEST
    assert said in error.detail
    assert len(error.detail) < 300


def test_bytes_that_are_no_utf8_are_refused() -> None:
    """FS-46: in the path and in the query."""
    assert refused(b"/\xff").code is ErrorCode.BAD_REQUEST
    assert refused(f"/{HANDLE}", b"a=\xed\xa0\x80").code is ErrorCode.BAD_REQUEST
    assert refused(f"/{HANDLE}", b"&".join([b"a=b"] * 101)).code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    "piece", ["a/", "[", "%5B", '"', "%22", "a=b:[", "%2F", "security=p:e/", ",", "a:", "=", "%25"]
)
def test_bombs_are_refused_at_once(piece: str) -> None:
    """FS-46: the longest URL of one piece after another takes no longer than its length asks for."""
    path = "/" + (piece * MAX_URL)[: MAX_URL - 30] + f"/{HANDLE}"
    begin = time.process_time()
    refused(path)
    assert time.process_time() - begin < 0.5


NAMES = st.text("ab_0", max_size=3).map("task".__add__)
TEXTS = st.text("aZ09 /,[]:=%&?#+.-_'\u00e9\u4e94\U0001f98a", max_size=12)
VALUES = st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6).filter(
    lambda value: _depth(value) < MAX_DEPTH
)
OPTIONS = st.dictionaries(NAMES, VALUES, max_size=4)
TASKS = st.lists(st.builds(Task, NAMES, OPTIONS), max_size=5).map(tuple)
URLS = st.builds(
    "{}://e.example/{}{}".format,
    st.sampled_from(["http", "https"]),
    st.text("aZ0/._~%-", max_size=12),
    st.just("") | st.text("a0=&;,%", min_size=1, max_size=12).map("?".__add__),
)


def _depth(value: object) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, tuple) else 0


@settings(deadline=None)
@given(TASKS, URLS, st.sampled_from(Spelling), st.booleans())
@example((Task("resize", {"b": "x", "a": "0"}),), "https://a.example/?a=%22", Spelling.QUOTED, False)
def test_what_was_written_is_read(tasks: tuple[Task, ...], url: str, spelling: Spelling, packed: bool) -> None:
    """FS-43, FS-46, FS-47: any chain with any spelling of a source, its options in any order."""
    chain = "/".join(written_task(task) for task in tasks)
    chain = quote(chain, safe="") if packed else encoded(chain)
    path, query = written_source(url, spelling)
    found = read("/".join(["", KEY, *([chain] if tasks else []), path]), query)
    assert found.source == ExternalUrl(url)
    assert found.tasks == tasks
    assert found.key == KEY


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(['"', "%22", "[", "]", "%5D", "/", ":", ",", "=", "%", "%2F", "a", "https:", "b64:", "é", "?"])
    ).map("".join),
    st.binary(max_size=20),
)
def test_any_text_is_read_or_refused(path: str, query: bytes) -> None:
    """FS-53, FS-184: never an error that nobody meant."""
    try:
        parse(path.encode(), query, lambda key: key == "a")
    except FilemillError as error:
        assert error.code in (ErrorCode.BAD_REQUEST, ErrorCode.UNAUTHORIZED)
