"""Files from other servers: streamed to disk, size- and time-limited, from public addresses only."""

from filemill_server.fetch.addresses import embedded, is_listed, is_permitted, is_public
from filemill_server.fetch.client import Fetched, fetch
from filemill_server.fetch.policy import FetchPolicy

__all__ = ["FetchPolicy", "Fetched", "embedded", "fetch", "is_listed", "is_permitted", "is_public"]
