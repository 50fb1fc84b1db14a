"""Which units of an order are Sculpteo's, by fulfillment order line and location. Pure.

The one home of this decision. Ours are units that go by post from the places where Sculpteo prints, and the
fulfillments that the bridge made, no others: a line may be split between Sculpteo and the merchant's own stock,
and what the merchant ships says nothing of what Sculpteo does.

https://shopify.dev/docs/apps/build/orders-fulfillment/order-management-apps
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bridge.order.model import Fulfillment, FulfillmentOrder, PrintItem, ShopOrder
from bridge.order.spelling import fold_case

SHIPPED_METHODS = frozenset({"SHIPPING", None})
LIVE_STATUSES = frozenset({"OPEN", "IN_PROGRESS", "SCHEDULED", "ON_HOLD"})
GIVEN_UP = "INCOMPLETE"  # its fulfillment service will not send what remains
NOT_NOW = "Shopify does not let it be fulfilled now"
SCHEDULED = "it is scheduled for later"


@dataclass(frozen=True, slots=True)
class Units:
    """Units of one line that are still to be sent, in one line (`row`) of a fulfillment order."""

    fulfillment_order: str
    row: str
    line_item: str
    location: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Printed:
    """What was bought for an order, and what the bridge knows to be its own.

    `order` is the Shopify order as it was then, `locations` are those where Sculpteo prints (none = all),
    `numbers` those of Sculpteo's parcels, and `made` the ids of fulfillments without a number that the bridge made.
    """

    items: tuple[PrintItem, ...]
    order: ShopOrder | None = None
    locations: frozenset[str] | None = None
    numbers: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()

    @property
    def units_by_line(self) -> dict[str, int]:
        """The printed units of each line."""
        return {item.line_item_id: item.line_quantity for item in self.items}

    def is_carried_by(self, one: Fulfillment) -> bool:
        """Whether a shipment holds what Sculpteo printed: the bridge, or a person, gave it a number of ours."""
        return one.id in self.made or any(tracking.number in self.numbers for tracking in one.tracking)

    def is_own_shipment(self, one: Fulfillment) -> bool:
        """Whether a shipment is the bridge's own: with no number, or no other number, than Sculpteo's."""
        numbers = {tracking.number for tracking in one.tracking if tracking.number}
        return one.id in self.made or bool(numbers and numbers <= self.numbers)


@dataclass(frozen=True, slots=True)
class Allocation:
    """The printed units that are not in a shipment of ours yet: those that can be fulfilled now (`open`), and
    those that Shopify holds back, with its reasons. `own` are the bridge's fulfillments, newest last."""

    open: tuple[Units, ...] = ()
    held: tuple[Units, ...] = ()
    holds: tuple[str, ...] = ()
    own: tuple[Fulfillment, ...] = ()
    taken: Mapping[str, int] | None = None

    @property
    def is_taken_by_others(self) -> bool:
        """Whether somebody else has fulfilled units that Sculpteo prints."""
        return any((self.taken or {}).values())


def is_ours(unit: FulfillmentOrder, locations: frozenset[str] | None) -> bool:
    """Whether it goes by post, and from one of `locations` (names or ids; none = from anywhere)."""
    if unit.delivery_method not in SHIPPED_METHODS:
        return False
    return not locations or is_location_named(locations, unit.location_id, unit.location_name)


def is_location_named(words: Iterable[str], location_id: str | None, name: str | None) -> bool:
    """Whether one of the words means this location: its name in any case and spacing, its id, or the number in
    its id. An id's number wins no name: a location may be called "2"."""
    called = {fold_case(text) for text in (name, location_id, (location_id or "").rpartition("/")[2]) if text}
    return any(fold_case(word) in called for word in words)


def collect_live_fulfillments(order: ShopOrder) -> tuple[Fulfillment, ...]:
    return tuple(one for one in order.fulfillments if not one.is_cancelled)


def collect_units_to_print(order: ShopOrder, locations: frozenset[str] | None) -> tuple[Units, ...]:
    """What is left to send of each line from the places where Sculpteo prints. A fulfillment order that its
    service gave up counts only for lines that no other one took over."""
    ours = [unit for unit in order.fulfillment_orders if is_ours(unit, locations)]
    live = tuple(_collect_remaining_units(unit for unit in ours if unit.status in LIVE_STATUSES))
    taken_over = count_units_by_line(live).keys()
    given_up = _collect_remaining_units(unit for unit in ours if unit.status == GIVEN_UP)
    return (*live, *(one for one in given_up if one.line_item not in taken_over))


def count_units_by_line(units: Iterable[Units]) -> dict[str, int]:
    """The number of units of each line."""
    return _sum_quantities((one.line_item, one.quantity) for one in units)


def _sum_quantities(quantities: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The sum of the quantities that stand with each id."""
    found: dict[str, int] = {}
    for key, quantity in quantities:
        found[key] = found.get(key, 0) + quantity
    return found


def describe_hold(unit: FulfillmentOrder) -> str:
    """What Shopify itself says against fulfilling it now."""
    if unit.status == "ON_HOLD":
        return ", ".join(hold.reason for hold in unit.holds) or "on hold"
    return SCHEDULED if unit.status == "SCHEDULED" else NOT_NOW


def allocate_units(order: ShopOrder, printed: Printed) -> Allocation:
    """Where the printed units are now.

    A unit that is in a shipment of ours is done. Of the others each is looked for at our places, and after that
    where the merchant moved it since; never among those that were somebody else's when the prints were bought, nor
    among those that an edit added.
    """
    sent = _count_sent_units(order, printed)
    wanted = {line: max(quantity - sent.get(line, 0), 0) for line, quantity in printed.units_by_line.items()}
    ours = [unit for unit in order.fulfillment_orders if is_ours(unit, printed.locations)]
    moved = _collect_moved_orders(order, printed)
    allowed = _count_moved_units(order, printed, moved)
    open_: list[Units] = []
    held: list[Units] = []
    for found, fits in ((open_, _is_fulfillable), (held, _is_held)):
        found += _take_units(_collect_remaining_units(unit for unit in ours if fits(unit)), wanted)
        found += _take_units(_collect_remaining_units(unit for unit in moved if fits(unit)), wanted, allowed)
    holding = {one.fulfillment_order for one in held}
    reasons = (describe_hold(unit) for unit in order.fulfillment_orders if unit.id in holding)
    return Allocation(
        open=tuple(open_),
        held=tuple(held),
        holds=tuple(dict.fromkeys(reasons)),
        own=tuple(one for one in collect_live_fulfillments(order) if printed.is_own_shipment(one)),
        taken=_count_taken_units(order, printed, wanted),
    )


def collect_wholly_ours(order: ShopOrder, allocation: Allocation) -> tuple[str, ...]:
    """Ids of the fulfillment orders in which all that is left is printed by Sculpteo, and can be fulfilled now."""
    ours = _sum_quantities((one.fulfillment_order, one.quantity) for one in allocation.open)
    return tuple(
        unit.id
        for unit in order.fulfillment_orders
        if unit.id in ours and ours[unit.id] == sum(row.remaining for row in unit.lines)
    )


def _count_sent_units(order: ShopOrder, printed: Printed) -> dict[str, int]:
    """By line: the units in shipments of ours that were made since the prints were bought. Where the purchase was
    found later, by another database, what had left by then is not among `printed` either."""
    known = {one.id for one in (printed.order.fulfillments if printed.order else ())}
    carrying = (
        one for one in collect_live_fulfillments(order) if printed.is_carried_by(one) and one.id not in known
    )
    return _sum_quantities(units for one in carrying for units in one.lines)


def _collect_remaining_units(units: Iterable[FulfillmentOrder]) -> Iterator[Units]:
    for unit in units:
        for row in unit.lines:
            if row.remaining > 0:
                yield Units(unit.id, row.id, row.line_item_id, unit.location_id, row.remaining)


def _is_fulfillable(unit: FulfillmentOrder) -> bool:
    return "CREATE_FULFILLMENT" in unit.actions


def _is_held(unit: FulfillmentOrder) -> bool:
    return unit.status in LIVE_STATUSES and not _is_fulfillable(unit)


def _take_units(
    units: Iterable[Units], wanted: dict[str, int], allowed: dict[str, int] | None = None
) -> Iterator[Units]:
    """As many of the units as are wanted, and allowed, of their lines; both are counted down."""
    for one in units:
        most = min(one.quantity, wanted.get(one.line_item, 0))
        if allowed is not None:
            most = min(most, allowed.get(one.line_item, 0))
            allowed[one.line_item] = allowed.get(one.line_item, 0) - max(most, 0)
        if most > 0:
            wanted[one.line_item] -= most
            yield replace(one, quantity=most)


def _collect_moved_orders(order: ShopOrder, printed: Printed) -> list[FulfillmentOrder]:
    """The fulfillment orders by post of places that are not ours: those that came there since first."""
    there = {
        (unit.id, unit.location_id) for unit in (printed.order.fulfillment_orders if printed.order else ())
    }
    elsewhere = [
        unit
        for unit in order.fulfillment_orders
        if is_ours(unit, None) and not is_ours(unit, printed.locations)
    ]
    return sorted(elsewhere, key=lambda unit: (unit.id, unit.location_id) in there)


def _count_moved_units(
    order: ShopOrder, printed: Printed, elsewhere: list[FulfillmentOrder]
) -> dict[str, int]:
    """By line: the units at other places (`elsewhere`) that cannot have been anybody else's when the prints were bought, nor
    have been added by an edit: the merchant moved them there."""
    before = printed.order
    if before is None:
        return {}
    now, then = (
        count_units_by_line(_collect_remaining_units(elsewhere)),
        count_units_by_line(collect_units_to_print(before, None)),
    )
    added = _count_added_units(before, order)
    return {
        line: max(now.get(line, 0) - max(then.get(line, 0) - quantity, 0) - max(added.get(line, 0), 0), 0)
        for line, quantity in printed.units_by_line.items()
    }


def _count_added_units(before: ShopOrder, now: ShopOrder) -> dict[str, int]:
    """By line: the units that edits and refunds added (below zero: took away)."""
    units = {line.id: line.current_quantity for line in now.lines}
    return {line.id: units.get(line.id, 0) - line.current_quantity for line in before.lines}


def _count_taken_units(order: ShopOrder, printed: Printed, missing: Mapping[str, int]) -> dict[str, int]:
    """By line: of the `missing` units, which are nowhere to be sent from any more, those that somebody else
    fulfilled since they were bought. What was refunded is not missed."""
    before = printed.order
    if before is None or not any(missing.values()):
        return {}
    given_up = count_units_by_line(
        _collect_remaining_units(unit for unit in order.fulfillment_orders if unit.status == GIVEN_UP)
    )
    grown = _count_added_units(before, order)
    strange = _count_foreign_units(order, before, printed)
    found = {}
    for line, quantity in missing.items():
        gone = quantity - given_up.get(line, 0) + min(grown.get(line, 0), 0)
        found[line] = min(max(gone, 0), strange.get(line, 0))
    return found


def _count_foreign_units(order: ShopOrder, before: ShopOrder, printed: Printed) -> dict[str, int]:
    """By printed line: the units in shipments that others made since. One that does not say what is in it may
    hold any of them."""
    known: Collection[str] = {one.id for one in before.fulfillments}
    strange = (
        one
        for one in collect_live_fulfillments(order)
        if one.id not in known and not printed.is_carried_by(one)
    )
    return _sum_quantities(
        units for one in strange for units in one.lines or tuple(printed.units_by_line.items())
    )
