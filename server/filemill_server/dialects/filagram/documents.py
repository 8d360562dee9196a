"""`merge-pdf`, `split-pdf` and `ocr` (FG-34…FG-48)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from litestar import Response, post

from filemill.errors import ErrorCode, FilemillError
from filemill_server.dialects.dialect import WORKS
from filemill_server.dialects.filagram.fields import bad_request, check_content, one_file
from filemill_server.dialects.filagram.receiving import received
from filemill_server.dialects.filagram.results import forgotten_at, keep_output, output_url
from filemill_server.dialects.work import run, steps
from filemill_server.plans.metering import METERED
from filemill_server.wire import HttpRequest, json_answer

_NOT_A_PDF = "The uploaded file is not a PDF."
_NOT_A_SCAN = "The uploaded file is not a supported format; JPEG, PNG and PDF are."
_LANGUAGE = re.compile(r"[A-Za-z]{2}")


@post("/api/v1/merge-pdf", status_code=200, opt=METERED | WORKS)
async def merge_pdf(request: HttpRequest) -> Response[bytes]:
    """Merge PDFs in the order of the parts."""
    async with received(request) as (form, folder):
        parts = form.named("files[]", "files")
        if len(parts) < 2:
            raise bad_request(f"Two parts 'files[]' or more are needed; {len(parts)} came with something in it.")
        await check_content(request, parts, ("pdf",), _NOT_A_PDF)
        made = await run(request, folder, steps(request, {"op": "merge-pdf"}), files=parts)
        asset = await keep_output(request, made.outputs[0])
    body = {
        "url": output_url(request, asset),
        "pages": asset.facts["pages"],
        "size": asset.size,
        "expires_at": asset.expires_at,
    }
    return json_answer(body)


@post("/api/v1/split-pdf", status_code=200, opt=METERED | WORKS)
async def split_pdf(request: HttpRequest) -> Response[bytes]:
    """Split a PDF into a ZIP of its pages, or of some of them."""
    async with received(request) as (form, folder):
        part = one_file(form)
        step = {"op": "split-pdf"} | ({"pages": pages} if (pages := form.texts.get("pages")) else {})
        pipeline = steps(request, step)
        await check_content(request, [part], ("pdf",), _NOT_A_PDF)
        made = await run(request, folder, pipeline, files=[part], bundle=True)
        asset = await keep_output(request, made.outputs[0])
    body = {
        "url": output_url(request, asset),
        "pages": len(cast("list[str]", asset.facts["files"])),
        "size": asset.size,
        "expires_at": asset.expires_at,
    }
    return json_answer(body)


@post("/api/v1/ocr", status_code=200, opt=METERED | WORKS)
async def ocr(request: HttpRequest) -> Response[bytes]:
    """Read the text of a scan."""
    async with received(request) as (form, folder):
        part = one_file(form)
        language = form.texts.get("language", "").strip() or "en"
        if not _LANGUAGE.fullmatch(language):
            raise bad_request("'language' must be an ISO 639-1 code of two letters, such as 'en'.")
        pipeline = steps(request, {"op": "ocr", "language": language})
        await check_content(request, [part], ("jpeg", "png", "pdf"), _NOT_A_SCAN)
        made = await run(request, folder, pipeline, files=[part])
    body = {**_reading(made.outputs[0].facts), "expires_at": forgotten_at(request)}
    return json_answer(body)


def _reading(facts: Mapping[str, Any]) -> dict[str, object]:
    """Return what was read.

    Raises:
        FilemillError: of the first page that could not be read: nothing in the answer would tell that its text is
            missing.
    """
    pages = facts["pages"]
    error = next((page["error"] for page in pages if "error" in page), None)
    if error is not None:
        raise FilemillError(ErrorCode[error["code"]], error["detail"])
    text = facts["text"] if facts["text"].strip() else ""
    return {"text": text, "pages": len(pages), "confidence": facts["confidence"]}
