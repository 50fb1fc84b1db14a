"""After the purchase: what the shop takes back or changes is told at once, with what can still be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.order.model import Mode, PrintStatus
from bridge.order.problems import ALARMS, Alarm, Problem, fill_sentence
from bridge.order.states import State
from bridge.runtime.worker import LEASE
from tests.promise.memory_bridge import ORDER, Day
from tests.promise.shop_changes import (
    ShopChange,
    another_address,
    cancelled,
    fulfilled_by_hand,
    more_units,
    refunded,
    unmapped_line_added,
)
from tests.support.order_factories import line, shipped, unit

CHANGES: list[tuple[ShopChange, Alarm, str]] = [
    (
        cancelled,
        Alarm.CANCELLED_AFTER_PLACING,
        "The order was cancelled in the shop after Sculpteo order REF00000 was placed.",
    ),
    (
        refunded,
        Alarm.REFUNDED_AFTER_PLACING,
        "The order was refunded after Sculpteo order REF00000 was placed.",
    ),
    (
        more_units,
        Alarm.EDITED_AFTER_PLACING,
        "The order was edited after Sculpteo order REF00000 was placed: +3 RING.",
    ),
    (
        unmapped_line_added,
        Alarm.EDITED_AFTER_PLACING,
        "The order was edited after Sculpteo order REF00000 was placed: +1 MUG.",
    ),
    (
        another_address,
        Alarm.ADDRESS_AFTER_PLACING,
        "The address was changed after Sculpteo order REF00000 was placed.",
    ),
    (
        fulfilled_by_hand,
        Alarm.FULFILLED_ELSEWHERE,
        "Lines that Sculpteo prints (REF00000) were fulfilled in the shop, and the bridge has no record of doing that.",
    ),
]


@pytest.mark.parametrize(("change", "alarm", "sentence"), CHANGES)
async def test_what_changes_after_placing_is_an_alarm_with_its_sentence(
    day: Day, change: ShopChange, alarm: Alarm, sentence: str
) -> None:
    await day.comes()
    await day.works()
    assert await day.alarms() == {}
    day.change(**change(day.shop.orders[ORDER]))
    await day.news()
    await day.works()
    found = await day.alarms()
    assert list(found) == [alarm]
    assert fill_sentence(ALARMS[alarm].sentence, found[alarm]) == sentence
    assert ALARMS[alarm].remedy
    assert ((await day.record()).state, day.prints) == (State.PLACED, 1)


async def test_an_alarm_is_raised_once_however_often_the_order_is_read(day: Day) -> None:
    await day.comes()
    await day.works()
    day.change(**cancelled(day.shop.orders[ORDER]))
    for _ in range(3):
        await day.news()
        await day.works()
    assert len(await day.store.queries.list_alarms(open_only=False)) == 1


async def test_a_second_change_of_the_address_is_told_again(day: Day) -> None:
    await day.comes()
    await day.works()
    for street in ("2 Rue Nouvelle", "3 Rue Nouvelle"):
        address = day.shop.orders[ORDER].address
        assert address is not None
        day.change(address=replace(address, address1=street))
        await day.news()
        await day.works()
    found = await day.store.queries.list_alarms(open_only=False)
    assert [one.alarm for one in found] == [Alarm.ADDRESS_AFTER_PLACING] * 2
    assert "Nouvelle" not in str([dict(one.facts) for one in found])


async def test_an_order_deleted_after_placing_is_an_alarm(day: Day) -> None:
    await day.comes()
    await day.works()
    del day.shop.orders[ORDER]
    await day.news()
    await day.works()
    assert await day.alarms() == {Alarm.DELETED_AFTER_PLACING: {"reference": "REF00000"}}
    assert (await day.record()).state is State.PLACED


async def test_a_parcel_for_an_order_that_the_shop_does_not_show_any_more_comes_to_a_person(day: Day) -> None:
    await day.comes()
    await day.works()
    day.printer.ships("REF00000", "1Z1")
    del day.shop.orders[ORDER]
    for _ in range(12):
        day.clock.time += timedelta(hours=1)
        await day.works()
    record = await day.record()
    assert (record.state, record.problem) == (State.ATTENTION, Problem.CANNOT_FULFILL)
    assert record.facts["number"] == "1Z1"


async def test_our_own_fulfillment_is_not_an_alarm(day: Day) -> None:
    await day.comes(3)
    await day.works()
    day.printer.ships("REF00000", "1Z1", status=PrintStatus.IN_PROCESS)
    for _ in range(3):
        await day.news()
        day.clock.time += timedelta(hours=1)
        await day.works()
    assert (await day.record()).state is State.SHIPPED
    assert await day.alarms() == {}


async def test_units_added_between_two_parcels_are_not_told_as_shipped(day: Day) -> None:
    await day.comes(3)
    await day.works()
    day.printer.ships("REF00000", "1Z1", status=PrintStatus.IN_PROCESS)
    day.clock.time += timedelta(hours=1)
    await day.works()
    more = line(1, "RING", 5)
    partly = unit(1, more)
    partly = replace(partly, lines=(replace(partly.lines[0], remaining=4),))
    day.change(lines=(more, line(2, "TEE")), fulfillment_orders=(partly,))
    day.printer.ships("REF00000", "1Z2")
    day.clock.time += timedelta(hours=1)
    await day.news()
    await day.works()
    assert (await day.record()).state is State.DONE
    assert day.shop.orders[ORDER].fulfillment_orders[0].lines[0].remaining == 2
    assert Alarm.EDITED_AFTER_PLACING in await day.alarms()


async def test_the_units_of_another_location_are_left_to_it(day: Day) -> None:
    """One line is split over a warehouse, which comes first in the list, and where Sculpteo prints."""
    ring = line(1, "RING", 3)
    stock, ours = unit(1, ring), unit(2, ring, location_id="gid://shopify/Location/2", location_name="Prints")
    stock = replace(stock, lines=(replace(stock.lines[0], total=1, remaining=1),))
    ours = replace(ours, lines=(replace(ours.lines[0], total=2, remaining=2),))
    day.policy = replace(day.policy, locations={"acme": frozenset({"Prints"})})
    await day.comes(3, units=(stock, ours))
    await day.works()
    day.printer.ships("REF00000", "1Z1")
    day.clock.time += timedelta(hours=1)
    await day.works()
    assert (await day.record()).state is State.DONE
    left = {one.location_name: one.lines[0].remaining for one in day.shop.orders[ORDER].fulfillment_orders}
    assert left == {"Main": 1, "Prints": 0}


async def test_lines_that_were_moved_after_placing_are_fulfilled_where_they_are(day: Day) -> None:
    day.policy = replace(day.policy, locations={"acme": frozenset({"Main"})})
    await day.comes(2)
    await day.works()
    there = replace(day.shop.orders[ORDER].fulfillment_orders[0], location_id="x", location_name="Attic")
    day.change(fulfillment_orders=(there,))
    day.printer.ships("REF00000", "1Z1")
    day.clock.time += timedelta(hours=1)
    await day.works()
    assert (await day.record()).state is State.DONE
    assert day.shop.orders[ORDER].fulfillment_orders[0].lines[0].remaining == 0


async def test_a_fulfillment_order_that_was_split_gets_each_parcel_once(day: Day) -> None:
    await day.comes(3)
    await day.works()
    first = day.shop.orders[ORDER].fulfillment_orders[0]
    parts = [
        replace(
            first,
            id=f"gid://shopify/FulfillmentOrder/{one}",
            lines=(replace(first.lines[0], id=f"{one}-1", total=size, remaining=size),),
        )
        for one, size in ((11, 1), (12, 2))
    ]
    day.change(fulfillment_orders=tuple(parts))
    day.printer.ships("REF00000", "1Z1", "1Z2", status=PrintStatus.SHIPPED)
    for _ in range(3):
        day.clock.time += timedelta(hours=1)
        await day.works()
    made = day.shop.orders[ORDER].fulfillments
    numbers = [tracking.number for one in made for tracking in one.tracking]
    assert sorted(str(number) for number in numbers) == ["1Z1", "1Z2"]
    assert (await day.record()).state is State.DONE


async def test_a_parcel_that_appears_when_the_order_is_done_joins_it(day: Day) -> None:
    await day.comes()
    await day.works()
    day.printer.ships("REF00000", "1Z1")
    day.clock.time += timedelta(hours=1)
    await day.works()
    assert (await day.record()).state is State.DONE
    day.printer.ships("REF00000", "1Z2")
    day.clock.time += timedelta(hours=15)
    await day.works()
    (made,) = day.shop.orders[ORDER].fulfillments
    assert [one.number for one in made.tracking] == ["1Z1", "1Z2"]
    assert (await day.record()).state is State.DONE


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_lost_answer_to_a_fulfillment_brings_the_parcel_once(day: Day, moment: str) -> None:
    await day.comes()
    await day.works()
    day.printer.ships("REF00000", "1Z1")
    day.clock.time += timedelta(hours=1)
    day.fate.shop[:] = ["ok", moment]
    await day.works()
    day.clock.time += timedelta(hours=1)
    await day.works()
    made = day.shop.orders[ORDER].fulfillments
    assert [tracking.number for one in made for tracking in one.tracking] == ["1Z1"]


async def test_a_number_that_a_person_entered_already_is_not_entered_again(day: Day) -> None:
    await day.comes()
    await day.works()
    closed = fulfilled_by_hand(day.shop.orders[ORDER])
    day.change(**{**closed, "fulfillments": (shipped("1Z1", fulfillment=7),)})
    day.printer.ships("REF00000", "1Z1")
    day.clock.time += timedelta(hours=1)
    await day.works()
    assert len(day.shop.orders[ORDER].fulfillments) == 1
    assert (await day.record()).state is State.DONE
    assert await day.alarms() == {}


async def test_a_worker_that_woke_up_late_brings_no_parcel_that_another_one_brought(day: Day) -> None:
    """It read the order before the other one wrote, and each thinks that one unit is to be told of."""
    await day.comes(3)
    await day.works()
    day.printer.ships("REF00000", "1Z1", status=PrintStatus.IN_PROCESS)
    day.clock.time += timedelta(hours=1)
    assert await day.works(at_most=1) == [State.SHIPPED]

    async def sleeps() -> None:
        day.clock.time += 2 * LEASE
        await day.works(at_most=1)

    day.fate.meanwhile["read"] = sleeps
    await day.works()
    made = day.shop.orders[ORDER].fulfillments
    assert [tracking.number for one in made for tracking in one.tracking] == ["1Z1"]
    assert day.shop.orders[ORDER].fulfillment_orders[0].lines[0].remaining == 2


async def test_a_test_order_brings_nothing_to_the_shop(day: Day) -> None:
    day.policy = replace(day.policy, mode=Mode.TEST)
    await day.comes()
    await day.works()
    day.printer.ships("REF00000", "1Z1")
    day.clock.time += timedelta(hours=1)
    await day.works()
    record = await day.record()
    assert (record.state, record.parcels) == (State.PLACED, ())
    assert day.shop.orders[ORDER].fulfillments == ()
