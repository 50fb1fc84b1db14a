"""Which units are Sculpteo's, by fulfillment order line and location."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.order.model import FulfillmentHold, FulfillmentOrder, PrintItem, ShopOrder, Tracking
from bridge.steps.allocation import (
    Printed,
    allocate_units,
    collect_units_to_print,
    collect_wholly_ours,
    count_units_by_line,
)
from tests.support.order_factories import RING, fulfilled, line, order, shipped, unit

LINE = "gid://shopify/LineItem/1"
PRINTS = frozenset({"Prints"})


def part(number: int, place: str, units: int, **more: object) -> FulfillmentOrder:
    """A fulfillment order over some units of the one line, at a place."""
    whole = unit(number, line(1, "RING", units), location_id=f"gid://shopify/Location/{place}", **more)
    return replace(whole, location_name=place)


def printed(order_then: ShopOrder, units: int, *numbers: str) -> Printed:
    items = (PrintItem(RING, units, LINE, units, "RING"),)
    return Printed(items, order_then, PRINTS, frozenset(numbers))


def split(ours: int, theirs: int) -> ShopOrder:
    """A line that is split between Sculpteo and the merchant's own stock, which comes first in the list."""
    parts = part(1, "Stock", theirs), part(2, "Prints", ours)
    return order(line(1, "RING", ours + theirs), units=parts)


def test_a_split_line_is_printed_only_as_far_as_it_is_ours() -> None:
    assert count_units_by_line(collect_units_to_print(split(3, 2), PRINTS)) == {LINE: 3}
    assert count_units_by_line(collect_units_to_print(split(3, 2), None)) == {LINE: 5}


def test_what_the_merchant_ships_of_his_own_leaves_ours_as_they_are() -> None:
    bought = split(3, 2)
    theirs = replace(fulfilled(bought, {"1-1": 2}), fulfillments=(shipped("DPD-1", (1, 2)),))
    found = allocate_units(theirs, printed(bought, 3))
    assert (count_units_by_line(found.open), found.is_taken_by_others) == ({LINE: 3}, False)
    assert found.own == ()


def test_when_ours_have_left_those_of_the_merchant_stay_his() -> None:
    bought = split(3, 2)
    sent = replace(fulfilled(bought, {"2-1": 3}), fulfillments=(shipped("1Z1", (1, 3)),))
    found = allocate_units(sent, printed(bought, 3, "1Z1"))
    assert (found.open, found.held, found.is_taken_by_others) == ((), (), False)


def test_ours_that_somebody_else_fulfilled_are_told_and_not_taken_from_the_others() -> None:
    bought = split(3, 2)
    by_hand = replace(fulfilled(bought, {"2-1": 3}), fulfillments=(shipped("DPD-1", (1, 3)),))
    found = allocate_units(by_hand, printed(bought, 3, "1Z1"))
    assert (found.open, found.is_taken_by_others) == ((), True)


def test_what_was_refunded_is_not_taken_by_somebody_else() -> None:
    bought = split(3, 2)
    left = replace(bought.lines[0], current_quantity=4)
    both = replace(fulfilled(bought, {"1-1": 2, "2-1": 1}), fulfillments=(shipped("DPD-1", (1, 2)),))
    found = allocate_units(replace(both, lines=(left,)), printed(bought, 3))
    assert (count_units_by_line(found.open), found.is_taken_by_others) == ({LINE: 2}, False)


def test_what_was_moved_is_ours_wherever_it_is_and_no_more_than_that() -> None:
    bought = split(3, 2)
    stock, ours = bought.fulfillment_orders
    moved = replace(bought, fulfillment_orders=(stock, replace(ours, location_name="Attic", location_id="x")))
    found = allocate_units(moved, printed(bought, 3))
    assert [(one.row, one.quantity) for one in found.open] == [("2-1", 3)]
    merged = replace(bought, fulfillment_orders=(part(1, "Stock", 5),))
    assert count_units_by_line(allocate_units(merged, printed(bought, 3)).open) == {LINE: 3}


def test_what_an_edit_added_elsewhere_is_not_ours() -> None:
    bought = split(3, 2)
    more = order(line(1, "RING", 9), units=(part(1, "Stock", 6), part(2, "Prints", 0)))
    assert count_units_by_line(allocate_units(more, printed(bought, 3)).open) == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "ON_HOLD", "holds": (FulfillmentHold("AWAITING_PAYMENT"),)}, "AWAITING_PAYMENT"),
        ({"status": "SCHEDULED"}, "it is scheduled for later"),
        ({"status": "OPEN"}, "Shopify does not let it be fulfilled now"),
    ],
)
def test_what_cannot_be_fulfilled_now_is_held(changes: dict[str, object], reason: str) -> None:
    held = order(line(1, "RING", 3), units=(part(1, "Prints", 3, actions=(), **changes),))
    found = allocate_units(held, printed(held, 3))
    assert (found.open, count_units_by_line(found.held), found.holds) == ((), {LINE: 3}, (reason,))


def test_a_fulfillment_with_a_number_of_somebody_else_is_not_the_bridges() -> None:
    whole = order(line(1, "RING", 3))
    mixed = replace(shipped("1Z1", (1, 1)), tracking=(Tracking("1Z1"), Tracking("DPD-1")))
    bare = shipped(None, (1, 1), fulfillment=3)
    there = replace(whole, fulfillments=(mixed, shipped("1Z2", (1, 1), fulfillment=2), bare))
    found = allocate_units(there, replace(printed(whole, 3, "1Z1", "1Z2"), locations=None))
    assert [one.id for one in found.own] == ["gid://shopify/Fulfillment/2"]
    made = Printed((), made=frozenset({bare.id}))
    assert allocate_units(there, made).own == (bare,)


def test_progress_is_for_what_is_printed_alone() -> None:
    ring, tee = line(1, "RING"), line(2, "TEE")
    mixed, alone = unit(1, ring, tee), unit(2, ring)
    items = (PrintItem(RING, 2, LINE, 2, "RING"),)
    both = order(ring, tee, units=(mixed, alone))
    assert collect_wholly_ours(both, allocate_units(both, Printed(items, both))) == (alone.id,)


def test_what_was_sent_before_a_purchase_was_found_does_not_count_against_it() -> None:
    there = replace(fulfilled(split(3, 2), {"2-1": 1}), fulfillments=(shipped("1Z1", (1, 1)),))
    found = allocate_units(there, printed(there, 2, "1Z1"))
    assert count_units_by_line(found.open) == {LINE: 2}


@dataclass
class Days:
    """A split line after the purchase: what the bridge, the merchant and Shopify do to it."""

    ours: int
    now: ShopOrder
    bridge: int = 0
    serial: int = 0
    was_moved: bool = False

    def fulfills(self, row: str, units: int, number: str) -> None:
        self.serial += 1
        made = shipped(number, (1, units), fulfillment=self.serial)
        self.now = replace(fulfilled(self.now, {row: units}), fulfillments=(*self.now.fulfillments, made))

    def changes(self, index: int, **changes: Any) -> None:
        units = list(self.now.fulfillment_orders)
        units[index % len(units)] = replace(units[index % len(units)], **changes)
        self.now = replace(self.now, fulfillment_orders=tuple(units))

    def moves(self, index: int) -> None:
        self.serial += 1
        self.was_moved = True
        self.changes(index, location_name="Attic", location_id=f"gid://shopify/Location/9{self.serial}")

    def adds(self) -> None:
        self.serial += 1
        grown = replace(self.now.lines[0], current_quantity=self.now.lines[0].current_quantity + 1)
        parts = (*self.now.fulfillment_orders, part(10 + self.serial, "Stock", 1))
        self.now = replace(self.now, lines=(grown,), fulfillment_orders=parts)


@settings(max_examples=400, derandomize=True)
@given(st.data())
def test_whatever_is_fulfilled_moved_held_and_added_the_sums_hold(data: st.DataObject) -> None:
    """Never more than is left, never more than was printed, and never what was somebody else's."""
    bought = split(data.draw(st.integers(1, 5)), data.draw(st.integers(0, 5)))
    days = Days(bought.fulfillment_orders[1].lines[0].total, bought)
    for _ in range(data.draw(st.integers(0, 6))):
        happens = data.draw(st.sampled_from(["bridge", "merchant", "moves", "holds", "releases", "adds"]))
        index = data.draw(st.integers(0, 9))
        rows = [row for one in days.now.fulfillment_orders for row in one.lines if row.remaining]
        open_ = allocate_units(days.now, printed(bought, days.ours, "1Z1")).open
        match happens:
            case "bridge" if open_:
                units = data.draw(st.integers(1, open_[0].quantity))
                days.fulfills(open_[0].row, units, "1Z1")
                days.bridge += units
            case "merchant" if rows:
                row = rows[index % len(rows)]
                days.fulfills(row.id, data.draw(st.integers(1, row.remaining)), "DPD-1")
            case "moves":
                days.moves(index)
            case "holds":
                days.changes(index, status="ON_HOLD", actions=())
            case "releases":
                days.changes(index, status="OPEN", actions=("CREATE_FULFILLMENT",))
            case "adds":
                days.adds()
        found = allocate_units(days.now, printed(bought, days.ours, "1Z1"))
        both = (*found.open, *found.held)
        left = {row.id: row.remaining for one in days.now.fulfillment_orders for row in one.lines}
        assert len({one.row for one in both}) == len(both)
        assert all(0 < one.quantity <= left[one.row] for one in both)
        assert days.bridge + sum(one.quantity for one in both) <= days.ours
        stock = {one.id for one in days.now.fulfillment_orders if one.location_name == "Stock"}
        assert days.was_moved or not any(one.fulfillment_order in stock for one in both)
