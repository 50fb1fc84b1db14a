from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.sandbox.shopify.model import FulfillmentOrder, FulfillmentOrderLine, Order
from bridge.sandbox.shopify.orders import Buy
from bridge.sandbox.shopify.shop import Shop
from bridge.sandbox.shopify.state import ShopError
from tests.support.sandbox_factories import ADA, shop


def all_of(entry: FulfillmentOrder) -> tuple[FulfillmentOrder, list[tuple[FulfillmentOrderLine, int]]]:
    return entry, [(row, row.remaining) for row in entry.lines]


def topics(store: Shop) -> list[list[str]]:
    """The topics of each event from now on, filled as they happen."""
    seen: list[list[str]] = []
    store.listeners.append(lambda event: seen.append([entry.topic for entry in event.announcements]))
    return seen


def test_an_order_adds_up_with_discount_shipping_and_included_tax() -> None:
    order = shop().create_order(
        [Buy("MUG", 2, discount=Decimal("9.00"))], shipping_price=Decimal("5.00"), tax_rate=Decimal("0.2")
    )
    assert order.subtotal == Decimal("60.00")
    assert order.total == Decimal("65.00")
    assert order.tax == Decimal("10.00")
    assert order.financial_status == "PAID"


def test_tax_that_is_not_included_comes_on_top() -> None:
    order = shop().create_order([Buy("MUG", 2)], shipping=None, taxes_included=False, tax_rate=Decimal("0.1"))
    assert (order.subtotal, order.tax, order.total) == (
        Decimal("69.00"),
        Decimal("6.90"),
        Decimal("75.90"),
    )


def test_a_paid_order_is_told_of_by_two_topics_of_one_event_and_then_routed() -> None:
    store = shop()
    seen = topics(store)
    store.create_order(["RING-S"])
    assert seen == [
        ["orders/create", "orders/paid", "orders/updated"],
        ["fulfillment_orders/order_routing_complete"],
    ]


def test_lines_are_routed_by_location_and_delivery_method() -> None:
    store = shop()
    order = store.create_order(
        ["RING-S", Buy("RING-L", delivery="PICK_UP", location="Nantes"), "MUG", "CARD"]
    )
    routed = [
        (entry.delivery_method, entry.location.name, [row.line.sku for row in entry.lines])
        for entry in order.fulfillment_orders
    ]
    assert routed == [
        ("SHIPPING", "Workshop Lyon", ["RING-S", "MUG"]),
        ("PICK_UP", "Nantes", ["RING-L"]),
        ("NONE", "Workshop Lyon", ["CARD"]),
    ]


def test_a_part_fulfillment_leaves_the_rest_to_be_fulfilled() -> None:
    store = shop()
    order = store.create_order([Buy("RING-S", 3)])
    entry = order.fulfillment_orders[0]
    made = store.fulfill([(entry, [(entry.lines[0], 2)])], company="UPS", numbers=["1Z1"])
    assert (entry.status, entry.remaining, order.fulfillment_status) == (
        "IN_PROGRESS",
        1,
        "PARTIALLY_FULFILLED",
    )
    assert order.fulfilled_quantity(order.lines[0]) == 2
    assert made.name == "#1001-F1"
    store.fulfill([all_of(entry)])
    assert (entry.status, order.fulfillment_status) == ("CLOSED", "FULFILLED")
    assert order.closed_at is not None
    assert entry.actions == ()


def test_no_more_than_what_is_left_can_be_fulfilled_not_even_in_two_rows() -> None:
    store = shop()
    entry = store.create_order([Buy("RING-S", 3)]).fulfillment_orders[0]
    row = entry.lines[0]
    for rows in ([(row, 4)], [(row, 2), (row, 2)], [(row, 0)], [(row, -1)]):
        with pytest.raises(ShopError, match="Invalid fulfillment order line item quantity"):
            store.fulfill([(entry, rows)])
    assert row.remaining == 3


def test_a_fulfillment_is_of_one_order_and_one_location() -> None:
    store = shop()
    first = store.create_order(["RING-S", Buy("MUG", location="Nantes")])
    second = store.create_order(["RING-S"])
    with pytest.raises(ShopError, match="same order"):
        store.fulfill([all_of(first.fulfillment_orders[0]), all_of(second.fulfillment_orders[0])])
    with pytest.raises(ShopError, match="same location"):
        store.fulfill([all_of(entry) for entry in first.fulfillment_orders])


@pytest.mark.parametrize("status", ["CLOSED", "CANCELLED", "ON_HOLD", "SCHEDULED"])
def test_only_open_work_can_be_fulfilled(status: str) -> None:
    store = shop()
    entry = store.create_order(["RING-S"]).fulfillment_orders[0]
    entry.status = status
    with pytest.raises(ShopError, match=f"unfulfillable status= {status.lower()}"):
        store.fulfill([all_of(entry)])


def test_a_hold_takes_the_fulfillment_action_away_until_it_is_released() -> None:
    store = shop()
    order = store.create_order(["RING-S"], hold="HIGH_RISK_OF_FRAUD")
    entry = order.fulfillment_orders[0]
    assert (entry.status, "CREATE_FULFILLMENT" in entry.actions) == ("ON_HOLD", False)
    store.release(order)
    assert (entry.status, "CREATE_FULFILLMENT" in entry.actions) == ("OPEN", True)


def test_work_in_progress_cannot_be_moved_until_it_is_opened_again() -> None:
    store = shop()
    order = store.create_order(["RING-S"])
    entry = order.fulfillment_orders[0]
    store.report_progress(entry, "Printing")
    assert order.fulfillment_status == "IN_PROGRESS"
    with pytest.raises(ShopError, match="cannot be moved"):
        store.move(order, "Nantes")
    store.open(entry)
    store.move(order, "Nantes")
    assert entry.location.name == "Nantes"


def test_a_split_makes_a_second_fulfillment_order_of_the_units() -> None:
    store = shop()
    order = store.create_order([Buy("RING-S", 3)])
    fresh = store.split(order.fulfillment_orders[0], {"RING-S": 2})
    assert [entry.remaining for entry in order.fulfillment_orders] == [1, 2]
    assert fresh.lines[0].line is order.lines[0]


def test_cancelling_stops_all_work_and_returns_the_money() -> None:
    store = shop()
    order = store.create_order(["RING-S"])
    seen = topics(store)
    store.cancel(order)
    assert (order.financial_status, order.fulfillment_orders[0].status) == ("REFUNDED", "CANCELLED")
    assert seen == [["orders/cancelled", "orders/updated", "fulfillment_orders/cancelled"]]
    with pytest.raises(ShopError, match="already been canceled"):
        store.cancel(order)


def test_an_unpaid_order_that_is_cancelled_is_void() -> None:
    store = shop()
    order = store.create_order(["RING-S"], paid=False)
    assert order.financial_status == "PENDING"
    assert store.cancel(order).financial_status == "VOIDED"


def test_refunded_units_are_no_longer_to_be_fulfilled() -> None:
    store = shop()
    order = store.create_order([Buy("RING-S", 3)], shipping=None)
    store.refund(order, {"RING-S": 1})
    assert (order.lines[0].current_quantity, order.fulfillment_orders[0].remaining) == (2, 2)
    assert (order.refunded, order.financial_status) == (Decimal("20.00"), "PARTIALLY_REFUNDED")
    assert order.outstanding == 0
    store.refund(order)
    assert (order.financial_status, order.fulfillment_orders[0].status) == ("REFUNDED", "CLOSED")


def test_an_edit_adds_lines_and_units_and_leaves_them_to_be_paid() -> None:
    store = shop()
    order = store.create_order([Buy("RING-S", 2)], shipping=None)
    store.edit(order, add=["MUG"], quantities={"RING-S": 3})
    left = {row.line.sku: row.remaining for entry in order.fulfillment_orders for row in entry.lines}
    assert left == {"RING-S": 3, "MUG": 1}
    assert (order.financial_status, order.outstanding) == ("PARTIALLY_PAID", Decimal("54.50"))
    assert store.pay(order).financial_status == "PAID"


def test_an_edit_downwards_takes_units_off_the_work() -> None:
    store = shop()
    order = store.create_order([Buy("RING-S", 3)])
    store.edit(order, quantities={"RING-S": 1})
    assert order.fulfillment_orders[0].remaining == 1
    assert order.lines[0].quantity == 3


def test_taking_a_fulfillment_back_makes_its_units_work_again() -> None:
    store = shop()
    order = store.create_order([Buy("RING-S", 2)])
    made = store.fulfill([all_of(order.fulfillment_orders[0])], numbers=["1Z1"])
    store.cancel_fulfillment(made)
    assert [entry.remaining for entry in order.fulfillment_orders] == [0, 2]
    assert order.fulfillment_status == "UNFULFILLED"


def test_tracking_is_replaced_as_a_whole_and_every_url_needs_a_number() -> None:
    store = shop()
    order = store.create_order(["RING-S"])
    made = store.fulfill([all_of(order.fulfillment_orders[0])], numbers=["1Z1"])
    store.update_tracking(made, company="UPS", numbers=["1Z1", "1Z2"], urls=[], notify=True)
    assert (made.numbers, made.notified) == (("1Z1", "1Z2"), True)
    with pytest.raises(ShopError, match="needs a tracking number"):
        store.update_tracking(made, company="UPS", numbers=[], urls=["https://x.example"], notify=False)


def test_every_change_is_later_than_the_one_before() -> None:
    store = shop()
    order = store.create_order(["RING-S"])
    stamps = [order.updated_at]
    for tag in ("a", "b", "c"):
        store.add_tags(order, [tag])
        stamps.append(order.updated_at)
    assert stamps == sorted(set(stamps))


def test_a_tag_that_is_there_already_is_no_change() -> None:
    store = shop()
    order = store.create_order(["RING-S"], tags=("Vip",))
    before = order.updated_at
    store.add_tags(order, ["vip", " VIP "])
    assert (order.tags, order.updated_at) == (["Vip"], before)


def test_a_deleted_order_is_found_no_more() -> None:
    store = shop()
    order = store.create_order(["RING-S"])
    store.delete(order)
    assert store.find(Order, order.gid) is None
    assert store.find(FulfillmentOrder, order.fulfillment_orders[0].gid) is None


def test_the_same_seed_gives_the_same_ids() -> None:
    made = []
    for _ in range(2):
        store = shop()
        order = store.create_order(["RING-S"], address=ADA, email="ada@mail.example")
        made.append((order.gid, store.issue_token(), store.uuid()))
    assert made[0] == made[1]


def test_progress_that_is_stopped_is_told_and_lets_it_be_moved() -> None:
    store = shop()
    told: list[str] = []
    store.listeners.append(lambda event: told.extend(one.topic for one in event.announcements))
    order = store.create_order([Buy("RING-S", 2)])
    (entry,) = order.fulfillment_orders
    store.report_progress(entry, "printing")
    with pytest.raises(ShopError, match="cannot be moved"):
        store.move(entry, "Nantes")
    store.open(entry)
    assert "fulfillment_orders/manually_reported_progress_stopped" in told
    store.move(entry, "Nantes")
    assert entry.location.name == "Nantes"


def test_the_merchant_ships_from_one_location_alone() -> None:
    store = shop()
    order = store.create_order([Buy("RING-S", 5)])
    store.move(store.split(order.fulfillment_orders[0], {"RING-S": 2}), "Nantes")
    store.fulfill_by_hand(order, number="DPD-1", location="Nantes")
    assert [entry.remaining for entry in order.fulfillment_orders] == [3, 0]
    with pytest.raises(LookupError, match="nothing is left to be sent from Nantes"):
        store.fulfill_by_hand(order, location="Nantes")
