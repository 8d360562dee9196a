"""The formats of office documents keep what those of every plugin keep."""

from __future__ import annotations

from filemill.testing import conformance_tests

test_conformance = conformance_tests("office", examples=2)
