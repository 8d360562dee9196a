"""URLs in answers: absolute, and signed unless the asset is public."""

from __future__ import annotations

import time

from filemill_server.assets import Asset
from filemill_server.signing import Signer

UNLIMITED_SECONDS = 30 * 24 * 3600
"""How long the signed URL of an asset without an end works."""


def asset_url(signer: Signer, base: str, asset: Asset) -> str:
    """Return where an asset's bytes are; `base` is the public origin."""
    url = f"{base}/v1/assets/{asset.id}"
    if asset.public:
        return url
    expires = int(asset.expires_at.timestamp()) if asset.expires_at else int(time.time()) + UNLIMITED_SECONDS
    return f"{url}?expires={expires}&signature={signer.sign(asset.id, expires)}"
