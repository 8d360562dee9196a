"""Runs migrations on the connection that `Database.migrate` brings, inside its transaction."""

from __future__ import annotations

from alembic import context

from filemill_server.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
