"""The slowest work of each sort is gone a second after its deadline, and leaves the server as it was.

The whole table, two hundred in a row, with the times: `python tests/bench/deadlines.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from filemill.registry import Registry
from footprint import Footprint, footprint, idle_workers
from slow_files import FILES, SlowFiles
from slow_inputs import EVERY, FORMATS, OPERATIONS, written
from slow_requests import SlowRequests, slow_server

DEADLINE = 0.4
MARGIN = 10.0
"""Seconds after the deadline: the benchmark holds the one that is promised, a busy machine takes longer."""
MORE_MEMORY = 32 << 20
MORE_THREADS = 16
CASES = (
    "operation blur",
    "file blurs.svg",
    "file forms.pdf",
    "operation ocr",
    "operation compress-media",
    "format tar-xz",
    "format text",
)
"""What libvips, librsvg, PDFium, Tesseract, FFmpeg, libarchive and LibreOffice do."""


def test_the_table_names_all(filemill_registry: Registry) -> None:
    """Whoever adds an operation or a format that is written has to say what is slow for it."""
    assert set(filemill_registry.operations) == set(OPERATIONS)
    assert written(filemill_registry) == set(FORMATS)
    for name, case in OPERATIONS.items():
        assert name in {step["op"] for step in case.steps}
    assert {name for case in EVERY.values() for name in case.files} == set(FILES)


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowRequests]:
    """A server of one worker and a very short deadline."""
    server = slow_server(tmp_path_factory.mktemp("slow"), DEADLINE)
    server.start()
    yield SlowRequests(server, SlowFiles(tmp_path_factory.mktemp("files")))
    server.stop()


@pytest.fixture(scope="module")
def before(requests: SlowRequests) -> Footprint:
    """The server before any of the slow work."""
    idle_workers(requests.server)
    return footprint(requests.server)


@pytest.mark.parametrize("name", CASES)
def test_slow_work_ends_at_its_deadline(requests: SlowRequests, before: Footprint, name: str) -> None:
    """504; the worker, the programs it started and all their files are gone."""
    ended = requests.send(EVERY[name])
    assert ended.said == "DEADLINE_EXCEEDED", ended.detail
    assert DEADLINE <= ended.answered <= ended.gone < DEADLINE + MARGIN


def test_the_server_is_as_it_was(requests: SlowRequests, before: Footprint, tmp_path: Path) -> None:
    """As many processes and descriptors, no file, and hardly more memory than before all of the above."""
    idle_workers(requests.server)
    after = footprint(requests.server)
    assert (after.processes, after.files) == (before.processes, ())
    assert after.descriptors <= before.descriptors + 2  # a connection may not have been closed yet
    assert after.threads <= before.threads + MORE_THREADS
    assert after.memory <= before.memory + MORE_MEMORY
