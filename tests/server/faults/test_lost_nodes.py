"""Nodes that are lost, leave or stand still: their jobs go on elsewhere, and are published once (NA-51)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ledger import Ledger, now
from nodes import Pair, frozen, noted, read, seconds_until_gone, submit, wait_for

pytestmark = pytest.mark.slow


def test_jobs_of_a_node_that_is_gone_end_on_the_other(pair: Pair, ledger: Ledger, tmp_path: Path) -> None:
    """NA-51: killed for good in the middle of work, with more in hand and more waiting."""
    note = tmp_path / "note"
    first = submit(pair.client, seconds=3, note=str(note))
    others = [submit(pair.client, seconds=0.2) for _ in range(10)]
    node, _ = pair.of(noted(note)[0])
    killed = time.monotonic()
    fault = now()
    node.kill()
    for job in (first, *others):
        wait_for(pair.client, job, "succeeded", seconds=20 - (time.monotonic() - killed))
    ledger.check([first, *others], fault)


def test_node_that_is_told_to_end_hands_its_jobs_back(pair: Pair, ledger: Ledger, tmp_path: Path) -> None:
    """NA-51: SIGTERM; what takes longer than the grace begins anew on the other node, sooner than after a crash."""
    note = tmp_path / "note"
    job = submit(pair.client, seconds=5, note=str(note))
    pids = noted(note)
    node, _ = pair.of(pids[0])
    node.stop()
    assert node.process is not None
    assert node.process.returncode == 0, node.log.read_text()
    seconds_until_gone(pids, 1)
    wait_for(pair.client, job, "succeeded", seconds=12)
    assert ledger.check([job], now()) == 0


def test_frozen_node_that_wakes_publishes_nothing_twice(pair: Pair, ledger: Ledger, tmp_path: Path) -> None:
    """NA-51: its jobs were taken over meanwhile; what its worker process has made since belongs to nobody."""
    note = tmp_path / "note"
    first = submit(pair.client, seconds=2, note=str(note))
    others = [submit(pair.client, seconds=0.2) for _ in range(6)]
    node, _ = pair.of(noted(note)[0])
    with frozen(node):
        for job in (first, *others):
            wait_for(pair.client, job, "succeeded", seconds=20)
        before = read(pair.client, first)
    last = submit(pair.client)
    wait_for(pair.client, last, "succeeded")
    time.sleep(1)
    assert read(pair.client, first) == before
    ledger.check([first, *others, last], now())
    assert node.process is not None
    assert node.process.poll() is None
    both = [submit(pair.client, seconds=0.5) for _ in range(6)]
    ledger.wait(30)
    assert ledger.nodes_of(both) == 2


def test_no_node_keeps_long_work_from_an_idle_one(pair: Pair, ledger: Ledger) -> None:
    """NA-51: as many jobs as there are workers, and each worker has one, whoever looked first."""
    for node in pair.workers:
        node.stop()
    pair.restore()  # they know of no short jobs any more, of which one would take many
    first: list[str] = []
    end = time.monotonic() + 60
    while ledger.nodes_of(first) < 2:  # a node opens its engine after it says that it runs jobs
        assert time.monotonic() < end, "only one of the nodes takes jobs"
        first.append(submit(pair.client, seconds=1))
        time.sleep(0.3)
    ledger.wait(60)
    long = [submit(pair.client, seconds=2) for _ in range(2)]
    ledger.wait(30)
    assert ledger.nodes_of(long) == 2


def test_progress_is_seen_on_another_node(pair: Pair) -> None:
    """NA-50: pages of a long job, read from a server that does not run it."""
    job = submit(pair.client, pages=40, seconds=0.1)
    wait_for(pair.client, job, "running")
    seen: set[tuple[float, str]] = set()
    late = 0.0
    changed = time.monotonic()
    while (now_ := read(pair.client, job))["status"] == "running":
        if (at := (now_["progress"], now_["step"])) not in seen:
            seen.add(at)
            changed = time.monotonic()
        late = max(late, time.monotonic() - changed)
        time.sleep(0.05)
    assert now_["status"] == "succeeded"
    steps = sorted((progress, step) for progress, step in seen if step)
    assert len(steps) >= 4
    assert steps[0][1].startswith("pages: page ")
    # A page takes a tenth of a second: the longest time without news is how late it came.
    assert late < 1.5, f"{late:.1f} s without news"


def test_cancelled_on_another_node(pair: Pair, tmp_path: Path) -> None:
    """NA-50: a running job is stopped within a second, with all its processes; so is one that waits."""
    took: list[float] = []
    for turn in range(3):
        note = tmp_path / f"note-{turn}"
        job = submit(pair.client, seconds=60, note=str(note))
        pids = noted(note)
        assert pair.client.delete(f"/v1/jobs/{job}").status_code == 204
        took.append(seconds_until_gone(pids))
        assert read(pair.client, job)["status"] == "cancelled"
        if took[-1] < 1:
            break
    assert min(took) < 1, took
    wait_for(pair.client, submit(pair.client), "succeeded")
