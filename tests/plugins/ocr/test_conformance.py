"""Both operations and the formats of the OCR plugin keep what plugin authors are asked to keep."""

from __future__ import annotations

from filemill.testing import conformance_tests

test_conformance = conformance_tests(
    "ocr",
    examples=5,
    known={
        "ocr": [{"format": "hocr", "words": True}, {"format": "tsv"}, {"format": "json", "force": True}],
        "searchable-pdf": [{"mode": "redo"}, {"mode": "force"}],
    },
)
