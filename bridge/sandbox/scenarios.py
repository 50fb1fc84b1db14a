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
    ExpectedOutcome,
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


def register_scenario(
    title: str, expected: ExpectedOutcome
) -> Callable[[Callable[[Stage], Order]], Callable[[Stage], Order]]:
    def register_play(play: Callable[[Stage], Order]) -> Callable[[Stage], Order]:
        DAY.append(Scenario(play.__name__, title, expected, play))
        return play

    return register_play


def select_scenarios(count: int, seed: int = 0) -> list[Scenario]:
    """`count` scenarios: all of them first, then any, by the seed."""
    random = Random(f"day/{seed}")  # noqa: S311 - it has to be repeatable
    return [*DAY[:count], *random.choices(DAY, k=max(0, count - len(DAY)))]


def _expect_done(parcels: int = 1, items: tuple[str, ...] | None = None) -> ExpectedOutcome:
    return ExpectedOutcome(State.DONE, prints=1, parcels=parcels, items=items)


# -- what goes well --


@register_scenario("A ring, printed and shipped", _expect_done(items=("Rg4sT9xQ:1",)))
def ring(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    return stage.create_order(person, ["RING-S"])


@register_scenario(
    "A chess set: one SKU, three designs", _expect_done(items=("ChPawn01:16", "ChRoyal2:4", "ChBoard3:1"))
)
def bundle(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    return stage.create_order(
        person, ["CHESS-SET"], shipping="Express worldwide", shipping_price=Decimal("19.00")
    )


@register_scenario(
    "A black mug, large: material and scale from its options", _expect_done(items=("Mg7wKp2L:1",))
)
def options(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    return stage.create_order(person, [Buy("MUG-BL", properties=(("Engraving", "<b>Ω & Co</b>"),))])


@register_scenario("Two parcels, two days apart, by two carriers", _expect_done(parcels=2))
def two_parcels(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_print_job(
        person,
        Step(1, "In Process"),
        Step(1, "In Process", ParcelPlan("UPS", (0,))),
        Step(2, "Shipped", ParcelPlan("DHL", (1,))),
    )
    return stage.create_order(person, ["LAMP", Buy("RING-L", 2)])


# -- what needs a person, before anything is spent --


@register_scenario(
    "A new product that nobody has mapped yet",
    ExpectedOutcome(State.ATTENTION, prints=0, problem=Problem.UNMAPPED),
)
def unmapped(stage: Stage) -> Order:
    return stage.create_order(stage.people.next(), ["RING-S", "NEW-2026"])


@register_scenario(
    "An address without a street", ExpectedOutcome(State.ATTENTION, prints=0, problem=Problem.ADDRESS)
)
def bad_address(stage: Stage) -> Order:
    person = stage.people.next()
    return stage.create_order(person, ["LAMP"], address=replace(person.address, address1=None))


@register_scenario(
    "Sculpteo blocks the order: its file cannot be printed",
    ExpectedOutcome(State.ATTENTION, prints=1, problem=Problem.BLOCKED),
)
def blocked(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_print_job(person, Step(1, "Blocked"))
    return stage.create_order(person, ["LAMP"])


@register_scenario(
    "Cancelled by the customer within the approval window", ExpectedOutcome(State.CANCELLED, prints=0)
)
def cancelled_in_time(stage: Stage) -> Order:
    order = stage.create_order(stage.people.next(), ["RING-L"])
    stage.schedule_action(1, lambda: stage.box.shop.cancel(order))
    return order


# -- answers that are lost --


@register_scenario(
    "Sculpteo took the order, its answer was lost; its notification brings it back", _expect_done()
)
def lost_answer(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    stage.box.faults.add("sculpteo.order", Kind.RESET, effect=True, containing=person.name)
    return stage.create_order(person, ["MUG-WS"])


@register_scenario(
    "The answer was lost and nothing tells of the order: a person decides, it is not sent again",
    ExpectedOutcome(State.UNKNOWN, prints=1),
)
def lost_for_good(stage: Stage) -> Order:
    person = stage.people.next()
    stage.box.faults.add("sculpteo.order", Kind.STATUS, effect=True, status=502, containing=person.name)
    stage.box.faults.add("sculpteo.notifications", Kind.DROP, times=None, containing=person.name)
    return stage.create_order(person, ["RING-S"])


@register_scenario(
    "Sculpteo refuses the order", ExpectedOutcome(State.ATTENTION, prints=0, problem=Problem.REFUSED)
)
def refused(stage: Stage) -> Order:
    person = stage.people.next()
    stage.box.faults.add("sculpteo.order", Kind.STATUS, status=400, containing=person.name)
    return stage.create_order(person, ["DICE-5"])


# -- what not all of is printed or sent --


@register_scenario(
    "A ring by post and a lamp picked up in the shop: only the ring is printed",
    _expect_done(items=("Rg4sT9xQ:1",)),
)
def pickup_and_post(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    return stage.create_order(person, ["RING-S", Buy("LAMP", delivery="PICK_UP", location="Shop in Nantes")])


@register_scenario(
    "A mug beside the merchant's own stock and gift wrapping", _expect_done(items=("Mg7wKp2L:1",))
)
def own_stock(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    return stage.create_order(person, ["TEE-TOWEL", "MUG-WL", "GIFT-WRAP"])


@register_scenario(
    "Nothing but own stock", ExpectedOutcome(State.IGNORED, prints=0, reason=Ignored.NOTHING_TO_PRINT)
)
def only_own_stock(stage: Stage) -> Order:
    return stage.create_order(stage.people.next(), [Buy("TEE-TOWEL", 2)])


@register_scenario(
    "All picked up in the shop", ExpectedOutcome(State.IGNORED, prints=0, reason=Ignored.NOT_SHIPPED)
)
def pickup_only(stage: Stage) -> Order:
    line = Buy("RING-L", delivery="PICK_UP", location="Shop in Nantes")
    return stage.create_order(stage.people.next(), [line], shipping=None)


@register_scenario("Three packs of dice: fifteen copies, by Colissimo", _expect_done(items=("Dc5Dice6:15",)))
def quantities(stage: Stage) -> Order:
    person = stage.people.next(FRANCE)
    stage.schedule_shipment(person, "Colissimo")
    return stage.create_order(person, [Buy("DICE-5", 3)], shipping="Colissimo suivi", locale="fr")


# -- names, addresses, currencies --


@register_scenario("Paid in dollars by a customer in Portland", _expect_done())
def in_dollars(stage: Stage) -> Order:
    person = stage.people.next(AMERICA)
    stage.schedule_shipment(person)
    return stage.create_order(
        person,
        ["LAMP"],
        presentment_currency="USD",
        rate=Decimal("1.08"),
        taxes_included=False,
        tax_rate=Decimal(0),
    )


@register_scenario("A name and a street in Japanese, paid in yen", _expect_done())
def in_japanese(stage: Stage) -> Order:
    person = stage.people.next_japanese()
    stage.schedule_shipment(person)
    return stage.create_order(
        person, ["MUG-BL"], presentment_currency="JPY", rate=Decimal("162.5"), locale="ja"
    )


@register_scenario("A street of more than eighty characters, with a company", _expect_done())
def long_address(stage: Stage) -> Order:
    person = stage.people.next(LONG)
    stage.schedule_shipment(person)
    return stage.create_order(person, ["RING-S"])


# -- payment, holds, fraud --


@register_scenario("Paid by bank transfer, later", _expect_done())
def paid_later(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    order = stage.create_order(person, ["MUG-WS"], paid=False)
    stage.schedule_action(2, lambda: stage.box.shop.pay(order))
    return order


@register_scenario("Never paid", ExpectedOutcome(State.WAITING, prints=0, reason=Wait.PAYMENT))
def never_paid(stage: Stage) -> Order:
    return stage.create_order(stage.people.next(), ["LAMP"], paid=False)


@register_scenario("On hold in Shopify, then released", _expect_done())
def held(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    order = stage.create_order(person, ["RING-L"], hold="INCORRECT_ADDRESS")
    stage.schedule_action(2, lambda: stage.box.shop.release(order))
    return order


@register_scenario("Shopify suspects fraud", ExpectedOutcome(State.WAITING, prints=0, reason=Wait.RISK))
def risky(stage: Stage) -> Order:
    return stage.create_order(stage.people.next(), [Buy("RING-L", 2)], risk="HIGH")


@register_scenario(
    "A test order of the shop", ExpectedOutcome(State.IGNORED, prints=0, reason=Ignored.SHOP_TEST_ORDER)
)
def shop_test(stage: Stage) -> Order:
    return stage.create_order(stage.people.next(), ["RING-S"], test=True)


# -- changes under way --


@register_scenario("One more mug added within the approval window", _expect_done(items=("Mg7wKp2L:3",)))
def edited_in_time(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    order = stage.create_order(person, [Buy("MUG-WL", 2)])

    def edit_and_pay() -> None:
        stage.box.shop.edit(order, quantities={"MUG-WL": 3})
        stage.box.shop.pay(order)

    stage.schedule_action(1, edit_and_pay)
    return order


@register_scenario(
    "One of three lamps refunded within the approval window", _expect_done(items=("Lm2Moon8:2",))
)
def refunded_in_part(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    order = stage.create_order(person, [Buy("LAMP", 3)])
    stage.schedule_action(1, lambda: stage.box.shop.refund(order, {"LAMP": 1}))
    return order


@register_scenario("The address corrected within the approval window", _expect_done())
def address_corrected(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    order = stage.create_order(person, ["DICE-5"], address=replace(person.address, address1=None))
    stage.schedule_action(1, lambda: stage.box.shop.set_address(order, person.address))
    return order


@register_scenario(
    "Cancelled after it was placed: the merchant is told at once",
    ExpectedOutcome(State.PLACED, prints=1, alarm=Alarm.CANCELLED_AFTER_PLACING),
)
def cancelled_too_late(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_print_job(person, Step(1, "In Process"))
    order = stage.create_order(person, ["LAMP"])
    stage.run_once_printed(person, 2, lambda: stage.box.shop.cancel(order))
    return order


@register_scenario(
    "Sculpteo cancels the order",
    ExpectedOutcome(State.ATTENTION, prints=1, problem=Problem.CANCELLED_AT_SCULPTEO),
)
def cancelled_there(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_print_job(person, Step(1, "Cancelled"))
    return stage.create_order(person, ["MUG-WS"])


@register_scenario(
    "Five chess sets: over the spending limit of an order",
    ExpectedOutcome(State.ATTENTION, prints=0, problem=Problem.LIMIT_ORDER),
)
def over_limit(stage: Stage) -> Order:
    return stage.create_order(stage.people.next(), [Buy("CHESS-SET", 5)])


@register_scenario(
    "A golden mug: the mapping has no such material",
    ExpectedOutcome(State.ATTENTION, prints=0, problem=Problem.OPTION),
)
def unknown_option(stage: Stage) -> Order:
    return stage.create_order(stage.people.next(), ["MUG-GL"])


@register_scenario("Shopify tells of it twice, late and out of order", _expect_done())
def told_twice(stage: Stage) -> Order:
    person = stage.people.next()
    stage.schedule_shipment(person)
    stage.box.faults.add("shopify.webhooks.orders/create", Kind.DELAY, seconds=2 * stage.beat)
    stage.box.faults.add("shopify.webhooks.orders/paid", Kind.DUPLICATE)
    stage.box.faults.add("shopify.webhooks.orders/updated", Kind.ID_ONLY)
    return stage.create_order(person, ["RING-S"])
