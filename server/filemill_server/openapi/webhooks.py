"""The paths of webhooks (NC-08)."""

from __future__ import annotations

from filemill.errors import ErrorCode
from filemill_server.openapi.responses import Json, Responses
from filemill_server.openapi.storage import path_id
from filemill_server.webhooks.views import DisabledEndpointList, WebhookSecretBody


def webhook_paths(responses: Responses) -> dict[str, Json]:
    """Return the paths of webhooks."""
    secret = responses.body("The secret.", WebhookSecretBody, "Cache-Control")
    cursor = {
        "name": "cursor",
        "in": "query",
        "description": "`nextCursor` of the page before.",
        "schema": {"type": "string", "maxLength": 200},
    }
    return {
        "/v1/webhooks/secret": {
            "get": {
                **_about("readWebhookSecret", "Show the secret that signs webhooks."),
                "description": "All keys of one tenant have the same. The first time it is made.",
                "responses": {"200": secret, **responses.problems([ErrorCode.UNAUTHORIZED])},
            }
        },
        "/v1/webhooks/secret/rotate": {
            "post": {
                **_about("rotateWebhookSecret", "Make a new secret."),
                "description": "For 24 hours every message carries two signatures, the second by the secret before."
                " A secret that was before that one signs no more.",
                "responses": {"200": secret, **responses.problems([ErrorCode.UNAUTHORIZED])},
            }
        },
        "/v1/webhooks/endpoints": {
            "get": {
                **_about("listDisabledEndpoints", "List own endpoints that answered 410, the newest first."),
                "description": "Nothing is sent to them, and no request may name them, until they are enabled again.",
                "parameters": [cursor],
                "responses": {
                    "200": responses.body("A page of endpoints.", DisabledEndpointList, "Link"),
                    **responses.problems([ErrorCode.UNAUTHORIZED, ErrorCode.INVALID_PARAMETER]),
                },
            }
        },
        "/v1/webhooks/endpoints/{endpointId}/enable": {
            "parameters": [path_id("endpointId", "Id of a disabled endpoint.")],
            "post": {
                **_about("enableEndpoint", "Send to an endpoint again."),
                "responses": {
                    "204": responses.empty("It is enabled."),
                    **responses.problems([ErrorCode.UNAUTHORIZED, ErrorCode.NOT_FOUND]),
                },
            },
        },
    }


def _about(operation_id: str, summary: str) -> Json:
    return {"operationId": operation_id, "tags": ["Webhooks"], "summary": summary}
