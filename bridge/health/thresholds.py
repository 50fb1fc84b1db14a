"""How long an order may stand without progress until somebody is told: one table, which no state escapes. Pure.

`tests/health` proves that every open state, every reason to wait and every problem has its line here. Alerts
(`bridge.health.reminders`), `status` and the console's Today all ask `collect_findings`, so that they tell the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from bridge.config.alert_settings import Reminders
from bridge.order.explanations import MAY_HAVE
from bridge.order.model import Mode
from bridge.order.problems import Problem, find_text
from bridge.order.records import Facts
from bridge.order.states import WAITS, State, Wait
from bridge.store.stalled_orders import StalledOrder

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

OVERDUE = HOUR  # its time has come and nobody took it up, although orders are taken up within seconds
FAILURES = 3  # tries in a row that failed, before somebody is told
UNREAD = DAY  # a bought order of which nothing could be learned


@dataclass(frozen=True, slots=True)
class Threshold:
    """A time after which somebody is told. `setting` is the merchant's own, of `reminders`; `most` and `least`
    hold it within bounds. `planned` = it counts from the moment that was planned for the wait to end."""

    setting: Literal["placed", "waiting"] | None = None
    most: timedelta = timedelta.max
    least: timedelta = timedelta(0)
    planned: bool = False

    def compute_limit(self, reminders: Reminders) -> timedelta:
        asked: timedelta = getattr(reminders, self.setting) if self.setting else self.most
        return max(min(asked, self.most), self.least)


A_PERSON = Threshold("waiting")  # somebody must decide, or end what it waits for

STATES: dict[State, Threshold] = {
    State.RECEIVED: Threshold(most=HOUR),
    State.PLACING: Threshold(most=15 * MINUTE),
    State.PLACED: Threshold("placed"),
    State.SHIPPED: Threshold("placed"),
    State.UNKNOWN: A_PERSON,
}
"""The open states but `waiting` and `attention`, whose reasons and problems have times of their own."""

WAITING: dict[Wait, Threshold] = {
    Wait.PAYMENT: A_PERSON,  # where Shopify captures only what is fulfilled, it never comes by itself
    Wait.WINDOW: Threshold(most=HOUR, planned=True),
    Wait.APPROVAL: A_PERSON,
    Wait.HELD: A_PERSON,
    Wait.SHOP_HOLD: A_PERSON,
    Wait.RISK: A_PERSON,
    Wait.ROUTING: Threshold("waiting", most=HOUR),
    Wait.SCHEDULED: Threshold("waiting", most=6 * HOUR, planned=True),
    Wait.PAUSED: A_PERSON,
    Wait.PREVIEW: Threshold("waiting", least=7 * DAY),  # whoever rehearses is in no hurry
    Wait.BEFORE_GO_LIVE: A_PERSON,
    Wait.WAS_TEST: A_PERSON,
    Wait.OTHER_MODE: A_PERSON,
    Wait.UNPAID: A_PERSON,
    Wait.UNRATED: Threshold("waiting", most=HOUR),  # Shopify rates within minutes, as far as it does
    Wait.BOUGHT_ALREADY: A_PERSON,
    Wait.TEST_BILLED: A_PERSON,
    Wait.UPSTREAM: Threshold("waiting", most=6 * HOUR),
    Wait.LIMIT_DAY: A_PERSON,
    Wait.RECHECK: Threshold("waiting", most=6 * HOUR),
}
ABOUT_TO_GO_ON = Threshold(most=HOUR)  # waiting for no reason that is named: the worker takes it up

ATTENTION: dict[Problem, Threshold] = {
    Problem.UNMAPPED: A_PERSON,
    Problem.OPTION: A_PERSON,
    Problem.VARIANT: A_PERSON,
    Problem.ADDRESS: A_PERSON,
    Problem.ADDRESS_WRONG: A_PERSON,
    Problem.ADDRESS_DOUBTFUL: A_PERSON,
    Problem.POSTAL_CODE: A_PERSON,
    Problem.NO_COURIER: A_PERSON,
    Problem.REFUSED: A_PERSON,
    Problem.BLOCKED: A_PERSON,
    Problem.CANCELLED_AT_SCULPTEO: A_PERSON,
    Problem.STATUS_WORDS: A_PERSON,
    Problem.LIVE_IS_TEST: A_PERSON,
    Problem.LIMIT_ORDER: A_PERSON,
    Problem.ABOVE_DAY_LIMIT: A_PERSON,
    Problem.NO_PRICE: A_PERSON,
    Problem.INVOICE: A_PERSON,
    Problem.MOVED: A_PERSON,
    Problem.LOCATION: A_PERSON,
    Problem.NO_FULFILLMENT_ORDER: A_PERSON,
    Problem.LEDGER_UNREADABLE: A_PERSON,
    Problem.SHOP_ACCESS: A_PERSON,
    Problem.CANNOT_FULFILL: A_PERSON,
    Problem.REFERENCE_TAKEN: A_PERSON,
    Problem.INTERNAL: A_PERSON,
}

CODES: dict[State, str] = {
    State.RECEIVED: "still_received",
    State.WAITING: "still_waiting",
    State.PLACING: "still_placing",
    State.PLACED: "still_placed",
    State.SHIPPED: "still_shipped",
    State.UNKNOWN: "still_attention",
    State.ATTENTION: "still_attention",
}
"""The code of `bridge.order.notifications` under which each open state is told of."""

QUICKEST = min(threshold.most for threshold in (*STATES.values(), *WAITING.values(), ABOUT_TO_GO_ON))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to tell of an order that stands. `code` is one of `bridge.order.notifications`, `which` tells one
    occurrence of it from another."""

    order: StalledOrder
    code: str
    since: datetime
    limit: timedelta
    which: str
    facts: Facts = field(default_factory=dict)


def find_threshold(state: State, reason: str | None, problem: str | None) -> Threshold:
    """The line of the table. What this version does not know, as after going back to it, waits for a person."""
    if state is State.WAITING:
        if not reason:
            return ABOUT_TO_GO_ON
        return WAITING[Wait(reason)] if reason in set(Wait) else A_PERSON
    if state is State.ATTENTION:
        return ATTENTION[Problem(problem)] if problem in set(Problem) else A_PERSON
    return STATES[state]


def compute_shortest(reminders: Reminders) -> timedelta:
    """The least age of an order of which anything can be told."""
    return min(reminders.placed, reminders.waiting, QUICKEST)


def collect_findings(
    order: StalledOrder, now: datetime, reminders: Reminders, shops: Collection[str] | None = None
) -> tuple[Finding, ...]:
    """What is to be told of an order, most telling first. `shops` = those of the configuration; None = not
    known."""
    if shops is not None and order.shop not in shops:
        facts = {"shop": order.shop}
        return (_build_finding(order, "shop_gone", now, order.since, reminders.waiting, facts),)
    found = [
        _find_overdue(order, now),
        _find_unbrought(order, now),
        _find_late(order, now, reminders.late),
        _find_failing(order, now),
        _find_standing(order, now, reminders),
    ]
    return tuple(one for one in found if one is not None)


def _find_standing(order: StalledOrder, now: datetime, reminders: Reminders) -> Finding | None:
    """It has stood where it stands for longer than the table allows."""
    threshold = find_threshold(order.state, order.reason, order.problem)
    limit, since = threshold.compute_limit(reminders), order.since
    if threshold.planned:
        since = max(since, find_planned_end(order) or since)
    if _is_never_made(order) or not (now - since >= limit and _is_lasting(order, now, reminders)):
        return None
    if order.state in {State.RECEIVED, State.PLACING} and _find_overdue(order, now):
        return None  # nobody took it up: that is told
    facts = {**order.facts, **_build_facts(order)}
    return _build_finding(order, CODES[order.state], now, since, limit, facts)


def _is_lasting(order: StalledOrder, now: datetime, reminders: Reminders) -> bool:
    """Whether the time is this state's own. An order that is placed again and again has stood since the first
    try, but it is in the middle of being placed for a moment only, most of the times."""
    if order.state is not State.PLACING:
        return True
    trying = now - order.since >= WAITING[Wait.UPSTREAM].compute_limit(reminders)
    return trying or now - (order.moved_at or order.since) >= STATES[State.PLACING].compute_limit(reminders)


def _is_never_made(order: StalledOrder) -> bool:
    """A test order that Sculpteo has taken: it is followed for a while and never made, so it ends there."""
    return order.state is State.PLACED and order.mode is not None and order.mode != Mode.LIVE


def find_planned_end(order: StalledOrder) -> datetime | None:
    """When a wait was planned to end."""
    try:
        return datetime.fromisoformat(str(order.facts["until"]))
    except (KeyError, ValueError):
        return order.due_at


def _build_facts(order: StalledOrder) -> dict[str, object]:
    """The facts that the sentence of the state needs."""
    match order.state:
        case State.WAITING:
            return {"of": WAITS[Wait(order.reason)] if order.reason in set(Wait) else order.reason or "…"}
        case State.ATTENTION:
            known = find_text(Problem(order.problem), order.facts) if order.problem in set(Problem) else None
            return {"of": known.sentence if known else str(order.problem)}
        case State.UNKNOWN:
            return {"of": MAY_HAVE}
        case State.RECEIVED:
            return {"why": order.last_error or "no worker has taken it up"}
        case _:
            return {"reference": order.reference}


def _find_overdue(order: StalledOrder, now: datetime) -> Finding | None:
    due = order.due_at
    if due is None or now - due < OVERDUE or order.state in {State.ATTENTION, State.UNKNOWN}:
        return None
    facts = {"hours": int((now - due).total_seconds() // 3600)}
    return _build_finding(order, "overdue", now, due, OVERDUE, facts)


def _find_late(order: StalledOrder, now: datetime, slack: timedelta) -> Finding | None:
    estimate = order.estimated_delivery
    if order.state is not State.PLACED or estimate is None or now <= estimate + slack:
        return None
    date = estimate.date().isoformat()
    return Finding(order, "late", estimate, slack, date, {"reference": order.reference, "date": date})


def _find_unbrought(order: StalledOrder, now: datetime) -> Finding | None:
    """Its parcel cannot be brought to the shop."""
    if order.state is not State.SHIPPED or order.number is None or order.failures < FAILURES:
        return None
    facts = {"number": order.number, "count": order.failures, "why": order.last_error}
    return _build_finding(order, "tracking", now, order.since, DAY, facts, of=order.number)


def _find_failing(order: StalledOrder, now: datetime) -> Finding | None:
    """Nothing could be learned of an order that is bought, by as many tries as there were."""
    if order.state not in {State.PLACED, State.SHIPPED} or order.number or order.failures < FAILURES:
        return None
    since = order.looked_at or order.since
    if now - since < UNREAD:
        return None
    facts = {"count": order.failures, "why": order.last_error or "?"}
    return _build_finding(order, "failing", now, since, UNREAD, facts)


def _build_finding(
    order: StalledOrder,
    code: str,
    now: datetime,
    since: datetime,
    limit: timedelta,
    facts: Facts,
    *,
    of: str | None = None,
) -> Finding:
    """What lasts is found anew after twice the time, four times the time, and so on: `which` tells these apart
    by since when it lasts (or by what it is of), and how often the time has doubled."""
    age = now - since
    told = {"days": age.days, "since": f"{since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"}
    return Finding(
        order,
        code,
        since,
        limit,
        f"{of or since.isoformat()}:{_count_doublings(age, limit)}",
        {**facts, **told},
    )


def _count_doublings(age: timedelta, limit: timedelta) -> int:
    return max(int(age / limit), 1).bit_length() - 1


def list_open_states() -> Iterator[tuple[State, str | None, str | None]]:
    """Everything that an open order can be: state, reason, problem."""
    yield from ((state, None, None) for state in STATES)
    yield (State.WAITING, None, None)
    yield from ((State.WAITING, str(reason), None) for reason in Wait)
    yield from ((State.ATTENTION, None, str(problem)) for problem in Problem)
