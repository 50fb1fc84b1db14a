"""A varied day in a shop: what customers and merchants do, what Sculpteo does, and how each order must end.

Each scenario makes one order and whatever happens to it. What it expects is the promise that the demo's table
and the tests hold the bridge to, with the configuration of `demo_config`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

from bridge.order.problems import Alarm, Problem
from bridge.order.states import Ignored, State, Wait
from bridge.sandbox.http.faults import Kind
from bridge.sandbox.scenario import (
    Expected,
    Scenario,
    Stage,
)
from bridge.sandbox.sculpteo.model import ParcelPlan, Step
from bridge.sandbox.shopify.customers import (
    AMERICA,
    FRANCE,
    LONG,
)
from bridge.sandbox.shopify.model import Order
from bridge.sandbox.shopify.orders import Buy

DAY: list[Scenario] = []
"""Every scenario, in the order in which the demo plays them."""


def scenario(
    title: str, expected: Expected
) -> Callable[[Callable[[Stage], Order]], Callable[[Stage], Order]]:
    def keep(play: Callable[[Stage], Order]) -> Callable[[Stage], Order]:
        DAY.append(Scenario(play.__name__, title, expected, play))
        return play

    return keep


def pick(count: int, seed: int = 0) -> list[Scenario]:
    """`count` scenarios: all of them first, then any, by the seed."""
    random = Random(f"day/{seed}")  # noqa: S311 - it has to be repeatable
    return [*DAY[:count], *random.choices(DAY, k=max(0, count - len(DAY)))]


def _done(parcels: int = 1, items: tuple[str, ...] | None = None) -> Expected:
    return Expected(State.DONE, prints=1, parcels=parcels, items=items)


# -- what goes well --


@scenario("A ring, printed and shipped", _done(items=("Rg4sT9xQ:1",)))
def ring(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    return stage.buy(person, ["RING-S"])


@scenario("A chess set: one SKU, three designs", _done(items=("ChPawn01:16", "ChRoyal2:4", "ChBoard3:1")))
def bundle(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    return stage.buy(person, ["CHESS-SET"], shipping="Express worldwide", shipping_price=Decimal("19.00"))


@scenario("A black mug, large: material and scale from its options", _done(items=("Mg7wKp2L:1",)))
def options(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    return stage.buy(person, [Buy("MUG-BL", properties=(("Engraving", "<b>Ω & Co</b>"),))])


@scenario("Two parcels, two days apart, by two carriers", _done(parcels=2))
def two_parcels(stage: Stage) -> Order:
    person = stage.people.next()
    stage.print_job(
        person,
        Step(1, "In Process"),
        Step(1, "In Process", ParcelPlan("UPS", (0,))),
        Step(2, "Shipped", ParcelPlan("DHL", (1,))),
    )
    return stage.buy(person, ["LAMP", Buy("RING-L", 2)])


# -- what needs a person, before anything is spent --


@scenario(
    "A new product that nobody has mapped yet",
    Expected(State.ATTENTION, prints=0, problem=Problem.UNMAPPED),
)
def unmapped(stage: Stage) -> Order:
    return stage.buy(stage.people.next(), ["RING-S", "NEW-2026"])


@scenario("An address without a street", Expected(State.ATTENTION, prints=0, problem=Problem.ADDRESS))
def bad_address(stage: Stage) -> Order:
    person = stage.people.next()
    return stage.buy(person, ["LAMP"], address=replace(person.address, address1=None))


@scenario(
    "Sculpteo blocks the order: its file cannot be printed",
    Expected(State.ATTENTION, prints=1, problem=Problem.BLOCKED),
)
def blocked(stage: Stage) -> Order:
    person = stage.people.next()
    stage.print_job(person, Step(1, "Blocked"))
    return stage.buy(person, ["LAMP"])


@scenario("Cancelled by the customer within the approval window", Expected(State.CANCELLED, prints=0))
def cancelled_in_time(stage: Stage) -> Order:
    order = stage.buy(stage.people.next(), ["RING-L"])
    stage.later(1, lambda: stage.box.shop.cancel(order))
    return order


# -- answers that are lost --


@scenario("Sculpteo took the order, its answer was lost; its notification brings it back", _done())
def lost_answer(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    stage.box.faults.add("sculpteo.order", Kind.RESET, effect=True, containing=person.name)
    return stage.buy(person, ["MUG-WS"])


@scenario(
    "The answer was lost and nothing tells of the order: a person decides, it is not sent again",
    Expected(State.UNKNOWN, prints=1),
)
def lost_for_good(stage: Stage) -> Order:
    person = stage.people.next()
    stage.box.faults.add("sculpteo.order", Kind.STATUS, effect=True, status=502, containing=person.name)
    stage.box.faults.add("sculpteo.notifications", Kind.DROP, times=None, containing=person.name)
    return stage.buy(person, ["RING-S"])


@scenario("Sculpteo refuses the order", Expected(State.ATTENTION, prints=0, problem=Problem.REFUSED))
def refused(stage: Stage) -> Order:
    person = stage.people.next()
    stage.box.faults.add("sculpteo.order", Kind.STATUS, status=400, containing=person.name)
    return stage.buy(person, ["DICE-5"])


# -- what not all of is printed or sent --


@scenario(
    "A ring by post and a lamp picked up in the shop: only the ring is printed", _done(items=("Rg4sT9xQ:1",))
)
def pickup_and_post(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    return stage.buy(person, ["RING-S", Buy("LAMP", delivery="PICK_UP", location="Shop in Nantes")])


@scenario("A mug beside the merchant's own stock and gift wrapping", _done(items=("Mg7wKp2L:1",)))
def own_stock(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    return stage.buy(person, ["TEE-TOWEL", "MUG-WL", "GIFT-WRAP"])


@scenario("Nothing but own stock", Expected(State.IGNORED, prints=0, reason=Ignored.NOTHING_TO_PRINT))
def only_own_stock(stage: Stage) -> Order:
    return stage.buy(stage.people.next(), [Buy("TEE-TOWEL", 2)])


@scenario("All picked up in the shop", Expected(State.IGNORED, prints=0, reason=Ignored.NOT_SHIPPED))
def pickup_only(stage: Stage) -> Order:
    line = Buy("RING-L", delivery="PICK_UP", location="Shop in Nantes")
    return stage.buy(stage.people.next(), [line], shipping=None)


@scenario("Three packs of dice: fifteen copies, by Colissimo", _done(items=("Dc5Dice6:15",)))
def quantities(stage: Stage) -> Order:
    person = stage.people.next(FRANCE)
    stage.ships(person, "Colissimo")
    return stage.buy(person, [Buy("DICE-5", 3)], shipping="Colissimo suivi", locale="fr")


# -- names, addresses, currencies --


@scenario("Paid in dollars by a customer in Portland", _done())
def in_dollars(stage: Stage) -> Order:
    person = stage.people.next(AMERICA)
    stage.ships(person)
    return stage.buy(
        person,
        ["LAMP"],
        presentment_currency="USD",
        rate=Decimal("1.08"),
        taxes_included=False,
        tax_rate=Decimal(0),
    )


@scenario("A name and a street in Japanese, paid in yen", _done())
def in_japanese(stage: Stage) -> Order:
    person = stage.people.next_japanese()
    stage.ships(person)
    return stage.buy(person, ["MUG-BL"], presentment_currency="JPY", rate=Decimal("162.5"), locale="ja")


@scenario("A street of more than eighty characters, with a company", _done())
def long_address(stage: Stage) -> Order:
    person = stage.people.next(LONG)
    stage.ships(person)
    return stage.buy(person, ["RING-S"])


# -- payment, holds, fraud --


@scenario("Paid by bank transfer, later", _done())
def paid_later(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    order = stage.buy(person, ["MUG-WS"], paid=False)
    stage.later(2, lambda: stage.box.shop.pay(order))
    return order


@scenario("Never paid", Expected(State.WAITING, prints=0, reason=Wait.PAYMENT))
def never_paid(stage: Stage) -> Order:
    return stage.buy(stage.people.next(), ["LAMP"], paid=False)


@scenario("On hold in Shopify, then released", _done())
def held(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    order = stage.buy(person, ["RING-L"], hold="INCORRECT_ADDRESS")
    stage.later(2, lambda: stage.box.shop.release(order))
    return order


@scenario("Shopify suspects fraud", Expected(State.WAITING, prints=0, reason=Wait.RISK))
def risky(stage: Stage) -> Order:
    return stage.buy(stage.people.next(), [Buy("RING-L", 2)], risk="HIGH")


@scenario("A test order of the shop", Expected(State.IGNORED, prints=0, reason=Ignored.SHOP_TEST_ORDER))
def shop_test(stage: Stage) -> Order:
    return stage.buy(stage.people.next(), ["RING-S"], test=True)


# -- changes under way --


@scenario("One more mug added within the approval window", _done(items=("Mg7wKp2L:3",)))
def edited_in_time(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    order = stage.buy(person, [Buy("MUG-WL", 2)])

    def edit() -> None:
        stage.box.shop.edit(order, quantities={"MUG-WL": 3})
        stage.box.shop.pay(order)

    stage.later(1, edit)
    return order


@scenario("One of three lamps refunded within the approval window", _done(items=("Lm2Moon8:2",)))
def refunded_in_part(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    order = stage.buy(person, [Buy("LAMP", 3)])
    stage.later(1, lambda: stage.box.shop.refund(order, {"LAMP": 1}))
    return order


@scenario("The address corrected within the approval window", _done())
def address_corrected(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    order = stage.buy(person, ["DICE-5"], address=replace(person.address, address1=None))
    stage.later(1, lambda: stage.box.shop.set_address(order, person.address))
    return order


@scenario(
    "Cancelled after it was placed: the merchant is told at once",
    Expected(State.PLACED, prints=1, alarm=Alarm.CANCELLED_AFTER_PLACING),
)
def cancelled_too_late(stage: Stage) -> Order:
    person = stage.people.next()
    stage.print_job(person, Step(1, "In Process"))
    order = stage.buy(person, ["LAMP"])
    stage.once_printed(person, 2, lambda: stage.box.shop.cancel(order))
    return order


@scenario(
    "Sculpteo cancels the order",
    Expected(State.ATTENTION, prints=1, problem=Problem.CANCELLED_AT_SCULPTEO),
)
def cancelled_there(stage: Stage) -> Order:
    person = stage.people.next()
    stage.print_job(person, Step(1, "Cancelled"))
    return stage.buy(person, ["MUG-WS"])


@scenario(
    "Five chess sets: over the spending limit of an order",
    Expected(State.ATTENTION, prints=0, problem=Problem.LIMIT_ORDER),
)
def over_limit(stage: Stage) -> Order:
    return stage.buy(stage.people.next(), [Buy("CHESS-SET", 5)])


@scenario(
    "A golden mug: the mapping has no such material",
    Expected(State.ATTENTION, prints=0, problem=Problem.OPTION),
)
def unknown_option(stage: Stage) -> Order:
    return stage.buy(stage.people.next(), ["MUG-GL"])


@scenario("Shopify tells of it twice, late and out of order", _done())
def told_twice(stage: Stage) -> Order:
    person = stage.people.next()
    stage.ships(person)
    stage.box.faults.add("shopify.webhooks.orders/create", Kind.DELAY, seconds=2 * stage.beat)
    stage.box.faults.add("shopify.webhooks.orders/paid", Kind.DUPLICATE)
    stage.box.faults.add("shopify.webhooks.orders/updated", Kind.ID_ONLY)
    return stage.buy(person, ["RING-S"])
