"""What a seed stands for: which orders come and when, what goes wrong, how the bridge lives and dies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from bridge.sandbox.http.faults import (
    Fault,
    Kind,
)
from tests.campaign.crash_points import FINE, NAMED, NETWORK, POINTS, PURCHASE, Death
from tests.campaign.order_kinds import KINDS
from tests.campaign.witness import Rules


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order that comes `at` so many seconds after the beginning; what changes it comes `moment` later."""

    at: float
    kind: str
    moment: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A person at the console, `at` so many seconds after the beginning, about some order (`which`, modulo), as
    it was so many seconds before (`slow`)."""

    at: float
    which: int
    wish: str
    slow: float = 0.0


Damage = Literal["order", "news", "delivery"]
DAMAGES: tuple[Damage, ...] = ("order", "order", "news", "delivery")


@dataclass(frozen=True, slots=True)
class Poison:
    """A row that cannot be read: of some order (`which`, modulo), of its news, or of a delivery."""

    at: float
    which: int
    of: Damage


@dataclass(frozen=True, slots=True)
class Away:
    """For a while a table is not there (PostgreSQL), or the database is locked by somebody else (SQLite)."""

    at: float
    seconds: float
    table: str


@dataclass(frozen=True, slots=True)
class Jump:
    """The process's clock, from `after` seconds of its life on, is wrong by `by` seconds."""

    after: float
    by: float


LIVE = "live"
Surgery = Literal["backup", "restore", "lose"]
SURGERIES: tuple[Surgery | None, ...] = (None, "backup", "restore", "lose")


@dataclass(frozen=True, slots=True)
class Life:
    """One replica's: it ends by `death`, or after `seconds` by `ending`. For a while it may be frozen, from a
    moment on, or from where its `death` says so."""

    seconds: float
    death: Death | None = None
    ending: Literal["kill", "term", "go on"] = "kill"
    frozen_at: float | None = None
    frozen_for: float = 0.0
    jump: Jump | None = None


@dataclass(frozen=True, slots=True)
class Chapter:
    """The replicas' lives side by side, and what then happens to the database while none runs. `rolling`: they
    are replaced by new ones, one after the other, as when a new version is rolled out. `crash`: the database's
    server goes down under them, so many seconds after the chapter began. `mode` and `key` (the shop's name in the
    configuration) are what the configuration says from the beginning of the chapter on; bridges that live on read
    it again, or are the last of their kind."""

    lives: tuple[Life, ...]
    surgery: Surgery | None = None
    rolling: bool = False
    crash: float | None = None
    mode: str = LIVE
    key: str = "acme"


Slip = Literal["too many", "in time", "printed again", "ignored"]
"""A person says “not placed” of an order that Sculpteo has. Its notification comes when the prints were ordered
again (“too many”), or while they wait for a hold to end (“in time”). Or Sculpteo cancels an order, a person has it
“printed again” or lets it be “ignored”, and then Sculpteo makes the first one after all."""
AFTER_A_STOP = frozenset({"printed again", "ignored"})


@dataclass(frozen=True, slots=True)
class Script:
    seed: str
    purchases: tuple[Purchase, ...]
    decisions: tuple[Decision, ...]
    faults: tuple[Fault, ...]
    chapters: tuple[Chapter, ...]
    outage: tuple[str, float, float] | None  # (service, at, for)
    deaf: float  # the share of Sculpteo's notifications that never come
    slow: bool  # whether Sculpteo takes its time, so that notifications find a bridge that lives again
    limits: bool  # whether spending limits are set, so that prices are asked for
    slip: Slip | None
    target: Death  # some process of the run dies there, if it is reached at all
    rules: Rules = field(default_factory=Rules)
    poisons: tuple[Poison, ...] = ()
    away: Away | None = None

    @property
    def surgery(self) -> bool:
        """Whether what is on record is lost at some time."""
        return any(chapter.surgery in {"restore", "lose"} for chapter in self.chapters)

    @property
    def jumps(self) -> bool:
        """Whether some process has a clock that is wrong."""
        return any(life.jump for chapter in self.chapters for life in chapter.lives)

    @property
    def troubled(self) -> bool:
        """Whether the database itself is damaged, so that the bridge rightly says that something went wrong."""
        return bool(self.poisons) or self.away is not None

    @property
    def crashes(self) -> bool:
        return any(chapter.crash is not None for chapter in self.chapters)


# --- faults ----------------------------------------------------------------------------------------------

SILENT = 3.5  # seconds of an answer that does not come; longer than the hurried bridge waits
Menu = tuple[tuple[Kind, bool, dict[str, Any]], ...]
ORDER_CALL: Menu = (
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
LOOKUP: Menu = (
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
SHOP_CALL: Menu = (
    *LOOKUP,
    (Kind.STATUS, True, {"status": 502}),
    (Kind.RESET, True, {}),
    (Kind.SILENCE, True, {"seconds": SILENT}),
    (Kind.GARBAGE, True, {}),
    (Kind.EMPTY, True, {}),
    (Kind.THROTTLE, False, {}),
    (Kind.EXPIRE_TOKEN, False, {}),
)
DELIVERY: Menu = (
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
MENUS: dict[str, tuple[Menu, int]] = {
    "order": (ORDER_CALL, 3), "lookup": (LOOKUP, 1), "shop": (SHOP_CALL, 2), "delivery": (DELIVERY, 2),
}  # fmt: skip


def _fault(random: Random) -> Fault:
    (where,) = random.choices(list(MENUS), [weight for _, weight in MENUS.values()])
    endpoint = {
        "order": "sculpteo.order",
        "lookup": random.choice(("sculpteo.tracking", "sculpteo.price")),
        "shop": random.choice(SHOP_CALLS),
        "delivery": "shopify.webhooks",
    }[where]
    what, effect, options = random.choice(MENUS[where][0])
    times = random.choice([1, 1, 2]) if what is Kind.SILENCE else random.choice([1, 1, 2, 4])
    return Fault(endpoint, what, times=times, effect=effect, skip=random.choice([0, 0, 1, 3]), **options)


# --- lives -----------------------------------------------------------------------------------------------

JUMPS = (-172_800.0, -10_800.0, -600.0, -3.0, 2.0, 10_800.0, 172_800.0)
"""Seconds. Not by minutes ahead: what was then to be done in a moment would rightly wait as long."""


def _death(random: Random, target: Death) -> Death | None:
    match random.choice(["target", "money", "money", "named", "fine", "net", "time", "time"]):
        case "target":
            return target
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


def _life(random: Random, replicas: int, target: Death) -> Life:
    death = _death(random, target)
    seconds = random.uniform(0.5, 0.8) if death else random.uniform(0.1, 0.7)
    freezes = replicas > 1 and random.random() < 0.3
    if freezes and random.random() < 0.5:
        death = Death(random.choice(PURCHASE), freeze=True)
    jumps = random.random() < 0.12
    return Life(
        seconds,
        death,
        ending=random.choices(("kill", "term", "go on"), (6, 1, 3 if replicas > 1 else 0))[0],
        frozen_at=random.uniform(0.05, 0.5) if freezes else None,
        frozen_for=random.uniform(0.6, 4.5) if freezes else 0.0,
        jump=Jump(random.uniform(0, 0.4), random.choice(JUMPS)) if jumps else None,
    )


def _chapter(random: Random, replicas: int, target: Death, *, server: bool) -> Chapter:
    surgery = random.choices(SURGERIES, (5, 3, 2, 1))[0]
    if replicas > 1 and random.random() < 0.15:
        lives = tuple(Life(0.6, ending="go on") for _ in range(replicas))
        return Chapter(lives, surgery, rolling=True)
    crash = random.uniform(0.1, 0.5) if server and random.random() < 0.03 else None
    return Chapter(tuple(_life(random, replicas, target) for _ in range(replicas)), surgery, crash=crash)


WISHES = (
    "approve", "approve", "hold", "release", "retry", "retry", "cancel", "ignore", "resolve", "resolve",
    "pause",
)  # fmt: skip


def _slip(random: Random, target: Death) -> Slip | None:
    if target.point.startswith("orders.revive"):
        return "in time"
    slips: tuple[Slip | None, ...] = (None, "too many", "in time")
    return random.choices(slips, (12, 1, 1))[0]


REHEARSALS = (("test", LIVE), ("preview", LIVE), ("preview", "test", LIVE), (LIVE, "test", LIVE))
TABLES = ("orders", "orders", "memory", "deliveries", "news")


def _with_more(random: Random, script: Script, length: float) -> Script:
    """Settings, going live, a renamed shop, damage: what the first draws know nothing of."""
    script = replace(script, rules=_rules(random, script))
    if random.random() < 0.3:
        script = replace(script, chapters=_rehearsed(random, script.chapters))
    if random.random() < 0.15:
        at = random.randrange(len(script.chapters))
        renamed = (replace(one, key="boutique") for one in script.chapters[at:])
        script = replace(script, chapters=(*script.chapters[:at], *renamed))
    if random.random() < 0.15:
        poisons = tuple(
            Poison(random.uniform(0.3, length), random.randrange(100), random.choice(DAMAGES))
            for _ in range(random.choice([1, 1, 2]))
        )
        script = replace(script, poisons=poisons)
    if random.random() < 0.1:
        away = Away(random.uniform(0.2, length), random.uniform(0.2, 1.5), random.choice(TABLES))
        script = replace(script, away=away)
    slow = (replace(one, slow=random.choice([0.0, 0.0, 0.2, 0.5])) for one in script.decisions)
    return replace(script, decisions=tuple(slow))


def _rules(random: Random, script: Script) -> Rules:
    return Rules(
        since=random.random() < 0.5,
        payment=random.choice(["paid", "paid", "authorized", "approve"]),
        manual=random.random() < 0.08,
        delay=0 if script.jumps else random.choice([0, 0, 0, 1]),
        per_order=random.choice([40, 900]) if script.limits else None,
    )


def _rehearsed(random: Random, chapters: tuple[Chapter, ...]) -> tuple[Chapter, ...]:
    """The same chapters, the last of them in live mode and the first, at least, in another one. A single one gets
    another in front of it."""
    modes: tuple[str, ...] = random.choice(REHEARSALS)
    lives = tuple(
        Life(0.6, ending="go on" if len(chapters[0].lives) > 1 else "kill") for _ in chapters[0].lives
    )
    longer = (*(Chapter(lives) for _ in modes[len(chapters) :]), *chapters)
    modes = modes + (LIVE,) * (len(longer) - len(modes))
    return tuple(replace(chapter, mode=mode) for chapter, mode in zip(longer, modes, strict=True))


RARE = ("orders.revive", "orders.adopt", "orders.keep_bare", "shop.extend_tracking")


def write(seed: str, replicas: int, *, server: bool) -> Script:
    """The script of one run; the same for the same seed. `server`: the database has one that may go down.
    Seeds that end in a number aim at one moment of death after the other."""
    random = Random(f"campaign/{seed}")
    number = seed.rpartition("-")[2]
    aim = int(number) % len(POINTS) if number.isdecimal() else random.randrange(len(POINTS))
    target = Death(POINTS[aim])
    chapters = tuple(_chapter(random, replicas, target, server=server) for _ in range(random.randint(1, 3)))
    length = sum(max(life.seconds for life in chapter.lives) for chapter in chapters)
    names, weights = list(KINDS), [kind.weight for kind in KINDS.values()]
    purchases = sorted(
        (
            Purchase(
                random.uniform(0, 0.7 * length), random.choices(names, weights)[0], random.uniform(0, 0.6)
            )
            for _ in range(random.randint(3, 7))
        ),
        key=lambda one: one.at,
    )
    decisions = tuple(
        Decision(random.uniform(0.3, length), random.randrange(100), random.choice(WISHES))
        for _ in range(random.choice([0, 1, 1, 2, 3]))
    )
    outage = None
    if random.random() < 0.2:
        outage = (random.choice(["sculpteo", "shopify"]), random.uniform(0, length), random.uniform(0.1, 0.5))
    slip = _slip(random, target)
    faults = [_fault(random) for _ in range(random.randint(0, 6))]
    if target.point.startswith("orders.extend"):
        faults.insert(0, Fault("sculpteo.order", Kind.SLOW, times=3, effect=True, seconds=0.5))
    if slip is not None:
        faults.insert(0, Fault("sculpteo.order", Kind.STATUS, times=1, effect=True, status=502))
    slow = random.random() < 0.25
    if target.point.startswith(RARE):
        # reached only when little else happens before
        surgery: Surgery | None = "lose" if "adopt" in target.point else None
        chapters = (Chapter(tuple(Life(2.0) for _ in range(replicas)), surgery),)
        first = Purchase(0.0, "sent_by_hand" if "extend" in target.point else "ring", 1.0)
        purchases = [first] if slip else [first, *purchases]
        decisions, outage, slow, faults = (), None, True, faults[:1] if slip else []
    script = Script(
        seed=seed,
        purchases=tuple(purchases),
        decisions=decisions,
        faults=tuple(faults),
        chapters=chapters,
        outage=outage,
        deaf=1.0 if slip else random.choice([0.0, 0.0, 0.3, 0.6, 1.0]),
        slow=slow,
        limits=target.point.startswith("printer.fetch_price") or random.random() < 0.3,
        slip=slip,
        target=target,
    )
    more = Random(f"campaign/{seed}/more")
    if slip is None and not target.point.startswith(RARE):
        return _after_a_stop(script, more) if more.random() < 0.06 else _with_more(more, script, length)
    return script


def _after_a_stop(script: Script, random: Random) -> Script:
    """One order that Sculpteo cancels, at a bridge that is let be."""
    lives = tuple(Life(1.5) for _ in script.chapters[0].lives)
    slip: Slip = random.choice(["printed again", "ignored"])
    first = Purchase(0.0, "stopped_there", 0.0)
    return replace(
        script,
        purchases=(first, *script.purchases[:2]),
        decisions=(),
        faults=(),
        outage=None,
        chapters=(Chapter(lives),),
        deaf=0.0,
        slip=slip,
    )
