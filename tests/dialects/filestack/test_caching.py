"""Results are made once: caching headers, coalescing, and what ends a result."""

from __future__ import annotations

import asyncio
import re
import time

import httpx
import pytest

from filestack_client import Filestack, picture
from filestack_delivery import refused_delivery, worker_tasks
from live import size_of

BROWSER = "image/avif,image/webp,image/apng,*/*;q=0.8"


def overwrite(client: Filestack, handle: str, data: bytes) -> None:
    """Give a file other bytes."""
    sent = client.http.post(client.file(handle), params=client.sign("write").query, content=data)
    assert sent.status_code == 200, sent.text


def test_a_hit_costs_no_worker(filestack: Filestack) -> None:
    """FS-51: the second request for a result has the same bytes, and no worker is asked."""
    url = f"{filestack.cdn}/resize=width:21/{filestack.store(picture())['handle']}"
    before = worker_tasks(filestack.server)
    first = filestack.http.get(url)
    assert first.status_code == 200, first.text
    assert worker_tasks(filestack.server) == before + 1
    for _ in range(3):
        assert filestack.http.get(url).content == first.content
    keyed = url.replace("/cdn/", f"/cdn/{filestack.key}/")
    assert filestack.http.get(keyed).content == first.content
    assert worker_tasks(filestack.server) == before + 1


def test_asked_by_many_at_once_it_is_made_once(filestack: Filestack) -> None:
    """FS-51: a hundred clients at once get the same bytes of one task."""
    url = f"{filestack.cdn}/resize=width:700/blur=amount:9/{filestack.store(picture(1500, 1500))['handle']}"
    before = worker_tasks(filestack.server)

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            return await asyncio.gather(*(client.get(url) for _ in range(100)))

    answers = asyncio.run(ask())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert worker_tasks(filestack.server) == before + 1


def test_who_leaves_takes_it_from_nobody(filestack: Filestack) -> None:
    """FS-51: the client for whom it was begun goes; the one who came after gets it, made once."""
    handle = filestack.store(picture(3000, 3000))["handle"]
    url = f"{filestack.cdn}/blur=amount:20/resize=width:2999/output=format:webp/{handle}"
    before = worker_tasks(filestack.server)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(timeout=60) as one, httpx.AsyncClient(timeout=60) as other:
            leaving = asyncio.create_task(one.get(url))
            await asyncio.sleep(0.2)
            staying = asyncio.create_task(other.get(url))
            await asyncio.sleep(0.1)
            leaving.cancel()
            return await staying

    answer = asyncio.run(ask())
    assert answer.status_code == 200, answer.text
    assert worker_tasks(filestack.server) == before + 1


def test_overwriting_the_source_drops_its_results(filestack: Filestack) -> None:
    """FS-29, FS-51: at once, also where the result was just given."""
    handle = filestack.store(picture(colour=(200, 40, 40)))["handle"]
    url = f"{filestack.cdn}/resize=width:10/{handle}"
    before = filestack.http.get(url)
    overwrite(filestack, handle, picture(100, 10))
    after = filestack.http.get(url)
    assert (size_of(before.content), size_of(after.content)) == ((10, 8), (10, 1))
    assert before.headers["etag"] != after.headers["etag"]
    assert size_of(filestack.http.get(f"{filestack.cdn}/{handle}").content) == (100, 10)


def test_deleting_the_source_ends_its_results(filestack: Filestack) -> None:
    """FS-33, FS-51: at once, the file and what was made of it."""
    handle = filestack.store(picture())["handle"]
    urls = [f"{filestack.cdn}/{handle}", f"{filestack.cdn}/flip/{handle}", f"{filestack.cdn}/imagesize/{handle}"]
    for url in urls:
        assert filestack.http.get(url).status_code == 200
    assert filestack.delete(handle).status_code == 200
    for url in urls:
        refused_delivery(filestack.http.get(url), 404)


def test_overwriting_a_watermark_drops_what_shows_it(filestack: Filestack) -> None:
    """FS-51, FS-68: the file that a task names goes into the result as well."""
    handle, mark = (filestack.store(picture(colour=colour))["handle"] for colour in ((200, 0, 0), (0, 0, 200)))
    url = f"{filestack.cdn}/watermark=file:{mark},size:50/{handle}"
    before = filestack.http.get(url)
    assert before.status_code == 200, before.text
    overwrite(filestack, mark, picture(colour=(0, 200, 0)))
    after = filestack.http.get(url)
    assert after.status_code == 200
    assert before.content != after.content


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("cache=expiry:60", "public, max-age=60"),
        ("cache=expiry:max", "public, max-age=31536000"),
        ("cache=expiry:0", "public, max-age=0"),
        ("cache=false", "no-store"),
    ],
)
def test_the_task_cache(filestack: Filestack, task: str, said: str) -> None:
    """FS-51: seconds, a year, or not at all; of a result and of a file as it is."""
    handle = filestack.store(picture())["handle"]
    for url in (f"{filestack.cdn}/flip/{task}/{handle}", f"{filestack.cdn}/{task}/{handle}"):
        answer = filestack.http.get(url)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, said)
        assert size_of(answer.content) == (64, 48)
        assert answer.headers["content-length"] == str(len(answer.content))


def test_a_result_ends(filestack: Filestack) -> None:
    """FS-51: after the seconds of `cache` it is made anew."""
    url = f"{filestack.cdn}/cache=expiry:1/flop/{filestack.store(picture())['handle']}"
    before = worker_tasks(filestack.server)
    assert filestack.http.get(url).status_code == 200
    time.sleep(2.2)  # whole seconds, and one that is believed
    assert filestack.http.get(url).status_code == 200
    assert worker_tasks(filestack.server) == before + 2


def test_without_cache_it_is_made_again(filestack: Filestack) -> None:
    """FS-51: `cache=false` recomputes, and does not use what is kept."""
    url = f"{filestack.cdn}/cache=false/flop/{filestack.store(picture())['handle']}"
    before = worker_tasks(filestack.server)
    assert filestack.http.get(url).content == filestack.http.get(url).content
    assert worker_tasks(filestack.server) == before + 2


def test_what_a_signature_was_needed_for_is_private(filestack: Filestack) -> None:
    """FS-49, FS-51, FS-121: by the task, with either of its spellings, and by the query."""
    handle = filestack.store(picture())["handle"]
    policy, signature = filestack.sign(["read", "convert"])
    for path, query in (
        (f"flip/security=policy:{policy},signature:{signature}/{handle}", {}),
        (f"security=p:{policy},s:{signature}/flip/{handle}", {}),
        (f"flip/{handle}", {"policy": policy, "signature": signature}),
        (handle, {"policy": policy, "signature": signature}),
    ):
        for _ in range(2):
            answer = filestack.http.get(f"{filestack.cdn}/{path}", params=query)
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "private, max-age=2592000"


def test_an_answer_is_not_held_beyond_its_policy(filestack: Filestack) -> None:
    """FS-122, FS-125: the moment a policy ends it gives nothing, however often it was used before."""
    handle = filestack.store(picture())["handle"]
    url = f"{filestack.cdn}/flip/{handle}"
    query = filestack.sign("convert", expires_in=3).query
    answer = filestack.http.get(url, params=query)
    assert answer.status_code == 200
    for _ in range(60):
        answer = filestack.http.get(url, params=query)
        if answer.status_code != 200:
            break
        time.sleep(0.1)
    refused_delivery(answer, 403, "expired")


def test_auto_image(filestack: Filestack) -> None:
    """FS-73: the best format that `Accept` names, told by `Vary`; without one the format stays."""
    url = f"{filestack.cdn}/auto_image/resize=width:30/{filestack.store(picture())['handle']}"
    for accept, media_type in (
        ("image/webp", "image/webp"),
        ("*/*", "image/png"),
        (BROWSER, "image/avif"),
        ("image/webp", "image/webp"),
    ):
        answer = filestack.http.get(url, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type), answer.text
        assert "Accept" in re.split(r",\s*", answer.headers["vary"])
    plain = filestack.http.get(f"{filestack.cdn}/auto_image/{filestack.store(picture())['handle']}")
    assert (plain.content, plain.headers["vary"]) == (picture(), "Accept")
    fixed = filestack.http.get(url.replace("/auto_image", ""))
    assert "Accept" not in re.split(r",\s*", fixed.headers.get("vary", ""))


def test_a_computed_result_costs_a_unit_and_a_hit_none(filestack: Filestack) -> None:
    """FS-183: what is left of the plan goes down by what was computed; a mistake and a hit cost nothing."""
    with Filestack(filestack.server, "metered", plan="pro") as client:
        handle = client.store(picture())["handle"]

        def left(path: str, status: int = 200) -> int:
            answer = client.http.get(f"{client.cdn}/{path}")
            assert answer.status_code == status, answer.text
            for name in ("filestack-limit", "filestack-reset"):
                assert int(answer.headers[name]) > 0
            return int(answer.headers["filestack-remaining"])

        before = left(handle)
        assert left(handle) == before
        assert left(f"flip/{handle}") == before - 1
        assert left(f"flip/{handle}") == before - 1
        assert left(f"{client.key}/flip/{handle}") == before - 1
        assert left(f"pdfinfo/{handle}", 400) == before - 1
        assert left(f"flop/{handle}") == before - 2
