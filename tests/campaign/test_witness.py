"""The witness condemns what nobody asked for: a campaign whose column could not turn would prove nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.order.model import Address as OwnAddress
from bridge.order.model import Design, PrintItem
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import State, Wait
from bridge.sandbox.demo_config import add_demo_products
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.scenario import Stage
from bridge.sandbox.sculpteo.model import Book, Item
from bridge.sandbox.shopify.model import Order
from tests.campaign.order_kinds import RING
from tests.campaign.witness import ROUTED, Rules, Witness
from tests.support.order_factories import line as own_line
from tests.support.order_factories import order as own_order
from tests.support.order_factories import record as own_record
from tests.support.order_factories import unit

ATTEMPT = "attempt-1"


@dataclass(slots=True)
class Scene:
    """One order of a shop whose bridge works in live mode, and what a purchase of it looks like."""

    box: Sandbox
    witness: Witness
    order: Order

    def at(self, moment: datetime) -> None:
        """The time stands still."""
        self.box.shop.now = lambda: moment

    def announced(self) -> None:
        """The bridge's note on the order says that the attempt may leave."""
        note = {"state": "intent", "attempt": ATTEMPT}
        self.box.shop.set_metafields(
            [{"ownerId": self.order.gid, "key": "print", "type": "json", "value": json.dumps(note)}]
        )

    def bought(self, copies: int = 1, *, announced: bool = True) -> str | None:
        """Why nobody asked for it."""
        if announced:
            self.announced()
        address = self.order.address
        assert address is not None
        sent_to = {
            "ship_addressee": address.name or "",
            "ship_street1": address.address1 or "",
            "ship_city": address.city or "",
        }
        comments = (f"acme {self.order.name}", f"sculpteo-bridge {ATTEMPT}")
        book = Book(
            "REF1",
            self.box.shop.now(),
            (Item(RING, copies, material="silver"),),
            sent_to,
            comments,
            False,
            "New",
        )
        book.history.append(("New", book.placed_at))
        for listener in self.box.printer.listeners:
            listener(book)
        return self.witness.unasked[-1] if self.witness.unasked else None

    def shown(self, copies: int = 1, place: str = "Workshop", **more: Any) -> OrderRecord:
        """The order as the bridge shows it to a person."""
        address = self.order.address
        assert address is not None
        own = OwnAddress(
            address.first_name, address.last_name, None, address.address1, address.address2, address.city
        )
        line = "gid://shopify/LineItem/1"
        item = PrintItem(Design(RING, 1, "silver", Decimal(1), "mm"), copies, line, copies, "RING-S")
        where = replace(unit(1, own_line(1, "RING")), location_name=place)
        snapshot = own_order(address=own, units=(where,))
        values = {"name": self.order.name, "items": (item,), "snapshot": snapshot, "reason": Wait.APPROVAL}
        return own_record(State.WAITING, **values | more)


Scenes = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def routed() -> AsyncIterator[Scenes]:
    """Makes scenes: `rules` are the settings, `options` those of the order, which has its fulfillment orders."""
    boxes: list[Sandbox] = []

    async def make(rules: Rules | None = None, **options: Any) -> Scene:
        box = Sandbox()
        boxes.append(box)
        add_demo_products(box.shop, box.printer)
        stage = Stage(box, 1)
        witness = Witness(box, rules or Rules(since=False), lambda _: True)
        witness.works_in("live")
        order = stage.create_order(stage.people.next(), ["RING-S"], **options)
        witness.sold(order)
        await asyncio.sleep(2 * ROUTED)
        assert order.fulfillment_orders
        return Scene(box, witness, order)

    yield make
    for box in boxes:
        box.shop.close()


LONG_AGO = timedelta(days=9)


async def test_a_paid_order_that_came_after_going_live_is_asked_for_by_the_rules(routed: Scenes) -> None:
    assert (await routed()).bought() is None


async def test_other_contents_than_at_the_last_look_are_unasked(routed: Scenes) -> None:
    assert "printed are" in ((await routed()).bought(copies=2) or "")


async def test_a_purchase_that_no_note_announced_is_unasked(routed: Scenes) -> None:
    assert "did not say before" in ((await routed()).bought(announced=False) or "")


async def test_an_order_from_before_going_live_is_bought_only_as_it_was_approved(routed: Scenes) -> None:
    here = await routed()
    here.order.created_at -= LONG_AGO
    assert "went live" in (here.bought() or "")
    for record, asked in ((here.shown(), True), (here.shown(copies=2), False)):
        here.witness.unasked.clear()
        here.witness.approvals.clear()
        here.witness.approved(record)
        assert (here.bought() is None) is asked


async def test_an_approval_that_was_given_in_a_rehearsal_counts_for_nothing_in_live(routed: Scenes) -> None:
    here = await routed()
    here.order.created_at -= LONG_AGO
    here.witness.works_in("test")
    here.witness.approved(here.shown())
    assert "no bridge works in live mode" in (here.bought() or "")
    here.witness.works_in("live")
    assert "went live" in (here.bought() or "")


async def test_an_order_that_was_first_seen_in_a_rehearsal_waits_for_a_person(routed: Scenes) -> None:
    here = await routed(Rules())
    here.witness.rehearsed([here.order], [here.order.gid])
    assert "rehearsal" in (here.bought() or "")
    here.witness.unasked.clear()
    here.witness.lost()
    assert here.bought() is None, "what goes with the database is not held against the bridge"


@pytest.mark.parametrize("rule", ["paid", "authorized", "approve"])
async def test_what_is_not_paid_is_bought_as_the_setting_says_or_as_a_person_said_so(
    routed: Scenes, rule: str
) -> None:
    here = await routed(Rules(payment=rule), paid=False, authorized=True)
    here.order.authorized_until = here.box.shop.now() + timedelta(days=7)
    enough = rule == "authorized"
    assert (here.bought() is None) is enough
    here.witness.unasked.clear()
    here.witness.approved(here.shown())
    assert (here.bought() is None) is enough, "nobody was asked about the payment"
    here.witness.unasked.clear()
    here.witness.approved(here.shown(reason=Wait.PAYMENT))
    assert here.bought() is None


async def test_an_order_that_was_moved_after_it_was_matched_needs_a_yes_to_that_place(routed: Scenes) -> None:
    here = await routed()
    here.box.shop.move(here.order, "Shop in Nantes")
    assert "moved" in (here.bought() or "")
    here.witness.unasked.clear()
    elsewhere = here.shown(place="Shop in Nantes", problem=Problem.MOVED, reason=None)
    here.witness.approved(replace(elsewhere, state=State.ATTENTION))
    assert here.bought() is None


async def test_a_change_opens_the_approval_window_anew(routed: Scenes) -> None:
    here = await routed(Rules(delay=60))
    began = here.box.shop.now()
    here.at(began + timedelta(seconds=61))
    assert here.order.address is not None
    here.box.shop.set_address(here.order, replace(here.order.address, address1="8 Passage des Tanneurs"))
    here.at(began + timedelta(seconds=90))
    assert "it changed at" in (here.bought() or "")
    here.witness.unasked.clear()
    here.at(began + timedelta(seconds=122 + ROUTED))
    assert here.bought() is None


@pytest.mark.parametrize("wish", ["hold", "cancel", "ignore"])
async def test_what_a_person_said_no_to_is_unasked_until_they_say_yes(routed: Scenes, wish: str) -> None:
    here = await routed()
    here.witness.stopped(here.order.name, wish)
    assert wish in (here.bought() or "")
    here.witness.unasked.clear()
    here.witness.let_go(here.order.name)
    assert here.bought() is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda here: here.box.shop.hold(here.order), "on hold"),
        (lambda here: here.box.shop.cancel(here.order), "cancelled"),
        (lambda here: here.box.shop.refund(here.order), "refunded"),
        (lambda here: here.box.shop.fulfill_by_hand(here.order), "fulfilled"),
        (lambda here: setattr(here.witness, "paused", True), "stopped all ordering"),
        (lambda here: setattr(here.witness, "rules", Rules(manual=True)), "approves every order"),
        (lambda here: setattr(here.witness, "rules", Rules(per_order=1)), "above the limit"),
    ],
)
async def test_what_the_shop_or_a_setting_forbids_is_unasked(
    routed: Scenes, change: Callable[[Scene], object], word: str
) -> None:
    here = await routed(Rules())
    change(here)
    assert word in (here.bought() or "")
