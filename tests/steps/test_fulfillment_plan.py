"""Which write brings a parcel to the shop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.order.model import (
    FulfillmentHold,
    FulfillmentLines,
    FulfillmentOrderLine,
    Parcel,
    PrintItem,
    ShopOrder,
    Tracking,
)
from bridge.steps.allocation import Printed
from bridge.steps.fulfillment_plan import (
    NUMBER_ELSEWHERE,
    Create,
    Extend,
    Held,
    Impossible,
    Situation,
    Write,
    collect_brought_numbers,
    collect_known_numbers,
    is_over,
)
from bridge.steps.fulfillment_plan import next_write as next_of
from tests.support.order_factories import RING, fulfilled, line, order, shipped, unit

UPS1 = Parcel("1Z0001", "UPS")
UPS2 = Parcel("1Z0002", "UPS")
POST = Parcel("6A0001", "Colissimo")


def item(number: int, quantity: int, uuid: str = "QfGQC4YQ", copies: int = 1) -> PrintItem:
    design = replace(RING, uuid=uuid, quantity=copies)
    return PrintItem(design, quantity * copies, f"gid://shopify/LineItem/{number}", quantity, "RING")


def lines(*rows: tuple[str, int], unit: int = 1) -> tuple[FulfillmentLines, ...]:
    return (FulfillmentLines(f"gid://shopify/FulfillmentOrder/{unit}", rows),)


def situation(
    shop_order: ShopOrder,
    items: tuple[PrintItem, ...],
    missing: list[Parcel],
    complete: bool,
    *,
    there: tuple[Parcel, ...] = (),
    bought: ShopOrder | None = None,
    locations: frozenset[str] | None = None,
    made: tuple[str, ...] = (),
    overdue: bool = False,
) -> Situation:
    """`missing` parcels are pending, `there` are in the shop; `complete` = Sculpteo says that all has shipped."""
    parcels = (*there, *missing)
    numbers = frozenset(one.number for one in parcels)
    printed = Printed(items, bought, locations, numbers, frozenset(made))
    pending = frozenset(one.number for one in missing)
    return Situation(shop_order, printed, parcels, pending, frozenset(made), complete, overdue)


def exact_write(
    shop_order: ShopOrder, items: tuple[PrintItem, ...], missing: list[Parcel], complete: bool, **more: Any
) -> Write | None:
    return next_of(situation(shop_order, items, missing, complete, **more))


def next_write(
    shop_order: ShopOrder, items: tuple[PrintItem, ...], missing: list[Parcel], complete: bool, **more: Any
) -> Write | None:
    """The write without what it says of news and of parcels that are whole."""
    write = exact_write(shop_order, items, missing, complete, **more)
    if isinstance(write, Create):
        return replace(write, news=True, whole=(), awaits_number=False)
    return replace(write, news=True, whole=()) if isinstance(write, Extend) else write


def test_a_shipped_order_of_one_parcel_is_fulfilled_whole() -> None:
    shop_order = order(line(1, "RING", 2), line(2, "TEE"))
    assert next_write(shop_order, (item(1, 2),), [UPS1], True) == Create((UPS1,), lines(("1-1", 2)))


def test_two_parcels_of_one_carrier_share_a_fulfillment() -> None:
    shop_order = order(line(1, "RING", 2))
    assert next_write(shop_order, (item(1, 2),), [UPS1, UPS2], True) == Create(
        (UPS1, UPS2), lines(("1-1", 2))
    )


def test_two_carriers_become_two_fulfillments() -> None:
    shop_order = order(line(1, "RING", 3))
    first = next_write(shop_order, (item(1, 3),), [UPS1, POST], True)
    assert first == Create((UPS1,), lines(("1-1", 2)))
    after = fulfilled(shop_order, {"1-1": 2})
    assert next_write(after, (item(1, 3),), [POST], True) == Create((POST,), lines(("1-1", 1)))


def test_a_parcel_of_unknown_contents_claims_one_unit_while_more_are_to_come() -> None:
    shop_order = order(line(1, "RING", 3))
    assert next_write(shop_order, (item(1, 3),), [UPS1], False) == Create((UPS1,), lines(("1-1", 1)))


def test_a_parcel_of_known_contents_fulfills_its_own_lines() -> None:
    shop_order = order(line(1, "RING", 2), line(2, "MUG", 1))
    items = (item(1, 2, copies=3), item(2, 1, "Mug00001"))
    parcel = replace(UPS1, contents=(("Mug00001", 1), ("QfGQC4YQ", 3)))
    assert next_write(shop_order, items, [parcel], False) == Create((parcel,), lines(("1-1", 1), ("1-2", 1)))


def test_contents_that_are_not_whole_units_count_as_unknown() -> None:
    shop_order = order(line(1, "RING", 2))
    parcel = replace(UPS1, contents=(("QfGQC4YQ", 2),))
    assert next_write(shop_order, (item(1, 2, copies=3),), [parcel], False) == Create(
        (parcel,), lines(("1-1", 1))
    )


def test_what_is_left_when_all_has_shipped_is_fulfilled_without_more_news() -> None:
    shop_order = replace(
        fulfilled(order(line(1, "RING", 3)), {"1-1": 1}), fulfillments=(shipped("1Z0001", (1, 1)),)
    )
    rest = exact_write(shop_order, (item(1, 3),), [], True, there=(UPS1,))
    assert rest == Create((), lines(("1-1", 2)), news=False)
    assert next_write(shop_order, (item(1, 3),), [], False, there=(UPS1,)) is None


def test_what_no_parcel_tells_of_is_fulfilled_without_a_number_in_time() -> None:
    shop_order = order(line(1, "RING", 3))
    assert next_write(shop_order, (item(1, 3),), [], True) is None
    assert exact_write(shop_order, (item(1, 3),), [], True, overdue=True) == Create(
        (), lines(("1-1", 3)), awaits_number=True
    )


def test_never_more_than_was_printed() -> None:
    shop_order = order(line(1, "RING", 5))
    assert next_write(shop_order, (item(1, 2),), [UPS1], True) == Create((UPS1,), lines(("1-1", 2)))


def test_a_late_parcel_joins_a_fulfillment_of_the_bridge() -> None:
    ours = shipped("1Z0001", (1, 1))
    done = replace(fulfilled(order(line(1, "RING", 1)), {"1-1": 1}), fulfillments=(ours,))
    assert next_write(done, (item(1, 1),), [UPS2], True, there=(UPS1,)) == Extend((UPS2,), ours)


@pytest.mark.parametrize(
    "number", [None, "OTHER"], ids=["a gift card or a fulfillment by hand", "an own parcel"]
)
def test_a_number_never_joins_the_fulfillment_of_somebody_else(number: str | None) -> None:
    theirs = replace(
        fulfilled(order(line(1, "RING", 1)), {"1-1": 1}),
        fulfillments=(shipped(number, (2, 1), fulfillment=2),),
    )
    assert next_write(theirs, (item(1, 1),), [UPS1], True) == Impossible((UPS1,))
    ours = shipped("1Z0001", (1, 1))
    both = replace(theirs, fulfillments=(ours, *theirs.fulfillments))
    assert next_write(both, (item(1, 1),), [UPS2], True, there=(UPS1,)) == Extend((UPS2,), ours)


def test_a_number_that_came_late_joins_each_fulfillment_that_was_made_without_one() -> None:
    bare = shipped(None, (1, 1), fulfillment=2), shipped(None, (2, 1), fulfillment=3)
    there = fulfilled(order(line(1, "RING"), line(2, "MUG")), {"1-1": 1, "1-2": 1})
    items = (item(1, 1), item(2, 1, "Mug00001"))
    made = tuple(one.id for one in bare)
    first = exact_write(replace(there, fulfillments=bare), items, [UPS1], True, made=made)
    assert first == Extend((UPS1,), bare[1], True, ("1Z0001",))
    after = replace(there, fulfillments=(bare[0], shipped("1Z0001", (2, 1), fulfillment=3)))
    second = exact_write(after, items, [], True, there=(UPS1,), made=made)
    assert second == Extend((UPS1,), bare[0], news=False)


def test_a_parcel_without_any_place_in_the_shop_is_for_a_person() -> None:
    nothing_left = fulfilled(order(line(1, "RING", 1)), {"1-1": 1})
    assert next_write(nothing_left, (item(1, 1),), [UPS1], True) == Impossible((UPS1,))


def test_numbers_of_cancelled_fulfillments_do_not_count_as_known() -> None:
    shop_order = replace(
        order(line(1, "RING")), fulfillments=(replace(shipped("1Z0001"), status="CANCELLED"),)
    )
    assert collect_known_numbers(shop_order) == {}


def test_a_parcel_from_two_locations_is_two_fulfillments_and_one_piece_of_news() -> None:
    ring = line(1, "RING", 2)
    first, second = unit(1, ring), unit(2, ring, location_id="gid://shopify/Location/2")
    first = replace(first, lines=(replace(first.lines[0], remaining=1),))
    second = replace(second, lines=(replace(second.lines[0], remaining=1),))
    both = order(ring, units=(first, second))
    write = exact_write(both, (item(1, 2),), [UPS1], True)
    assert write == Create((UPS1,), lines(("1-1", 1)), True, ("1Z0001",))
    sent = replace(shipped("1Z0001", (1, 1)), location_id="gid://shopify/Location/1")
    for known in (sent, replace(sent, location_id=None)):
        after = replace(fulfilled(both, {"1-1": 1}), fulfillments=(known,))
        write = exact_write(after, (item(1, 2),), [], True, there=(UPS1,))
        assert write == Create((UPS1,), lines(("2-1", 1), unit=2), False)


def test_a_parcel_of_known_contents_from_two_locations_is_brought_when_both_are_fulfilled() -> None:
    ring, mug = line(1, "RING", 2), line(2, "MUG")
    units = unit(1, ring), unit(2, mug, location_id="gid://shopify/Location/2")
    items = (item(1, 2), item(2, 1, "Mug00001"))
    parcel = replace(UPS1, contents=(("Mug00001", 1), ("QfGQC4YQ", 2)))
    both = order(ring, mug, units=units)
    write = exact_write(both, items, [parcel], False)
    assert write == Create((parcel,), lines(("1-1", 2)), True, ())
    after = replace(fulfilled(both, {"1-1": 2}), fulfillments=(shipped("1Z0001", (1, 2)),))
    assert collect_brought_numbers(situation(after, items, [parcel], False)) == ()
    write = exact_write(after, items, [parcel], False)
    assert write == Create((parcel,), lines(("2-2", 1), unit=2), False, ("1Z0001",))


def test_a_parcel_of_known_contents_never_marks_another_line() -> None:
    shop_order = order(line(1, "RING", 2), line(2, "MUG", 2))
    items = (item(1, 2), item(2, 2, "Mug00001"))
    parcel = replace(UPS1, contents=(("QfGQC4YQ", 2),))
    assert next_write(shop_order, items, [parcel], True) == Create((parcel,), lines(("1-1", 2)))
    sent = shipped("1Z0001", (1, 2))
    after = replace(fulfilled(shop_order, {"1-1": 2}), fulfillments=(sent,))
    now = situation(after, items, [], True, there=(parcel,))
    assert (next_of(now), is_over(now)) == (None, False)
    late = situation(after, items, [], True, there=(parcel,), overdue=True)
    assert next_of(late) == Create((), lines(("1-2", 2)), awaits_number=True)
    again = replace(UPS2, contents=(("QfGQC4YQ", 2),))
    assert next_write(after, items, [again], True, there=(parcel,)) == Extend((again,), sent)


def test_the_parts_of_a_bundle_in_two_parcels_are_one_unit() -> None:
    shop_order = order(line(1, "CHESS", 1), line(2, "MUG", 1))
    items = (
        item(1, 1, "Pawn0001", copies=16),
        item(1, 1, "King0001", copies=2),
        item(2, 1, "Mug00001"),
    )
    pawns = replace(UPS1, contents=(("Pawn0001", 16),))
    kings = replace(UPS2, contents=(("King0001", 2),))
    assert next_write(shop_order, items, [pawns, kings], True) == Create((pawns,), lines(("1-1", 1)))
    sent = shipped("1Z0001", (1, 1))
    after = replace(fulfilled(shop_order, {"1-1": 1}), fulfillments=(sent,))
    assert next_write(after, items, [kings], True, there=(pawns,)) == Extend((kings,), sent)


def test_what_shopify_holds_waits_with_its_number() -> None:
    ring = line(1, "RING")
    hold = (FulfillmentHold("HIGH_RISK_OF_FRAUD"),)
    held = order(ring, units=(unit(1, ring, status="ON_HOLD", actions=(), holds=hold),))
    gift_card = shipped(None, (9, 1), fulfillment=2)
    for there in (held, replace(held, fulfillments=(gift_card, shipped("1Z0002", (8, 1))))):
        for parcel in (UPS1, replace(UPS1, contents=(("QfGQC4YQ", 1),))):
            write = next_write(there, (item(1, 1),), [parcel], True, there=(UPS2,))
            assert write == Held(("HIGH_RISK_OF_FRAUD",))


def test_a_relabelled_parcel_joins_its_former_number_and_nothing_more_counts_as_shipped() -> None:
    parcel = replace(UPS2, replaces="1Z0001")
    sent = shipped("1Z0001", (1, 1))
    partly = replace(fulfilled(order(line(1, "RING", 3)), {"1-1": 1}), fulfillments=(sent,))
    write = next_write(partly, (item(1, 3),), [parcel], False, there=(UPS1,))
    assert write == Extend((parcel,), sent)
    by_hand = replace(sent, tracking=(*sent.tracking, Tracking("OTHER", "DPD")))
    write = next_write(
        replace(partly, fulfillments=(by_hand,)), (item(1, 3),), [parcel], False, there=(UPS1,)
    )
    assert write == Impossible((parcel,), NUMBER_ELSEWHERE.format(old="1Z0001"))


def test_many_lines_are_as_many_calls_as_shopify_takes() -> None:
    many = [line(number, f"S{number}") for number in range(1, 602)]
    items = tuple(item(number, 1, f"D{number}") for number in range(1, 602))
    rows = tuple(FulfillmentOrderLine(f"row-{one.id}", one.id, 1, 1) for one in many)
    shop_order = order(*many, units=(replace(unit(1), lines=rows),))
    sizes, news = [], []
    missing = [UPS1]
    while True:
        write = exact_write(shop_order, items, missing, True, there=() if missing else (UPS1,))
        if write is None:
            break
        assert isinstance(write, Create)
        sizes.append(sum(len(group.lines) for group in write.lines))
        news.append(write.news)
        shop_order, missing = bring(shop_order, write, len(sizes)), []
    assert (sizes, news) == ([250, 250, 101], [True, False, False])
    assert {one.tracking[0].number for one in shop_order.fulfillments} == {"1Z0001"}


def test_what_an_edit_added_after_the_purchase_is_not_claimed_as_printed() -> None:
    bought = order(line(1, "RING", 2))
    edited = order(line(1, "RING", 4))
    sent = shipped("1Z0001", (1, 1))
    one_sent = replace(fulfilled(edited, {"1-1": 1}), fulfillments=(sent,))
    write = next_write(one_sent, (item(1, 2),), [UPS2], True, bought=bought, there=(UPS1,))
    assert write == Create((UPS2,), lines(("1-1", 1)))
    sent = shipped("1Z0001", (1, 2))
    both_sent = replace(fulfilled(edited, {"1-1": 2}), fulfillments=(sent,))
    assert next_write(both_sent, (item(1, 2),), [], True, bought=bought, there=(UPS1,)) is None
    write = next_write(both_sent, (item(1, 2),), [UPS2], True, bought=bought, there=(UPS1,))
    assert write == Extend((UPS2,), sent)


def test_units_that_were_refunded_after_the_purchase_are_not_fulfilled() -> None:
    bought = order(line(1, "RING", 3))
    refunded = fulfilled(order(replace(line(1, "RING", 3), current_quantity=2)), {"1-1": 1})
    write = next_write(refunded, (item(1, 3),), [UPS1], True, bought=bought)
    assert write == Create((UPS1,), lines(("1-1", 2)))


def test_a_line_that_is_partly_picked_up_is_fulfilled_only_where_it_goes_by_post() -> None:
    ring = line(1, "RING", 3)
    pickup, post = unit(1, ring, delivery_method="PICK_UP"), unit(2, ring)
    pickup = replace(pickup, lines=(replace(pickup.lines[0], remaining=1),))
    post = replace(post, lines=(replace(post.lines[0], remaining=2),))
    bought = order(ring, units=(pickup, post))
    write = next_write(bought, (item(1, 2),), [UPS1], True, bought=bought)
    assert write == Create((UPS1,), lines(("2-1", 2), unit=2))
    first = replace(fulfilled(bought, {"2-1": 1}), fulfillments=(shipped("1Z0001", (1, 1)),))
    write = next_write(first, (item(1, 2),), [UPS2], True, bought=bought, there=(UPS1,))
    assert write == Create((UPS2,), lines(("2-1", 1), unit=2))


def test_a_line_at_two_locations_is_fulfilled_at_ours_unless_it_was_moved() -> None:
    ring = line(1, "RING", 2)
    other = replace(unit(1, ring, location_id="gid://shopify/Location/2", location_name="Shop"))
    other = replace(other, lines=(replace(other.lines[0], remaining=1),))
    ours = unit(2, ring)
    ours = replace(ours, lines=(replace(ours.lines[0], remaining=1),))
    bought = order(ring, units=(other, ours))
    main = frozenset({"Main"})
    write = next_write(bought, (item(1, 1),), [UPS1], True, bought=bought, locations=main)
    assert write == Create((UPS1,), lines(("2-1", 1), unit=2))
    attic = replace(ours, location_id="gid://shopify/Location/3", location_name="Attic")
    moved = order(ring, units=(other, attic))
    write = next_write(moved, (item(1, 1),), [UPS1], True, bought=bought, locations=main)
    assert write == Create((UPS1,), lines(("2-1", 1), unit=2))
    by_hand = order(ring, units=(other, replace(ours, lines=(replace(ours.lines[0], remaining=0),))))
    write = next_write(by_hand, (item(1, 1),), [UPS1], True, bought=bought, locations=main)
    assert write == Impossible((UPS1,))


def bring(shop_order: ShopOrder, write: Create | Extend, serial: int) -> ShopOrder:
    """The shop after a write."""
    if isinstance(write, Extend):
        more = tuple(Tracking(one.number, one.carrier) for one in write.parcels)
        made = tuple(
            replace(one, tracking=one.tracking + more) if one.id == write.fulfillment.id else one
            for one in shop_order.fulfillments
        )
        return replace(shop_order, fulfillments=made)
    taken = {row: quantity for group in write.lines for row, quantity in group.lines}
    line_of = {row.id: row.line_item_id for one in shop_order.fulfillment_orders for row in one.lines}
    made_now = replace(
        shipped(None, fulfillment=serial),
        tracking=tuple(Tracking(one.number, one.carrier) for one in write.parcels),
        lines=tuple((line_of[row], quantity) for row, quantity in taken.items()),
    )
    return replace(fulfilled(shop_order, taken), fulfillments=(*shop_order.fulfillments, made_now))


@settings(max_examples=300, derandomize=True)
@given(
    quantities=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    batches=st.lists(
        st.lists(st.sampled_from(["UPS", "Colissimo", None]), min_size=1, max_size=3), max_size=3
    ),
)
def test_whatever_ships_in_whatever_parcels_each_number_is_told_once_and_all_is_fulfilled(
    quantities: list[int], batches: list[list[str | None]]
) -> None:
    shop_lines = [line(number, f"S{number}", quantity) for number, quantity in enumerate(quantities, 1)]
    items = tuple(item(number, quantity, f"D{number}") for number, quantity in enumerate(quantities, 1))
    shop_order = order(*shop_lines)
    serial = 0
    arrived: list[Parcel] = []
    told: list[str] = []
    for index, carriers in enumerate([*batches, []]):
        arrived += [Parcel(f"N{index}-{position}", carrier) for position, carrier in enumerate(carriers)]
        complete = index == len(batches)
        for _ in range(20):
            missing = [one for one in arrived if one.number not in collect_known_numbers(shop_order)]
            there = tuple(one for one in arrived if one not in missing)
            write = exact_write(shop_order, items, missing, complete, there=there, overdue=complete)
            if write is None:
                break
            assert isinstance(write, Create | Extend)
            told += [one.number for one in write.parcels if write.news]
            serial += 1
            shop_order = bring(shop_order, write, serial)
        else:
            raise AssertionError("it never comes to an end")
    numbers = [one.number for made in shop_order.fulfillments for one in made.tracking if one.number]
    assert sorted(numbers) == sorted(told) == sorted(one.number for one in arrived)
    assert all(row.remaining == 0 for one in shop_order.fulfillment_orders for row in one.lines)
