"""Whether a URL can be a webhook, told when it is given and not when its job has ended (NA-29)."""

from __future__ import annotations

from ipaddress import ip_address

import httpx

from filemill.errors import FilemillError, invalid
from filemill_server.fetch.addresses import is_listed, is_permitted
from filemill_server.fetch.urls import port_of
from filemill_server.services import Services
from filemill_server.webhooks.delivery import DeliveryPolicy, target

POINTER = "/output/webhook"


async def check_webhook(services: Services, tenant: str, url: str) -> None:
    """Check the URL of a request's `output.webhook`.

    The addresses of a name are looked at when a message is sent, since they may have changed by then.

    Raises:
        FilemillError: `INVALID_PARAMETER`, for what is no https URL, for an address or a port that nothing is
            sent to, and for an endpoint of this tenant that is disabled.
    """
    policy = DeliveryPolicy.of(services.settings)
    try:
        read = target(url, policy)
    except FilemillError as error:
        raise invalid(POINTER, error.detail) from error
    if not _may_lead_somewhere(read, policy):
        raise invalid(POINTER, "The URL leads to an address or a port that this server does not send webhooks to.")
    disabled = await services.webhook_endpoints.find(tenant, url)
    if disabled is not None:
        raise invalid(
            POINTER,
            f"This endpoint answered 410 at {disabled.since:%Y-%m-%dT%H:%M:%SZ} and gets nothing since then;"
            f" POST /v1/webhooks/endpoints/{disabled.id}/enable enables it again.",
        )


def _may_lead_somewhere(url: httpx.URL, policy: DeliveryPolicy) -> bool:
    port_is_open = port_of(url) in policy.allow_ports
    try:
        address = ip_address(url.host)
    except ValueError:
        return port_is_open or bool(policy.allow_networks)
    return is_permitted(address, policy.allow_networks) and (port_is_open or is_listed(address, policy.allow_networks))
