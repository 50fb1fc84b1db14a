"""What people decided about lines, variants and products, kept until somebody takes it back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.authors import person
from bridge.order.line_overrides import (
    LineRule,
    Scope,
)
from bridge.order.problems import Problem
from bridge.order.records import Change, OrderRecord
from bridge.order.states import Ignored, State
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.interventions import intervene
from bridge.store.row_mapping import (
    insert_for,
    readable,
)
from bridge.store.tables import line_rules, orders
from bridge.store.transitions import wake
from bridge.store.types import Unreadable

REMEMBERED = timedelta(
    days=30
)  # how long an order that was not printed is looked at again when something changed
UNANSWERED = (Problem.UNMAPPED, Problem.OPTION, Problem.VARIANT)
HERE = line_rules.c.removed_at.is_(None)


@dataclass(frozen=True, slots=True)
class Rules:
    """Decisions about lines, and what they change in orders, each in one transaction."""

    _db: Database
    _clock: Clock

    async def decide(self, order: OrderRecord, rules: Sequence[LineRule], change: Change, who: str) -> None:
        """Decide what lines of an order mean, as the person saw it; an earlier decision about the same is
        replaced. With a decision about a variant or product, other orders that wait for one are woken.

        Raises Outdated as `StoredOrders.intervene` does.
        """
        now, who = self._clock.now(), person(who)

        def work(c: Connection) -> None:
            intervene(c, now, order, change, who)
            for rule in rules:
                _remove(c, now, who, line_rules.c.shop == rule.shop, line_rules.c.subject == rule.subject)
                _insert(c, now, order, rule, who)
            if any(rule.scope is not Scope.LINE for rule in rules):
                _wake_unanswered(c, now, order.shop)

        await self._db.write(work)

    async def undo(self, order: OrderRecord, keys: Collection[int], change: Change, who: str) -> None:
        """Take decisions about lines of one order back, as the person saw it. Raises Outdated."""
        now, who = self._clock.now(), person(who)

        def work(c: Connection) -> None:
            intervene(c, now, order, change, who)
            _remove(c, now, who, line_rules.c.id.in_(list(keys)))

        await self._db.write(work)

    async def remove(self, key: int, who: str) -> bool:
        """Take back what was decided about a variant or product, and look at what it kept from being
        printed. False = it was taken back already, or is none."""
        now, who = self._clock.now(), person(who)

        def work(c: Connection) -> bool:
            removed = _remove(c, now, who, line_rules.c.id == key, line_rules.c.scope != Scope.LINE)
            if removed:
                _wake_ignored(c, now, removed[0].shop)
            return bool(removed)

        return await self._db.write(work)

    async def listed(
        self, shop: str | None = None, *, lines: bool = False, limit: int = 1000
    ) -> list[LineRule]:
        """What was decided about variants and products, and with `lines` about lines too, newest first."""
        query = _query().where(HERE)
        query = query if lines else query.where(line_rules.c.scope != Scope.LINE)
        query = query if shop is None else query.where(line_rules.c.shop == shop)
        query = query.order_by(line_rules.c.id.desc()).limit(limit)
        return await self._db.read(lambda c: [_rule(row) for row in c.execute(query)])


def of_subjects(c: Connection, *, shop: str, subjects: Collection[str]) -> list[LineRule]:
    if not subjects:
        return []
    query = _query().where(HERE, line_rules.c.shop == shop, line_rules.c.subject.in_(sorted(subjects)))
    return [_rule(row) for row in c.execute(query)]


def _query() -> sa.Select[Any]:
    name = sa.func.coalesce(orders.c.name, orders.c.order_id).label("order_name")
    return sa.select(line_rules, name).outerjoin(orders, orders.c.id == line_rules.c.order_key)


def _rule(row: Any) -> LineRule:
    return LineRule(
        shop=row.shop,
        scope=Scope(row.scope),
        subject=row.subject,
        designs=tuple(readable(row.designs) or ()),
        damaged=isinstance(row.designs, Unreadable) and row.scope == Scope.LINE,
        title=row.title,
        sku=row.sku,
        options=tuple((name, value) for name, value in readable(row.options) or ()),
        key=row.id,
        order=row.order_key,
        order_name=row.order_name,
        who=row.who,
        at=readable(row.at),
    )


def _insert(c: Connection, now: datetime, order: OrderRecord, rule: LineRule, who: str) -> None:
    c.execute(
        insert_for(c, line_rules).values(
            shop=rule.shop,
            scope=rule.scope,
            subject=rule.subject,
            order_key=order.key,
            designs=rule.designs,
            sku=rule.sku,
            title=rule.title,
            options=[list(option) for option in rule.options],
            at=now,
            who=who,
        )
    )


def _remove(c: Connection, now: datetime, who: str, *conditions: sa.ColumnElement[bool]) -> Sequence[Any]:
    return c.execute(
        sa.update(line_rules)
        .where(HERE, *conditions)
        .values(removed_at=now, removed_by=who)
        .returning(line_rules.c.id, line_rules.c.shop)
    ).all()


def _wake_unanswered(c: Connection, now: datetime, shop: str) -> None:
    wake(
        c,
        now,
        orders.c.shop == shop,
        orders.c.state == State.ATTENTION,
        orders.c.problem.in_(UNANSWERED),
    )


def _wake_ignored(c: Connection, now: datetime, shop: str) -> None:
    wake(
        c,
        now,
        orders.c.shop == shop,
        orders.c.state == State.IGNORED,
        orders.c.reason == Ignored.NOTHING_TO_PRINT,
        orders.c.first_seen_at > now - REMEMBERED,
    )
