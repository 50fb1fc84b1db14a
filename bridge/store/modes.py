"""Which mode is in force, as the running service last said, and how it came to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.model import Mode
from bridge.order.stored_keys import parse_moment
from bridge.store.row_mapping import build_insert
from bridge.store.tables import memory

IN_FORCE = "mode"
SINCE = "mode_since"
BEFORE = "mode_before"


@dataclass(frozen=True, slots=True)
class ModeHistory:
    """The mode in force, since when, and the mode before; None where that is not known."""

    mode: Mode | None = None
    since: datetime | None = None
    before: Mode | None = None


def load_mode(c: Connection) -> Mode | None:
    """The mode that the service last worked in; None before its first start."""
    return load_mode_history(c).mode


def load_mode_history(c: Connection) -> ModeHistory:
    rows = c.execute(
        sa.select(memory.c.key, memory.c.value).where(memory.c.key.in_([IN_FORCE, SINCE, BEFORE]))
    )
    found = {row.key: row.value for row in rows}
    return ModeHistory(
        _parse_mode(found.get(IN_FORCE)), parse_moment(found.get(SINCE)), _parse_mode(found.get(BEFORE))
    )


def _parse_mode(text: str | None) -> Mode | None:
    return Mode(text) if text in set(Mode) else None


def save_mode(c: Connection, now: datetime, mode: Mode) -> bool:
    """Note the mode that the service works in from now on; gives whether it is another one than before."""
    before = load_mode(c)
    if before is mode:
        return False
    # Shopify's times have whole seconds: what is ordered in the second of the change came after it
    values = {IN_FORCE: str(mode), SINCE: now.replace(microsecond=0).isoformat()}
    if before is not None:
        values[BEFORE] = str(before)
    for key, value in values.items():
        row = build_insert(c, memory).values(key=key, value=value)
        c.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": row.excluded.value}))
    return True
