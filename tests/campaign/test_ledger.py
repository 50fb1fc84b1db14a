"""The judge condemns what must not be: a campaign that could not fail would prove nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from bridge.order.problems import Alarm, Problem
from bridge.order.states import State, Wait
from bridge.sandbox.demo_config import add_demo_products
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.sculpteo.model import Book, Item, Parcel
from tests.campaign.ledger import Entry, Record, judge
from tests.campaign.order_kinds import KINDS, RING, Day

DONE = Record(1, "gid://shopify/Order/1", State.DONE, None, None, "REF1", None)


@dataclass(slots=True)
class Fine:
    """An order that went well, to be spoilt by each test."""

    entry: Entry
    stage: Day

    def condemned(self) -> set[str]:
        return set(judge([self.entry], final=True, remembered=True).found)


@pytest.fixture
async def fine() -> AsyncIterator[Fine]:
    box = Sandbox()
    add_demo_products(box.shop, box.printer)
    stage = Day(box, 1)
    sale = KINDS["ring"].sell(stage, 0.0)
    address = sale.addresses[0]
    sent_to = {
        "ship_addressee": address.name or "",
        "ship_street1": address.address1 or "",
        "ship_city": address.city or "",
    }
    now = box.shop.now()
    parcel = Parcel("1Z1", "UPS", None, now.date(), ())
    book = Book("REF1", now, (Item(RING, 1),), sent_to, (), False, "Shipped", parcels=[parcel])
    box.shop.fulfill_by_hand(sale.order, number="1Z1")
    yield Fine(Entry(sale, DONE, [book]), stage)
    box.shop.close()


async def test_what_went_well_is_clean(fine: Fine) -> None:
    assert fine.condemned() == set()


async def test_two_prints_are_a_double(fine: Fine) -> None:
    fine.entry.prints.append(replace(fine.entry.prints[0], reference="REF2"))
    assert "doubles" in fine.condemned()


async def test_an_order_that_is_neither_on_record_nor_printed_is_lost(fine: Fine) -> None:
    fine.entry.record, fine.entry.prints = None, []
    fine.entry.order.fulfillments.clear()
    assert fine.condemned() == {"lost"}


async def test_an_order_that_is_printed_and_cancelled_on_record_is_lost(fine: Fine) -> None:
    fine.entry.record = replace(DONE, state=State.CANCELLED, reason="person")
    assert fine.condemned() == {"lost"}


@pytest.mark.parametrize(
    "record",
    [
        replace(DONE, state=State.WAITING, reason=Wait.UPSTREAM),
        replace(DONE, state=State.PLACED),
        replace(DONE, state=State.ATTENTION),
    ],
)
async def test_an_order_that_does_not_come_to_rest_or_gives_no_reason_is_stuck(
    fine: Fine, record: Record
) -> None:
    fine.entry.record = record
    assert fine.condemned() == {"stuck without reason"}


async def test_other_copies_or_another_address_are_not_what_was_ordered(fine: Fine) -> None:
    good = fine.entry.prints[0]
    fine.entry.prints = [replace(good, items=(Item(RING, 2),))]
    assert fine.condemned() == {"printed other than ordered"}
    fine.entry.prints = [replace(good, address={**good.address, "ship_city": "Elsewhere"})]
    assert "printed other than ordered" in fine.condemned()


async def test_a_parcel_that_is_twice_in_the_shop_or_not_at_all_is_told(fine: Fine) -> None:
    fine.entry.order.fulfillments[0].numbers = ("1Z1", "1Z1")
    assert fine.condemned() == {"tracking pushed twice"}
    fine.entry.order.fulfillments[0].numbers = ("1Z9",)
    assert "parcels missing" in fine.condemned()


async def test_what_is_taken_back_too_late_without_an_alarm_is_told(fine: Fine) -> None:
    fine.entry.order.refunded = fine.entry.order.paid
    assert fine.condemned() == {"alarms missing"}
    fine.entry.record = replace(DONE, alarms=frozenset({Alarm.REFUNDED_AFTER_PLACING}))
    assert fine.condemned() == set()


async def test_an_error_of_the_bridges_own_is_told(fine: Fine) -> None:
    told = frozenset({("attention", "internal")})
    fine.entry.record = replace(DONE, state=State.ATTENTION, problem=Problem.INTERNAL, told=told)
    assert fine.condemned() == {"other faults"}
    fine.entry.sale.damaged = True
    assert fine.condemned() == set()


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (replace(DONE, state=State.ATTENTION, problem=Problem.MOVED), ("attention", "moved")),
        (replace(DONE, state=State.WAITING, reason=Wait.APPROVAL), ("approval", "approval")),
        (replace(DONE, state=State.WAITING, reason=Wait.SCHEDULED), ("still_waiting", None)),
        (replace(DONE, state=State.UNKNOWN), ("unknown", None)),
    ],
)
async def test_what_stands_open_for_a_person_and_was_told_to_nobody_is_silent(
    fine: Fine, record: Record, told: tuple[str, str | None]
) -> None:
    fine.entry.record = record
    assert fine.condemned() == {"silent"}
    fine.entry.record = replace(record, told=frozenset({("attention", "address")}))
    assert fine.condemned() == {"silent"}, "news of something else"
    fine.entry.record = replace(record, told=frozenset({told}))
    assert fine.condemned() == set()


async def test_who_holds_an_order_need_not_be_told_that_it_waits(fine: Fine) -> None:
    fine.entry.record = replace(DONE, state=State.WAITING, reason=Wait.HELD)
    assert fine.condemned() == set()
