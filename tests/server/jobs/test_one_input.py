"""Jobs on one input: how long they may take from their first start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from filemill import ErrorCode, FilemillError
from filemill_server.jobs.one_input import seconds_left
from filemill_server.jobs.rows import JobRow, State
from filemill_server.jobs.work import Work


def begun(ago: float, attempts: int, deadline: float | None = 3600) -> tuple[JobRow, Work]:
    """Return a job that was begun some seconds ago, and what it has to do."""
    now = datetime.now(UTC)
    work = Work(base_url="http://localhost", deadline_seconds=deadline)
    empty = dict.fromkeys(JobRow.__struct_fields__)
    row = JobRow(**{**empty, "id": "x", "tenant": "t", "state": State.RUNNING})  # type: ignore[arg-type]
    return replace(row, attempts=attempts, started_at=now - timedelta(seconds=ago)), work


def test_a_first_process_has_the_whole_time() -> None:
    """What a job waited in its process does not count; the server's own limit holds where it is shorter."""
    assert seconds_left(*begun(100, 1), 7200) == 3600
    assert seconds_left(*begun(100, 1), 60) == 60
    assert seconds_left(*begun(100, 1, None), 7200) == 7200


def test_another_process_has_what_is_left() -> None:
    """FW-42: who takes a job over after its process was killed does not begin a new hour."""
    assert seconds_left(*begun(3000, 2), 7200) == pytest.approx(600, abs=5)
    with pytest.raises(FilemillError) as caught:
        seconds_left(*begun(3601, 2), 7200)
    assert caught.value.code is ErrorCode.DEADLINE_EXCEEDED
