"""What callers are shown of webhooks. JSON is camelCase."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from filemill.choices import Choice


class DeliveryStatus(Choice):
    """How far the delivery of a message is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    DISABLED = "disabled"
    REFUSED = "refused"


class WebhookBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """The message about the end of a job: where it goes and what came of it."""

    url: str
    status: Annotated[
        DeliveryStatus,
        Meta(
            description="`pending`: it is still to be delivered. `exhausted`: the last attempt failed. `disabled`: the"
            " endpoint answered 410. `refused`: nothing is sent to this URL."
        ),
    ]
    attempts: Annotated[int, Meta(ge=0, description="How many were made.")]
    detail: Annotated[str, Meta(description="What came of the last attempt, for people.")] | None
    last_attempt_at: Annotated[datetime, Meta(tz=True)] | None
    next_attempt_at: Annotated[datetime, Meta(tz=True)] | None


class WebhookSecretBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """The secret that signs webhooks."""

    secret: Annotated[str, Meta(description="`whsec_` and base64.", pattern="^whsec_[A-Za-z0-9+/]+={0,2}$")]
    created_at: Annotated[datetime, Meta(tz=True)]
    previous_until: (
        Annotated[datetime, Meta(tz=True, description="Until when the secret before it signs too; `null`: no more.")]
        | None
    )


class DisabledEndpointBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """An endpoint that gets nothing any more."""

    endpoint_id: Annotated[str, Meta(description="Id of the endpoint.", max_length=200)]
    url: str
    since: Annotated[datetime, Meta(tz=True)]
    reason: Annotated[str, Meta(description="For people.")]


class DisabledEndpointList(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of own disabled endpoints, the newest first; `nextCursor` is null on the last page."""

    endpoints: list[DisabledEndpointBody]
    next_cursor: str | None
