"""Everything that the bridge remembers, in SQLite or PostgreSQL."""

from bridge.store.store import Store

__all__ = ["Store"]
