"""Today: is everything fine, and if not, what do I do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from bridge.decisions.actions import (
    Action,
    list_available_actions,
)
from bridge.health.stalled_orders import (
    build_news,
    list_orders_to_name,
)
from bridge.health.thresholds import Finding
from bridge.i18n.formatter import mark
from bridge.order import notifications
from bridge.order.explanations import (
    describe_remedy,
    translate_with_reasons,
)
from bridge.order.problems import Alarm, Problem, Text, fill_sentence, find_text
from bridge.order.records import OrderRecord
from bridge.order.states import FOR_A_PERSON, FROM_BEFORE, State
from bridge.store.order_search import OrderCounts
from bridge.store.queries import AlarmRecord, OrderFilter
from bridge.store.stalled_orders import StalledOrder
from bridge.web.console.chart_view import (
    album,
    heads,
)
from bridge.web.console.checklist import checklist
from bridge.web.console.connection_status import (
    Group,
    condition,
    spending,
    troubles,
)
from bridge.web.console.decisions import mark_of
from bridge.web.console.request_context import (
    Visit,
    local_path,
    page,
)
from bridge.web.console.summaries import Summary, sentence_of, summaries
from bridge.web.console.test_order import simulated_shops

NEEDY = (State.UNKNOWN, State.ATTENTION)
ASKING = tuple(reason for reason in FOR_A_PERSON if reason not in FROM_BEFORE)
LISTED = 20  # of each list; the rest is behind a link
QUICK = frozenset({"approve", "retry", "print_again", "cancel", "ignore"})
"""Decisions that can be made without more of the order than its reason."""
MAPPABLE = frozenset({Problem.UNMAPPED, Problem.OPTION})
LOOK_FOR_IT = mark("Look for it at Sculpteo, then say on the order's page whether they have it.")
LOOK_AT_MAPPING = mark("See whether every variant of your shop leads to its design.")
MAP_FIRST = mark(
    "No product is mapped yet: add your SKUs with their designs to `products` in the configuration."
)
FIRST_ORDER: dict[str, tuple[str, ...]] = {
    "preview": (
        mark(
            "Place an order in your shop and pay it: it appears here within seconds. Nothing is sent to Sculpteo."
        ),
        mark("When what would be ordered is right, set `mode: test` in the configuration."),
    ),
    "test": (
        mark(
            "Place an order in your shop and pay it; a test payment will do. It appears here within seconds, and "
            "nothing is made or billed."
        ),
        mark(
            "When all is as you want it, set `mode: live` in the configuration: orders are then printed and billed."
        ),
    ),
    "live": (
        mark("The next paid order of your shop appears here within seconds, and is printed and billed."),
        mark("Until then, `sculpteo-bridge check` tells whether everything is in place."),
    ),
}
"""By the mode: what to do before the first order comes."""

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Told:
    """An order in words."""

    record: OrderRecord
    why: str
    remedy: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """An order with the buttons that are most likely wanted; `mark` says what the person saw of it."""

    told: Told
    summary: Summary
    actions: tuple[Action, ...]
    mark: str
    mappable: bool  # it wants to be told what a line of it is


@dataclass(frozen=True, slots=True)
class StandingStill:
    """An order that has stood for too long, in words."""

    order: StalledOrder
    summary: Summary | None
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rung:
    """An alarm in words."""

    record: AlarmRecord
    sentence: str
    remedy: str


@routes.get("/")
@page()
async def today(visit: Visit) -> web.StreamResponse:
    store = visit.store
    counts = await visit.counts()
    needy = await store.queries.list_orders(OrderFilter(NEEDY), limit=LISTED)
    asking = await store.desk.list_orders(states=[State.WAITING], reasons=ASKING, limit=LISTED)
    before = await store.desk.list_orders(states=[State.WAITING], reasons=FROM_BEFORE, limit=LISTED)
    alarms = await store.queries.list_alarms()
    groups = await condition(visit, counts.deliveries)
    spent = await spending(visit)
    wrong = await troubles(visit, spent.spent)
    stalled, more_stalled = await list_orders_to_name(
        visit.store, visit.settings, visit.now, but=ASKING, most=LISTED
    )
    return await visit.show(
        "today.html",
        counts=counts,
        needy_orders=await cases(visit, needy),
        needy_count=counts.states[State.UNKNOWN] + counts.states[State.ATTENTION],
        asking_orders=await cases(visit, asking),
        asking_count=sum(counts.reasons.get(reason, 0) for reason in ASKING),
        before_orders=await cases(visit, before),
        before_count=sum(counts.reasons.get(reason, 0) for reason in FROM_BEFORE),
        alarms=[rung(visit, alarm) for alarm in alarms[:LISTED]],
        groups=groups,
        troubles=wrong,
        stalled_orders=await standing_still(visit, stalled),
        stalled_count=len(stalled) + more_stalled,
        is_fine=not wrong and not stalled and _is_fine(counts, groups),
        checklist=await checklist(visit, counts),
        is_new=not any(counts.states.values()),
        simulated_shops=simulated_shops(visit),
        next_steps=[visit.t(step) for step in next_steps(visit)],
        spending=spent,
        album=await album(visit),
        heads=heads(visit),
    )


def next_steps(visit: Visit) -> list[str]:
    """What somebody does who has just set the bridge up, until the first order comes."""
    settings = visit.settings
    mapped = settings.products or any(shop.products for shop in settings.shops.values())
    return [LOOK_AT_MAPPING if mapped else MAP_FIRST, *FIRST_ORDER[settings.mode]]


async def cases(visit: Visit, listed: Sequence[OrderRecord]) -> list[Case]:
    """The orders of a list, complete: what can be done with one depends on more than a list knows."""
    found = await summaries(visit, [record.key for record in listed])
    known = [found[record.key] for record in listed if record.key in found]
    return [
        Case(
            told(visit, summary.record),
            summary,
            tuple(action for action in list_available_actions(summary.record) if action.name in QUICK),
            mark_of(summary.record),
            summary.record.problem in MAPPABLE,
        )
        for summary in known
    ]


def _is_fine(counts: OrderCounts, groups: list[Group]) -> bool:
    """Whether there is nothing that a person should look at."""
    needy = sum(counts.states[state] for state in NEEDY)
    asking = sum(counts.reasons.get(reason, 0) for reason in FOR_A_PERSON)
    return not (needy or asking or counts.alarms) and all(
        group.level not in {"warn", "bad"} for group in groups
    )


def told(visit: Visit, record: OrderRecord) -> Told:
    name, said = record.name or record.order_id, visit.reader.translate
    sentence = sentence_of(visit, record)
    if record.state is State.UNKNOWN:
        return Told(record, sentence, visit.t(LOOK_FOR_IT))
    return Told(
        record,
        sentence,
        describe_remedy(record.state, record.problem, record.facts, name, said, reason=record.reason),
    )


async def standing_still(visit: Visit, found: Sequence[Finding]) -> list[StandingStill]:
    known = await summaries(visit, [finding.order.key for finding in found])
    told = []
    for finding in found:
        order = finding.order
        words = notifications.describe_news(
            build_news(finding, visit.now), f"{order.shop}/{order.name}", visit.reader.translate
        )
        told.append(StandingStill(order, known.get(order.key), *words))
    return told


def rung(visit: Visit, alarm: AlarmRecord) -> Rung:
    text = find_text(Alarm(alarm.alarm), alarm.facts) if alarm.alarm in set(Alarm) else Text(alarm.alarm, "")
    said, facts = visit.reader.translate, translate_with_reasons(alarm.facts, visit.reader.translate)
    return Rung(alarm, fill_sentence(said(text.sentence), facts), fill_sentence(said(text.remedy), facts))


@routes.post("/alarms/{key:[0-9]{1,17}}/clear")
@page("operator")
async def clear_alarm(visit: Visit) -> web.StreamResponse:
    """A person saw to it. Pressed twice, the second changes nothing."""
    key = int(visit.request.match_info["key"])
    new = await visit.store.clear_alarm(key, visit.user.name)
    if new:
        await visit.note("clear_alarm", "done", alarm=key)
    text = visit.t("The alarm is cleared.") if new else visit.t("It was cleared already.")
    return visit.back_to(local_path(visit.form.get("back") or "/"), text)
