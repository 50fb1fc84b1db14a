"""The `serve` processes that run: each tells every few seconds which configuration it has in force, which pauses
it knows of, and how other clocks differ from its machine's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.key_value import Pause
from bridge.store.row_mapping import build_insert
from bridge.store.tables import processes
from bridge.store.types import UnreadableValue

ALIVE_FOR = timedelta(seconds=30)  # after its last word a process counts as running for so long
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Process:
    """One `serve`. `config_digest` is the SHA-256 of the configuration file that it has in force, since
    `config_since`; `pauses` are (scope, since) of each pause that it knows of; `clocks` has, by the name of
    another clock ("database", "shopify:acme"), by how many seconds that clock is ahead of this machine's."""

    owner: str
    host: str
    pid: int
    version: str
    role: str
    mode: str
    listen: str
    shops: tuple[str, ...]
    config_path: str
    config_digest: str
    config_since: datetime
    started_at: datetime
    seen_at: datetime
    pauses: frozenset[tuple[str, str]] = frozenset()
    clocks: Mapping[str, float] = field(default_factory=dict)

    def has_confirmed(self, pause: Pause) -> bool:
        """Whether the process has confirmed this very pause, not an earlier one of the same scope."""
        return format_pause_mark(pause) in self.pauses


def format_pause_mark(pause: Pause) -> tuple[str, str]:
    """What tells a pause from an earlier one of the same scope."""
    return pause.scope, pause.at.isoformat()


@dataclass(frozen=True, slots=True)
class Processes:
    """Every verb is one transaction, and may raise StoreUnavailable."""

    _db: Database
    _clock: Clock

    async def report_process(self, process: Process) -> None:
        """Keep the word of a process; `seen_at` is set to now. Rows of those long gone are deleted."""
        now = self._clock.now()
        values = {name: getattr(process, name) for name in Process.__dataclass_fields__ if name != "pauses"}
        values |= {"seen_at": now, "shops": list(process.shops), "clocks": dict(process.clocks)}
        values["pauses"] = sorted(process.pauses)

        def upsert_process(c: Connection) -> None:
            c.execute(sa.delete(processes).where(processes.c.seen_at < now - FORGOTTEN_AFTER))
            row = build_insert(c, processes).values(**values)
            c.execute(row.on_conflict_do_update(index_elements=["owner"], set_=values))

        await self._db.write(upsert_process)

    async def remove_process(self, owner: str) -> None:
        """The process ends."""
        await self._db.write(lambda c: c.execute(sa.delete(processes).where(processes.c.owner == owner)))

    async def list_running(self) -> list[Process]:
        """Those that gave word within ALIVE_FOR, in the order in which they started."""
        now = self._clock.now()

        def select_running(c: Connection) -> list[Process]:
            recent = sa.select(processes).where(processes.c.seen_at > now - ALIVE_FOR)
            rows = c.execute(recent.order_by(processes.c.started_at, processes.c.owner))
            return [one for row in rows if (one := _build_process(row._mapping))]

        return await self._db.read(select_running)


def _build_process(row: sa.RowMapping) -> Process | None:
    """A process; None for a row that is damaged, which the process itself writes anew in a moment."""
    values = dict(row)
    if any(isinstance(value, UnreadableValue) for value in values.values()):
        return None
    try:
        values["shops"] = tuple(values["shops"])
        values["pauses"] = frozenset((scope, since) for scope, since in values["pauses"])
        values["clocks"] = dict(values["clocks"])
    except (TypeError, ValueError):
        return None
    return Process(**values)
