"""The slowest work of each sort is gone after its deadline and leaves the server as it was, in bounded memory.

The whole table, two hundred in a row, with the times: `python tests/bench/deadlines.py`. Everything hostile that the
tests can make, with the memory it takes: `python tests/bench/hostile_memory.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import bombs
from filemill import Limits
from filemill.registry import Registry
from footprint import Footprint, Peak, footprint, idle_workers, watched_memory
from hostile_corpus import SERVER_BYTES, ceiling
from pdf_bombs import object_stream
from slow_files import FILES, SlowFiles
from slow_inputs import EVERY, FORMATS, OPERATIONS, written
from slow_requests import SlowRequests, slow_server

DEADLINE = 1.0
MARGIN = 10.0
"""Seconds after the deadline: the benchmark holds the one that is promised, a busy machine takes longer."""
MORE_MEMORY = 32 << 20
MORE_THREADS = 16
MORE_DESCRIPTORS = 8
"""Of connections that are not closed yet, and of the database's."""
REFUSED = {(422, "INVALID_FILE"), (415, "UNSUPPORTED_MEDIA"), (504, "DEADLINE_EXCEEDED")}
CASES = (
    "operation blur",
    "file uses.svg",
    "file forms.pdf",
    "format tar-xz",
)
"""What libvips, librsvg, PDFium and libarchive do; FFmpeg, LibreOffice and Tesseract have tests of their own."""


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
def peak(requests: SlowRequests) -> Iterator[Peak]:
    """The most memory that the server and all it starts hold while this module's work is done."""
    with watched_memory(requests.server, every=0.3) as peak:
        yield peak


@pytest.fixture(scope="module")
def before(requests: SlowRequests) -> Footprint:
    """The server before any of the slow work, its threads and connections to the database made."""
    small = bombs.small_png()
    with requests.server.client() as client, ThreadPoolExecutor(8) as threads:
        for answer in threads.map(lambda _: client.post("/v1/flip", content=small), range(24)):
            assert answer.status_code in (200, 504), answer.text
    idle_workers(requests.server)
    return footprint(requests.server)


@pytest.mark.parametrize("name", CASES)
def test_slow_work_ends_at_its_deadline(requests: SlowRequests, before: Footprint, peak: Peak, name: str) -> None:
    """504; the worker, the programs it started and all their files are gone."""
    ended = requests.send(EVERY[name])
    assert ended.said == "DEADLINE_EXCEEDED", ended.detail
    assert DEADLINE <= ended.answered <= ended.gone < DEADLINE + MARGIN


def test_bombs_are_answered(requests: SlowRequests, before: Footprint, peak: Peak, tmp_path: Path) -> None:
    """What is small and unfolds to gigabytes is refused or ends in time, and no more is said of it."""
    object_stream(tmp_path / "objects.pdf")
    zeros = bombs.zeros(4096)
    files = {
        "extract": bombs.archive_bomb(64),
        "convert?format=tar-xz": bombs.archive_bomb(64),
        "pdf-info": (tmp_path / "objects.pdf").read_bytes(),
        "resize?width=64": bombs.png(65535, 65535, zeros),
        "flip": bombs.laughs(),
        "picture-info?hashes=true": bombs.png(16000, 16000, zeros, bits=16, colour=6),
    }
    with requests.server.client() as client:
        for path, content in files.items():
            answer = client.post(f"/v1/{path}", content=content)
            if not answer.is_success:
                assert (answer.status_code, answer.json()["code"]) in REFUSED, answer.text


def test_the_server_is_as_it_was(requests: SlowRequests, before: Footprint) -> None:
    """As many processes and descriptors, no file, and hardly more memory than before all of the above."""
    idle_workers(requests.server)
    after = footprint(requests.server)
    assert (after.processes, after.files) == (before.processes, ())
    assert after.descriptors <= before.descriptors + MORE_DESCRIPTORS
    assert after.threads <= before.threads + MORE_THREADS
    assert after.memory <= before.memory + MORE_MEMORY


def test_memory_stays_under_its_ceiling(requests: SlowRequests, peak: Peak) -> None:
    """Of all processes together, while all of the above was done; a peak of nothing would mean that nobody looked."""
    assert 100 << 20 < peak.whole < ceiling(1, Limits().memory_bytes)
    assert peak.server < SERVER_BYTES
