"""The shop is told exactly what has left: our units, once, with their numbers, and the customer is told once.

Whatever the merchant, Shopify and a dying process do in between.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.errors import TryAgain
from bridge.order.explanations import describe_state
from bridge.order.model import (
    Fulfillment,
    FulfillmentHold,
    FulfillmentOrder,
    FulfillmentOrderLine,
    LedgerEntry,
    Mode,
    Parcel,
    PrintStatus,
    ShopOrder,
    Tracking,
)
from bridge.order.problems import Alarm, Problem, fill_sentence, find_text
from bridge.order.states import State, Wait
from bridge.order.timeline import describe_event
from bridge.runtime.worker import LEASE
from tests.promise.memory_bridge import ORDER, Day, new_day
from tests.support.fake_upstreams import Crash
from tests.support.order_factories import RING, Mapped, line, unit

RINGS = "gid://shopify/LineItem/1"
MUG = replace(RING, uuid="Mug00001")


def part(number: int, place: str, units: int) -> FulfillmentOrder:
    """Units of the one line, to be sent from a place."""
    return replace(unit(number, line(1, "RING", units), location_id=f"id-{place}"), location_name=place)


async def split(day: Day, ours: int = 3, theirs: int = 2) -> None:
    """A line of which Sculpteo prints some units and the merchant has others in stock; it is bought."""
    day.policy = replace(day.policy, locations={"acme": frozenset({"Prints"})})
    units = (part(1, "Stock", theirs), part(2, "Prints", ours))
    await day.comes(ours + theirs, units=units)
    await day.works()
    (item,) = (await day.record()).items
    assert item.line_quantity == ours


def by_hand(day: Day, row: str, units: int, number: str | None = "DPD-1") -> None:
    """The merchant ships units of a fulfillment order line himself."""
    order = day.shop.orders[ORDER]
    made = Fulfillment(
        f"gid://shopify/Fulfillment/9{len(order.fulfillments)}",
        "SUCCESS",
        (Tracking(number, "DPD"),),
        ((RINGS, units),),
    )
    left = []
    for one in order.fulfillment_orders:
        rows = tuple(
            replace(own, remaining=own.remaining - units) if own.id == row else own for own in one.lines
        )
        left.append(replace(one, lines=rows))
    day.change(fulfillment_orders=tuple(left), fulfillments=(*order.fulfillments, made))


def holds(day: Day, *reasons: str, index: int = 0) -> None:
    """Shopify holds a fulfillment order; without reasons it lets go."""
    units = list(day.shop.orders[ORDER].fulfillment_orders)
    units[index] = replace(
        units[index],
        status="ON_HOLD" if reasons else "OPEN",
        actions=() if reasons else ("CREATE_FULFILLMENT", "REPORT_PROGRESS"),
        holds=tuple(FulfillmentHold(reason) for reason in reasons),
    )
    day.change(fulfillment_orders=tuple(units))


async def later(day: Day, hours: float = 1) -> None:
    day.clock.time += timedelta(hours=hours)
    await day.works()


def sent(order: ShopOrder, number: str | None) -> dict[str, int]:
    """By line: the units in fulfillments that have this number (None = that have none)."""
    found: dict[str, int] = {}
    for one in order.fulfillments:
        numbers = {tracking.number for tracking in one.tracking if tracking.number}
        if (number in numbers) or (number is None and not numbers):
            for row, quantity in one.lines:
                found[row] = found.get(row, 0) + quantity
    return found


def left(order: ShopOrder) -> dict[str, int]:
    return {row.id: row.remaining for one in order.fulfillment_orders for row in one.lines}


@pytest.mark.parametrize("first", ["the merchant", "Sculpteo", "a parcel in between"])
async def test_the_merchants_part_of_a_line_says_nothing_of_ours(day: Day, first: str) -> None:
    await split(day)
    if first == "a parcel in between":
        day.printer.ships("REF00000", "1Z1", status=PrintStatus.IN_PROCESS)
        await later(day)
    if first != "Sculpteo":
        by_hand(day, "1-1", 2)
        await day.news()
        await day.works()
    day.printer.ships("REF00000", "1Z2")
    await later(day)
    order = day.shop.orders[ORDER]
    assert left(order) == {"1-1": 2 if first == "Sculpteo" else 0, "2-1": 0}
    assert sent(order, "1Z2")[RINGS] + sent(order, "1Z1").get(RINGS, 0) == 3
    assert (await day.record()).state is State.DONE
    assert await day.alarms() == {}


async def test_ours_that_the_merchant_shipped_are_an_alarm_and_his_own_stay_his(day: Day) -> None:
    await split(day)
    by_hand(day, "2-1", 3)
    await day.news()
    day.printer.ships("REF00000", "1Z1")
    await later(day)
    record = await day.record()
    assert (record.state, record.problem) == (State.ATTENTION, Problem.CANNOT_FULFILL)
    assert (
        record.facts["why"]
        == "what it holds is fulfilled already, and the bridge has no record of doing that"
    )
    assert left(day.shop.orders[ORDER]) == {"1-1": 2, "2-1": 0}
    assert list(await day.alarms()) == [Alarm.FULFILLED_ELSEWHERE]
    (theirs,) = day.shop.orders[ORDER].fulfillments
    assert [one.number for one in theirs.tracking] == ["DPD-1"]


async def test_a_number_waits_for_shopifys_hold_and_joins_no_other_fulfillment(day: Day) -> None:
    await split(day, ours=3, theirs=2)
    by_hand(day, "1-1", 2, number=None)
    holds(day, "HIGH_RISK_OF_FRAUD", index=1)
    day.printer.ships("REF00000", "1Z1")
    for _ in range(4):
        await later(day)
        await day.news()
        await day.works()
    record = await day.record()
    assert (record.state, record.reason) == (State.SHIPPED, Wait.SHOP_HOLD)
    said = describe_state(record.state, record.reason, record.problem, record.facts)
    assert said == "Shopify holds its fulfillment: HIGH_RISK_OF_FRAUD."
    assert day.shop.mails == []
    assert sent(day.shop.orders[ORDER], "1Z1") == {}
    moves = await day.store.queries.list_events(record.key)
    assert [one.reason for one in moves if one.kind in {"move", "reason"}].count(Wait.SHOP_HOLD) == 1
    holds(day, index=1)
    await day.news()
    await day.works()
    assert sent(day.shop.orders[ORDER], "1Z1") == {RINGS: 3}
    assert ((await day.record()).state, day.shop.mails) == (State.DONE, [("1Z1",)])
    assert await day.alarms() == {}


async def test_what_is_held_does_not_keep_more_parcels_from_being_seen(day: Day) -> None:
    await day.comes(3)
    await day.works()
    holds(day, "OTHER")
    day.printer.ships("REF00000", "1Z1", status=PrintStatus.IN_PROCESS)
    await later(day)
    day.printer.ships("REF00000", "1Z2")
    await later(day)
    await later(day)
    record = await day.record()
    assert [one.parcel.number for one in record.parcels] == ["1Z1", "1Z2"]
    assert (record.state, record.reason) == (State.SHIPPED, Wait.SHOP_HOLD)


@pytest.mark.parametrize("contents", [(), (("QfGQC4YQ", 3),)], ids=["unknown contents", "known contents"])
async def test_a_parcel_from_two_locations_is_told_once(
    day: Day, contents: tuple[tuple[str, int], ...]
) -> None:
    await day.comes(3, units=(part(1, "Lyon", 1), part(2, "Paris", 2)))
    await day.works()
    day.printer.ships("REF00000")
    day.printer.books["REF00000"].parcels = (Parcel("1Z1", "UPS", contents=contents),)
    await later(day)
    order = day.shop.orders[ORDER]
    assert sorted(len(one.lines) for one in order.fulfillments) == [1, 1]
    assert (sent(order, "1Z1"), day.shop.mails) == ({RINGS: 3}, [("1Z1",)])
    assert (await day.record()).state is State.DONE


async def test_a_parcel_of_known_contents_leaves_the_other_lines_alone(day: Day) -> None:
    day.catalog = Mapped(RING=(RING,), MUG=(MUG,))
    ring, mug = line(1, "RING", 2), line(3, "MUG", 1)
    day.shop.touch(replace(await day.comes(2), lines=(ring, mug), fulfillment_orders=(unit(1, ring, mug),)))
    await day.works()
    day.printer.ships("REF00000")
    day.printer.books["REF00000"].parcels = (Parcel("1Z1", "UPS", contents=(("QfGQC4YQ", 2),)),)
    await later(day)
    assert left(day.shop.orders[ORDER]) == {"1-1": 0, "1-3": 1}
    assert (await day.record()).state is State.SHIPPED
    await later(day, 50)
    await later(day)
    assert left(day.shop.orders[ORDER]) == {"1-1": 0, "1-3": 0}
    assert sent(day.shop.orders[ORDER], "1Z1") == {RINGS: 2}
    assert list(await day.alarms()) == [Alarm.NO_TRACKING_NUMBER]


@pytest.mark.parametrize("tells", [True, False])
async def test_the_customer_is_told_without_a_number_or_not_as_the_text_says(day: Day, tells: bool) -> None:
    day.policy = replace(day.policy, notify_customer={"acme": tells})
    await day.comes(3, units=(part(1, "Lyon", 1), part(2, "Paris", 2)))
    await day.works()
    day.printer.ships("REF00000")
    await later(day)
    assert day.shop.orders[ORDER].fulfillments == ()
    await later(day, 50)
    await later(day)
    assert left(day.shop.orders[ORDER]) == {"1-1": 0, "2-1": 0}
    assert day.shop.mails == ([()] if tells else [])
    alarms = await day.alarms()
    assert list(alarms) == [Alarm.NO_TRACKING_NUMBER]
    text = find_text(Alarm.NO_TRACKING_NUMBER, alarms[Alarm.NO_TRACKING_NUMBER])
    told = fill_sentence(text.remedy, alarms[Alarm.NO_TRACKING_NUMBER])
    assert told.startswith("Shopify told the customer" if tells else "The bridge did not tell the customer")
    day.printer.ships("REF00000", "1Z1")
    await later(day, 15)
    assert [[one.number for one in made.tracking] for made in day.shop.orders[ORDER].fulfillments] == [
        ["1Z1"],
        ["1Z1"],
    ]
    assert day.shop.mails == ([(), ("1Z1",)] if tells else [])


async def test_a_relabelled_parcel_is_the_same_parcel_and_is_explained(day: Day) -> None:
    await day.comes(3)
    await day.works()
    day.printer.ships("REF00000", "1Z1", status=PrintStatus.IN_PROCESS)
    await later(day)
    day.printer.books["REF00000"].parcels = (Parcel("1Z2", "UPS"),)
    await later(day)
    order = day.shop.orders[ORDER]
    (made,) = order.fulfillments
    assert [one.number for one in made.tracking] == ["1Z1", "1Z2"]
    assert left(order)["1-1"] == 2
    assert day.shop.mails == [("1Z1",), ("1Z1", "1Z2")]
    lines = await day.store.queries.list_events((await day.record()).key)
    (told,) = [describe_event(one.kind, one.facts) for one in lines if one.kind == "relabelled"]
    assert told.startswith("Sculpteo names 1Z2 instead of 1Z1")
    await later(day)
    assert day.shop.mails == [("1Z1",), ("1Z1", "1Z2")]


async def test_many_lines_are_brought_in_as_many_calls_as_shopify_takes(day: Day) -> None:
    day.catalog = Mapped(**{f"S{one}": (replace(RING, uuid=f"D{one}"),) for one in range(601)})
    lines = tuple(line(1000 + one, f"S{one}") for one in range(601))
    rows = tuple(FulfillmentOrderLine(f"row-{one.id}", one.id, 1, 1) for one in lines)
    made = await day.comes()
    day.shop.touch(replace(made, lines=lines, fulfillment_orders=(replace(unit(1), lines=rows),)))
    await day.works()
    day.printer.ships("REF00000", "1Z1")
    day.clock.time += timedelta(hours=1)
    day.fate.shop[:] = ["ok", "after"]
    await day.works()
    await later(day)
    order = day.shop.orders[ORDER]
    assert sum(sent(order, "1Z1").values()) == 601
    assert [len(one.lines) for one in order.fulfillments] == [250, 250, 101]
    assert day.shop.mails == [("1Z1",)]
    assert (await day.record()).state is State.DONE


async def test_progress_is_shown_for_what_is_printed_alone_and_not_again_when_it_was_stopped(
    day: Day,
) -> None:
    ring, tee = line(1, "RING", 2), line(2, "TEE")
    alone = replace(unit(2, ring), lines=(FulfillmentOrderLine("2-1", ring.id, 1, 1),))
    mixed = replace(
        unit(1, ring, tee),
        lines=(FulfillmentOrderLine("1-1", ring.id, 1, 1), FulfillmentOrderLine("1-2", tee.id, 1, 1)),
    )
    await day.comes(2, units=(mixed, alone))
    await day.works()
    assert day.shop.progress == [alone.id]
    for _ in range(3):  # the merchant stops it; Shopify tells of it
        await day.news()
        await later(day)
    day.printer.ships("REF00000", "1Z1", status=PrintStatus.IN_PROCESS)
    await later(day)
    await day.news()
    await later(day)
    assert day.shop.progress == [alone.id]


async def test_a_test_order_shows_no_progress(day: Day) -> None:
    day.policy = replace(day.policy, mode=Mode.TEST)
    await day.comes()
    await day.works()
    assert day.shop.progress == []


# --- a process that dies, and answers that are lost ------------------------------------------------------


async def two_locations(day: Day) -> None:
    await day.comes(3, units=(part(1, "Lyon", 1), part(2, "Paris", 2)))
    await day.works()
    day.printer.ships("REF00000", "1Z1")


async def two_carriers(day: Day) -> None:
    await day.comes(4, units=(part(1, "Lyon", 2), part(2, "Paris", 2)))
    await day.works()
    day.printer.ships("REF00000", "1Z1")
    day.printer.books["REF00000"].parcels += (Parcel("6A1", "Colissimo"),)


async def known_contents(day: Day) -> None:
    await two_locations(day)
    day.printer.books["REF00000"].parcels = (
        Parcel("1Z1", "UPS", contents=(("QfGQC4YQ", 2),)),
        Parcel("1Z2", "UPS", contents=(("QfGQC4YQ", 1),)),
    )


async def without_number(day: Day) -> None:
    """An edit has added units, so that what is left does not tell what was fulfilled."""
    await day.comes(3)
    await day.works()
    more = line(1, "RING", 9)
    day.change(lines=(more,), fulfillment_orders=(unit(1, more),))
    day.printer.ships("REF00000")
    await later(day)
    day.clock.time += timedelta(hours=50)


Outcome = tuple[int, set[str], int]
SITUATIONS: list[tuple[Callable[[Day], Awaitable[None]], Outcome]] = [
    (two_locations, (3, {"1Z1"}, 1)),
    (two_carriers, (4, {"1Z1", "6A1"}, 2)),
    (known_contents, (3, {"1Z1", "1Z2"}, 2)),
    (without_number, (3, set(), 1)),
]


def outcome(day: Day) -> Outcome:
    """The units in fulfillments, the numbers that are on them, and how often customers were told."""
    made = day.shop.orders[ORDER].fulfillments
    numbers = {tracking.number for one in made for tracking in one.tracking if tracking.number}
    units = sum(quantity for one in made for _, quantity in one.lines)
    assert len(day.shop.mails) == len(set(day.shop.mails))
    return units, numbers, len(day.shop.mails)


@pytest.mark.long
@pytest.mark.parametrize(("prepare", "expected"), SITUATIONS)
async def test_wherever_a_process_dies_each_unit_is_fulfilled_once_and_no_number_is_lost(
    prepare: Callable[[Day], Awaitable[None]], expected: Outcome, tmp_path: Path
) -> None:
    for moment in range(40):
        (tmp_path / str(moment)).mkdir()
        async with new_day(tmp_path / str(moment)) as day:
            await prepare(day)
            day.clock.time += timedelta(hours=1)
            died = False
            if moment:
                day.fate.crash_in = moment
                with contextlib.suppress(Crash):
                    for _ in range(3):
                        await later(day)
                died = day.fate.crash_in is None
                day.fate.crash_in = None
                day.clock.time += LEASE
            for _ in range(3):
                await day.news()
                await later(day)
            assert outcome(day) == expected, moment
            assert (await day.record()).state is State.DONE
        if moment and not died:
            assert moment > 8
            return
    raise AssertionError("it never came to its end")


@pytest.mark.long
@pytest.mark.parametrize(("prepare", "expected"), SITUATIONS)
async def test_whichever_answer_is_lost_each_unit_is_fulfilled_once_and_no_number_is_lost(
    prepare: Callable[[Day], Awaitable[None]], expected: Outcome, tmp_path: Path
) -> None:
    for lost in range(12):
        (tmp_path / str(lost)).mkdir()
        async with new_day(tmp_path / str(lost)) as day:
            await prepare(day)
            day.clock.time += timedelta(hours=1)
            if lost:
                day.fate.shop[:] = [*["ok"] * (lost - 1), "after"]
            for _ in range(4):
                with contextlib.suppress(TryAgain):
                    await later(day)
            assert outcome(day) == expected, lost
            assert (await day.record()).state is State.DONE


async def test_an_order_that_takes_longer_to_read_than_shopify_takes_to_tell_of_its_note_is_bought(
    day: Day,
) -> None:
    """An order of hundreds of lines: the webhook of the bridge's own note is there before the order is."""
    written = day.shop.write_ledger_and_read

    async def told_meanwhile(order_id: str, entry: LedgerEntry, expected: str | None) -> ShopOrder:
        seen = await written(order_id, entry, expected)
        await day.news()
        return seen

    day.shop.write_ledger_and_read = told_meanwhile  # type: ignore[method-assign]
    await day.comes()
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.PLACED, 1)
