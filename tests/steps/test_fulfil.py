"""Which write brings a parcel to the shop."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.order.model import FulfillmentLines, Parcel, PrintItem, ShopOrder, Tracking
from bridge.steps.fulfil import Create, Extend, Impossible, known_numbers, next_write
from tests.steps.make import RING, fulfilled, line, order, shipped, unit

UPS1 = Parcel("1Z0001", "UPS")
UPS2 = Parcel("1Z0002", "UPS")
POST = Parcel("6A0001", "Colissimo")


def item(number: int, quantity: int, uuid: str = "QfGQC4YQ", copies: int = 1) -> PrintItem:
    design = replace(RING, uuid=uuid, quantity=copies)
    return PrintItem(design, quantity * copies, f"gid://shopify/LineItem/{number}", quantity, "RING")


def lines(*rows: tuple[str, int], unit: int = 1) -> tuple[FulfillmentLines, ...]:
    return (FulfillmentLines(f"gid://shopify/FulfillmentOrder/{unit}", rows),)


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
    assert next_write(shop_order, items, [parcel], False) == Create((parcel,), lines(("1-2", 1), ("1-1", 1)))


def test_contents_that_are_not_whole_units_count_as_unknown() -> None:
    shop_order = order(line(1, "RING", 2))
    parcel = replace(UPS1, contents=(("QfGQC4YQ", 2),))
    assert next_write(shop_order, (item(1, 2, copies=3),), [parcel], False) == Create(
        (parcel,), lines(("1-1", 1))
    )


def test_what_is_left_when_all_has_shipped_is_fulfilled_without_a_number() -> None:
    shop_order = fulfilled(order(line(1, "RING", 3)), {"1-1": 1})
    assert next_write(shop_order, (item(1, 3),), [], True) == Create((), lines(("1-1", 2)))
    assert next_write(shop_order, (item(1, 3),), [], False) is None


def test_never_more_than_was_printed() -> None:
    shop_order = order(line(1, "RING", 5))
    assert next_write(shop_order, (item(1, 2),), [UPS1], True) == Create((UPS1,), lines(("1-1", 2)))


def test_a_late_parcel_joins_a_fulfillment() -> None:
    done = replace(fulfilled(order(line(1, "RING", 1)), {"1-1": 1}), fulfillments=(shipped("1Z0001"),))
    assert next_write(done, (item(1, 1),), [UPS2], True) == Extend((UPS2,), shipped("1Z0001"))


def test_a_number_joins_the_fulfillment_that_a_person_made_without_one() -> None:
    by_hand = replace(
        fulfilled(order(line(1, "RING", 1)), {"1-1": 1}),
        fulfillments=(shipped(None, fulfillment=2), shipped("X", fulfillment=3)),
    )
    assert next_write(by_hand, (item(1, 1),), [UPS1], True) == Extend((UPS1,), shipped(None, fulfillment=2))


def test_a_parcel_without_any_place_in_the_shop_is_for_a_person() -> None:
    nothing_left = fulfilled(order(line(1, "RING", 1)), {"1-1": 1})
    assert next_write(nothing_left, (item(1, 1),), [UPS1], True) == Impossible((UPS1,))


def test_numbers_of_cancelled_fulfillments_do_not_count_as_known() -> None:
    shop_order = replace(
        order(line(1, "RING")), fulfillments=(replace(shipped("1Z0001"), status="CANCELLED"),)
    )
    assert known_numbers(shop_order) == {}


def test_a_fulfillment_stays_within_one_location() -> None:
    ring = line(1, "RING", 2)
    first, second = unit(1, ring), unit(2, ring, location_id="gid://shopify/Location/2")
    first = replace(first, lines=(replace(first.lines[0], remaining=1),))
    second = replace(second, lines=(replace(second.lines[0], remaining=1),))
    write = next_write(order(ring, units=(first, second)), (item(1, 2),), [UPS1], True)
    assert write == Create((UPS1,), lines(("1-1", 1)))


def test_what_an_edit_added_after_the_purchase_is_not_claimed_as_printed() -> None:
    bought = order(line(1, "RING", 2))
    edited = order(line(1, "RING", 4))
    one_sent = fulfilled(edited, {"1-1": 1})
    assert next_write(one_sent, (item(1, 2),), [UPS2], True, bought=bought) == Create(
        (UPS2,), lines(("1-1", 1))
    )
    both_sent = replace(fulfilled(edited, {"1-1": 2}), fulfillments=(shipped("1Z0001"),))
    assert next_write(both_sent, (item(1, 2),), [], True, bought=bought) is None
    assert next_write(both_sent, (item(1, 2),), [UPS2], True, bought=bought) == Extend(
        (UPS2,), shipped("1Z0001")
    )


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
    first = fulfilled(bought, {"2-1": 1})
    write = next_write(first, (item(1, 2),), [UPS2], True, bought=bought)
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
    moved = order(ring, units=(other,))
    write = next_write(moved, (item(1, 1),), [UPS1], True, locations=main)
    assert write == Create((UPS1,), lines(("1-1", 1)))


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
    made_now = replace(
        shipped(None, fulfillment=serial),
        tracking=tuple(Tracking(one.number, one.carrier) for one in write.parcels),
    )
    return replace(fulfilled(shop_order, taken), fulfillments=(*shop_order.fulfillments, made_now))


@settings(max_examples=300, derandomize=True)
@given(
    quantities=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    batches=st.lists(
        st.lists(st.sampled_from(["UPS", "Colissimo", None]), min_size=1, max_size=3), max_size=3
    ),
)
def test_whatever_ships_in_whatever_parcels_each_number_lands_once_and_all_is_fulfilled(
    quantities: list[int], batches: list[list[str | None]]
) -> None:
    shop_lines = [line(number, f"S{number}", quantity) for number, quantity in enumerate(quantities, 1)]
    items = tuple(item(number, quantity, f"D{number}") for number, quantity in enumerate(quantities, 1))
    shop_order = order(*shop_lines)
    serial = 0
    arrived: list[Parcel] = []
    for index, carriers in enumerate([*batches, []]):
        arrived += [Parcel(f"N{index}-{position}", carrier) for position, carrier in enumerate(carriers)]
        complete = index == len(batches)
        for _ in range(20):
            missing = [one for one in arrived if one.number not in known_numbers(shop_order)]
            write = next_write(shop_order, items, missing, complete)
            if write is None:
                break
            assert not isinstance(write, Impossible)
            serial += 1
            shop_order = bring(shop_order, write, serial)
        else:
            raise AssertionError("it never comes to an end")
    numbers = [one.number for made in shop_order.fulfillments for one in made.tracking if one.number]
    assert sorted(numbers) == sorted(one.number for one in arrived)
    assert all(row.remaining == 0 for one in shop_order.fulfillment_orders for row in one.lines)
