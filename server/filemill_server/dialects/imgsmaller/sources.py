"""Which pictures ImgSmaller takes, and from where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from filemill.errors import ErrorCode, Fault, FilemillError
from filemill_server.bodies import Part
from filemill_server.dialects.imgsmaller.asked import FORMATS
from filemill_server.dialects.work import run, steps
from filemill_server.fetch.urls import is_below, parse
from filemill_server.jobs.one_input import format_of
from filemill_server.services import key_of, services_of
from filemill_server.wire import HttpRequest

_HEADER = {"op": "picture-info", "exif": False, "colours": 0, "hashes": False}


async def check_picture(request: HttpRequest, folder: Path, part: Part, field: str) -> None:
    """Refuse what is no picture of a format that is taken, and one whose header is broken (IS-52).

    Raises:
        FilemillError: `UNSUPPORTED_MEDIA`, `INVALID_FILE`.
    """
    await format_of(services_of(request), part.path, part.name, set(FORMATS.values()))
    try:
        await run(request, folder, steps(request, _HEADER), files=[part])
    except FilemillError as error:
        if error.code is ErrorCode.OVERLOADED:
            return  # the job waits for a worker, and finds out
        raise FilemillError(error.code, error.detail, faults=[Fault(f"/{field}", error.detail)]) from error


async def check_url(request: HttpRequest, url: str) -> Sequence[str]:
    """Return the domains that the account fetches from, where a URL is at one of them (IS-30…IS-33).

    Raises:
        FilemillError: `FORBIDDEN` where it is not, `INVALID_PARAMETER` where it is no URL.
    """
    try:
        parsed = parse(url)
    except FilemillError as error:
        raise FilemillError(error.code, error.detail, faults=[Fault("/file_url", error.detail)]) from error
    allowed = await services_of(request).domains.of(key_of(request).tenant)
    if not allowed:
        detail = "No allowed domain set. Please set your allowed domain in dashboard."
        raise FilemillError(ErrorCode.FORBIDDEN, detail)
    if not is_below(parsed, allowed):
        detail = f"The URL is at none of your allowed domains: {', '.join(allowed)}."
        raise FilemillError(ErrorCode.FORBIDDEN, detail)
    return allowed
