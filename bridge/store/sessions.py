"""Who is signed in to the console, and the log of what people did there.

A session is known by the hash of its secret, so that nobody who reads the database, or a backup of it, can
use one. It ends at its time, with its user's password, or when it is ended here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bridge.order.records import Facts
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.row_mapping import (
    read_facts,
    read_moment,
)
from bridge.store.tables import audit, orders, sessions

SEEN_EVERY = timedelta(minutes=1)  # how fine `seen_at` is kept
LONGEST_AGENT = 200
REFUSED_KEPT = 1_000  # refused sign-ins, which anybody can make, that the audit log keeps
PRUNE_EVERY = 50


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. `id` is the hash of its secret; `proof` tells with which password it was opened."""

    id: str
    who: str
    proof: str
    csrf: str
    created_at: datetime
    seen_at: datetime
    until: datetime
    address: str | None = None
    agent: str | None = None


TERMINAL = "terminal)"  # how whoever decided at a terminal is called at the end
AT_ONCE = 200
TOLD_ELSEWHERE = frozenset({"pause", "resume"})  # every process logs them when it hears of them
SAID = {
    ("sign_in", "done"): "somebody signed in",
    ("sign_in", "refused"): "a sign-in failed",
    ("refused", "role"): "somebody tried what their role does not allow",
}

log = structlog.get_logger("bridge.people")


def log_action(
    who: str, action: str, outcome: str, order: str | None, shop: str | None, address: str | None
) -> None:
    """What a person did, as a line of the log; a warning where it was refused. `address` is that of a browser."""
    said = SAID.get((action, outcome)) or ("decided" if outcome == "done" else "a decision was refused")
    told = {"order": order, "shop": shop, "action": action, "who": who, "ip": address}
    level = logging.INFO if outcome == "done" else logging.WARNING
    log.log(level, said, **{name: value for name, value in told.items() if value is not None})


def _load_order_name(c: Connection, order: int | None) -> tuple[str | None, str | None]:
    """The name of an order, and of its shop."""
    if order is None:
        return None, None
    name = sa.func.coalesce(orders.c.name, orders.c.order_id)
    row = c.execute(sa.select(name.label("name"), orders.c.shop).where(orders.c.id == order)).one_or_none()
    return (row.name, row.shop) if row is not None else (None, None)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A line of the audit log. `order` is the key of the order that it concerns, if any."""

    key: int
    at: datetime
    who: str
    action: str
    outcome: str
    order: int | None
    order_name: str | None
    address: str | None
    facts: Facts = field(default_factory=dict)


def _build_session(row: Any) -> Session | None:
    """A session; one that cannot be read counts as over, so that its user signs in again."""
    times, texts = (row.created_at, row.seen_at, row.until), (row.id, row.who, row.proof, row.csrf)
    whole = all(isinstance(one, datetime) for one in times) and all(isinstance(one, str) for one in texts)
    return Session(**row._mapping) if whole else None


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions and audit log of the console."""

    _db: Database
    _clock: Clock

    async def open_session(
        self,
        id: str,
        *,
        who: str,
        proof: str,
        csrf: str,
        lasts: timedelta,
        address: str | None,
        agent: str | None,
    ) -> Session:
        """Keep a new session; those that are over go."""
        now = self._clock.now()
        agent = (agent or "")[:LONGEST_AGENT] or None
        made = Session(id, who, proof, csrf, now, now, now + lasts, address, agent)

        def insert_session(c: Connection) -> None:
            c.execute(sa.delete(sessions).where(sessions.c.until <= now))
            c.execute(sa.insert(sessions).values(asdict(made)))

        await self._db.write(insert_session)
        return made

    async def find_session(self, id: str) -> Session | None:
        """The session, unless it is over."""
        now = self._clock.now()

        def select_session(c: Connection) -> Session | None:
            row = c.execute(
                sa.select(sessions).where(sessions.c.id == id, sessions.c.until > now)
            ).one_or_none()
            return None if row is None else _build_session(row)

        found = await self._db.read(select_session)
        if found is not None and now - found.seen_at > SEEN_EVERY:
            seen = sa.update(sessions).where(sessions.c.id == id).values(seen_at=now)
            await self._db.write(lambda c: c.execute(seen))
        return found

    async def close_session(self, id: str) -> None:
        """Sign out here."""
        await self._db.write(lambda c: c.execute(sa.delete(sessions).where(sessions.c.id == id)))

    async def close_sessions(self, who: str, *, but: str | None = None) -> int:
        """Sign a user out everywhere, or everywhere but here; gives how many sessions ended."""
        theirs = sa.delete(sessions).where(sessions.c.who == who, sessions.c.id != (but or ""))
        return await self._db.write(lambda c: c.execute(theirs).rowcount)

    async def list_sessions(self, who: str) -> list[Session]:
        """A user's sessions, the newest first."""
        now = self._clock.now()
        query = (
            sa.select(sessions)
            .where(sessions.c.who == who, sessions.c.until > now)
            .order_by(sessions.c.created_at.desc())
        )
        return await self._db.read(
            lambda c: [one for row in c.execute(query) if (one := _build_session(row))]
        )

    async def record_action(
        self,
        who: str,
        action: str,
        outcome: str,
        *,
        order: int | None = None,
        address: str | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        """Add a line to the audit log, and tell the log of it."""
        row = {
            "at": self._clock.now(),
            "who": who,
            "action": action,
            "outcome": outcome,
            "order_key": order,
            "address": address,
            "facts": dict(facts or {}),
        }

        def insert_entry(c: Connection) -> tuple[str | None, str | None]:
            key = c.execute(sa.insert(audit).values(row).returning(audit.c.id)).scalar_one()
            if (action, outcome) == ("sign_in", "refused") and key % PRUNE_EVERY == 0:
                _drop_old_tries(c)
            return _load_order_name(c, order)

        name, shop = await self._db.write(insert_entry)
        if action not in TOLD_ELSEWHERE:
            log_action(who, action, outcome, name, shop, address)

    async def load_newest_key(self) -> int:
        """The number of the last line of the audit log; 0 where there is none."""
        query = sa.select(sa.func.coalesce(sa.func.max(audit.c.id), 0))
        return await self._db.read(lambda c: int(c.execute(query).scalar_one()))

    async def log_terminal_actions(self, after: int) -> int:
        """Tell the log of this process what was decided at terminals since that line; gives the last line."""
        query = (
            sa.select(audit.c.id, audit.c.who, audit.c.action, audit.c.outcome, audit.c.order_key)
            .where(audit.c.id > after)
            .order_by(audit.c.id)
            .limit(AT_ONCE)
        )

        def select_new_entries(c: Connection) -> list[tuple[Any, tuple[str | None, str | None]]]:
            return [(row, _load_order_name(c, row.order_key)) for row in c.execute(query).all()]

        last = after
        for row, (name, shop) in await self._db.read(select_new_entries):
            last = row.id
            if row.who.endswith(TERMINAL):
                log_action(row.who, row.action, row.outcome, name, shop, None)
        return last

    async def list_audit_entries(self, *, before: int | None = None, limit: int = 50) -> list[AuditEntry]:
        """The audit log, newest first."""
        name = sa.func.coalesce(orders.c.name, orders.c.order_id).label("order_name")
        query = (
            sa.select(audit, name)
            .outerjoin(orders, orders.c.id == audit.c.order_key)
            .order_by(audit.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(audit.c.id < before)

        def select_entries(c: Connection) -> list[AuditEntry]:
            return [
                AuditEntry(
                    key=row.id,
                    at=read_moment(row.at),
                    who=row.who,
                    action=row.action,
                    outcome=row.outcome,
                    order=row.order_key,
                    order_name=row.order_name,
                    address=row.address,
                    facts=read_facts(row.facts),
                )
                for row in c.execute(query)
            ]

        return await self._db.read(select_entries)


def _drop_old_tries(c: Connection) -> None:
    """Of refused sign-ins, the newest are kept: strangers can make as many as they like."""
    refused = sa.and_(audit.c.action == "sign_in", audit.c.outcome == "refused")
    newest = (
        sa.select(audit.c.id).where(refused).order_by(audit.c.id.desc()).offset(REFUSED_KEPT).limit(1)
    ).scalar_subquery()
    c.execute(sa.delete(audit).where(refused, audit.c.id <= newest))
