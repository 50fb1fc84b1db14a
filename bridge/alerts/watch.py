"""What no move tells of: an order that stands for too long, is late, or was forgotten. Pure."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from bridge.config.telling import Reminders
from bridge.order.news import News
from bridge.order.problems import Problem, text_of
from bridge.order.states import WAITS, State, Wait
from bridge.order.why import MAY_HAVE
from bridge.store.watching import Standing

OVERDUE = timedelta(hours=1)
FAILURES = 3  # tries to bring a parcel to the shop, before somebody is told
SHORTER: dict[Wait, timedelta] = {
    Wait.ROUTING: timedelta(hours=1),
    Wait.UNRATED: timedelta(hours=1),
    Wait.UPSTREAM: timedelta(hours=6),
}
PATIENT = frozenset({Wait.SCHEDULED, Wait.WINDOW, Wait.PREVIEW, Wait.LIMIT_DAY})
"""Waits that end by themselves. A payment does not: where Shopify captures only what is fulfilled, or nobody
asks the customer for the money, it never comes."""


def shortest(reminders: Reminders) -> timedelta:
    """The least time after which anything here is told."""
    return min(reminders.placed, reminders.waiting, OVERDUE)


def reminders_for(order: Standing, now: datetime, reminders: Reminders) -> tuple[News, ...]:
    """What is to be told of an order that stands. Each comes once, and what lasts comes again after twice
    the time, four times the time, and so on."""
    found = [
        _late(order, now, reminders.late),
        _placed(order, now, reminders.placed),
        _waiting(order, now, reminders.waiting),
        _overdue(order, now),
        _unbrought(order, now),
    ]
    return tuple(news for news in found if news is not None)


def _late(order: Standing, now: datetime, slack: timedelta) -> News | None:
    estimate = order.estimated_delivery
    if order.state is not State.PLACED or estimate is None or now <= estimate + slack:
        return None
    facts = {"reference": order.reference, "date": estimate.date().isoformat()}
    return _news(order, "late", now, facts, estimate.date().isoformat())


def _placed(order: Standing, now: datetime, limit: timedelta) -> News | None:
    age = now - order.moved_at
    if order.state is not State.PLACED or age < limit:
        return None
    facts = {"reference": order.reference, "days": age.days}
    return _news(order, "still_placed", now, facts, _again(order, age, limit))


def _waiting(order: Standing, now: datetime, limit: timedelta) -> News | None:
    age = now - order.moved_at
    if order.state in {State.ATTENTION, State.UNKNOWN}:
        code, sentence = "still_attention", MAY_HAVE
        if order.state is State.ATTENTION:
            problem = next((code for code in Problem if code == order.problem), None)
            sentence = text_of(problem, order.facts).sentence if problem else str(order.problem)
    elif order.state is State.WAITING and order.reason in set(Wait) - PATIENT:
        code, sentence = "still_waiting", WAITS[Wait(order.reason)]
        limit = min(limit, SHORTER.get(Wait(order.reason), limit))
    else:
        return None
    if age < limit:
        return None
    facts = {**order.facts, "of": sentence, "days": age.days}
    return _news(order, code, now, facts, _again(order, age, limit))


def _overdue(order: Standing, now: datetime) -> News | None:
    """Its time has come and nobody took it up, although orders are taken up within seconds."""
    due = order.due_at
    if due is None or now - due < OVERDUE or order.state in {State.ATTENTION, State.UNKNOWN}:
        return None
    hours = int((now - due).total_seconds() // 3600)
    return _news(order, "overdue", now, {"hours": hours}, due.isoformat())


def _unbrought(order: Standing, now: datetime) -> News | None:
    if order.state is not State.SHIPPED or order.number is None or order.failures < FAILURES:
        return None
    facts = {"number": order.number, "count": order.failures, "why": order.last_error}
    return _news(order, "tracking", now, facts, order.number)


def _news(order: Standing, code: str, now: datetime, facts: dict[str, Any], occurrence: str) -> News:
    return News(f"{code}:{order.key}:{occurrence}", code, now, facts, order.key)


def _again(order: Standing, age: timedelta, limit: timedelta) -> str:
    """Tells one reminder from the next: since when it stands, and how often the time has doubled."""
    return f"{order.moved_at.isoformat()}:{int(math.log2(age / limit))}"
