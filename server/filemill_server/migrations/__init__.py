"""Versions of the schema, applied in order when the server starts."""

HEAD = "0007"
"""The newest version: a database that is of it needs nothing, and Alembic needn't even be imported."""
