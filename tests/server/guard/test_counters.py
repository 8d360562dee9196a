"""Counts of plans in two real server processes over one database, under as many requests as come at once (NA-62)."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import pyvips
from sqlalchemy import create_engine

from filemill_server.database import Database
from filemill_server.database_url import database_url
from filemill_server.keys import Keys
from filemill_server.plans.declared import load_plans
from filemill_server.presence import GRACE_SECONDS
from filemill_server.webhooks.sealing import Purpose, Sealer
from live import LiveServer
from real_parts import PostgresServer
from volleys import Hit, Shot, shot, volley
from watched import eventually

PLANS = """
hundred: {requests_per_month: 100, requests_per_day: 100, requests_per_minute: 100}
paying: {requests_per_month: 5}
domains: {allowed_domains: 5}
"""
PIXEL: bytes = pyvips.Image.black(1, 1).pngsave_buffer()
WORK = ("POST", "/v1/flip", PIXEL)
OTHER_PLUGINS = "archive,media,ocr,office,pdf"
"""Which are not needed here, and take their time at a start."""
JOB = {"Prefer": "respond-async"}
REFUSED_BY_DATABASE = {"Priority": "u=7"}
"""What a job says that `no_urgent_jobs` refuses."""
_FULL = "the disk is full"
_TRIGGERS = {
    "sqlite": (
        f"CREATE TRIGGER refusing BEFORE INSERT ON jobs WHEN NEW.urgency = 7 BEGIN SELECT RAISE(ABORT, '{_FULL}'); END",
    ),
    "postgresql": (
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_FULL}'; END $$",
        "CREATE TRIGGER refusing BEFORE INSERT ON jobs FOR EACH ROW WHEN (NEW.urgency = 7) EXECUTE FUNCTION refuse()",
    ),
}


class Used(NamedTuple):
    """What a key has used; of the minute only where its plan limits that."""

    month: int
    day: int
    minute: int | None


def used_of(server: LiveServer, key: str) -> Used:
    """Ask a server what a key has used."""
    with server.client(key) as client:
        told = client.get("/v1/usage").json()
    return Used(*(told[window]["used"] for window in Used._fields))


@dataclass
class Duo:
    """Two server processes that share a database and a data folder, and run no jobs."""

    servers: tuple[LiveServer, LiveServer]
    url: str

    def start(self) -> None:
        """Start those that do not run."""
        for server in self.servers:
            if server.process is None or server.process.poll() is not None:
                server.start()

    def shots(self, count: int, key: str, method: str, path: str, body: bytes = b"", /, **more: str) -> list[Shot]:
        """Return so many requests with a key, one after another to each server in turn."""
        headers = {"Authorization": f"Bearer {key}", **more}
        return [shot(self.servers[number % 2], method, path, body, **headers) for number in range(count)]

    def used(self, key: str) -> Used:
        """Return what a key has used; both servers say the same."""
        first, second = (used_of(server, key) for server in self.servers)
        assert first == second
        return first

    def execute(self, *statements: str) -> None:
        """Change the database behind their backs."""
        engine = create_engine(database_url(self.url))
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    @contextmanager
    def nobody_counts(self) -> Iterator[None]:
        """Have all that would count wait for the time of a `with` block."""
        locking = "LOCK TABLE usage IN EXCLUSIVE MODE" if "postgresql" in self.url else "BEGIN IMMEDIATE"
        engine = create_engine(database_url(self.url))
        with engine.connect() as connection:
            connection.exec_driver_sql(locking)
            yield
        engine.dispose()

    @contextmanager
    def no_urgent_jobs(self) -> Iterator[None]:
        """Have the database refuse jobs with `Priority: u=7`."""
        kind = self.url.partition(":")[0]
        self.execute(*_TRIGGERS[kind])
        try:
            yield
        finally:
            on, after = ("", []) if kind == "sqlite" else (" ON jobs", ["DROP FUNCTION refuse"])
            self.execute(f"DROP TRIGGER refusing{on}", *after)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lasting_duo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Duo]:
    """Two servers on a database of each kind."""
    folder = tmp_path_factory.mktemp("duo")
    plans = folder / "plans.yaml"
    plans.write_text(PLANS)
    settings = {
        "FILEMILL_PLANS_FILE": str(plans),
        "FILEMILL_WORKERS": "1",
        "FILEMILL_QUEUE": "1000",
        "FILEMILL_BLOCKED_PLUGINS": OTHER_PLUGINS,
    }
    url = f"sqlite:///{folder / 'data' / 'filemill.db'}"
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = settings["FILEMILL_DATABASE_URL"] = postgres.new_schema()
    first, second = (LiveServer(folder / "data", dict(settings), ("serve", "--no-jobs")) for _ in range(2))
    first.start()
    second.key = first.key
    duo = Duo((first, second), url)
    try:
        duo.start()
        yield duo
    finally:
        for server in duo.servers:
            server.stop()


@pytest.fixture
def duo(lasting_duo: Duo) -> Duo:
    """The two, both of which run."""
    lasting_duo.start()
    return lasting_duo


NewKey = Callable[..., str]


@pytest.fixture
def new_key(duo: Duo, request: pytest.FixtureRequest) -> NewKey:
    """Makes a key of a plan; its tenant is that of the test, or has a name."""
    plans = load_plans(Path(duo.servers[0].settings["FILEMILL_PLANS_FILE"]))

    def make(plan: str, name: str = "", dialect: str | None = None) -> str:
        database = Database(duo.url)
        sealer = Sealer((duo.servers[0].data / "secret").read_bytes(), Purpose.APP)
        made = Keys(database, plans, sealer).create(name=name or request.node.name, plan=plan, dialect=dialect)
        _, secret = asyncio.run(made)
        database.close()
        return secret

    return make


def statuses(hits: Sequence[Hit | None]) -> Counter[int]:
    """Count answers by their statuses; all requests have one."""
    return Counter(hit.status for hit in hits if hit is not None) + Counter({0: hits.count(None)})


def test_a_thousand_requests_for_a_hundred_units(duo: Duo, new_key: NewKey) -> None:
    """NA-62, NC-03: exactly a hundred get through, the others are told when there is more, and the counts say so."""
    key = new_key("hundred")
    began = time.monotonic()
    hits = volley(duo.shots(1000, key, *WORK))
    found = statuses(hits)
    # A database that a busy machine keeps from answering for ten seconds is a 503, and takes no unit either.
    assert (found[200], found[429] + found[503]) == (100, 900), found
    assert found[429] > found[503]
    for hit in hits:
        assert hit is not None
        if hit.status != 200:
            assert int(hit.headers["retry-after"]) >= 1
            assert hit.json()["code"] == ("RATE_LIMITED" if hit.status == 429 else "OVERLOADED")
    month, day, minute = duo.used(key)
    assert (month, day) == (100, 100)
    assert minute == 100 or time.monotonic() - began > 60  # then the first of them have left it


def test_credits(duo: Duo, new_key: NewKey) -> None:
    """FW-51, FW-55: no credit is spent twice, and none is left while a request is refused."""
    key = new_key("paying", "payer", dialect="filewhirl")
    told = new_key("paying", "payer")
    duo.execute("INSERT INTO credits (tenant, balance) VALUES ('payer', 15)")
    form = (
        b'--b\r\nContent-Disposition: form-data; name="to"\r\n\r\njpg\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PIXEL + b"\r\n--b--\r\n"
    )
    asked = ("POST", "/filewhirl/convert-api", form)
    kind = {"X-API-Key": key, "Content-Type": "multipart/form-data; boundary=b"}
    hits = volley(duo.shots(60, key, *asked, **kind))
    assert statuses(hits) == {202: 20, 402: 40}
    assert Counter(hit.json()["billing"] for hit in hits if hit and hit.status == 202) == {"plan": 5, "credits": 15}
    assert duo.used(told)[:2] == (5, 20)
    with duo.servers[0].client(told) as client:
        assert client.get("/v1/usage").json()["credits"] == 0


def test_source_domains(duo: Duo, new_key: NewKey) -> None:
    """NA-61, IS-33: of more domains at once than the plan allows, exactly as many are set."""
    key = new_key("domains")
    shots = [one for n in range(30) for one in duo.shots(2, key, "PUT", f"/v1/domains/a{n}.example.com")[n % 2 :][:1]]
    assert statuses(volley(shots)) == {204: 5, 403: 25}
    with duo.servers[0].client(key) as client:
        assert len(client.get("/v1/domains").json()["domains"]) == 5


def test_what_is_not_worked_for_is_given_back(duo: Duo, new_key: NewKey) -> None:
    """FG-53: of requests at once, 2xx and 422 are counted and nothing else, to the unit."""
    key = new_key("hundred")
    asked: list[tuple[str, str, bytes]] = [
        WORK,
        ("POST", "/v1/resize?width=0", PIXEL),
        ("POST", "/v1/flip", b"no picture"),
        ("POST", "/v1/packs/no", b""),
    ]
    shots = [one for what in asked for one in duo.shots(16, key, *what)]
    assert statuses(volley(shots)) == {200: 16, 422: 16, 415: 16, 404: 16}
    assert duo.used(key) == (32, 32, 32)


def test_refund_of_what_could_not_be_enqueued(duo: Duo, new_key: NewKey) -> None:
    """FW-52: where the database refuses a job, its unit is back, all of a batch's are, and no other one is."""
    key, unlimited = new_key("hundred"), new_key("enterprise", "unlimited")
    steps = (
        b'{"steps": [{"op": "flip"}], "sources": '
        b'[{"url": "http://a.example"}, {"url": "http://b.example"}, {"url": "http://c.example"}]}'
    )
    kind = {"Content-Type": "application/json"}
    with duo.no_urgent_jobs():
        hits = volley(
            [
                *duo.shots(20, key, *WORK, **JOB),
                *duo.shots(40, key, *WORK, **JOB, **REFUSED_BY_DATABASE),
                *duo.shots(4, key, "POST", "/v1/batches", steps, **kind),
                *duo.shots(8, key, "POST", "/v1/batches", steps, **kind, **REFUSED_BY_DATABASE),
                *duo.shots(20, unlimited, *WORK, **JOB),
                *duo.shots(20, unlimited, *WORK, **JOB, **REFUSED_BY_DATABASE),
            ]
        )
    by_kind = [statuses(hits[start:end]) for start, end in ((0, 20), (20, 60), (60, 64), (64, 72), (72, 92), (92, 112))]
    assert by_kind == [{202: 20}, {500: 40}, {202: 4}, {500: 8}, {202: 20}, {500: 20}]
    assert duo.used(key) == (32, 32, 32)
    for server in duo.servers:  # nobody waited for the counts of what nothing limits: each writes its own when asked
        used_of(server, unlimited)
    assert duo.used(unlimited) == (20, 20, None)
    assert statuses(volley(duo.shots(2, key, *WORK, **JOB, **REFUSED_BY_DATABASE))) == {202: 2}


def test_refund_while_the_store_is_away(duo: Duo, new_key: NewKey) -> None:
    """FW-52: a job whose file can't be kept is no job, and its unit is back."""
    key = new_key("hundred")
    files = duo.servers[0].data / "files"
    files.rename(files.with_name("away"))
    files.touch()
    try:
        assert statuses(volley(duo.shots(20, key, *WORK, **JOB))).keys() <= {500, 503}
        assert duo.used(key) == (0, 0, 0)
    finally:
        files.unlink()
        files.with_name("away").rename(files)
    assert statuses(volley(duo.shots(2, key, *WORK, **JOB))) == {202: 2}
    assert duo.used(key) == (2, 2, 2)


def test_client_that_hangs_up_while_it_is_counted(duo: Duo, new_key: NewKey) -> None:
    """FG-53: a unit that is taken after its client has gone is given back, in the one dialect that stops such work."""
    key, told = new_key("hundred", "leaving", "filestack"), new_key("hundred", "leaving")
    (stored,) = volley([shot(duo.servers[0], "POST", f"/filestack/api/store/S3?key={key}", PIXEL)])
    assert stored is not None
    path = f"/filestack/cdn/{key}/cache=false/rotate=deg:90/{stored.json()['handle']}"
    with duo.nobody_counts():
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{duo.servers[0].address}{path}", timeout=1)
        time.sleep(2 * GRACE_SECONDS)
    # It was counted before this one is.
    assert statuses(volley([shot(duo.servers[0], "GET", path)])) == {200: 1}
    assert eventually(lambda: used_of(duo.servers[0], told).month == 2)


def test_killed_between_counting_and_answering(duo: Duo, new_key: NewKey) -> None:
    """NA-62: no count of a limited plan is lost by a kill; what was not answered may have been counted, no more."""
    key = new_key("hundred")
    first, second = duo.servers
    answers = 0

    def kill(hit: Hit) -> None:
        nonlocal answers
        answers += 1
        if answers == 10:
            second.kill()

    hits = volley([shot(second, *WORK, Authorization=f"Bearer {key}") for _ in range(40)], kill)
    lost = hits.count(None)
    assert lost > 0, "it was killed with requests at work"
    assert statuses(hits)[200] <= used_of(first, key).month <= 40
    hits += volley([shot(first, *WORK, Authorization=f"Bearer {key}") for _ in range(110)])
    assert used_of(first, key)[:2] == (100, 100)
    assert 100 - lost <= statuses(hits)[200] <= 100
