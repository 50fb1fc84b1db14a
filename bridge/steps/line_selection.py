"""Which lines of an order are printed, and how many of each: what of them is left to fulfill. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bridge.order.matching import Match, Printed, Unmapped
from bridge.order.model import FulfillmentOrder, LineItem, PrintItem, ShopOrder
from bridge.order.policy import Policy
from bridge.order.problems import Problem
from bridge.order.records import Facts, OrderRecord
from bridge.order.spelling import mark_unseen_characters
from bridge.order.states import Ignored, Wait
from bridge.ports import Catalog
from bridge.steps.allocation import (
    LIVE_STATUSES,
    SHIPPED_METHODS,
    collect_units_to_print,
    count_units_by_line,
    describe_hold,
    is_ours,
)

ROUTING_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
ROUTED_BY = timedelta(minutes=10)  # after which a line without a fulfillment order will get none


@dataclass(frozen=True, slots=True)
class Waiting:
    reason: Wait
    due_at: datetime | None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blocked:
    problem: Problem
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    why: Ignored
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """The lines to print: `items`, or the verdict that says why there is nothing to go on with."""

    items: tuple[PrintItem, ...] = ()
    verdict: Waiting | Blocked | Skipped | None = None
    locations: tuple[str, ...] = ()  # ids of the locations that the printed lines are assigned to


Allows = Callable[[str, tuple[PrintItem, ...]], bool]


def allow_nothing(code: str, items: tuple[PrintItem, ...]) -> bool:
    return False


def select_lines(
    shop: str,
    order: ShopOrder,
    catalog: Catalog,
    policy: Policy,
    *,
    missing_since: datetime | None = None,
    allows: Allows = allow_nothing,
) -> Selection:
    """What is left to fulfill of mapped lines, over the fulfillment orders that go by post from our locations.

    `missing_since` = when lines without a fulfillment order were first seen. `allows` tells whether a person
    approved these very prints when a problem stood in their way.
    """
    matches: dict[str, Match] = {line.id: catalog.match_line(shop, line) for line in order.lines}
    if not order.fulfillment_orders:
        return Selection(verdict=_assess_unrouted_order(order, matches, missing_since))
    wanted = policy.locations.get(shop)
    found = _select_at_locations(order, matches, wanted, missing_since, allows)
    unknown = policy.unknown_locations.get(shop)
    if not unknown:
        return found
    everywhere = _select_at_locations(order, matches, None, missing_since, allows)
    if everywhere.items == found.items or allows(Problem.LOCATION, everywhere.items):
        return everywhere
    return Selection(everywhere.items, _build_unknown_location(order, unknown, wanted))


def _build_unknown_location(
    order: ShopOrder, unknown: frozenset[str], wanted: frozenset[str] | None
) -> Blocked:
    """Leaving lines to a location is for a person to decide while it is not known which location is meant."""
    places = {
        f"“{unit.location_name or unit.location_id}”"
        for unit in order.fulfillment_orders
        if is_ours(unit, None) and not is_ours(unit, wanted)
    }
    named = ", ".join(f"“{word}”" for word in sorted(unknown))
    return Blocked(Problem.LOCATION, {"locations": named, "places": ", ".join(sorted(places))})


def _select_at_locations(
    order: ShopOrder,
    matches: dict[str, Match],
    locations: frozenset[str] | None,
    missing_since: datetime | None,
    allows: Allows,
) -> Selection:
    units = collect_units_to_print(order, locations)
    left = count_units_by_line(units)
    lines = [line for line in order.lines if left.get(line.id)]
    trouble = _check_unmapped_lines(lines, matches)
    if trouble:
        return Selection(verdict=trouble)
    items = tuple(
        PrintItem(
            design=design,
            quantity=left[line.id] * design.quantity,
            line_item_id=line.id,
            line_quantity=left[line.id],
            sku=line.sku or "",
        )
        for line in lines
        for design in _get_designs(matches[line.id])
    )
    missing = _collect_missing_lines(order, matches)
    if missing and not (items and allows(Problem.NO_FULFILLMENT_ORDER, items)):
        return Selection(items, _assess_missing_lines(order, missing, missing_since))
    if not items:
        return Selection(verdict=_find_skip_reason(order, matches))
    printed = {item.line_item_id for item in items}
    asked = {one.fulfillment_order for one in units if one.line_item in printed}
    held = [unit for unit in order.fulfillment_orders if unit.id in asked]
    places = tuple(sorted({unit.location_id for unit in held if unit.location_id}))
    return Selection(items, _find_hold(held, order), places)


def _compute_next_look(now: datetime, since: datetime) -> datetime:
    """When to look again for what Shopify does by itself in a moment: after a minute, and the later the longer
    it has not come since; it may never come."""
    return now + min(max(ROUTING_RETRY, (now - since) / 4), LONGEST_RETRY)


def _compute_scheduled_look(unit: FulfillmentOrder, now: datetime) -> datetime | None:
    """Its time; where that is past and Shopify has not opened it yet, some time from now."""
    at = unit.fulfill_at
    return at if at is None or at > now else _compute_next_look(now, at)


def _get_designs(match: Match) -> tuple[Any, ...]:
    return match.designs if isinstance(match, Printed) else ()


def _check_unmapped_lines(lines: list[LineItem], matches: dict[str, Match]) -> Blocked | None:
    """Match all or place none: every unmatched SKU is named."""
    missing = [(line, match) for line in lines if isinstance(match := matches[line.id], Unmapped)]
    if not missing:
        return None
    line, match = missing[0]
    if all(match.sold is not None for _, match in missing):
        facts = {"sold": match.sold or "-", "live": match.live or "-", "option": match.option or "?"}
        return Blocked(Problem.VARIANT, {"sku": line.sku or line.title, **facts})
    if match.option is not None and len(missing) == 1:
        return Blocked(
            Problem.OPTION,
            {"sku": line.sku or line.title, "option": match.option, "value": match.value or "?"},
        )
    names = ", ".join(
        f"“{mark_unseen_characters(line.sku)}”" if line.sku else f"“{line.title}” (it has no SKU)"
        for line, _ in missing
    )
    near = [match.near.build_facts(line.sku or "") for line, match in missing if match.near]
    return Blocked(Problem.UNMAPPED, {"skus": names, **({"near": near} if near else {})})


def find_missing_since(record: OrderRecord) -> datetime | None:
    """When it was first seen that lines of the order are in no fulfillment order, if they still were at the
    last look."""
    if record.reason != Wait.ROUTING and record.problem != Problem.NO_FULFILLMENT_ORDER:
        return None
    try:
        return datetime.fromisoformat(str(record.facts["missing_since"]))
    except (KeyError, ValueError):
        return None


def _assess_unrouted_order(
    order: ShopOrder, matches: dict[str, Match], since: datetime | None
) -> Waiting | Blocked | Skipped:
    """Shopify makes fulfillment orders a moment after the order; until then only the lines can be judged."""
    lines = [line for line in order.lines if line.current_quantity > 0]
    trouble = _check_unmapped_lines(lines, matches)
    if trouble:
        return trouble
    printed = [line for line in lines if _get_designs(matches[line.id])]
    return _assess_missing_lines(order, printed, since) if printed else Skipped(Ignored.NOTHING_TO_PRINT)


def _assess_missing_lines(
    order: ShopOrder, missing: list[LineItem], since: datetime | None
) -> Waiting | Blocked:
    """What Shopify has not assigned within minutes it will not: the lines are another app's, or cannot be seen."""
    since = since or order.read_at
    facts = {"missing_since": since.isoformat()}
    if order.read_at - since < ROUTED_BY:
        return Waiting(Wait.ROUTING, order.read_at + ROUTING_RETRY, facts)
    names = ", ".join(f"“{line.sku or line.title}”" for line in missing)
    return Blocked(Problem.NO_FULFILLMENT_ORDER, {**facts, "lines": names})


def _collect_missing_lines(order: ShopOrder, matches: dict[str, Match]) -> list[LineItem]:
    """Printed lines that are in no fulfillment order, as a moment after an edit: the rest alone would be a part
    of the order that nobody asked for. Once something is sent, such a line may be sent already."""
    if any(not one.is_cancelled for one in order.fulfillments):
        return []
    routed = {line.line_item_id for unit in order.fulfillment_orders for line in unit.lines}
    return [
        line
        for line in order.lines
        if line.current_quantity > 0
        and line.requires_shipping
        and line.id not in routed
        and _get_designs(matches[line.id])
    ]


def _find_skip_reason(order: ShopOrder, matches: dict[str, Match]) -> Skipped:
    """Why a routed order has nothing to print: the closest reason that a merchant would name."""
    mapped = {line.id for line in order.lines if line.current_quantity and _get_designs(matches[line.id])}
    if not mapped:
        return Skipped(Ignored.NOTHING_TO_PRINT)
    units = [
        unit for unit in order.fulfillment_orders if any(line.line_item_id in mapped for line in unit.lines)
    ]
    waiting = [unit for unit in units if any(line.remaining for line in unit.lines)]
    by_hand = {unit.delivery_method for unit in waiting} - SHIPPED_METHODS
    if by_hand:
        return Skipped(Ignored.NOT_SHIPPED, {"methods": ", ".join(sorted(str(method) for method in by_hand))})
    if waiting and any(unit.status in LIVE_STATUSES for unit in waiting):
        places = {unit.location_name or unit.location_id or "?" for unit in waiting}
        return Skipped(Ignored.OTHER_LOCATION, {"locations": ", ".join(sorted(places))})
    return Skipped(Ignored.ALREADY_FULFILLED)


def _find_hold(units: list[FulfillmentOrder], order: ShopOrder) -> Waiting | None:
    """What Shopify itself says against fulfilling now. Its supportedActions decide, not a guess from status."""
    for unit in units:
        if unit.status == "ON_HOLD":
            return Waiting(Wait.SHOP_HOLD, None, {"reason": describe_hold(unit)})
        if unit.status == "SCHEDULED":
            return Waiting(Wait.SCHEDULED, _compute_scheduled_look(unit, order.read_at))
        if "CREATE_FULFILLMENT" not in unit.actions:
            return Waiting(Wait.SHOP_HOLD, None, {"reason": describe_hold(unit)})
    return None
