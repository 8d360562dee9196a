"""Jobs that don't end by themselves, end badly, or are not wanted any more, on one server."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from live import LiveServer
from nodes import noted, read, seconds_until_gone, submit, wait_for

pytestmark = pytest.mark.slow


def test_cancelled_while_it_runs(single_client: httpx.Client, tmp_path: Path) -> None:
    """NA-50: its worker process and what that started are gone within a second, and the next job runs."""
    took: list[float] = []
    while not took or (took[-1] > 1 and len(took) < 3):
        note = tmp_path / f"note-{len(took)}"
        job = submit(single_client, seconds=60, note=str(note))
        pids = noted(note)
        assert single_client.delete(f"/v1/jobs/{job}").status_code == 204
        took.append(seconds_until_gone(pids))
        assert read(single_client, job)["status"] == "cancelled"
    assert min(took) < 1, took
    wait_for(single_client, submit(single_client), "succeeded")


def test_cancelled_while_it_waits(single_client: httpx.Client, tmp_path: Path) -> None:
    """NA-50: it is never begun."""
    first = submit(single_client, seconds=2)
    note = tmp_path / "note"
    waiting = [submit(single_client, note=str(note)) for _ in range(8)]
    for job in waiting:
        assert single_client.delete(f"/v1/jobs/{job}").status_code == 204
    wait_for(single_client, first, "succeeded")
    wait_for(single_client, submit(single_client), "succeeded")
    assert {read(single_client, job)["status"] for job in waiting} == {"cancelled"}
    assert not note.exists()


def test_over_its_deadline(single_client: httpx.Client, tmp_path: Path) -> None:
    """NA-51: a job that takes too long fails with the reason, and its processes end."""
    note = tmp_path / "note"
    job = submit(single_client, seconds=60, note=str(note))
    pids = noted(note)
    failed = wait_for(single_client, job, "failed", seconds=15)
    assert failed["error"]["code"] == "DEADLINE_EXCEEDED"
    seconds_until_gone(pids, 2)


def test_time_that_waits_for_a_worker_is_not_its_own(single_client: httpx.Client) -> None:
    """NA-51: three jobs of two seconds on one worker, each of which may take four."""
    for job in [submit(single_client, seconds=2) for _ in range(3)]:
        wait_for(single_client, job, "succeeded")


def test_poison_fails_with_its_reason(single_client: httpx.Client) -> None:
    """NA-51: work that ends its worker process is tried three times; other jobs go on meanwhile."""
    others = [submit(single_client) for _ in range(3)]
    poison = submit(single_client, deadly=True)
    others += [submit(single_client) for _ in range(3)]
    failed = wait_for(single_client, poison, "failed")
    assert failed["error"]["code"] == "INVALID_FILE"
    assert "3 times" in failed["error"]["detail"]
    for job in others:
        wait_for(single_client, job, "succeeded")


def test_worker_processes_end_with_the_server(single: LiveServer, tmp_path: Path) -> None:
    """NA-51: nothing works on for a server that was killed; started again, it does the job to its end."""
    note = tmp_path / "note"
    with single.client() as client:
        job = submit(client, seconds=2, note=str(note))
        pids = noted(note)
        single.kill()
        seconds_until_gone(pids[:1], 3)
        single.start()
        wait_for(client, job, "succeeded")
