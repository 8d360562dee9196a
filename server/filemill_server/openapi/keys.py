"""The paths of keys, usage and source domains (NA-60, NA-62)."""

from __future__ import annotations

from filemill.errors import ErrorCode
from filemill_server.openapi.responses import Json, Responses
from filemill_server.openapi.schemas import Schemas
from filemill_server.openapi.storage import path_id
from filemill_server.plans.views import DomainList, KeyList, KeyRequest, NewKeyBody, UsageBody

_PLAN_GONE = (ErrorCode.UNAUTHORIZED, ErrorCode.FORBIDDEN)
"""`FORBIDDEN` where the key's plan is declared no more."""


def key_paths(schemas: Schemas, responses: Responses) -> dict[str, Json]:
    """Return the paths of keys, usage and domains."""
    return {
        "/v1/usage": {
            "get": {
                **_about("readUsage", "Show what the key's plan allows and what is used of it."),
                "description": "All keys of one tenant count together; its test keys apart from the others.",
                "responses": {
                    "200": responses.body("Plan, counts, limits and resets.", UsageBody, "Cache-Control"),
                    **responses.problems(_PLAN_GONE),
                },
            }
        },
        "/v1/keys": {
            "get": {
                **_about("listKeys", "List all keys, with an admin key."),
                "responses": {
                    "200": responses.body("All keys, without their secrets.", KeyList, "Cache-Control"),
                    **responses.problems(_PLAN_GONE),
                },
            },
            "post": {
                **_about("addKey", "Make a key, with an admin key."),
                "description": "The answer is the only one that shows it.",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": schemas.ref(KeyRequest)}},
                },
                "responses": {
                    "201": responses.body("The key.", NewKeyBody, "Cache-Control", "Location"),
                    **responses.problems(
                        [
                            ErrorCode.BAD_REQUEST,
                            *_PLAN_GONE,
                            ErrorCode.FILE_TOO_LARGE,
                            ErrorCode.INVALID_PARAMETER,
                        ]
                    ),
                },
            },
        },
        "/v1/keys/{keyId}": {
            "parameters": [path_id("keyId", "Id of a key.")],
            "delete": {
                **_about("revokeKey", "End a key, with an admin key."),
                "responses": {
                    "204": responses.empty("It works no more."),
                    **responses.problems([*_PLAN_GONE, ErrorCode.NOT_FOUND]),
                },
            },
        },
        "/v1/domains": {
            "get": {
                **_about("listDomains", "List the domains that the tenant's sources may come from."),
                "responses": {
                    "200": responses.body("The domains.", DomainList, "Cache-Control"),
                    **responses.problems(_PLAN_GONE),
                },
            }
        },
        "/v1/domains/{domain}": {
            "parameters": [path_id("domain", "A domain, without scheme and port.")],
            "put": {
                **_about("allowDomain", "Allow a domain and its subdomains."),
                "description": "`FORBIDDEN` where the plan allows no more of them.",
                "responses": {
                    "204": responses.empty("It is allowed."),
                    **responses.problems([*_PLAN_GONE, ErrorCode.INVALID_PARAMETER]),
                },
            },
            "delete": {
                **_about("removeDomain", "Allow a domain no more."),
                "responses": {
                    "204": responses.empty("It is removed."),
                    **responses.problems([*_PLAN_GONE, ErrorCode.NOT_FOUND, ErrorCode.INVALID_PARAMETER]),
                },
            },
        },
    }


def _about(operation_id: str, summary: str) -> Json:
    return {"operationId": operation_id, "tags": ["Keys"], "summary": summary}
