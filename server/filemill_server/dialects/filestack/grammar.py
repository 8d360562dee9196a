"""The grammar of delivery and processing URLs: `[KEY/][TASKS/]SOURCE`.

The path is read as it was sent: what decodes it first turns `https://` into `https:/`, and can't tell a `%2F`
in a URL from the end of a task. The order is: the source is found in the undecoded text; the text before it
is percent-decoded once; then it is cut into tasks and options (see `cutting`). A raw or quoted URL is taken
word for word, with the query; a URL that is one encoded segment is decoded once.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from filemill.errors import ErrorCode, FilemillError
from filemill_server.dialects.filestack.cutting import decoded, read_chain
from filemill_server.dialects.filestack.request import (
    DeliveryRequest,
    Handle,
    OneSource,
    Security,
    SourceList,
    Task,
    quoted,
    unreadable,
)
from filemill_server.dialects.filestack.sources import find_source, read_source, segments
from filemill_server.dialects.filestack.task_lists import decode_tasks

MAX_URL = 16_384
"""Bytes of path and query together."""
MAX_QUERY_PAIRS = 100

_MADE_KEY = re.compile(r"A[A-Za-z0-9]{20}z")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SUFFIX = "metadata"
_TASK_LIST = "b64"


def key_candidate(path: bytes) -> str | None:
    """Return the first segment of a path where it could be a key and something follows it."""
    first, slash, rest = path.removeprefix(b"/").partition(b"/")
    text = first.decode("latin-1")
    return text if slash and rest and _KEY.fullmatch(text) else None


def parse(path: bytes, query: bytes, is_key: Callable[[str], bool]) -> DeliveryRequest:
    """Read a delivery URL.

    Args:
        path: the undecoded path behind the host or its prefix.
        query: the undecoded query, without `?`.
        is_key: whether a first segment is a known key; called at most once.

    Raises:
        FilemillError: `BAD_REQUEST` with what is wrong and where; `UNAUTHORIZED` where a source needs a key
            and there is none, or a first segment has the form of a key and is none.
    """
    if len(path) + len(query) > MAX_URL:
        raise unreadable(f"The URL has {len(path) + len(query)} bytes; {MAX_URL} are allowed.")
    rest, asked = _text(path).removeprefix("/"), _text(query)
    key = key_candidate(path)
    if key is not None:
        if is_key(key):
            rest = rest[len(key) + 1 :]
        elif _MADE_KEY.fullmatch(key):
            raise FilemillError(ErrorCode.UNAUTHORIZED, f"There is no API key {key!r}.")
        else:
            key = None
    chain, source, pairs, metadata = _split(rest, asked)
    if key is None and not _all_stored(source):
        raise FilemillError(
            ErrorCode.UNAUTHORIZED, "A source that is not a handle needs a known API key as the first segment."
        )
    tasks, security = _secured(_tasks(chain), pairs)
    free = tuple(pair for pair in pairs if pair[0] not in ("policy", "signature"))
    return DeliveryRequest(source, tasks, key, security, free, metadata)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise unreadable("The URL has bytes that are not UTF-8; they would be percent-encoded.") from error


def _split(rest: str, query: str) -> tuple[str, OneSource | SourceList, list[tuple[str, str]], bool]:
    """Part the text behind the key into tasks, source and query; say whether `/metadata` follows the source."""
    metadata = False
    start = find_source(rest)
    if start is None:
        rest = rest.rstrip("/")
        if rest.endswith(f"/{_SUFFIX}"):
            metadata, rest = True, rest.removesuffix(f"/{_SUFFIX}")
        start = list(segments(rest))[-1]
    if not rest[start:]:
        raise unreadable("The path names no source; it ends in a handle, a URL, an alias or a list.")
    source, query = read_source(rest[start:], query)
    return rest[:start], source, query_pairs(query), metadata


def _all_stored(source: OneSource | SourceList) -> bool:
    sources = source.sources if isinstance(source, SourceList) else (source,)
    return all(isinstance(one, Handle) for one in sources)


def _tasks(chain: str) -> list[Task]:
    name, slash, payload = chain.partition("/")
    if name == _TASK_LIST and slash:
        return decode_tasks(decoded(payload.removesuffix("/"), "The task list"))
    return read_chain(decoded(chain, "The tasks").strip("/"))


def _secured(tasks: list[Task], pairs: list[tuple[str, str]]) -> tuple[tuple[Task, ...], Security | None]:
    """Take the credential out of the tasks or, where none has it, out of the query."""
    found = [task for task in tasks if task.name == "security"]
    if len(found) > 1:
        raise unreadable("The task 'security' is given more than once.")
    asked = [pair for pair in pairs if pair[0] in ("policy", "signature")]
    if found:
        named = security_of(found[0])
    elif asked:
        named = security_of(Task("security", _once(asked)))
    else:
        named = None
    return tuple(task for task in tasks if task.name != "security"), named


def security_of(task: Task) -> Security:
    """Read the task `security`.

    Raises:
        FilemillError: `BAD_REQUEST` where one of its two options is missing, given twice or something else.
    """
    given: dict[str, str] = {}
    for name, value in task.options.items():
        full = {"p": "policy", "s": "signature"}.get(name, name)
        if full not in ("policy", "signature") or full in given or not isinstance(value, str):
            raise unreadable(f"Task 'security': {quoted(name)} is not right; it has one 'policy' and one 'signature'.")
        given[full] = value
    if len(given) != 2:
        raise unreadable("A policy goes with its signature: give both 'policy' and 'signature'.")
    return Security(given["policy"], given["signature"])


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise unreadable("'policy' or 'signature' is given more than once in the query.")
    return dict(pairs)


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Read a query; a `+` is a plus, as base64 has it, and an `&` at an end is passed over.

    Raises:
        FilemillError: `BAD_REQUEST`.
    """
    parts = [part for part in query.split("&", MAX_QUERY_PAIRS) if part]
    if len(parts) > MAX_QUERY_PAIRS:
        raise unreadable(f"The query has more than {MAX_QUERY_PAIRS} parameters.")
    split = (part.partition("=") for part in parts)
    return [(decoded(name, "The query"), decoded(value, "The query")) for name, _, value in split]
