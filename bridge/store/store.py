"""The store as the rest of the bridge sees it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import ConfigError
from bridge.order.model import Mode
from bridge.order.problems import HEALS_ON_CHANGE, Problem
from bridge.order.states import Ignored, State, Wait
from bridge.ports import Clock, SharedClock
from bridge.store import singleton
from bridge.store.calls import StoredCalls
from bridge.store.conditions import Conditions
from bridge.store.desk import Desk
from bridge.store.engine import Database, engines, parse_url
from bridge.store.inbox import StoredInbox, inserter
from bridge.store.memory import StoredMemory, Switch, remember
from bridge.store.migrate import migrate, ready
from bridge.store.moves import event, wake
from bridge.store.orders import StoredOrders
from bridge.store.outbox import Outbox
from bridge.store.privacy import StoredPrivacy
from bridge.store.queries import Queries
from bridge.store.reports import Reports
from bridge.store.rules import Rules
from bridge.store.sessions import Sessions
from bridge.store.tables import alarms, orders
from bridge.store.watching import Watching

TIME = sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)))
REMEMBERED = timedelta(days=30)  # how long an order that was not printed is looked at again for a new mapping

BY_RULES = (Problem.LIMIT_ORDER, Problem.ABOVE_DAY_LIMIT, Problem.LOCATION)
"""Problems that another setting of the rules may end."""


class Store:
    """One database, opened: `async with Store.open(url, clock=clock) as store`.

    `orders`, `inbox` and `memory` are the ports of those names; `calls` takes Sculpteo's notifications,
    `queries` and `reports` answer people, `rules` are their decisions about lines, `switch` stops and resumes
    placing; `desk` and `sessions` are for the console; `outbox` and `conditions` hold what is to be told, and
    `watching` finds orders that stand.
    """

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.orders = StoredOrders(db, clock)
        self.inbox = StoredInbox(db, clock)
        self.memory = StoredMemory(db)
        self.calls = StoredCalls(db, clock)
        self.queries = Queries(db)
        self.switch = Switch(db, clock)
        self.rules = Rules(db, clock)
        self.desk = Desk(db)
        self.reports = Reports(db)
        self.sessions = Sessions(db, clock)
        self.outbox = Outbox(db, clock)
        self.conditions = Conditions(db, clock)
        self.watching = Watching(db)
        self.privacy = StoredPrivacy(db, clock)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, url: str, *, clock: Clock, create: bool = True) -> AsyncIterator[Self]:
        """Connect, bring the schema up to date, and let go at the end once everything waiting is durable.

        `url` is sqlite:///file or postgresql://user:password@host/name. With `create=False` an SQLite file
        that is not there is a fault and not a new, empty shop. Raises ConfigError for a URL that cannot be
        used or a database of a newer program, StoreUnavailable when it cannot be reached.
        """
        parsed = parse_url(url)
        if not create and not cls.exists(url):
            raise ConfigError(
                f"database: there is no {parsed.database} yet; `sculpteo-bridge serve` makes it"
            )
        reading, writing = engines(parsed)
        await asyncio.to_thread(migrate, reading, writing)
        db = Database(parsed, reading, writing, inserter(writing.dialect))
        try:
            store = cls(db, clock)
            await store.tell_time()
            yield store
        finally:
            await db.close()

    @staticmethod
    def exists(url: str) -> bool:
        """Whether the SQLite file is there; of a PostgreSQL database that is not known before it is opened.
        Raises ConfigError for a URL that cannot be used."""
        parsed = parse_url(url)
        return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists()

    @property
    def engine(self) -> str:
        """Which database it is, as people call it."""
        return "SQLite" if self._db.is_sqlite else "PostgreSQL"

    async def tell_time(self) -> None:
        """Tell the clock what time it is at the PostgreSQL server, which is the one clock that all replicas
        have. A clock that cannot be told, and SQLite, whose processes share a machine, are left as they are.
        Raises StoreUnavailable."""
        if isinstance(self._clock, SharedClock) and not self._db.is_sqlite:
            self._clock.told(await self._db.read(lambda c: c.execute(TIME).scalar_one()))

    async def ready(self) -> None:
        """Prove that a change can be made durable now. Raises StoreUnavailable."""

        def work(c: Connection) -> None:
            ready(c)
            remember(c, "ready_at", self._clock.now().isoformat())

        await self._db.write(work)

    @contextlib.asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[bool]:
        """`async with store.alone("reconcile") as mine:` - at most one process has `mine` true at a time.

        It ends with the process, however that ends. Work under it must still be safe to be done twice: on
        PostgreSQL a lost connection gives the lock away.
        """
        async with singleton.alone(self._db, name) as mine:
            yield mine

    async def wake(
        self,
        states: Collection[State],
        *,
        reasons: Collection[str] = (),
        problems: Collection[str] = (),
        shop: str | None = None,
    ) -> int:
        """Have orders looked at anew, as after a change of the mapping; gives how many. `reasons` and
        `problems`, where given, name those that are meant."""
        conditions: list[sa.ColumnElement[bool]] = [orders.c.state.in_(list(states))]
        if reasons:
            conditions.append(orders.c.reason.in_(list(reasons)))
        if problems:
            conditions.append(orders.c.problem.in_(list(problems)))
        if shop is not None:
            conditions.append(orders.c.shop == shop)
        now = self._clock.now()
        return await self._db.write(lambda c: wake(c, now, *conditions))

    async def wake_for_mapping(self, version: str) -> int:
        """Look anew at what another mapping may heal: all of it when `version` is not the one of the last run,
        else what was judged by another one since, as by a replica that had not read the new file yet."""
        now = self._clock.now()
        heals = sa.and_(orders.c.state == State.ATTENTION, orders.c.problem.in_(sorted(HEALS_ON_CHANGE)))
        printable = sa.and_(
            orders.c.state == State.IGNORED,
            orders.c.reason.in_([Ignored.NOTHING_TO_PRINT, Ignored.NOT_SHIPPED, Ignored.OTHER_LOCATION]),
            orders.c.first_seen_at > now - REMEMBERED,
        )
        by_another = orders.c.mapping_version != version

        def work(c: Connection) -> int:
            new = remember(c, "mapping", version)
            return wake(c, now, sa.or_(heals, printable), *(() if new else (by_another,)))

        return await self._db.write(work)

    async def wake_for_mode(self, mode: Mode) -> int:
        """Look anew at what another mode concerns, if `mode` is not the one of the last run: orders of the
        preview, orders placed as a test, and test orders of the shop. What a replica in another mode has
        previewed since is looked at in any case."""
        now = self._clock.now()
        previewed = sa.and_(
            orders.c.state == State.WAITING, orders.c.reason.in_([Wait.PREVIEW, Wait.WAS_TEST])
        )
        tested = sa.and_(orders.c.state == State.PLACED, orders.c.mode != Mode.LIVE)
        ignored = sa.and_(orders.c.state == State.IGNORED, orders.c.reason == Ignored.SHOP_TEST_ORDER)
        left_over = sa.and_(previewed, orders.c.reason == Wait.PREVIEW, orders.c.due_at.is_(None))

        def work(c: Connection) -> int:
            if remember(c, "mode", mode):
                return wake(c, now, sa.or_(previewed, tested, ignored))
            return wake(c, now, left_over) if mode is not Mode.PREVIEW else 0

        return await self._db.write(work)

    async def wake_for_rules(self, fingerprint: str) -> int:
        """Look anew at what waits for approval or was left to another location, if the rules are other ones
        than in the last run. `fingerprint` tells rules apart."""
        now = self._clock.now()
        waits = [Wait.APPROVAL, Wait.RISK, Wait.LIMIT_DAY]
        asked = sa.and_(orders.c.state == State.WAITING, orders.c.reason.in_(waits))
        elsewhere = sa.and_(
            orders.c.state == State.IGNORED,
            orders.c.reason == Ignored.OTHER_LOCATION,
            orders.c.first_seen_at > now - REMEMBERED,
        )

        def work(c: Connection) -> int:
            barred = sa.and_(orders.c.state == State.ATTENTION, orders.c.problem.in_(BY_RULES))
            return wake(c, now, sa.or_(asked, elsewhere, barred)) if remember(c, "rules", fingerprint) else 0

        return await self._db.write(work)

    async def clear_alarm(self, key: int, who: str) -> bool:
        """A person saw to it. False = it was cleared already, or is not there."""
        now = self._clock.now()

        def work(c: Connection) -> bool:
            row = c.execute(
                sa.update(alarms)
                .where(alarms.c.id == key, alarms.c.cleared_at.is_(None))
                .values(cleared_at=now, cleared_by=who)
                .returning(alarms.c.order_id, alarms.c.alarm)
            ).one_or_none()
            if row is not None:
                event(c, row.order_id, now, "alarm_cleared", {"alarm": row.alarm}, who=who)
            return row is not None

        return await self._db.write(work)
