"""What a seed stands for: which orders come and when, what goes wrong, how the bridge lives and dies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

from bridge.sandbox.faults import Fault, Kind
from bridge.sandbox.sculpteo.model import ParcelPlan, Step
from bridge.sandbox.shopify.model import Order
from bridge.sandbox.shopify.orders import Buy
from bridge.sandbox.stage import Stage
from tests.campaign.points import FINE, NAMED, NETWORK, PURCHASE, Death

End = Literal["printed", "perhaps", "never"]
"""`printed`: exactly once, and all of it fulfilled. `perhaps`: cancelled at some moment, so once at most."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order that comes `at` so many seconds after the beginning."""

    at: float
    kind: str
    moment: float  # when, after that, what changes it comes


Surgery = Literal["backup", "restore", "lose"]
SURGERIES: tuple[Surgery | None, ...] = (None, "backup", "restore", "lose")


@dataclass(frozen=True, slots=True)
class Life:
    """One replica's: it ends by `death`, or after `seconds` by `ending`; for a while it may be frozen."""

    seconds: float
    death: Death | None = None
    ending: Literal["kill", "term", "go on"] = "kill"
    frozen_at: float | None = None
    frozen_for: float = 0.0


@dataclass(frozen=True, slots=True)
class Chapter:
    """The replicas' lives side by side, and what then happens to the database while none runs."""

    lives: tuple[Life, ...]
    surgery: Surgery | None = None


@dataclass(frozen=True, slots=True)
class Script:
    seed: str
    purchases: tuple[Purchase, ...]
    faults: tuple[Fault, ...]
    chapters: tuple[Chapter, ...]
    outage: tuple[str, float, float] | None  # (service, at, for)
    deaf: float  # the share of Sculpteo's notifications that never come

    @property
    def surgery(self) -> bool:
        return any(chapter.surgery in {"restore", "lose"} for chapter in self.chapters)


# --- orders ----------------------------------------------------------------------------------------------

Play = Callable[[Stage, float], Order]
KINDS: dict[str, tuple[End, int, Play]] = {}
"""How it must end, how often it comes, and what happens. The number is the moment of a later change."""


def kind(end: End, weight: int) -> Callable[[Play], Play]:
    def add(play: Play) -> Play:
        KINDS[play.__name__] = (end, weight, play)
        return play

    return add


@kind("printed", 6)
def ring(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), ["RING-S"])


@kind("printed", 3)
def several(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), [Buy("MUG-WL", 2), "DICE-5", "TEE-TOWEL"])


@kind("printed", 1)
def bundle(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), ["CHESS-SET"])


@kind("printed", 3)
def two_parcels(stage: Stage, moment: float) -> Order:
    person = stage.people.next()
    stage.print_job(
        person,
        Step(moment, "In Process", ParcelPlan("UPS", (0,))),
        Step(moment, "Shipped", ParcelPlan("Colissimo", (1,))),
    )
    return stage.buy(person, ["LAMP", "RING-L"])


@kind("printed", 2)
def paid_later(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["LAMP"], paid=False)
    stage.later(moment, lambda: stage.box.shop.pay(order))
    return order


@kind("printed", 1)
def address_later(stage: Stage, moment: float) -> Order:
    person = stage.people.next()
    order = stage.buy(person, ["RING-S"], address=replace(person.address, address1=None))
    stage.later(moment, lambda: stage.box.shop.set_address(order, person.address))
    return order


@kind("printed", 1)
def held(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["RING-L"], hold="INCORRECT_ADDRESS")
    stage.later(moment, lambda: stage.box.shop.release(order))
    return order


@kind("printed", 1)
def pickup_and_post(stage: Stage, _: float) -> Order:
    lines: list[Buy | str] = ["RING-S", Buy("LAMP", delivery="PICK_UP", location="Shop in Nantes")]
    return stage.buy(stage.people.next(), lines)


@kind("perhaps", 3)
def cancelled(stage: Stage, moment: float) -> Order:
    order = stage.buy(stage.people.next(), ["LAMP"])
    stage.later(moment, lambda: stage.box.shop.cancel(order))
    return order


@kind("never", 1)
def unmapped(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), ["RING-S", "NEW-2026"])


@kind("never", 1)
def own_stock(stage: Stage, _: float) -> Order:
    return stage.buy(stage.people.next(), ["TEE-TOWEL"])


# --- faults ----------------------------------------------------------------------------------------------

SILENT = 1.0  # seconds of an answer that does not come; longer than the hurried bridge waits
ORDER_CALL: tuple[tuple[Kind, bool, dict[str, Any]], ...] = (
    (Kind.STATUS, False, {"status": 403}),
    (Kind.STATUS, False, {"status": 400}),
    (Kind.STATUS, False, {"status": 503}),
    (Kind.STATUS, True, {"status": 500}),
    (Kind.STATUS, True, {"status": 502}),
    (Kind.RESET, False, {}),
    (Kind.RESET, True, {}),
    (Kind.SILENCE, False, {"seconds": SILENT}),
    (Kind.SILENCE, True, {"seconds": SILENT}),
    (Kind.GARBAGE, True, {}),
    (Kind.GARBAGE, False, {}),
    (Kind.HTML, True, {}),
    (Kind.HTML, False, {}),
    (Kind.EMPTY, True, {}),
    (Kind.REDIRECT, False, {}),
    (Kind.TRUNCATED, True, {}),
    (Kind.SLOW, True, {"seconds": 0.25}),
    (Kind.THROTTLE, False, {}),
)
LOOKUP: tuple[tuple[Kind, bool, dict[str, Any]], ...] = (
    (Kind.STATUS, False, {"status": 503, "seconds": 0.1}),
    (Kind.RESET, False, {}),
    (Kind.SILENCE, False, {"seconds": SILENT}),
    (Kind.GARBAGE, False, {}),
    (Kind.HTML, False, {}),
    (Kind.EMPTY, False, {}),
    (Kind.REDIRECT, False, {}),
    (Kind.TRUNCATED, True, {}),
    (Kind.SLOW, True, {"seconds": 0.2}),
)
SHOP_CALL: tuple[tuple[Kind, bool, dict[str, Any]], ...] = (
    *LOOKUP,
    (Kind.STATUS, True, {"status": 502}),
    (Kind.RESET, True, {}),
    (Kind.SILENCE, True, {"seconds": SILENT}),
    (Kind.GARBAGE, True, {}),
    (Kind.EMPTY, True, {}),
    (Kind.THROTTLE, False, {}),
    (Kind.EXPIRE_TOKEN, False, {}),
)
DELIVERY: tuple[tuple[Kind, bool, dict[str, Any]], ...] = (
    (Kind.DUPLICATE, False, {"seconds": 0.3}),
    (Kind.REORDER, False, {"seconds": 0.5}),
    (Kind.DELAY, False, {"seconds": 0.4}),
    (Kind.DROP, False, {}),
    (Kind.ID_ONLY, False, {}),
)
SHOP_CALLS = (
    "shopify.graphql", "shopify.graphql.metafieldsSet", "shopify.graphql.fulfillmentCreate",
    "shopify.graphql.fulfillmentTrackingInfoUpdate", "shopify.graphql.order", "shopify.graphql.orders",
)  # fmt: skip


def _fault(random: Random) -> Fault:
    where = random.choice(["order", "order", "order", "lookup", "shop", "shop", "delivery", "delivery"])
    menus = {"order": ORDER_CALL, "lookup": LOOKUP, "shop": SHOP_CALL, "delivery": DELIVERY}
    endpoint = {
        "order": "sculpteo.order",
        "lookup": "sculpteo.tracking",
        "shop": random.choice(SHOP_CALLS),
        "delivery": "shopify.webhooks",
    }[where]
    what, effect, options = random.choice(menus[where])
    times = random.choice([1, 1, 2]) if what is Kind.SILENCE else random.choice([1, 1, 2, 4])
    return Fault(endpoint, what, times=times, effect=effect, skip=random.choice([0, 0, 1, 3]), **options)


# --- lives -----------------------------------------------------------------------------------------------


def _death(random: Random) -> Death | None:
    match random.choice(["money", "money", "money", "named", "fine", "net", "time", "time"]):
        case "money":
            return Death(random.choice(PURCHASE), random.choice([1, 1, 1, 2, 3]))
        case "named":
            return Death(random.choice(NAMED), random.choice([1, 1, 2, 4, 8]))
        case "fine":
            return Death(random.choice(FINE), random.randint(1, 150))
        case "net":
            return Death(random.choice(NETWORK), random.randint(1, 40))
        case _:
            return None


def _life(random: Random, replicas: int) -> Life:
    death = _death(random)
    seconds = random.uniform(0.6, 1.0) if death else random.uniform(0.1, 0.8)
    freezes = replicas > 1 and random.random() < 0.3
    return Life(
        seconds,
        death,
        ending=random.choices(("kill", "term", "go on"), (6, 1, 3 if replicas > 1 else 0))[0],
        frozen_at=random.uniform(0.05, 0.5) if freezes else None,
        frozen_for=random.uniform(0.3, 1.2) if freezes else 0.0,
    )


def write(seed: str, replicas: int) -> Script:
    """The script of one run; the same for the same seed."""
    random = Random(f"campaign/{seed}")
    chapters = []
    for _ in range(random.randint(2, 4)):
        lives = tuple(_life(random, replicas) for _ in range(replicas))
        surgery = random.choices(SURGERIES, (5, 3, 2, 1))[0]
        chapters.append(Chapter(lives, surgery))
    length = sum(max(life.seconds for life in chapter.lives) for chapter in chapters)
    kinds, weights = zip(*((name, weight) for name, (_, weight, _) in KINDS.items()), strict=True)
    purchases = sorted(
        (
            Purchase(
                random.uniform(0, 0.7 * length), random.choices(kinds, weights)[0], random.uniform(0, 0.6)
            )
            for _ in range(random.randint(4, 8))
        ),
        key=lambda one: one.at,
    )
    outage = None
    if random.random() < 0.25:
        outage = (random.choice(["sculpteo", "shopify"]), random.uniform(0, length), random.uniform(0.1, 0.6))
    faults = tuple(_fault(random) for _ in range(random.randint(0, 7)))
    return Script(
        seed, tuple(purchases), faults, tuple(chapters), outage, random.choice([0.0, 0.3, 0.6, 1.0])
    )
