"""All pages of a scan, read side by side: as many programs at once as there are processors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from filemill import Context, Document, ErrorCode, FilemillError, Picture
from filemill_ocr.processors import processors
from filemill_ocr.reading import Reading, Word
from filemill_ocr.recognition import Recognition, Wishes
from filemill_ocr.sheets import Sheet, drawn, taken

_PAGE_SECONDS = 120.0
_PART_OF_DEADLINE = 2 / 3
"""What one page may take where nobody says: so that one bad page does not cost the others the deadline."""


def page_seconds(wanted: float | None, context: Context) -> float:
    """Return the seconds that one page may take."""
    return wanted or min(_PAGE_SECONDS, context.limits.deadline_seconds * _PART_OF_DEADLINE)


@dataclass(frozen=True, slots=True)
class Layer:
    """How the text layer of a document is used.

    Attributes:
        used: whether a page that has text is answered from it.
        words: whether the words of such a page are wanted.
    """

    used: bool = True
    words: bool = False


def read_pages(value: Picture | Document, wishes: Wishes, layer: Layer, context: Context) -> list[Reading]:
    """Read all pages, in their order.

    Pages are drawn one after the other (PDFium is not thread-safe), a few ahead of what is read.

    Raises:
        FilemillError: `INVALID_FILE` where Tesseract refused every page. A page that is over its time is told
            as such among the others, also where it is the only one.
    """
    total = value.pages if isinstance(value, Document) else value.frames
    done: dict[int, Reading] = {}

    def finish(reading: Reading) -> None:
        done[reading.number] = reading
        context.progress(len(done), total, f"page {reading.number} of {total}")

    most = min(processors(), total)
    with ThreadPoolExecutor(max_workers=most, thread_name_prefix="page") as threads:
        waiting: set[Future[Reading]] = set()
        try:
            for number, sheet in _sheets(value, layer):
                if isinstance(sheet, Reading):
                    finish(sheet)
                    continue
                waiting.add(threads.submit(Recognition(number, sheet, wishes).run))
                if len(waiting) > most:
                    finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in finished:
                        finish(future.result())
            for future in list(waiting):
                finish(future.result())
        finally:
            threads.shutdown(cancel_futures=True)
    readings = [done[number] for number in sorted(done)]
    _check_some_read(readings)
    return readings


def _sheets(value: Picture | Document, layer: Layer) -> Iterator[tuple[int, Sheet | Reading]]:
    """Yield every page: as a sheet to read, or as what its text layer says."""
    if isinstance(value, Picture):
        for number, image in enumerate(value.pages(), 1):
            yield number, taken(image)
        return
    for number in range(1, value.pages + 1):
        text = value.text(number) if layer.used else ""
        if has_text(text):
            yield number, _layer_reading(value, number, text, layer)
        else:
            yield number, drawn(value, number)


def has_text(text: str) -> bool:
    """Whether a text layer says anything: a letter or a digit stands in it."""
    return any(letter.isalnum() for letter in text)


def _layer_reading(document: Document, number: int, text: str, layer: Layer) -> Reading:
    width, height = document.size(number)
    words = [
        Word(
            word.text,
            1.0,
            round(word.left),
            round(word.top),
            round(word.right) - round(word.left),
            round(word.bottom) - round(word.top),
        )
        for word in (document.words(number) if layer.words else ())
    ]
    return Reading(
        number=number,
        text=text.strip("\n"),
        confidence=1.0,
        source="layer",
        width=round(width),
        height=round(height),
        dpi=72,
        words=words,
    )


def _check_some_read(readings: list[Reading]) -> None:
    errors = [reading.error for reading in readings if reading.error is not None]
    refused = [error for error in errors if error["code"] == ErrorCode.INVALID_FILE.name]
    if refused and len(refused) == len(readings):
        detail = str(refused[0]["detail"])
        where = f"Page 1: {detail}" if len(refused) == 1 else f"No page could be read. {detail}"
        raise FilemillError(ErrorCode.INVALID_FILE, where)
