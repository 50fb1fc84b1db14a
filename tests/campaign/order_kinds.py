"""The orders of a campaign: what is bought, what changes later, and what may be printed of it in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from bridge.sandbox.scenario import Stage
from bridge.sandbox.sculpteo.model import ParcelPlan, Step
from bridge.sandbox.shopify.model import Address, Order
from bridge.sandbox.shopify.orders import Buy

End = Literal["printed", "perhaps", "never"]
"""`printed`: exactly once, and all of it fulfilled. `perhaps`: taken back at some moment, so once at most."""


@dataclass(slots=True)
class Sale:
    """One order of a run. `addresses` are those that it had at first. When a person said wrongly of its print
    that it does not exist, `allowed` prints may follow, and an alarm must. `damaged`: its row was, so that the
    bridge leaves it to a person."""

    kind: Kind
    order: Order
    addresses: list[Address] = field(default_factory=list)
    end: End = "printed"
    allowed: int = 1
    alarm_due: bool = False
    damaged: bool = False


@dataclass(slots=True)
class Day(Stage):
    """A stage that knows whether the bridge has matched an order, which takes a busy machine a while."""

    matched: Callable[[Order], bool] = lambda _: True

    def once_matched(self, order: Order, beats: float, action: Callable[[], object]) -> None:
        """Something that happens in the shop so many beats after the bridge has matched the order, if it does so in
        time."""

        async def run() -> None:
            deadline = asyncio.get_running_loop().time() + MATCHED_WITHIN
            while not self.matched(order) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)
            await asyncio.sleep(beats * self.beat)
            action()

        self.tasks.append(asyncio.get_running_loop().create_task(run()))


MATCHED_WITHIN = 20.0  # seconds; a busy machine takes some, and nobody waits once it is
Play = Callable[[Day, float], Order]


@dataclass(frozen=True, slots=True)
class Kind:
    """`contents`: what may be printed of it, each as "uuid:copies ..."; one of them is. `play` is given the
    moment, in seconds, at which it changes. `unpaid`: its payment may never come."""

    name: str
    end: End
    weight: int
    contents: tuple[str, ...]
    play: Play
    unpaid: bool = False

    def sell(self, stage: Day, moment: float) -> Sale:
        order = self.play(stage, moment)
        known = [address for address in (order.address,) if address is not None]
        return Sale(self, order, known, self.end)


KINDS: dict[str, Kind] = {}

RING, MUG, LAMP, DIE = "Rg4sT9xQ", "Mg7wKp2L", "Lm2Moon8", "Dc5Dice6"


def kind(end: End, weight: int, *contents: str, unpaid: bool = False) -> Callable[[Play], Play]:
    def add(play: Play) -> Play:
        KINDS[play.__name__] = Kind(play.__name__, end, weight, contents, play, unpaid)
        return play

    return add


@kind("printed", 5, f"{RING}:1")
def ring(stage: Stage, _: float) -> Order:
    return stage.create_order(stage.people.next(), ["RING-S"])


@kind("printed", 2, f"{MUG}:2 {DIE}:5")
def several(stage: Stage, _: float) -> Order:
    return stage.create_order(stage.people.next(), [Buy("MUG-WL", 2), "DICE-5", "TEE-TOWEL"])


@kind("printed", 1, "ChPawn01:16 ChRoyal2:4 ChBoard3:1")
def bundle(stage: Stage, _: float) -> Order:
    return stage.create_order(stage.people.next(), ["CHESS-SET"])


@kind("printed", 3, f"{LAMP}:1 {RING}:1")
def two_parcels(stage: Stage, moment: float) -> Order:
    person = stage.people.next()
    stage.schedule_print_job(
        person,
        Step(moment / 2, "In Process", ParcelPlan("UPS", (0,))),
        Step(moment / 2, "Shipped", ParcelPlan("Colissimo", (1,))),
    )
    return stage.create_order(person, ["LAMP", "RING-L"])


@kind("printed", 1, f"{LAMP}:1")
def paid_later(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["LAMP"], paid=False)
    stage.schedule_action(moment, lambda: stage.box.shop.pay(order))
    return order


@kind("printed", 1, f"{RING}:1")
def address_missing(stage: Stage, moment: float) -> Order:
    person = stage.people.next()
    order = stage.create_order(person, ["RING-S"], address=replace(person.address, address1=None))
    stage.schedule_action(moment, lambda: stage.box.shop.set_address(order, person.address))
    return order


@kind("printed", 2, f"{RING}:1")
def address_changed(stage: Stage, moment: float) -> Order:
    person = stage.people.next()
    order = stage.create_order(person, ["RING-S"])
    moved = replace(person.address, address1="8 Passage des Tanneurs")
    stage.schedule_action(moment, lambda: stage.box.shop.set_address(order, moved))
    return order


@kind("printed", 1, f"{RING}:1")
def held(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["RING-L"], hold="INCORRECT_ADDRESS")
    stage.schedule_action(moment, lambda: stage.box.shop.release(order))
    return order


@kind("printed", 1, f"{RING}:1")
def held_later(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["RING-L"])
    stage.schedule_action(moment / 2, lambda: stage.box.shop.hold(order))
    stage.schedule_action(moment, lambda: stage.box.shop.release(order))
    return order


@kind("printed", 1, f"{MUG}:2", f"{MUG}:3")
def edited(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), [Buy("MUG-WL", 2)])

    def edit() -> None:
        if not any(entry.status == "CLOSED" for entry in order.fulfillment_orders):
            stage.box.shop.edit(order, quantities={"MUG-WL": 3})
            stage.box.shop.pay(order)

    stage.schedule_action(moment, edit)
    return order


@kind("printed", 1, f"{LAMP}:3", f"{LAMP}:2")
def refunded_in_part(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), [Buy("LAMP", 3)])
    stage.schedule_action(moment, lambda: stage.box.shop.refund(order, {"LAMP": 1}))
    return order


@kind("printed", 1, f"{RING}:1")
def pickup_and_post(stage: Stage, _: float) -> Order:
    lines: list[Buy | str] = ["RING-S", Buy("LAMP", delivery="PICK_UP", location="Shop in Nantes")]
    return stage.create_order(stage.people.next(), lines)


@kind("perhaps", 3, f"{LAMP}:1")
def cancelled(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["LAMP"])
    stage.schedule_action(moment, lambda: stage.box.shop.cancel(order))
    return order


@kind("perhaps", 1, f"{RING}:1")
def refunded(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["RING-S"])
    stage.schedule_action(moment, lambda: stage.box.shop.refund(order))
    return order


@kind("perhaps", 1, f"{RING}:1")
def sent_by_hand(stage: Stage, moment: float) -> Order:
    """The merchant ships it from stock, and keeps the parcel's number to themselves."""
    order = stage.create_order(stage.people.next(), ["RING-S"])

    def ship() -> None:
        if any(entry.remaining for entry in order.fulfillment_orders):
            stage.box.shop.fulfill_by_hand(order)

    stage.schedule_action(moment, ship)
    return order


@kind("perhaps", 1, f"{LAMP}:1")
def moved(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["LAMP"])

    def move() -> None:
        if all("MOVE" in entry.actions for entry in stage.box.shop.fulfillment_orders(order)):
            stage.box.shop.move(order, "Shop in Nantes")

    stage.schedule_action(moment, move)
    return order


@kind("never", 1)
def unmapped(stage: Stage, _: float) -> Order:
    return stage.create_order(stage.people.next(), ["RING-S", "NEW-2026"])


@kind("never", 1)
def own_stock(stage: Stage, _: float) -> Order:
    return stage.create_order(stage.people.next(), ["TEE-TOWEL"])


# --- from before the bridge went live -----------------------------------------------------------------------


def _long_ago(stage: Stage) -> datetime:
    """Longer than any clock of a campaign is wrong by."""
    return stage.box.shop.now() - timedelta(days=stage.random.uniform(3, 20))


@kind("printed", 2, f"{RING}:1")
def made_long_ago(stage: Stage, moment: float) -> Order:
    """The shop tells of it only now, and once more later, as a replayed delivery does."""
    shop = stage.box.shop
    order = stage.create_order(stage.people.next(), ["RING-S"], created_at=_long_ago(stage))
    shop.touch(order)
    stage.schedule_action(moment, lambda: shop.announce_order(order, "orders/create", "orders/paid"))
    return order


@kind("printed", 2, f"{LAMP}:1")
def old_comes_back(stage: Stage, moment: float) -> Order:
    """Shipped by hand long ago; now that fulfillment is cancelled, to correct its number."""
    order = stage.create_order(stage.people.next(), ["LAMP"], created_at=_long_ago(stage))
    _ship_and_take_back(stage, order, moment)
    return order


@kind("printed", 1, f"{LAMP}:1")
def comes_back(stage: Stage, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["LAMP"])
    _ship_and_take_back(stage, order, moment)
    return order


@kind("printed", 2, f"{MUG}:2", f"{MUG}:4")
def changed_behind_the_approval(stage: Day, moment: float) -> Order:
    """A person may approve it while the shop holds it; then it is changed, and only then released."""
    shop, person = stage.box.shop, stage.people.next()
    order = stage.create_order(person, [Buy("MUG-WL", 2)], created_at=_long_ago(stage), hold="OTHER")

    def change() -> None:
        if stage.random.random() < 0.5:
            shop.set_address(order, replace(person.address, address1="8 Passage des Tanneurs"))
        else:
            shop.edit(order, quantities={"MUG-WL": 4})
            shop.pay(order)

    stage.once_matched(order, moment + 0.6, change)
    stage.once_matched(order, moment + 0.7, lambda: shop.release(order))
    return order


def _ship_and_take_back(stage: Stage, order: Order, moment: float) -> None:
    shop = stage.box.shop

    def ship() -> None:
        if any(entry.remaining for entry in order.fulfillment_orders):
            made = shop.fulfill_by_hand(order)
            stage.schedule_action(max(moment / 2, 0.05), lambda: shop.cancel_fulfillment(made))

    stage.schedule_action(moment / 2, ship)


# --- payments -------------------------------------------------------------------------------------------------


def _authorized_until(stage: Stage) -> datetime | None:
    """Shops that are not on Shopify Plus are not told until when."""
    days = stage.random.choice([7, 7, 2, None])
    return None if days is None else stage.box.shop.now() + timedelta(days=days)


@kind("printed", 2, f"{RING}:1")
def captured_later(stage: Day, moment: float) -> Order:
    until = _authorized_until(stage)
    order = stage.create_order(
        stage.people.next(), ["RING-S"], paid=False, authorized=True, authorized_until=until
    )
    stage.once_matched(order, moment, lambda: stage.box.shop.pay(order))
    return order


@kind("perhaps", 1, f"{RING}:1", unpaid=True)
def lapses(stage: Day, moment: float) -> Order:
    """The authorization expires, or the merchant voids it."""
    until, how = _authorized_until(stage), stage.random.choice(["EXPIRED", "VOIDED"])
    order = stage.create_order(
        stage.people.next(), ["RING-S"], paid=False, authorized=True, authorized_until=until
    )
    stage.once_matched(order, moment, lambda: stage.box.shop.lapse(order, how))
    return order


@kind("printed", 1, f"{LAMP}:1")
def on_terms(stage: Day, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["LAMP"], paid=False, payment_terms="Net 30")
    stage.once_matched(order, moment, lambda: stage.box.shop.pay(order))
    return order


@kind("printed", 1, f"{LAMP}:1")
def paid_in_part(stage: Day, moment: float) -> Order:
    order = stage.create_order(stage.people.next(), ["LAMP"], paid=False, deposit=Decimal("20.00"))
    stage.once_matched(order, moment, lambda: stage.box.shop.pay(order))
    return order


@kind("never", 1, f"{LAMP}:1", unpaid=True)
def never_paid(stage: Stage, _: float) -> Order:
    return stage.create_order(stage.people.next(), ["LAMP"], paid=False)


# --- other locations, and what Sculpteo stops ---------------------------------------------------------------


@kind("perhaps", 1, f"{LAMP}:1")
def moved_in_hold(stage: Day, moment: float) -> Order:
    """Held, moved and released: nobody says that Sculpteo is to print it for the other location."""
    return _moved_in_hold(stage, moment)


@kind("printed", 1, f"{LAMP}:1")
def moved_and_wanted(stage: Day, moment: float) -> Order:
    """The same, and at last a person says so."""
    return _moved_in_hold(stage, moment)


def _moved_in_hold(stage: Day, moment: float) -> Order:
    """Held from the start, so that it is matched where it is first; then moved, then released."""
    shop = stage.box.shop
    order = stage.create_order(stage.people.next(), ["LAMP"], hold="OTHER")

    def move() -> None:
        entries = shop.fulfillment_orders(order)
        if entries and all("MOVE" in entry.actions for entry in entries):
            shop.move(order, "Shop in Nantes")

    stage.once_matched(order, moment, move)
    stage.once_matched(order, moment + 0.3, lambda: shop.release(order))
    return order


@kind("perhaps", 0, f"{RING}:1")
def stopped_there(stage: Stage, _: float) -> Order:
    """Sculpteo cancels its print."""
    person = stage.people.next()
    stage.schedule_print_job(person, Step(0.05, "In Process"), Step(0.1, "Cancelled"))
    return stage.create_order(person, ["RING-S"])
