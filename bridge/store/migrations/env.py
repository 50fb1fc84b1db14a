"""Alembic's entry: `bridge.store.migrate` hands over the connection, whose transaction it owns."""

from __future__ import annotations

from alembic import context

from bridge.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
context.run_migrations()
