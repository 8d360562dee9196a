"""Every operation, format and preset of the installed plugins keeps what plugin authors are asked to keep."""

from __future__ import annotations

from filemill.testing import conformance_tests

test_conformance = conformance_tests(
    examples=5,
    known={"watermark": [{"text": "filemill", "opacity": 0.5}, {"image": {"assetId": "logo"}}]},
)
