"""What people decided about lines, variants and products, kept until somebody takes it back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.authors import format_person
from bridge.order.line_overrides import (
    LineRule,
    Scope,
)
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord, Transition
from bridge.order.states import Ignored, State
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.interventions import apply_decision
from bridge.store.row_mapping import (
    build_insert,
    read_value,
)
from bridge.store.tables import line_rules, orders
from bridge.store.transitions import wake_orders
from bridge.store.types import UnreadableValue

REMEMBERED = timedelta(
    days=30
)  # how long an order that was not printed is looked at again when something changed
UNANSWERED = (Problem.UNMAPPED, Problem.OPTION, Problem.VARIANT)
HERE = line_rules.c.removed_at.is_(None)


@dataclass(frozen=True, slots=True)
class LineRules:
    """Decisions about lines, and what they change in orders, each in one transaction."""

    _db: Database
    _clock: Clock

    async def save_rules(
        self, order: OrderRecord, rules: Sequence[LineRule], change: Transition, who: str
    ) -> None:
        """Decide what lines of an order mean, as the person saw it; an earlier decision about the same is
        replaced. With a decision about a variant or product, other orders that wait for one are woken.

        Raises StaleDecision as `StoredOrders.apply_decision` does.
        """
        now, who = self._clock.now(), format_person(who)

        def replace_rules(c: Connection) -> None:
            apply_decision(c, now, order, change, who)
            for rule in rules:
                _mark_removed(
                    c, now, who, line_rules.c.shop == rule.shop, line_rules.c.subject == rule.subject
                )
                _insert_rule(c, now, order, rule, who)
            if any(rule.scope is not Scope.LINE for rule in rules):
                _wake_unanswered(c, now, order.shop)

        await self._db.write(replace_rules)

    async def withdraw_rules(
        self, order: OrderRecord, keys: Collection[int], change: Transition, who: str
    ) -> None:
        """Take decisions about lines of one order back, as the person saw it. Raises StaleDecision."""
        now, who = self._clock.now(), format_person(who)

        def withdraw_chosen(c: Connection) -> None:
            apply_decision(c, now, order, change, who)
            _mark_removed(c, now, who, line_rules.c.id.in_(list(keys)))

        await self._db.write(withdraw_chosen)

    async def remove_rule(self, key: int, who: str) -> bool:
        """Take back what was decided about a variant or product, and look at what it kept from being
        printed. False = it was taken back already, or is none."""
        now, who = self._clock.now(), format_person(who)

        def remove_and_wake(c: Connection) -> bool:
            removed = _mark_removed(c, now, who, line_rules.c.id == key, line_rules.c.scope != Scope.LINE)
            if removed:
                _wake_ignored(c, now, removed[0].shop)
            return bool(removed)

        return await self._db.write(remove_and_wake)

    async def list_rules(
        self, shop: str | None = None, *, lines: bool = False, limit: int = 1000
    ) -> list[LineRule]:
        """What was decided about variants and products, and with `lines` about lines too, newest first."""
        query = _select_rules().where(HERE)
        query = query if lines else query.where(line_rules.c.scope != Scope.LINE)
        query = query if shop is None else query.where(line_rules.c.shop == shop)
        query = query.order_by(line_rules.c.id.desc()).limit(limit)
        return await self._db.read(lambda c: [_build_rule(row) for row in c.execute(query)])


def list_rules_by_subject(c: Connection, *, shop: str, subjects: Collection[str]) -> list[LineRule]:
    if not subjects:
        return []
    query = _select_rules().where(HERE, line_rules.c.shop == shop, line_rules.c.subject.in_(sorted(subjects)))
    return [_build_rule(row) for row in c.execute(query)]


def _select_rules() -> sa.Select[Any]:
    name = sa.func.coalesce(orders.c.name, orders.c.order_id).label("order_name")
    return sa.select(line_rules, name).outerjoin(orders, orders.c.id == line_rules.c.order_key)


def _build_rule(row: Any) -> LineRule:
    return LineRule(
        shop=row.shop,
        scope=Scope(row.scope),
        subject=row.subject,
        designs=tuple(read_value(row.designs) or ()),
        damaged=isinstance(row.designs, UnreadableValue) and row.scope == Scope.LINE,
        title=row.title,
        sku=row.sku,
        options=tuple((name, value) for name, value in read_value(row.options) or ()),
        key=row.id,
        order=row.order_key,
        order_name=row.order_name,
        who=row.who,
        at=read_value(row.at),
    )


def _insert_rule(c: Connection, now: datetime, order: OrderRecord, rule: LineRule, who: str) -> None:
    c.execute(
        build_insert(c, line_rules).values(
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


def _mark_removed(
    c: Connection, now: datetime, who: str, *conditions: sa.ColumnElement[bool]
) -> Sequence[Any]:
    return c.execute(
        sa.update(line_rules)
        .where(HERE, *conditions)
        .values(removed_at=now, removed_by=who)
        .returning(line_rules.c.id, line_rules.c.shop)
    ).all()


def _wake_unanswered(c: Connection, now: datetime, shop: str) -> None:
    wake_orders(
        c,
        now,
        orders.c.shop == shop,
        orders.c.state == State.ATTENTION,
        orders.c.problem.in_(UNANSWERED),
    )


def _wake_ignored(c: Connection, now: datetime, shop: str) -> None:
    wake_orders(
        c,
        now,
        orders.c.shop == shop,
        orders.c.state == State.IGNORED,
        orders.c.reason == Ignored.NOTHING_TO_PRINT,
        orders.c.first_seen_at > now - REMEMBERED,
    )
