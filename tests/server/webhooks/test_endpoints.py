"""Which URLs can be webhooks: told when a request names them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from filemill.errors import ErrorCode, FilemillError
from filemill_server.services import Services
from filemill_server.settings.declared import Settings
from filemill_server.webhooks.checks import check_webhook
from filemill_server.webhooks.endpoints import DisabledEndpoints

pytestmark = pytest.mark.anyio
URL = "https://hooks.example/a?b=c"
LOCAL = {"fetch_allow_networks": ("10.1.0.0/16",), "webhook_allow_http": True}


async def check(endpoints: DisabledEndpoints, url: str, **settings: Any) -> None:
    """Check a URL for the tenant `shop`."""
    services = SimpleNamespace(settings=Settings(**settings), webhook_endpoints=endpoints)
    await check_webhook(cast(Services, services), "shop", url)


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        (URL, {}),
        ("https://8.8.8.8/", {}),
        ("https://[2606:4700::1111]/", {}),
        ("https://10.1.2.3:8443/", LOCAL),
        ("http://hooks.example:8080/", LOCAL),
    ],
)
async def test_taken(endpoints: DisabledEndpoints, url: str, settings: dict[str, Any]) -> None:
    """NA-29: an https URL to a public address; others where the operator allows them."""
    await check(endpoints, url, **settings)


@pytest.mark.parametrize(
    ("url", "settings", "told"),
    [
        ("http://hooks.example/", {}, "must begin with https://"),
        ("ftp://hooks.example/", {}, "must begin with"),
        ("hooks.example", {}, "must begin with"),
        ("https://user:secret@hooks.example/", {}, "user name"),
        ("https://2130706433/", {}, "four decimal numbers"),
        ("https://127.0.0.1/", {}, "does not send webhooks to"),
        ("https://169.254.169.254/latest/", {}, "does not send webhooks to"),
        ("https://[::ffff:10.0.0.1]/", {}, "does not send webhooks to"),
        ("https://[64:ff9b::a9fe:a9fe]/", {}, "does not send webhooks to"),
        ("https://8.8.8.8:22/", {}, "does not send webhooks to"),
        ("https://8.8.8.8:22/", LOCAL, "does not send webhooks to"),
        ("https://hooks.example:6379/", {}, "does not send webhooks to"),
        ("https://10.2.0.1/", LOCAL, "does not send webhooks to"),
    ],
)
async def test_refused(endpoints: DisabledEndpoints, url: str, settings: dict[str, Any], told: str) -> None:
    """NA-29, NA-71: whatever nothing is sent to is refused at once, with a pointer."""
    with pytest.raises(FilemillError, match=told) as caught:
        await check(endpoints, url, **settings)
    assert (caught.value.code, caught.value.faults[0].pointer) == (ErrorCode.INVALID_PARAMETER, "/output/webhook")


async def test_disabled(endpoints: DisabledEndpoints) -> None:
    """NC-08: an endpoint that answered 410 is refused, however its host is spelt, until it is enabled again."""
    await endpoints.disable("shop", URL, "gone")
    await endpoints.disable("shop", URL, "gone again")
    await endpoints.disable("other", "https://hooks.example/other", "gone")
    for spelt in (URL, "https://HOOKS.example:443/a?b=c#x"):
        with pytest.raises(FilemillError, match=r"answered 410 at .*/enable enables it again") as caught:
            await check(endpoints, spelt)
        assert caught.value.faults[0].pointer == "/output/webhook"
    for fine in ("https://hooks.example/other", "https://hooks.example/a?b=d"):
        await check(endpoints, fine)
    ([found], after) = await endpoints.list("shop", None, 10)
    assert (found.url, found.reason, after) == (URL, "gone", None)
    assert not await endpoints.enable("other", found.id)
    assert not await endpoints.enable("shop", "\0")
    assert await endpoints.enable("shop", found.id)
    assert not await endpoints.enable("shop", found.id)
    await check(endpoints, URL)


async def test_pages(endpoints: DisabledEndpoints) -> None:
    """NC-15: a long list comes in pages, without a gap or a repetition."""
    urls = [f"https://hooks.example/{number}" for number in range(5)]
    for url in urls:
        await endpoints.disable("shop", url, "gone")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page, cursor = await endpoints.list("shop", cursor, 2)
        seen += [endpoint.url for endpoint in page]
        if cursor is None:
            break
    assert seen == urls[::-1]
