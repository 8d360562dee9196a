"""When something of our own breaks: an answer that says nothing of the inside, a log that says nothing of the key."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import bombs
from live import problem
from watched import Watch


def test_a_defect_tells_no_secret(watch: Watch) -> None:
    """NA-71, NA-83: a database that lost a table is a 500 with an id; the log has the trace, and no key."""
    watched = watch(workers="1", secret="s" * 20 + "-of-the-operator")
    with sqlite3.connect(watched.server.data / "filemill.db") as database:
        database.execute("DROP TABLE keys")
    database.close()
    answer = watched.client.post("/v1/flip", content=bombs.photo())
    problem(answer, 500, "INTERNAL_ERROR")
    assert "keys" not in answer.text
    log = Path(watched.server.log.name).read_text()
    (line,) = [json.loads(line) for line in log.splitlines() if '"unexpected_error"' in line]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "no such table" in json.dumps(line["exception"])
    assert watched.server.key not in log.partition("-o small.jpg")[2], "behind the greeting, which shows it once"
    assert "of-the-operator" not in log
    assert watched.client.get("/health/live").status_code == 200


def test_a_store_that_is_gone(watch: Watch) -> None:
    """Results that can't be kept are no results: 503 and not ready; when the store is back all is well."""
    watched = watch(workers="1")
    store, aside = watched.server.data / "files", watched.server.data / "aside"
    assert watched.client.post("/v1/flip", content=bombs.photo()).status_code == 200
    store.rename(aside)
    store.write_text("no folder")
    problem(watched.client.post("/v1/flip", content=bombs.photo()), 503, "OVERLOADED")
    ready = watched.client.get("/health/ready")
    assert (ready.status_code, ready.json()["checks"]["storage"]) != (200, "ok")
    store.unlink()
    aside.rename(store)
    assert watched.client.post("/v1/flip", content=bombs.photo()).status_code == 200
    assert len(watched.client.get("/v1/assets").json()["assets"]) == 2
