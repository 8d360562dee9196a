"""Reads `multipart/form-data` while it arrives: files to disk, texts to memory, both bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack
from pathlib import Path

from multipart import MultipartError, ParserLimitReached, PushMultipartParser, parse_options_header

from filemill.errors import ErrorCode, FilemillError
from filemill_server.bodies.spool import Spool, too_large
from filemill_server.names import DEFAULT_NAME, clean_name

MAX_PARTS = 1100
"""Parts of a form: a thousand files and the parameters."""
MAX_TEXT_BYTES = 1 << 20
"""Bytes of all text parts together."""

_PART_OVERHEAD = 1 << 13  # headers and boundary of a part, bytes

FilePart = tuple[str, Path, str]
"""A file part: field, path, file name."""


class _Form:
    """What has been read of a form so far."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.files: list[FilePart] = []
        self.texts: list[tuple[str, str]] = []
        self._folder = folder
        self._left = limit
        self._text_left = MAX_TEXT_BYTES
        self._stack = ExitStack()
        self._spool: Spool | None = None
        self._text: bytearray | None = None
        self._name = ""

    def begin(self, name: str, filename: str | None) -> None:
        """Start a part; one without a file name is text."""
        self._name = name
        if filename is None:
            self._text = bytearray()
            return
        path = self._folder / f"part-{len(self.files)}"
        self._spool = self._stack.enter_context(Spool(path, self._left))
        self.files.append((name, path, clean_name(filename) or DEFAULT_NAME))

    async def data(self, data: bytes) -> None:
        """Take bytes of the present part."""
        if self._spool is not None:
            await self._spool.write(data)
        elif self._text is not None:
            self._text += data
            self._text_left -= len(data)
            if self._text_left < 0:
                raise FilemillError(
                    ErrorCode.FILE_TOO_LARGE, f"The form's text parts have more than {MAX_TEXT_BYTES} bytes."
                )

    def end(self) -> None:
        """Finish the present part."""
        if self._spool is not None:
            self._left -= self._spool.size
            self._stack.close()
            self._spool = None
        elif self._text is not None:
            try:
                self.texts.append((self._name, self._text.decode()))
            except UnicodeDecodeError:
                raise FilemillError(ErrorCode.BAD_REQUEST, f"The text part {self._name!r} is not UTF-8.") from None
            self._text = None

    def close(self) -> None:
        """Close whatever is open."""
        self._stack.close()


def _check_lines(headers: Iterable[tuple[str, str]]) -> None:
    """Refuse headers with line breaks in them; the parser does so only where they come in pieces."""
    if any("\n" in text or "\r" in text for header in headers for text in header):
        raise FilemillError(ErrorCode.BAD_REQUEST, "A part of the form has a header with a line break in it.")


async def read_form(
    stream: AsyncIterator[bytes], content_type: str, folder: Path, limit: int
) -> tuple[list[FilePart], list[tuple[str, str]]]:
    """Read a form.

    Args:
        stream: the body.
        content_type: the header with the boundary.
        folder: where file parts go.
        limit: bytes of all file parts together.

    Returns:
        The file parts and the text parts, in their order.

    Raises:
        FilemillError: `BAD_REQUEST` for what is no complete form, `FILE_TOO_LARGE` past a limit.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if not 1 <= len(boundary) <= 200:
        raise FilemillError(ErrorCode.BAD_REQUEST, "multipart/form-data needs a boundary of 1 to 200 characters.")
    form = _Form(folder, limit)
    try:
        parser = PushMultipartParser(boundary, max_segment_count=MAX_PARTS)
        left = limit + MAX_TEXT_BYTES + MAX_PARTS * _PART_OVERHEAD
        async for chunk in stream:
            left -= len(chunk)  # what stands before and after the parts is skipped, but not without end
            if left < 0:
                raise too_large(limit, "The form")
            for event in parser.parse(chunk):
                if event is None:
                    form.end()
                elif isinstance(event, (bytes, bytearray)):
                    await form.data(bytes(event))
                else:
                    _check_lines(event.headerlist)
                    form.begin(event.name, event.filename)
        parser.close()
    except ParserLimitReached as error:
        raise FilemillError(ErrorCode.FILE_TOO_LARGE, f"The form is over a limit: {error}.") from None
    except (MultipartError, UnicodeError) as error:
        raise FilemillError(ErrorCode.BAD_REQUEST, f"The form can't be read: {error}.") from None
    finally:
        form.close()
    return form.files, form.texts
