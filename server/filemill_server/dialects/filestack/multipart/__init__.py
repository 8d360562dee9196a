"""Multipart and intelligent uploads: the state of each is with its client, its parts are uploads."""

from filemill_server.dialects.filestack.multipart.routes import ROUTES

__all__ = ["ROUTES"]
