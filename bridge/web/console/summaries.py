"""What a list says of an order at a glance: its products, its amount, what is bought next, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.decisions.transitions import is_bought
from bridge.i18n.formatter import mark
from bridge.order.explanations import describe_state
from bridge.order.model import LineItem, Money, ShopOrder
from bridge.order.records import OrderRecord
from bridge.order.states import State, Wait
from bridge.web.console.request_context import Visit

NAMED = 3  # products that a row names; of the rest it says how many

ONCE: dict[Wait, str] = {
    Wait.PAYMENT: mark("once it is paid"),
    Wait.UNPAID: mark("once it is paid, or you approve it"),
    Wait.APPROVAL: mark("once you approve it"),
    Wait.RISK: mark("once you approve it"),
    Wait.HELD: mark("once somebody releases or approves it"),
    Wait.SHOP_HOLD: mark("once Shopify's hold ends"),
    Wait.UNRATED: mark("once Shopify has rated its risk, or you approve it"),
    Wait.ROUTING: mark("once Shopify has routed it"),
    Wait.PAUSED: mark("once placing goes on"),
    Wait.PREVIEW: mark("not in preview mode"),
    Wait.BEFORE_GO_LIVE: mark("once you approve it"),
    Wait.WAS_TEST: mark("once you approve it"),
    Wait.OTHER_MODE: mark("once you approve it"),
    Wait.BOUGHT_ALREADY: mark("not as long as Sculpteo makes it already"),
    Wait.TEST_BILLED: mark("once a person has seen to the test order"),
}
"""When an order is bought that waits for something else than a time."""
AT_A_TIME = frozenset({Wait.WINDOW, Wait.SCHEDULED, Wait.LIMIT_DAY})
BEFORE_BUYING = frozenset({State.RECEIVED, State.WAITING, State.PLACING, State.ATTENTION})


@dataclass(frozen=True, slots=True)
class Product:
    """A product of an order. `units` = what is left of them after edits and refunds."""

    line: LineItem
    units: int

    @property
    def name(self) -> str:
        variant = self.line.variant_title
        return f"{self.line.title} · {variant}" if variant and variant != "Default Title" else self.line.title


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is bought next of an order. `at` is its moment, where there is one; else `when` says what has to
    happen first."""

    prints: Sequence[str]
    cost: Money | None
    when: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """An order at a glance. `since` = since when it is as it is, however often it was looked at meanwhile."""

    record: OrderRecord
    why: str
    since: datetime
    every: Sequence[Product]
    customer: str | None
    total: Money | None
    purchase: Purchase | None

    @property
    def products(self) -> Sequence[Product]:
        """Those that a row names."""
        return self.every[:NAMED]

    @property
    def more(self) -> int:
        """Products beside those."""
        return max(len(self.every) - NAMED, 0)


async def summaries(visit: Visit, keys: Collection[int]) -> dict[int, Summary]:
    """These orders at a glance, by their keys; one that is gone by now is left out. Takes a few reads, however many
    there are."""
    loaded = await visit.store.queries.load_orders(list(keys))
    since = await visit.store.watching.load_stalled_since({record.key: record for record in loaded})
    return {record.key: summary_of(visit, record, since) for record in loaded}


def summary_of(visit: Visit, record: OrderRecord, since: Mapping[int, datetime]) -> Summary:
    seen = record.snapshot
    return Summary(
        record=record,
        why=sentence_of(visit, record),
        since=since.get(record.key, record.first_seen_at),
        every=products_of(seen.lines) if seen else [],
        customer=seen.customer_name if seen else None,
        total=_amount(seen) if seen else None,
        purchase=purchase_of(visit, record),
    )


def sentence_of(visit: Visit, record: OrderRecord) -> str:
    """Why it stands where it stands, with the times as the reader writes them."""
    until = visit.reader.format_short_moment(record.window_until) if record.window_until else None
    said = visit.reader.translate
    return describe_state(record.state, record.reason, record.problem, record.facts, said, window_until=until)


def _amount(order: ShopOrder) -> Money | None:
    """What the customer pays now; where everything was taken off the order, what they were to pay."""
    is_empty = not any(line.current_quantity for line in order.lines)
    return order.total if is_empty else order.current_total or order.total


def products_of(lines: Sequence[LineItem]) -> list[Product]:
    """What the customer gets; where everything was taken off the order, what was ordered."""
    left = [Product(line, line.current_quantity) for line in lines if line.current_quantity]
    return left or [Product(line, line.quantity) for line in lines]


def purchase_of(visit: Visit, record: OrderRecord) -> Purchase | None:
    """None where nothing is bought, or it is not known yet of what."""
    if record.state not in BEFORE_BUYING or is_bought(record) or not record.items:
        return None
    when, at = _when(visit, record)
    return Purchase(prints_of(record), record.cost, when, at)


def prints_of(record: OrderRecord) -> list[str]:
    """ "2 × RING-S", by the lines of the order, however many designs each is made of."""
    found: dict[str, str] = {}
    for item in record.items:
        found.setdefault(item.line_item_id, f"{item.line_quantity} × {item.sku or item.design.uuid}")
    return list(found.values())


def _when(visit: Visit, record: OrderRecord) -> tuple[str, datetime | None]:
    t, reason = visit.t, record.reason
    if record.state is State.ATTENTION:
        return t("once its problem is solved"), None
    if record.state is State.PLACING:
        return t("in this moment"), None
    if reason in AT_A_TIME:
        at = record.window_until if reason == Wait.WINDOW and record.window_until else record.due_at
        if at is not None and at > visit.now:
            return t("on {at}", at=visit.reader.format_short_moment(at)), at
    if reason in ONCE:
        return t(ONCE[Wait(reason)]), None
    return t("within minutes, if nothing speaks against it"), None
