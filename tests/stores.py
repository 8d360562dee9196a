"""The store of nodes over S3, as the tests look into it."""

from __future__ import annotations

from collections.abc import Mapping

from obstore.store import S3Store

import swift_node


def store_of(shared: Mapping[str, str]) -> S3Store:
    """Return the store of nodes over S3."""
    bucket, _, prefix = shared["FILEMILL_STORAGE_URL"].removeprefix("s3://").partition("/")
    return S3Store(
        bucket,
        prefix=prefix,
        endpoint=shared["AWS_ENDPOINT_URL"],
        access_key_id=swift_node.ACCESS_KEY,
        secret_access_key=swift_node.SECRET_KEY,
        region=swift_node.REGION,
        client_options={"allow_http": True},
    )
