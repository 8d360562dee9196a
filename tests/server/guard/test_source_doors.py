"""Every way that a URL comes into the server: none of the table leads anywhere through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import select

from closed_network import ALLOWED, OUTSIDE, closed_network, outside, page, redirect
from filemill.errors import ErrorCode
from filemill_server.app import create_app
from filemill_server.services import Services
from filemill_server.settings import load_settings, server_secret
from filemill_server.tables import app_events
from filemill_server.webhooks.app_webhooks import AppWebhooks
from filemill_server.webhooks.sealing import Sealer
from source_doors import AT_ONCE, FLIP, LATER, PICTURE, Door, Inside, imgsmaller, store
from source_urls import SOURCE_URLS
from watched import eventually

pytestmark = pytest.mark.filterwarnings("ignore:.*declared using deprecated inferred")

DIALECTS = ("imgstax", "imgsmaller", "filewhirl", "filestack")
ONE_OF_EACH = [next(rows) for _, rows in groupby(SOURCE_URLS, key=lambda row: row.group)]
"""A URL of every class: that each spelling is refused is shown of the fetch, that a door leads to it by these."""
ALLOWED_DOMAIN = "of your allowed domains"
REFUSAL = "leads to an address that this server does not connect to"


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """A server in this process, on the closed network, that may fetch from the server outside only."""
    with closed_network() as network:
        settings = load_settings(
            {
                "FILEMILL_DATA_DIR": str(tmp_path_factory.mktemp("inside")),
                "FILEMILL_WORKERS": "1",
                "FILEMILL_FETCH_ALLOW_NETWORKS": ALLOWED,
                "FILEMILL_FETCH_ALLOW_PORTS": str(network.port),
                "FILEMILL_WEBHOOK_ALLOW_HTTP": "true",
            }
        )
        with TestClient(create_app(settings)) as http, http.portal() as portal:
            services: Services = http.app.state.services
            create: Callable[..., Any] = services.keys.create
            keys = {"": portal.call(partial(create, name="own"))[1]}
            for dialect in DIALECTS:
                key, keys[dialect] = portal.call(partial(create, name=dialect, dialect=dialect))
            for domain in ("outside.test", "google.internal", "nip.test"):
                portal.call(services.domains.add, "imgsmaller", domain, services.plans["enterprise"])
            assert services.jobs.dispatcher is not None
            portal.call(services.jobs.dispatcher.start)
            yield Inside(http, network, keys, services.keys.app_secret(key) or "")


@pytest.mark.parametrize("door", [*AT_ONCE, *LATER], ids=lambda door: door.__name__)
def test_no_door_leads_there(inside: Inside, door: Door) -> None:
    """Each class is refused with a client's error, by redirect too, and nobody but the server outside is asked."""
    wrong = []
    inside.network.forget()
    inside.network.answers["outside.test"] = iter([[OUTSIDE]] * 9)
    there = {"/photo.jpg": page(PICTURE), "/a": redirect("http://169.254.169.254/"), "/b": redirect("http://localhost")}
    with outside(there) as origin:
        url = origin.replace(OUTSIDE, "outside.test")
        status, text = door(inside, f"{url}/photo.jpg")
        assert status == 200, text  # this is how far it leads
        for path in ("/a", "/b"):
            status, text = door(inside, url + path)
            assert ("sources may not come from" if door is imgsmaller else REFUSAL) in text, text
        assert set(inside.network.dialled) == {OUTSIDE}
    inside.network.forget()
    for row in ONE_OF_EACH if door in AT_ONCE else ONE_OF_EACH[::4]:
        status, text = door(inside, row.url.replace("{p}", str(inside.network.port)))
        said = "" if row.code is ErrorCode.INVALID_PARAMETER else REFUSAL
        if door is imgsmaller and said:
            said = ALLOWED_DOMAIN
        if not 400 <= status < 500 or said not in text:
            wrong.append((row.group, row.url, status, text))
    assert not wrong, wrong
    assert (inside.network.arrived, inside.network.dialled) == ([], [])


def test_no_allowed_domain_leads_there(inside: Inside) -> None:
    """ImgSmaller: a domain that the account allows is allowed where it leads to a public address."""
    inside.network.forget()
    for host in ("metadata.google.internal", "127.0.0.1.nip.test", "METADATA.Google.Internal."):
        status, text = imgsmaller(inside, f"http://{host}:{inside.network.port}/")
        assert (status, REFUSAL in text) == (400, True), text
    assert (inside.network.arrived, inside.network.dialled) == ([], [])


def test_no_part_of_a_batch_leads_there(inside: Inside) -> None:
    """A batch of all classes and one good source: each part has its own refusal."""
    inside.network.forget()
    urls = [row.url.replace("{p}", str(inside.network.port)) for row in ONE_OF_EACH]
    body = {"sources": [{"uploadId": inside.kept}, *({"url": url} for url in urls)], "steps": [FLIP]}
    answer = inside.send("/v1/batches", body)
    _, text = inside.ended(answer)
    found = inside.http.get(f"{answer.headers['location']}/parts?limit=100", headers={"X-API-Key": inside.keys[""]})
    parts = found.json()["parts"]
    codes = [(part.get("error") or {}).get("code") for part in parts]
    assert codes == [None, *(row.code.name for row in ONE_OF_EACH)], text
    assert (inside.network.arrived, inside.network.dialled) == ([], [])


def test_no_webhook_is_taken_or_sent(inside: Inside) -> None:
    """An address is refused with the request; what a name leads to, when the message is to be sent."""
    inside.network.forget()
    accepted = []
    for row in ONE_OF_EACH:
        url = row.url.replace("{p}", str(inside.network.port))
        answer = inside.send("/v1/flip", {"source": {"uploadId": inside.kept}, "output": {"webhook": url}})
        if answer.status_code == 422:
            assert [error["pointer"] for error in answer.json()["errors"]] == ["#/output/webhook"], answer.text
            continue
        assert inside.ended(answer)[0] == 200
        accepted.append(row.group)
    assert accepted == ["metadata by name", "names", "IDN"]
    assert eventually(lambda: len(inside.network.looked_up) >= len(accepted))
    assert (inside.network.arrived, inside.network.dialled) == ([], [])


def test_no_event_of_an_app_is_sent(inside: Inside) -> None:
    """A webhook of an app is checked again with every event, whatever was set."""
    inside.network.forget()
    services: Services = inside.http.app.state.services
    webhooks = AppWebhooks(services.database, Sealer(server_secret(services.settings).current))
    rows = [row for row in ONE_OF_EACH[::4] if "\x00" not in row.url]
    with inside.http.portal() as portal, outside({"/photo.jpg": page(PICTURE)}) as origin:
        for row in rows:
            portal.call(webhooks.add, "filestack", row.url.replace("{p}", str(inside.network.port)))
        assert store(inside, f"{origin}/photo.jpg")[0] == 200

        def ended() -> bool:
            query = select(app_events.c.status)
            states = portal.call(services.database.read, lambda c: c.execute(query).scalars().all())
            return states == ["refused"] * len(rows)

        assert eventually(ended, 60)
    assert (inside.network.arrived, inside.network.dialled) == ([], [OUTSIDE])
