"""`/v1/usage`, `/v1/keys`, `/v1/domains` and the commands beside them, on a real server."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CalledProcessError

import httpx
import pytest

from filemill.errors import FilemillError
from filemill_server.plans.domains import domain_name
from live import LiveServer, pointers, problem

NewClient = Callable[..., httpx.Client]


def test_usage(new_client: NewClient, photo: Path) -> None:
    """NA-62: plan, counts, limits, resets and sizes; asking costs nothing."""
    client = new_client("burst", name="usage")
    client.post("/v1/resize?width=9", content=photo.read_bytes())
    answer = client.get("/v1/usage")
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["plan"], body["test"], body["credits"], body["concurrentJobs"]) == ("burst", False, 0, None)
    assert body["month"] | {"windowSeconds": 0, "resetsAt": ""} == {
        "limit": 50,
        "used": 1,
        "remaining": 49,
        "windowSeconds": 0,
        "resetsAt": "",
    }
    assert (body["minute"]["used"], body["minute"]["remaining"], body["minute"]["windowSeconds"]) == (1, 2, 60)
    assert (body["day"]["limit"], body["day"]["used"], body["day"]["remaining"]) == (None, 1, None)
    now = datetime.now(UTC)
    assert datetime.fromisoformat(body["minute"]["resetsAt"]) - now <= timedelta(seconds=60.2)
    following = datetime.fromisoformat(body["month"]["resetsAt"])
    assert (following.day, following.hour, (following - now).days < 31) == (1, 0, True)
    assert (body["maxFileBytes"], body["maxPixels"]) == (2 << 30, 100_000_000)
    small = new_client("small").get("/v1/usage").json()
    assert (small["maxFileBytes"], small["maxPixels"]) == (20_000, 100_000)
    test = new_client("burst", "--test", name="usage").get("/v1/usage").json()
    assert (test["test"], test["month"]["used"]) == (True, 0)


def test_keys_by_an_admin(planned: LiveServer, new_client: NewClient) -> None:
    """NA-60, DX-15: made, listed without secrets, and revoked over the API."""
    admin = new_client("enterprise", "--admin")
    moment = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    asked = {"name": "made", "plan": "pro", "prefix": "acme", "expiresAt": moment.isoformat(), "test": True}
    answer = admin.post("/v1/keys", json=asked)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert re.fullmatch(r"acme_test_[A-Za-z0-9]{43}", body["key"])
    assert answer.headers["location"] == f"/v1/keys/{body['about']['keyId']}"
    assert (body["about"]["admin"], body["appSecret"]) == (False, None)
    assert datetime.fromisoformat(body["about"]["expiresAt"]) == moment
    listed = admin.get("/v1/keys")
    assert body["about"] in listed.json()["keys"]
    assert body["key"] not in listed.text
    with planned.client(body["key"]) as client:
        assert client.get("/v1/usage").json()["plan"] == "pro"
        assert admin.delete(answer.headers["location"]).status_code == 204
        problem(client.get("/v1/usage"), 401, "UNAUTHORIZED")
    problem(admin.delete("/v1/keys/none"), 404, "NOT_FOUND")


def test_keys_need_an_admin(new_client: NewClient) -> None:
    """NA-60: another key may not even list them."""
    client = new_client("enterprise")
    for answer in (
        client.get("/v1/keys"),
        client.post("/v1/keys", json={"name": "a"}),
        client.delete("/v1/keys/x"),
    ):
        problem(answer, 403, "FORBIDDEN")


def test_wrong_keys(new_client: NewClient) -> None:
    """NA-71: what can't be is told with its pointer."""
    admin = new_client("enterprise", "--admin")
    for asked, pointer in (
        ({"name": "a", "plan": "gold"}, "#/plan"),
        ({"name": "a", "prefix": "Äh"}, "#/prefix"),
        ({"name": "a", "prefix": "sk", "dialect": "filagram"}, "#/prefix"),
        ({"name": "a", "dialect": "Fila gram"}, "#/dialect"),
        ({"name": " "}, "#/name"),
        ({"name": "a\0b"}, "#/name"),
        ({"name": "a", "expiresAt": "2020-01-01T00:00:00Z"}, "#/expiresAt"),
        ({"name": "a", "admin": True}, "#/admin"),
    ):
        assert pointers(problem(admin.post("/v1/keys", json=asked), 422, "INVALID_PARAMETER")) == {pointer}


@pytest.mark.parametrize(
    ("dialect", "pattern", "words"),
    [
        ("filagram", r"sk_live_[A-Za-z0-9]{43}", ()),
        ("filagram", r"sk_test_[A-Za-z0-9]{43}", ("--test",)),
        ("filewhirl", r"ff_live_[A-Za-z0-9]{43}", ()),
        ("filestack", r"A[A-Za-z0-9]{20}z\n[A-Z2-7]{32}", ()),
        ("imgstax", r"ix_live_[A-Za-z0-9]{43}", ("--prefix", "ix")),
    ],
)
def test_forms_of_dialects(planned: LiveServer, dialect: str, pattern: str, words: tuple[str, ...]) -> None:
    """FG-03, FW-03, FS-09, DX-05, DX-15: each dialect's keys have its form, and are unknown to the native API."""
    made = planned.command("keys", "create", "--name", dialect, "--dialect", dialect, *words).stdout
    assert re.fullmatch(pattern, made.strip())
    with planned.client(made.split()[0]) as client:
        problem(client.get("/v1/usage"), 401, "UNAUTHORIZED")
    kept = sqlite3.connect(planned.data / "filemill.db")
    with kept:
        rows = kept.execute("SELECT * FROM keys").fetchall()
    kept.close()
    for secret in made.split():
        assert secret not in str(rows)


def test_domains(planned: LiveServer, new_client: NewClient) -> None:
    """NA-61, IS-32, IS-33: a tenant's own list, capped by its plan, by the API and on the command line."""
    client = new_client("domains", name="domains")
    assert client.get("/v1/domains").json() == {"domains": [], "allowedDomains": 2}
    assert client.put("/v1/domains/Bücher.Example.").status_code == 204
    planned.command("keys", "domains", "add", "--tenant", "domains", "example.com")
    assert client.put("/v1/domains/example.com").status_code == 204
    assert client.get("/v1/domains").json()["domains"] == ["example.com", "xn--bcher-kva.example"]
    assert "allows 2" in problem(client.put("/v1/domains/example.org"), 403, "FORBIDDEN")["detail"]
    with pytest.raises(CalledProcessError) as raised:
        planned.command("keys", "domains", "add", "--tenant", "domains", "example.org")
    assert "allows 2" in raised.value.stderr
    assert client.delete("/v1/domains/BÜCHER.example").status_code == 204
    problem(client.delete("/v1/domains/other.example"), 404, "NOT_FOUND")
    problem(client.put("/v1/domains/192.168.0.1"), 422, "INVALID_PARAMETER")
    assert planned.command("keys", "domains", "list", "--tenant", "domains").stdout.split() == ["example.com"]
    planned.command("keys", "domains", "remove", "--tenant", "domains", "example.com")
    assert client.get("/v1/domains").json()["domains"] == []
    assert new_client("domains").get("/v1/domains").json()["domains"] == []


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "http://example.com", "example.com:80", "example.com/x", "1.2.3.4", "[::1]", "a..b", "*.a.com"],
)
def test_what_is_no_domain(text: str) -> None:
    """IS-32: addresses, URLs, ports and patterns are refused."""
    with pytest.raises(FilemillError, match="is no domain"):
        domain_name(text)


def test_credits(planned: LiveServer, new_client: NewClient) -> None:
    """FW-51: an operator gives credits, and takes back what is there."""
    client = new_client("monthly", name="credits")
    give = ("keys", "credits", "--tenant", "credits", "--add")
    assert planned.command(*give, "7").stdout == "7\n"
    assert planned.command(*give, "-2").stdout == "5\n"
    assert client.get("/v1/usage").json()["credits"] == 5
    for words, said in ((("-6",), "has 5 credits"), (("1", "--tenant", "nobody"), "no key that works")):
        with pytest.raises(CalledProcessError) as raised:
            planned.command(*give, *words)
        assert said in raised.value.stderr


def test_unknown_plan_on_the_command_line(planned: LiveServer) -> None:
    """NA-60: a plan that is not declared makes no key."""
    with pytest.raises(CalledProcessError) as raised:
        planned.command("keys", "create", "--name", "a", "--plan", "singel")
    assert "Did you mean 'single'?" in raised.value.stderr
