"""Dialects: other services' APIs, answered over the same engine. Each translates, and keeps nothing of its own."""

from filemill_server.dialects.dialect import Dialect

__all__ = ["Dialect"]
