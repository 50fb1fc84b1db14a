"""The orders of a campaign: what is bought, what changes later, and what may be printed of it in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from bridge.sandbox.sculpteo.model import ParcelPlan, Step
from bridge.sandbox.shopify.model import Address, Order
from bridge.sandbox.shopify.orders import Buy
from bridge.sandbox.stage import Stage

End = Literal["printed", "perhaps", "never"]
"""`printed`: exactly once, and all of it fulfilled. `perhaps`: taken back at some moment, so once at most."""


@dataclass(slots=True)
class Sale:
    """One order of a run. `addresses` are those that it had at first. When a person said wrongly of its print
    that it does not exist, `allowed` prints may follow, and an alarm must."""

    kind: Kind
    order: Order
    addresses: list[Address] = field(default_factory=list)
    end: End = "printed"
    allowed: int = 1
    alarm_due: bool = False


Play = Callable[[Stage, float], Order]


@dataclass(frozen=True, slots=True)
class Kind:
    """`contents`: what may be printed of it, each as "uuid:copies ..."; one of them is. `play` is given the
    moment, in seconds, at which it changes."""

    name: str
    end: End
    weight: int
    contents: tuple[str, ...]
    play: Play

    def sell(self, stage: Stage, moment: float) -> Sale:
        order = self.play(stage, moment)
        known = [address for address in (order.address,) if address is not None]
        return Sale(self, order, known, self.end)


KINDS: dict[str, Kind] = {}

RING, MUG, LAMP, DIE = "Rg4sT9xQ", "Mg7wKp2L", "Lm2Moon8", "Dc5Dice6"


def kind(end: End, weight: int, *contents: str) -> Callable[[Play], Play]:
    def add(play: Play) -> Play:
        KINDS[play.__name__] = Kind(play.__name__, end, weight, contents, play)
        return play

    return add


@kind("printed", 5, f"{RING}:1")
def ring(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), ["RING-S"])


@kind("printed", 2, f"{MUG}:2 {DIE}:5")
def several(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), [Buy("MUG-WL", 2), "DICE-5", "TEE-TOWEL"])


@kind("printed", 1, "ChPawn01:16 ChRoyal2:4 ChBoard3:1")
def bundle(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), ["CHESS-SET"])


@kind("printed", 3, f"{LAMP}:1 {RING}:1")
def two_parcels(stage: Stage, moment: float) -> Order:
    person = stage.people.next()
    stage.print_job(
        person,
        Step(moment / 2, "In Process", ParcelPlan("UPS", (0,))),
        Step(moment / 2, "Shipped", ParcelPlan("Colissimo", (1,))),
    )
    return stage.buy(person, ["LAMP", "RING-L"])


@kind("printed", 1, f"{LAMP}:1")
def paid_later(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["LAMP"], paid=False)
    stage.later(moment, lambda: stage.box.shop.pay(order))
    return order


@kind("printed", 1, f"{RING}:1")
def address_missing(stage: Stage, moment: float) -> Order:
    person = stage.people.next()
    order = stage.buy(person, ["RING-S"], address=replace(person.address, address1=None))
    stage.later(moment, lambda: stage.box.shop.set_address(order, person.address))
    return order


@kind("printed", 2, f"{RING}:1")
def address_changed(stage: Stage, moment: float) -> Order:
    person = stage.people.next()
    order = stage.buy(person, ["RING-S"])
    moved = replace(person.address, address1="8 Passage des Tanneurs")
    stage.later(moment, lambda: stage.box.shop.set_address(order, moved))
    return order


@kind("printed", 1, f"{RING}:1")
def held(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["RING-L"], hold="INCORRECT_ADDRESS")
    stage.later(moment, lambda: stage.box.shop.release(order))
    return order


@kind("printed", 1, f"{RING}:1")
def held_later(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["RING-L"])
    stage.later(moment / 2, lambda: stage.box.shop.hold(order))
    stage.later(moment, lambda: stage.box.shop.release(order))
    return order


@kind("printed", 1, f"{MUG}:2", f"{MUG}:3")
def edited(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), [Buy("MUG-WL", 2)])

    def edit() -> None:
        if not any(entry.status == "CLOSED" for entry in order.fulfillment_orders):
            stage.box.shop.edit(order, quantities={"MUG-WL": 3})
            stage.box.shop.pay(order)

    stage.later(moment, edit)
    return order


@kind("printed", 1, f"{LAMP}:3", f"{LAMP}:2")
def refunded_in_part(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), [Buy("LAMP", 3)])
    stage.later(moment, lambda: stage.box.shop.refund(order, {"LAMP": 1}))
    return order


@kind("printed", 1, f"{RING}:1")
def pickup_and_post(stage: Stage, _: float) -> Order:
    lines: list[Buy | str] = ["RING-S", Buy("LAMP", delivery="PICK_UP", location="Shop in Nantes")]
    return stage.buy(stage.people.next(), lines)


@kind("perhaps", 3, f"{LAMP}:1")
def cancelled(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["LAMP"])
    stage.later(moment, lambda: stage.box.shop.cancel(order))
    return order


@kind("perhaps", 1, f"{RING}:1")
def refunded(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["RING-S"])
    stage.later(moment, lambda: stage.box.shop.refund(order))
    return order


@kind("perhaps", 1, f"{RING}:1")
def sent_by_hand(stage: Stage, moment: float) -> Order:
    """The merchant ships it from stock, and keeps the parcel's number to themselves."""
    order = stage.buy(stage.people.next(), ["RING-S"])

    def ship() -> None:
        if any(entry.remaining for entry in order.fulfillment_orders):
            stage.box.shop.fulfill_by_hand(order)

    stage.later(moment, ship)
    return order


@kind("perhaps", 1, f"{LAMP}:1")
def moved(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["LAMP"])

    def move() -> None:
        if all("MOVE" in entry.actions for entry in stage.box.shop.fulfillment_orders(order)):
            stage.box.shop.move(order, "Shop in Nantes")

    stage.later(moment, move)
    return order


@kind("never", 1)
def unmapped(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), ["RING-S", "NEW-2026"])


@kind("never", 1)
def own_stock(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), ["TEE-TOWEL"])
