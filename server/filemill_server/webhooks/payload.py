"""The body of a message: the job as `GET /v1/jobs/{jobId}` gives it, made to fit what receivers take."""

from __future__ import annotations

from typing import Any

import msgspec

from filemill_server.webhooks.delivery import MAX_BODY_BYTES

_LARGE = ("result", "error")


def fitted(job: object, url: str) -> bytes:
    """Return a job as JSON of at most 20,000 bytes.

    Of a larger one the members of `result` and `error` are left out, the largest first, until it fits. Then
    `omitted` names them by JSON pointers, and `url` says where the whole job is.

    Args:
        job: what is shown of it, to be written as a JSON object.
        url: where it can be read.
    """
    body = msgspec.json.encode(job)
    if len(body) <= MAX_BODY_BYTES:
        return body
    plain: dict[str, Any] = msgspec.json.decode(body)
    sizes = {
        (place, name): len(msgspec.json.encode(value))
        for place in _LARGE
        for name, value in plain.get(place, {}).items()
    }
    omitted: list[str] = []
    for place, name in sorted(sizes, key=lambda member: sizes[member], reverse=True):
        del plain[place][name]
        omitted.append(f"/{place}/{name}")
        body = msgspec.json.encode(plain | {"omitted": omitted, "url": url})
        if len(body) <= MAX_BODY_BYTES:
            break
    return body
