"""Markdown as HTML."""

from __future__ import annotations

from pathlib import Path

from filemill import Context, ErrorCode, File, FilemillError
from filemill_office.html_cleaning import cleaned


def to_html(value: File, target: str, context: Context) -> File:
    """Write Markdown (CommonMark, with tables and strikethrough) as HTML that refers to nothing it would load."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only where work is done

    try:
        text = value.path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FilemillError(ErrorCode.INVALID_FILE, f"{value.name!r} is not UTF-8 text: {error.reason}.") from None
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    stem = Path(value.name).stem
    path = context.path("html")
    path.write_text(cleaned(html, stem), encoding="utf-8")
    return File(path, f"{stem}.html", "html", path.stat().st_size)
