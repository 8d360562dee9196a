"""What tests of batches share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Body = dict[str, Any]
Wait = Callable[[httpx.Response], Body]


@pytest.fixture
def wait(client: httpx.Client) -> Wait:
    """Wait until the job of an answer has ended, and return it."""

    def waiting(answer: httpx.Response) -> Body:
        assert answer.status_code == 202, answer.text
        end = time.monotonic() + 60
        while time.monotonic() < end:
            job: Body = client.get(answer.headers["location"]).json()
            if job["finishedAt"] is not None:
                return job
            time.sleep(0.05)
        raise AssertionError(f"the batch did not end: {job}")

    return waiting
