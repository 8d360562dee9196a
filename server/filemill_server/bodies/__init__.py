"""Request bodies: JSON, multipart and raw, streamed to disk (NA-23)."""

from filemill_server.bodies.body import Body, Part, read_body
from filemill_server.bodies.digests import Digests

__all__ = ["Body", "Digests", "Part", "read_body"]
