"""URLs in answers: absolute, and signed unless the asset is public."""

from __future__ import annotations

import time

from filemill_server.assets import Asset
from filemill_server.services import base_url, services_of
from filemill_server.wire import HttpRequest

UNLIMITED_SECONDS = 30 * 24 * 3600
"""How long the signed URL of an asset without an end works."""


def asset_url(request: HttpRequest, asset: Asset) -> str:
    """Return where an asset's bytes are."""
    url = f"{base_url(request)}/v1/assets/{asset.id}"
    if asset.public:
        return url
    expires = int(asset.expires_at.timestamp()) if asset.expires_at else int(time.time()) + UNLIMITED_SECONDS
    return f"{url}?expires={expires}&signature={services_of(request).signer.sign(asset.id, expires)}"
