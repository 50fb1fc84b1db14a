"""Everything that the bridge remembers, in SQLite or PostgreSQL. `store.Store.open` is the way in."""
