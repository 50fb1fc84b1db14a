"""The store as the rest of the bridge sees it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import ConfigError
from bridge.order.authors import format_person
from bridge.order.model import Mode
from bridge.order.policy import JudgedBy
from bridge.order.problems import BEFORE_PURCHASE, NOT_CONFIGURED, Alarm, Problem
from bridge.order.records import APPROVAL
from bridge.order.states import Ignored, State, Wait
from bridge.ports import Clock, SharedClock
from bridge.store import locks
from bridge.store.engine import Database, create_engines, parse_url
from bridge.store.erasure import StoredPrivacy
from bridge.store.inbox import StoredInbox, build_inserter
from bridge.store.incidents import Incidents
from bridge.store.key_value import (
    PauseSwitch,
    StoredMemory,
    upsert_value,
)
from bridge.store.leases import set_aside_damaged
from bridge.store.line_overrides import (
    REMEMBERED,
    LineRules,
)
from bridge.store.migrate import check_ready, migrate_database, read_revision, read_schema
from bridge.store.modes import ModeHistory, load_mode_history, save_mode
from bridge.store.order_search import OrderSearch
from bridge.store.orders import StoredOrders
from bridge.store.outbox import Outbox
from bridge.store.print_notifications import StoredNotifications
from bridge.store.processes import Processes
from bridge.store.purchases import BILLED_PROBE
from bridge.store.queries import Queries
from bridge.store.reports import Reports
from bridge.store.sessions import Sessions
from bridge.store.shops import Shops
from bridge.store.stalled_orders import StalledOrders
from bridge.store.tables import REVISION, alarms, memory, orders
from bridge.store.transitions import (
    record_event,
    wake_orders,
)

TIME = sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)))
DAMAGE_BATCH = 100  # orders that are read in one transaction, in search of damaged ones

BY_RULES = (
    *(Problem.LIMIT_ORDER, Problem.ABOVE_DAY_LIMIT, Problem.NO_PRICE, Problem.LOCATION),
    *(Problem.ADDRESS_DOUBTFUL, Problem.NO_COURIER),
)
"""Problems that another setting of the rules may end."""


class Store:
    """One database, opened: `async with Store.open(url, clock=clock) as store`.

    `orders`, `inbox` and `memory` are the ports of those names; `calls` takes Sculpteo's notifications,
    `shops` knows which shop is which; `queries` and `reports` answer people, `rules` are their decisions
    about lines, `switch` stops and resumes placing; `desk` and `sessions` are for the console; `outbox` and `conditions` hold what is to be told, and
    `watching` finds orders that stand, `processes` holds which `serve` processes run.
    """

    def __init__(self, db: Database, clock: Clock, schema: str = REVISION) -> None:
        """`schema` is the migration that the database was at when it was opened."""
        self.schema = schema
        self._db = db
        self._clock = clock
        self.orders = StoredOrders(db, clock)
        self.inbox = StoredInbox(db, clock)
        self.memory = StoredMemory(db)
        self.shops = Shops(db)
        self.calls = StoredNotifications(db, clock)
        self.queries = Queries(db)
        self.switch = PauseSwitch(db, clock)
        self.rules = LineRules(db, clock)
        self.desk = OrderSearch(db)
        self.reports = Reports(db)
        self.sessions = Sessions(db, clock)
        self.outbox = Outbox(db, clock)
        self.conditions = Incidents(db, clock)
        self.watching = StalledOrders(db)
        self.privacy = StoredPrivacy(db, clock)
        self.processes = Processes(db, clock)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        clock: Clock,
        create: bool = True,
        upgrade: bool | None = None,
        any_schema: bool = False,
    ) -> AsyncIterator[Self]:
        """Connect, bring the schema up to date, and let go at the end once everything waiting is durable.

        `url` is sqlite:///file or postgresql://user:password@host/name. With `create=False` a database that is
        not there, or is empty, is a fault and not a new, empty shop. An older schema is brought up only with
        `upgrade`, by default what `create` says. With `any_schema` an older or newer one is left as it is and
        used all the same: for the stop switch, whose table every schema has.

        Raises WrongSchema for a database whose schema is not ours and may not be made so, ConfigError for a
        URL that cannot be used, StoreUnavailable when the database cannot be reached.
        """
        parsed = parse_url(url)
        if not create and not cls.exists(url):
            raise ConfigError(
                f"database: there is no {parsed.database} yet; `sculpteo-bridge serve` makes it when it first"
                " runs. If a bridge runs, it uses another database: give its configuration with -c FILE"
            )
        reading, writing = create_engines(parsed, create=create)
        shown = parsed.set(username=None, password=None, query={}).render_as_string()
        name = shown.replace("+pysqlite", "").replace("+psycopg", "")
        upgrade = create if upgrade is None else upgrade
        schema = await asyncio.to_thread(read_schema, reading) if any_schema else None
        if schema is None:
            schema = await asyncio.to_thread(
                partial(migrate_database, reading, writing, create=create, upgrade=upgrade, name=name)
            )
        db = Database(parsed, reading, writing, build_inserter(writing.dialect))
        try:
            store = cls(db, clock, schema)
            await store.sync_clock()
            await store.shops.load_names()
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
    def engine_name(self) -> str:
        """Which database it is, as people call it."""
        return "SQLite" if self._db.is_sqlite else "PostgreSQL"

    async def sync_clock(self) -> None:
        """Tell the clock what time it is at the PostgreSQL server, which is the one clock that all replicas
        have. A clock that cannot be told, and SQLite, whose processes share a machine, are left as they are.
        Raises StoreUnavailable."""
        if isinstance(self._clock, SharedClock):
            at = await self.load_server_time()
            if at is not None:
                self._clock.set_time(at)

    async def load_server_time(self) -> datetime | None:
        """What the clock of the PostgreSQL server shows; None for SQLite. Raises StoreUnavailable."""
        if self._db.is_sqlite:
            return None
        at: datetime = await self._db.read(lambda c: c.execute(TIME).scalar_one())
        return at

    async def load_schema(self) -> str | None:
        """The migration that the database is at now; another process may have brought it further since it was
        opened. Raises StoreUnavailable."""
        return await self._db.read(read_revision)

    @property
    def file_path(self) -> Path | None:
        """The file of an SQLite database; None for PostgreSQL."""
        return Path(self._db.url.database or "") if self._db.is_sqlite else None

    async def check_ready(self) -> None:
        """Prove that a change can be made durable now. Raises StoreUnavailable."""

        def prove_write(c: Connection) -> None:
            check_ready(c)
            upsert_value(c, "ready_at", self._clock.now().isoformat())

        await self._db.write(prove_write)

    @contextlib.asynccontextmanager
    async def hold_lock(self, name: str) -> AsyncIterator[bool]:
        """`async with store.alone("reconcile") as mine:` - at most one process has `mine` true at a time.

        It ends with the process, however that ends. Work under it must still be safe to be done twice: on
        PostgreSQL a lost connection gives the lock away.
        """
        async with locks.hold_lock(self._db, name) as mine:
            yield mine

    async def wake_orders(
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
        return await self._db.write(lambda c: wake_orders(c, now, *conditions))

    async def wake_for_mapping(self, version: str) -> int:
        """Look anew at what another mapping concerns: all of it when `version` is not the one of the last run,
        else what was judged by another one since, as by a replica that had not read the new file yet."""
        now = self._clock.now()
        by_another = sa.not_(orders.c.mapping_version.startswith(version, autoescape=True))

        def wake_affected(c: Connection) -> int:
            new = upsert_value(c, "mapping", version)
            return wake_orders(c, now, _build_mapping_filter(now), *(() if new else (by_another,)))

        return await self._db.write(wake_affected)

    async def wake_for_mode(self, mode: Mode) -> int:
        """Look anew at what another mode concerns, if `mode` is not the one of the last run: every order that
        waits, orders placed as a test, and test orders of the shop. What a replica in another mode has previewed
        since is looked at in any case."""
        now = self._clock.now()
        left_over = sa.and_(
            orders.c.state == State.WAITING, orders.c.reason == Wait.PREVIEW, orders.c.due_at.is_(None)
        )

        def wake_affected(c: Connection) -> int:
            before = load_mode_history(c).mode
            if save_mode(c, now, mode):
                if before is not None and mode is Mode.LIVE:
                    _end_approvals(c)
                # notes of what is tried out and of what is bought are apart: a person's no belongs on both
                decided = orders.c.decision.is_not(None)
                c.execute(sa.update(orders).where(decided).values(decision_noted=False))
                return wake_orders(c, now, sa.or_(_build_mode_filter(), decided))
            return wake_orders(c, now, left_over) if mode is not Mode.PREVIEW else 0

        return await self._db.write(wake_affected)

    async def load_mode_history(self) -> ModeHistory:
        """The mode in force, as the service last said, and how it came to it."""
        return await self._db.read(load_mode_history)

    async def wake_for_rules(self, fingerprint: str) -> int:
        """Look anew at what waits for approval or was left to another location, if the rules are other ones
        than in the last run. `fingerprint` tells rules apart."""
        now = self._clock.now()

        def wake_affected(c: Connection) -> int:
            return (
                wake_orders(c, now, _build_rules_filter(now)) if upsert_value(c, "rules", fingerprint) else 0
            )

        return await self._db.write(wake_affected)

    async def record_judged_by(self, judged_by: JudgedBy) -> None:
        """From now on this is the newest configuration."""
        await self._db.write(lambda c: upsert_value(c, "judged_by", str(judged_by)))

    async def wake_left_over(self, judged_by: JudgedBy, shops: Collection[str]) -> int:
        """Look anew at what a replica looked at by other rules, in another mode, by another mapping or without
        knowing one of these `shops`, after those of the newest configuration were woken for it: nobody else
        would. Only whoever has taken up the newest configuration wakes anything; gives how many."""
        now, mine = self._clock.now(), orders.c.judged_by
        by_others = [
            sa.and_(_build_mode_filter(), sa.not_(mine.startswith(f"{judged_by.mode}:", autoescape=True))),
            sa.and_(
                _build_rules_filter(now), sa.not_(mine.contains(f":{judged_by.rules}:", autoescape=True))
            ),
            sa.and_(
                _build_mapping_filter(now), sa.not_(mine.contains(f":{judged_by.mapping}", autoescape=True))
            ),
        ]
        text, _, _ = NOT_CONFIGURED.partition("{")
        without_shop = sa.and_(
            orders.c.shop.in_(list(shops)),
            sa.or_(
                orders.c.last_error.startswith(text, autoescape=True),
                sa.and_(orders.c.decision_noted.is_(False), orders.c.due_at.is_(None)),
            ),
        )

        def wake_if_newest(c: Connection) -> int:
            newest = c.execute(sa.select(memory.c.value).where(memory.c.key == "judged_by")).scalar()
            if newest != str(judged_by):
                return 0
            return wake_orders(c, now, sa.or_(without_shop, *by_others))

        return await self._db.write(wake_if_newest)

    async def keep_billed_probe(self, reference: str) -> None:
        """A test order of `probe` was taken for a real one: nothing is bought in live until a person saw to it."""
        await self.memory.set(BILLED_PROBE, reference)

    async def load_billed_probe(self) -> str | None:
        """The reference of that test order, while nobody has seen to it."""
        return await self.memory.get(BILLED_PROBE)

    async def clear_billed_probe(self) -> bool:
        """A person saw to it. False = there was none."""
        now = self._clock.now()

        def delete_and_wake(c: Connection) -> bool:
            gone = c.execute(sa.delete(memory).where(memory.c.key == BILLED_PROBE)).rowcount == 1
            wake_orders(c, now, orders.c.state == State.WAITING, orders.c.reason == Wait.TEST_BILLED)
            return gone

        return await self._db.write(delete_and_wake)

    async def set_aside_damaged(self) -> int:
        """Leave open orders that cannot be read from the database to a person, each alone; gives how many.
        Those that are due are found when they are claimed; this finds the others."""
        after: int | None = 0
        count = 0
        while after is not None:
            work = partial(set_aside_damaged, now=self._clock.now(), after=after, limit=DAMAGE_BATCH)
            after, found = await self._db.write(work)
            count += found
        return count

    async def clear_alarm(self, key: int, who: str) -> bool:
        """A person saw to it. False = it was cleared already, or is not there."""
        now, who = self._clock.now(), format_person(who)

        def clear_and_wake(c: Connection) -> bool:
            row = c.execute(
                sa.update(alarms)
                .where(alarms.c.id == key, alarms.c.cleared_at.is_(None))
                .values(cleared_at=now, cleared_by=who)
                .returning(alarms.c.order_id, alarms.c.alarm)
            ).one_or_none()
            if row is not None:
                record_event(c, row.order_id, now, "alarm_cleared", {"alarm": row.alarm}, who=who)
                if row.alarm == Alarm.TEST_IS_REAL:
                    held = orders.c.reason == Wait.TEST_BILLED
                    wake_orders(c, now, orders.c.state == State.WAITING, held)
            return row is not None

        return await self._db.write(clear_and_wake)


def _build_mapping_filter(now: datetime) -> sa.ColumnElement[bool]:
    """What another mapping concerns: all that is still to be bought, and what it may find something to print in."""
    asks = sa.and_(
        orders.c.state == State.ATTENTION,
        orders.c.problem.in_(sorted(BEFORE_PURCHASE)),
        orders.c.reference.is_(None),
    )
    printable = sa.and_(
        orders.c.state == State.IGNORED,
        orders.c.reason.in_([Ignored.NOTHING_TO_PRINT, Ignored.NOT_SHIPPED, Ignored.OTHER_LOCATION]),
        orders.c.first_seen_at > now - REMEMBERED,
    )
    return sa.or_(orders.c.state == State.WAITING, asks, printable)


def _build_mode_filter() -> sa.ColumnElement[bool]:
    """What another mode concerns."""
    waiting = orders.c.state == State.WAITING
    tested = sa.and_(orders.c.state == State.PLACED, orders.c.mode != Mode.LIVE)
    ignored = sa.and_(orders.c.state == State.IGNORED, orders.c.reason == Ignored.SHOP_TEST_ORDER)
    return sa.or_(waiting, tested, ignored)


def _end_approvals(c: Connection) -> None:
    """What a person approved in a rehearsal is approved for no purchase, whatever is decided of the order later."""
    unbought = sa.or_(orders.c.reference.is_(None), orders.c.mode != Mode.LIVE)
    rehearsed = sa.or_(orders.c.decided_mode.is_(None), orders.c.decided_mode != Mode.LIVE)
    c.execute(
        sa.update(orders)
        .where(orders.c.approved_at.is_not(None), unbought, rehearsed)
        .values(dict.fromkeys(APPROVAL))
    )


def _build_rules_filter(now: datetime) -> sa.ColumnElement[bool]:
    """What other rules concern."""
    waits = [
        *(Wait.APPROVAL, Wait.RISK, Wait.UNRATED, Wait.PAYMENT, Wait.UNPAID),
        *(Wait.LIMIT_DAY, Wait.BEFORE_GO_LIVE),
    ]
    asked = sa.and_(orders.c.state == State.WAITING, orders.c.reason.in_(waits))
    elsewhere = sa.and_(
        orders.c.state == State.IGNORED,
        orders.c.reason == Ignored.OTHER_LOCATION,
        orders.c.first_seen_at > now - REMEMBERED,
    )
    barred = sa.and_(orders.c.state == State.ATTENTION, orders.c.problem.in_(BY_RULES))
    return sa.or_(asked, elsewhere, barred)
