"""URLs that are given out: absolute, and signed unless the asset is public."""

from __future__ import annotations

import time

from filemill_server.assets import Asset
from filemill_server.signing import Signer, Use

UNLIMITED_SECONDS = 30 * 24 * 3600
"""How long the signed URL of an asset without an end works."""


def asset_url(signer: Signer, base: str, asset: Asset) -> str:
    """Return where an asset's bytes are; `base` is the public origin."""
    url = f"{base}/v1/assets/{asset.id}"
    if asset.public:
        return url
    expires = int(asset.expires_at.timestamp()) if asset.expires_at else int(time.time()) + UNLIMITED_SECONDS
    return signed_asset_url(signer, base, asset.id, expires)


def signed_asset_url(signer: Signer, base: str, asset_id: str, expires: int) -> str:
    """Return where an asset's bytes are until a moment, Unix seconds."""
    return f"{base}/v1/assets/{asset_id}?expires={expires}&signature={signer.sign(asset_id, expires)}"


def signed_upload_url(signer: Signer, base: str, key_id: str, expires: int) -> str:
    """Return where files can be sent on behalf of a key until a moment, Unix seconds."""
    signature = signer.sign(key_id, expires, Use.UPLOAD)
    return f"{base}/v1/uploads?key={key_id}&expires={expires}&signature={signature}"
