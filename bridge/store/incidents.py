"""What is wrong with the bridge as a whole, rather than with an order: told when it begins and when it ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.notifications import News
from bridge.order.records import Facts
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.row_mapping import (
    build_insert,
    read_facts,
    read_moment,
)
from bridge.store.tables import conditions
from bridge.store.transitions import add_news


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that is wrong; `code` is one of `bridge.order.notifications`, `owner` the process that sees it."""

    name: str
    code: str
    owner: str
    since: datetime
    seen_at: datetime
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incidents:
    """Every verb is one transaction, and may raise StoreUnavailable."""

    _db: Database
    _clock: Clock

    async def list_incidents(self) -> list[Incident]:
        """What is wrong now, oldest first."""

        def select_incidents(c: Connection) -> list[Incident]:
            rows = c.execute(sa.select(conditions).order_by(conditions.c.since, conditions.c.name))
            return [
                Incident(
                    *(row.name, row.code, row.owner, read_moment(row.since), read_moment(row.seen_at)),
                    facts=read_facts(row.facts),
                )
                for row in rows
            ]

        return await self._db.read(select_incidents)

    async def open_incident(self, name: str, code: str, owner: str, facts: Facts) -> bool:
        """Something is wrong. Told if that is new, which is what True means; else its owner's word is kept."""
        now = self._clock.now()

        def upsert_incident(c: Connection) -> bool:
            row = build_insert(c, conditions).values(
                name=name, code=code, owner=owner, since=now, seen_at=now, facts=dict(facts)
            )
            new = row.on_conflict_do_nothing(index_elements=["name"]).returning(conditions.c.name)
            if c.execute(new).first() is None:
                mine = (conditions.c.name == name, conditions.c.owner == owner)
                c.execute(sa.update(conditions).where(*mine).values(seen_at=now, facts=dict(facts)))
                return False
            return add_news(c, News(f"begin:{name}:{now.isoformat()}", code, now, facts))

        return await self._db.write(upsert_incident)

    async def drop_incidents(self, names: Collection[str], news: News) -> bool:
        """What nobody watches any more is no condition, whoever saw it last. Told by `news` instead of as being
        right again, if there was any, which is what True means."""

        def delete_incidents(c: Connection) -> bool:
            gone = (
                sa.delete(conditions).where(conditions.c.name.in_(list(names))).returning(conditions.c.name)
            )
            return bool(c.execute(gone).all()) and add_news(c, news)

        return await self._db.write(delete_incidents)

    async def close_incident(self, name: str, owner: str, *, silent_for: timedelta) -> bool:
        """It is right again, says its owner; or anybody, once the owner has been silent for so long. Told if
        it was wrong, which is what True means."""
        now = self._clock.now()

        def delete_incident(c: Connection) -> bool:
            whose = sa.or_(conditions.c.owner == owner, conditions.c.seen_at < now - silent_for)
            row = c.execute(
                sa.delete(conditions)
                .where(conditions.c.name == name, whose)
                .returning(conditions.c.code, conditions.c.facts, conditions.c.since)
            ).one_or_none()
            if row is None:
                return False
            since = read_moment(row.since).isoformat()
            return add_news(c, News(f"end:{name}:{since}", f"{row.code}_over", now, read_facts(row.facts)))

        return await self._db.write(delete_incident)
