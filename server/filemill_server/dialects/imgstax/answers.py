"""What Imgstax answers: a stored result (IX-20), or an error (IX-95…IX-97)."""

from __future__ import annotations

from collections.abc import Mapping

from litestar import Response

from filemill.errors import ErrorCode, FilemillError
from filemill.kinds import Facts
from filemill_server.assets import Asset
from filemill_server.dialects.imgstax.formats import canonical
from filemill_server.services import base_url
from filemill_server.wire import HttpRequest, json_answer

_WORDS = {
    400: ("Invalid Request", "INVALID_REQUEST"),
    401: ("Unauthorized", "UNAUTHORIZED"),
    404: ("Not Found", "NOT_FOUND"),
    416: ("Invalid Request", "INVALID_REQUEST"),
    429: ("Rate Limited", "RATE_LIMITED"),
    500: ("Internal Error", "INTERNAL_ERROR"),
}
_STATUSES = {
    ErrorCode.FORBIDDEN: 401,
    ErrorCode.METHOD_NOT_ALLOWED: 404,
    ErrorCode.QUOTA_EXCEEDED: 429,
}
"""Where the service has not our status; all else below 500 is 400, and above it 500."""


def asset_body(
    request: HttpRequest, asset: Asset, facts: Facts, metadata: Mapping[str, object] | None
) -> dict[str, object]:
    """Describe a stored result."""
    body: dict[str, object] = {
        "assetId": asset.id,
        "url": f"{base_url(request)}/v1/assets/{asset.id}",
        "width": facts.get("width"),
        "height": facts.get("height"),
        "sizeBytes": asset.size,
        "format": canonical(asset.format),
        "mimeType": asset.media_type,
        "expiresAt": asset.expires_at,
    }
    return body if metadata is None else {**body, "metadata": metadata}


def refuse(request: HttpRequest, error: FilemillError) -> Response[bytes]:
    """Answer with an error in the service's own body."""
    own = error.code.status if error.code.status in _WORDS else 400 if error.code.status < 500 else 500
    status = _STATUSES.get(error.code, own)
    short, code = _WORDS[status]
    retry = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return json_answer({"error": short, "message": error.detail, "code": code}, status=status, headers=retry)
