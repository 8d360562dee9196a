"""Filagram: six operations on one uploaded form, whose results are fetched by URL."""

from __future__ import annotations

from filemill_server.dialects.dialect import Dialect
from filemill_server.dialects.filagram.documents import merge_pdf, ocr, split_pdf
from filemill_server.dialects.filagram.keys import secret
from filemill_server.dialects.filagram.pictures import compress, convert, resize
from filemill_server.dialects.filagram.refusals import refuse
from filemill_server.dialects.filagram.results import read_output

FILAGRAM = Dialect(
    name="filagram",
    routes=[compress, convert, resize, merge_pdf, split_pdf, ocr, read_output],
    secret=secret,
    refuse=refuse,
)
"""The dialect."""
