"""The forms that read text is written in: plain text, JSON, hOCR and Tesseract's table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import msgspec

from filemill import Choice, Format, Text
from filemill.kinds import Facts
from filemill_ocr.reading import Reading

PAGE_BREAK = "\f"
"""What stands between pages in plain text."""

_TABLE_HEAD = [
    *("level", "page_num", "block_num", "par_num", "line_num", "word_num"),
    *("left", "top", "width", "height", "conf", "text"),
]
_HOCR_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
 <head>
  <title>{title}</title>
  <meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
  <meta name="ocr-system" content="filemill"/>
  <meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_wconf"/>
 </head>
 <body>
"""
_HOCR_END = " </body>\n</html>\n"
_PAGE = re.compile(r"<div class='ocr_page'.*(?=</body>)", re.DOTALL)
_ID = re.compile(r"\bid='([a-z]+)_1(?=[_'])")
_IMAGE = re.compile(r"image \"[^\"]*\"; |ppageno \d+")


class Form(Choice):
    """What the saved result is."""

    TEXT = "text"
    JSON = "json"
    HOCR = "hocr"
    TSV = "tsv"


FORMATS = [
    Format(
        name="hocr",
        title="hOCR",
        media_types=("text/vnd.hocr+html",),
        extensions=("hocr",),
        kind=Text,
        sniff=lambda head: b"class='ocr_page'" in head or b'class="ocr_page"' in head,
        order=800,
    ),
    Format(
        name="tsv",
        title="Tab-separated values",
        media_types=("text/tab-separated-values",),
        extensions=("tsv",),
        kind=Text,
        sniff=lambda head: head.startswith("\t".join(_TABLE_HEAD).encode()),
        order=800,
    ),
]


def plain(readings: Sequence[Reading]) -> str:
    """Return the text of all pages, a form feed between two."""
    return PAGE_BREAK.join(reading.text for reading in readings)


def written(form: Form, readings: Sequence[Reading], facts: Facts, title: str) -> str | None:
    """Return what is saved; None where it is the text itself.

    Args:
        form: which form.
        readings: all pages.
        facts: what is told of them; JSON is these.
        title: of the document, for hOCR.
    """
    match form:
        case Form.JSON:
            return msgspec.json.format(msgspec.json.encode(facts), indent=2).decode() + "\n"
        case Form.HOCR:
            pages = (_hocr_page(reading) for reading in readings)
            return _HOCR_HEAD.format(title=escape(title)) + "".join(pages) + _HOCR_END
        case Form.TSV:
            rows = [_TABLE_HEAD, *(row for reading in readings for row in _table(reading))]
            return "".join("\t".join(row) + "\n" for row in rows)
    return None


def _table(reading: Reading) -> list[list[str]]:
    """Return a page's rows with the page's number; words of a text layer as one line."""
    if reading.rows:
        return [[row[0], str(reading.number), *row[2:]] for row in reading.rows]
    page = str(reading.number)
    rows = [["1", page, "0", "0", "0", "0", "0", "0", str(reading.width), str(reading.height), "-1", ""]]
    for index, word in enumerate(reading.words, 1):
        box = (str(side) for side in (word.left, word.top, word.width, word.height))
        rows.append(["5", page, "1", "1", "1", str(index), *box, f"{word.confidence * 100:g}", word.text])
    return rows


def _hocr_page(reading: Reading) -> str:
    """Return a page's part of an hOCR document: Tesseract's own with its number, or one of a layer's words."""
    found = _PAGE.search(reading.hocr)
    if found is not None:
        page = _ID.sub(rf"id='\g<1>_{reading.number}", found[0].rstrip())
        named = _IMAGE.sub(lambda old: f"ppageno {reading.number - 1}" if old[0][0] == "p" else "", page, count=2)
        return f"  {named}\n"
    number, dpi = reading.number, reading.dpi
    title = f"bbox 0 0 {reading.width} {reading.height}; ppageno {number - 1}; scan_res {dpi} {dpi}"
    words = "".join(
        f"   <span class='ocrx_word' id='word_{number}_{index}' title='bbox {word.left} {word.top}"
        f" {word.left + word.width} {word.top + word.height}; x_wconf {word.confidence * 100:.0f}'>"
        f"{escape(word.text)}</span>\n"
        for index, word in enumerate(reading.words, 1)
    )
    return f"  <div class='ocr_page' id='page_{number}' title='{title}'>\n{words}  </div>\n"
