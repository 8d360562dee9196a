"""FileWhirl: what jobs cost, and what nothing costs (FW-05, FW-15, FW-50…FW-58)."""

from __future__ import annotations

import time
from typing import Any

import pytest
import pyvips


def units(caller: Any, tenant: str) -> int:
    """Return how many units of a month a tenant has used."""
    rows = caller.rows("SELECT month_used FROM usage WHERE tenant = ?", tenant)
    return int(rows[0][0]) if rows else 0


def form(data: bytes, to: str = "jpg") -> dict[str, Any]:
    """Return the form that brings a file."""
    return {"files": {"file": ("a.bin", data)}, "data": {"to": to}}


def test_allowance_then_credits_then_402(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-05, FW-15, FW-50, FW-51, FW-54, FW-55: a unit a job, of the month first, then of the credits, then 402."""
    metered = caller.with_key("metered", plan="two")
    metered.refused(400, json={"to": "jpg"})
    metered.refused(400, **form(b"\x00\x01, of no format"))
    assert metered.create(**form(sources["png"]))["billing"] == "plan"
    broken = metered.create(**form(sources["png"][:3000]))
    assert metered.poll(broken["status_url"])["status"] == "error"
    assert units(caller, "metered") == 2, "FW-53: what ends in error keeps its unit"
    refused = metered.refused(402, **form(sources["png"]))
    assert refused["reason"] == "quota_exceeded"
    assert isinstance(refused["hint"], str)
    caller.change("INSERT INTO credits (tenant, balance) VALUES ('metered', 1)")
    assert metered.create(**form(sources["png"]))["billing"] == "credits"
    assert metered.refused(402, **form(sources["png"]))["reason"] == "no_credits"
    assert caller.rows("SELECT balance FROM credits WHERE tenant = 'metered'") == [(0,)]
    assert units(caller, "metered") == 2
    for _ in range(3):
        assert metered.poll(broken["status_url"])["status"] == "error", "FW-54: polls cost nothing, and are answered"


@pytest.mark.parametrize("reason", ["no_credits", "subscription_inactive"])
def test_reasons(caller: Any, sources: dict[str, bytes], reason: str) -> None:
    """FW-55: a plan without an allowance lives on credits; one that the server has no more is inactive."""
    other = caller.with_key(reason, plan="none")
    if reason == "subscription_inactive":
        caller.change("UPDATE keys SET plan = 'gone' WHERE name = ?", reason)
    assert other.refused(402, **form(sources["png"]))["reason"] == reason


def test_what_is_not_queued_is_given_back(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-52, FW-58: a fault while it is queued is a 500 or 503 that leaves neither job nor unit behind."""
    unlucky = caller.with_key("unlucky", plan="two")
    caller.change(
        "CREATE TRIGGER no_jobs BEFORE INSERT ON jobs WHEN NEW.tenant = 'unlucky'"
        " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    )
    try:
        answer = unlucky.http.post("/convert-api", **form(sources["png"]))
    finally:
        caller.change("DROP TRIGGER no_jobs")
    assert answer.status_code in (500, 503)
    assert set(answer.json()) == {"error"}
    assert "disk" not in answer.text
    assert units(caller, "unlucky") == 0
    assert caller.rows("SELECT count(*) FROM jobs WHERE tenant = 'unlucky'") == [(0,)]
    assert unlucky.create(**form(sources["png"]))["billing"] == "plan", "safe to repeat"


def test_surplus_waits(caller: Any, sources: dict[str, bytes]) -> None:
    """FW-56: what is beyond the plan's concurrency waits as `queued`, is not refused, and is done in the end."""
    narrow = caller.with_key("narrow", plan="single")
    noise = pyvips.Image.gaussnoise(500, 400, mean=128, sigma=60).cast("uchar").pngsave_buffer(compression=1)
    urls = [narrow.create(**form(noise, "avif"))["status_url"] for _ in range(3)]
    running = "SELECT count(*) FROM jobs WHERE tenant = 'narrow' AND state = 'running'"
    most, states = 0, [""]
    while any(state != "done" for state in states):
        most = max(most, caller.rows(running)[0][0])
        states = [narrow.http.get(url).json()["status"] for url in urls]
        assert set(states) <= {"queued", "processing", "done"}
        time.sleep(0.05)
    assert most == 1
