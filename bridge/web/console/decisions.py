"""Deciding about orders, one or many: where money is at stake, a page asks first; then it is done once.

Each order comes with a mark of what the person saw (`OrderRecord.decision_digest`). An order that is otherwise by now is left
alone, and that is said: so a button that is pressed twice does its work once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from aiohttp import web

from bridge.decisions.actions import (
    BY_NAME,
    Action,
    perform_action,
)
from bridge.decisions.refusals import NotNow
from bridge.decisions.transitions import (
    check_approved_already,
    find_known_reference,
)
from bridge.errors import NeedsPerson, StaleDecision, TryAgain
from bridge.order.model import Money
from bridge.order.problems import PROBLEMS, Problem, fill_sentence
from bridge.order.records import OrderRecord
from bridge.steps.payment import is_unpaid
from bridge.web.console.mapping_changes import pending_change
from bridge.web.console.orders import rows_of
from bridge.web.console.request_context import (
    Visit,
    local_path,
    page,
)
from bridge.web.console.summaries import Summary

MOST = 100  # orders of one decision
LONGEST_REFERENCE = 40
PRICES = 20  # that one page asks Sculpteo for
PATIENCE = 4.0  # seconds that it waits for them
TOLD = 3  # orders that were left alone, which the notice names

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Stakes:
    """What a decision about several orders costs and brings, as far as it is known."""

    costs: str
    totals: str
    untold: int  # orders whose cost is not known yet


@routes.get("/orders/decide")
@page("operator")
async def ask(visit: Visit) -> web.StreamResponse:
    """What is about to happen to which orders, and a button."""
    query = visit.request.query
    action = _action(query.get("action", ""), visit)
    back = local_path(query.get("back", "/orders"))
    if not query.getall("key", []):
        text = visit.t("No order is ticked. Tick the orders that you mean, then press the button again.")
        return visit.back_to(back, text, good=False)
    found = await _records(visit, query.getall("key", []))
    fitting = [record for record in found if action.is_available(record)]
    reference = query.get("reference", "").strip()[:LONGEST_REFERENCE]
    doubt, refused = (None, None) if not action.asks else await _doubt(visit, fitting, reference)
    rows = await rows_of(visit, [record.key for record in fitting])
    costs = await costs_of(visit, [record for record in fitting if action.at_stake(record)])
    return await visit.show(
        "decide.html",
        action=action,
        rows=rows,
        left=[_left_of(visit, action, record) for record in found if record not in fitting],
        marks=[mark_of(record) for record in fitting],
        shown_costs=[f"{key}:{cost.amount}:{cost.currency}" for key, cost in costs.items()],
        costs=costs,
        stakes=stakes_of(visit, rows, costs),
        unpaid=[row for row in rows if action.name == "approve" and is_unpaid(row.record)],
        at_stake=any(action.at_stake(record) for record in fitting),
        reference=reference
        or (find_known_reference(fitting[0]) if len(fitting) == 1 and action.name == "adopt" else None),
        doubt=doubt,
        refused=refused,
        back=back,
    )


def _left_of(visit: Visit, action: Action, record: OrderRecord) -> str:
    why_not = action.find_refusal(record)
    return why_not.render_sentence(visit.reader.translate) if why_not else changed_since(visit, record)


def mark_of(record: OrderRecord) -> str:
    """What a form says of an order: its number, and what the person saw of it."""
    return f"{record.key}:{record.decision_digest}"


def is_as_shown(visit: Visit, record: OrderRecord, seen: str) -> bool:
    """Whether the order is as the person saw it, and in the mode that the page names: a console that is late with
    the configuration shows another mode than the one in force."""
    return seen == record.decision_digest and record.in_force in {None, visit.settings.mode}


async def costs_of(visit: Visit, records: list[OrderRecord]) -> dict[int, Money]:
    """What the prints of each order cost: as it is known, or as Sculpteo says now, if it answers soon."""
    found = {record.key: record.cost for record in records if record.cost}
    asked = 0
    with contextlib.suppress(TimeoutError, TryAgain):
        async with asyncio.timeout(PATIENCE):
            for record in records:
                asked += 0 if record.key in found else len(record.items)
                if asked > PRICES:
                    break
                if record.items and record.key not in found:
                    cost = await _cost(visit, record)
                    found |= {record.key: cost} if cost else {}
    return found


async def _cost(visit: Visit, record: OrderRecord) -> Money | None:
    """What Sculpteo asks for all items now. Raises TryAgain."""
    currency, total = visit.world.policy.currency, Decimal(0)
    for item in record.items:
        quote = await visit.world.printer.fetch_price(item.design, item.quantity, currency)
        if quote.total is None or quote.total.currency != currency:
            return None
        total += quote.total.amount
    return Money(total, currency)


def stakes_of(visit: Visit, rows: list[Summary], costs: dict[int, Money]) -> Stakes:
    return Stakes(
        _sums(visit, costs.values()),
        _sums(visit, [row.total for row in rows if row.total]),
        sum(row.record.key not in costs for row in rows),
    )


def _sums(visit: Visit, amounts: Iterable[Money]) -> str:
    """All together, currency by currency."""
    sums: dict[str, Decimal] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    return " + ".join(visit.reader.format_money(Money(amount, currency)) for currency, amount in sums.items())


def _action(name: str, visit: Visit) -> Action:
    """Raises 400 for one that is none, 403 for one that is above the user's role."""
    action = BY_NAME.get(name)
    if action is None:
        raise web.HTTPBadRequest
    if not visit.user.may(action.role):
        raise web.HTTPForbidden
    return action


async def _records(visit: Visit, keys: list[str]) -> list[OrderRecord]:
    """Raises 400 for nonsense and for none, 404 where no order is there."""
    if not 0 < len(keys) <= MOST or not all(
        key.isascii() and key.isdigit() and len(key) < 18 for key in keys
    ):
        raise web.HTTPBadRequest
    found = await visit.store.queries.load_orders(list(dict.fromkeys(map(int, keys))))
    if not found:
        raise web.HTTPNotFound
    return sorted(found, key=lambda record: -record.key)


async def _doubt(visit: Visit, records: list[OrderRecord], reference: str) -> tuple[str | None, str | None]:
    """What makes a reference doubtful, and what rules it out."""
    if not reference or len(records) != 1:
        return None, visit.t("Type the reference that Sculpteo gave the order.")
    other = await visit.world.orders.find_reference_owner(reference, records[0])
    if other:
        return None, _taken(visit, reference, other)
    try:
        report = await visit.world.printer.track_order(reference)
    except TryAgain:
        return visit.t("Sculpteo could not be asked whether it knows {reference}.", reference=reference), None
    if not report.exists:
        text = "Sculpteo's tracking page does not know {reference}. Is it spelled right?"
        return visit.t(text, reference=reference), None
    return None, None


def _taken(visit: Visit, reference: object, other: object) -> str:
    sentence = visit.reader.translate(PROBLEMS[Problem.REFERENCE_TAKEN].sentence)
    return fill_sentence(sentence, {"reference": reference, "other": other})


@routes.post("/orders/decide")
@page("operator")
async def decide(visit: Visit) -> web.StreamResponse:
    """Do it to each order that is still as the person saw it."""
    action = _action(visit.form.get("action"), visit)
    marks = dict(one.partition(":")[::2] for one in visit.form.all("order"))
    reference = visit.form.get("reference").strip()[:LONGEST_REFERENCE]
    if action.asks and not reference:
        raise web.HTTPBadRequest
    costs = dict(map(_shown_cost, visit.form.all("cost")))
    done, left = 0, list[Left]()
    for record in await _records(visit, list(marks)):
        why_not = await _done(visit, action, record, marks[str(record.key)], reference, costs)
        done += why_not is None
        left += [why_not] if why_not else []
    if done:
        visit.console.on_news()
    back = local_path(visit.form.get("back") or "/orders")
    good = all(one.already for one in left)
    return visit.back_to(back, _told(visit, action, done, [one.sentence for one in left]), good=good)


def _shown_cost(text: str) -> tuple[str, Money]:
    """What the page said that an order costs: "17:41.80:EUR". Raises 400 for anything else."""
    key, _, cost = text.partition(":")
    amount, _, currency = cost.partition(":")
    try:
        return key, Money(Decimal(amount), currency)
    except ArithmeticError:
        raise web.HTTPBadRequest from None


@dataclass(frozen=True, slots=True)
class Left:
    """Why an order was left as it is. `already` = what was wanted is so, since somebody decided it before."""

    sentence: str
    already: bool = False


async def _done(
    visit: Visit,
    action: Action,
    record: OrderRecord,
    seen: str,
    reference: str,
    costs: Mapping[str, Money],
) -> Left | None:
    """Why it was not done; None = it was."""
    store, address = visit.store, visit.origin.address
    if not is_as_shown(visit, record, seen):
        left = _as_it_is_now(visit, action, record)
        await visit.note(action.name, "refused", record.key, why=left.sentence)
        return left
    if action.at_stake(record) and await pending_change(visit, record):
        sentence = visit.t(
            "The mapping of {order} changed, and it is being looked at anew: nothing was done. Look again.",
            order=record.name or record.order_id,
        )
        await visit.note(action.name, "refused", record.key, why="the mapping changed")
        return Left(sentence)
    try:
        await perform_action(
            action,
            record,
            visit.user.name,
            visit.now,
            store.orders,
            store.sessions,
            reference=reference,
            cost=costs.get(str(record.key)),
            address=address,
        )
    except NotNow as error:
        return Left(error.render_sentence(visit.reader.translate), error.already)
    except StaleDecision:
        fresh = await store.queries.find_order(record.key)
        return _as_it_is_now(visit, action, fresh or record)
    except NeedsPerson as error:
        return Left(_taken(visit, error.facts.get("reference"), error.facts.get("other")))
    return None


def _as_it_is_now(visit: Visit, action: Action, record: OrderRecord) -> Left:
    """What to say of an order that is not as the person saw it: that it is so already, or why it cannot be any
    more, or that it is to be looked at anew."""
    repeated = check_approved_already(record) if action.name == "approve" else None
    why_not = repeated or action.find_refusal(record)
    if why_not is not None:
        return Left(why_not.render_sentence(visit.reader.translate), why_not.already)
    return Left(changed_since(visit, record))


def changed_since(visit: Visit, record: OrderRecord) -> str:
    name = record.name or record.order_id
    return visit.t("{order} changed after you opened this page. Nothing was done; look again.", order=name)


def _told(visit: Visit, action: Action, done: int, left: list[str]) -> str:
    """What the next page says."""
    parts = []
    if done == 1 and not left:
        parts.append(visit.t(action.done))
    elif done:
        parts.append(visit.reader.n("{count} order: done.", "{count} orders: done.", done))
    parts += left[:TOLD]
    if len(left) > TOLD:
        more = len(left) - TOLD
        parts.append(
            visit.reader.n("{count} more was left as it is.", "{count} more were left as they are.", more)
        )
    return " ".join(parts)
