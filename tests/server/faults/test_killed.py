"""`kill -9` of servers under load (NA-51): what was accepted ends, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from killing import kill_embedded, kill_two_nodes

pytestmark = pytest.mark.slow

KILLS = 3


def test_server_killed_again_and_again(tmp_path: Path) -> None:
    """NA-51: one server on SQLite; every job that was answered with 202 succeeds and has one asset."""
    report = kill_embedded(tmp_path, KILLS, seed=4)
    assert report.accepted > KILLS
    assert not report.refused


def test_nodes_killed_in_turn(tmp_path: Path, shared_parts: dict[str, str]) -> None:
    """NA-51: two servers over PostgreSQL and S3, one or the other killed."""
    report = kill_two_nodes(tmp_path, shared_parts, KILLS, seed=5)
    assert report.accepted > KILLS
