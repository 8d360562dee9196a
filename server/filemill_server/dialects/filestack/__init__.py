"""The dialect of Filestack: its URLs, policies, signatures and tasks."""

from __future__ import annotations

from filemill_server.dialects.dialect import Dialect
from filemill_server.dialects.filestack import delivery, files, multipart, process, store, urls
from filemill_server.dialects.filestack.apps import NAME, key_sent
from filemill_server.dialects.filestack.refusals import QUOTA_HEADERS, refuse, tell_quota

__all__ = ["FILESTACK"]

FILESTACK = Dialect(
    name=NAME,
    routes=[*files.ROUTES, *store.ROUTES, *multipart.ROUTES, *process.ROUTES, *delivery.ROUTES, *urls.ROUTES],
    secret=key_sent,
    refuse=refuse,
    browsers=True,
    exposed=QUOTA_HEADERS,
    places=urls.PLACES,
    tell=tell_quota,
)
"""The dialect."""
