"""What is amiss with the bridge as a whole, rather than with an order: read from its own records and told in plain
words. `status` in the terminal and Today in the console tell the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bridge.config.settings import Settings
from bridge.order import (
    notifications,
    stored_keys,
)
from bridge.order.explanations import Translate
from bridge.order.model import Money
from bridge.order.notifications import News
from bridge.order.problems import Text, fill_sentence
from bridge.order.states import State
from bridge.order.wording import translate_facts
from bridge.store.incidents import Incident
from bridge.store.queries import OrderFilter
from bridge.store.store import Store
from bridge.store.tables import REVISION

LISTED = 20  # orders that are named
LATE = timedelta(minutes=45)  # three times as long as between two reconciliations
UNSUBSCRIBED = timedelta(hours=3)  # three times as long as between two looks at the webhooks
PLACING = timedelta(minutes=6)  # a purchase is given up after five minutes (`worker.DEADLINE`)
CLOCKS = 30  # seconds that two clocks may differ
ROOM = 100_000_000  # bytes that must be free where SQLite's file is
STUCK = timedelta(minutes=15)  # a delivery or a due order that nobody took for so long is waited for in vain

CLOCK = "Let both machines follow a time server (NTP): due times, approval windows and day limits go by these clocks."
SERVE = "Start `sculpteo-bridge serve`, or look into its log."
TEXTS: dict[str, Text] = {
    "never_compared": Text("The shop {shop} was never looked through for missed orders.", SERVE),
    "compared": Text("The shop {shop} was last looked through for missed orders {at}.", SERVE),
    "never_subscribed": Text("The shop {shop} was never checked for its webhooks.", SERVE),
    "subscribed": Text("The shop {shop} was last checked for its webhooks {at}.", SERVE),
    "delivery": Text("A webhook delivery waits since {at} and nobody takes it.", SERVE),
    "due": Text("A due order waits since {at} and nobody takes it.", SERVE),
    "billed_probe": Text(
        "Sculpteo took the test order {reference} of `sculpteo-bridge probe` for a real one; in live mode nothing is ordered.",
        "Ask Sculpteo's support to cancel it, and why; then `sculpteo-bridge probe --seen-to` lets orders go on.",
    ),
    "placing": Text(
        "The order {order} is in `placing` since {at}: the purchase was begun and does not go on.",
        "Look into the log of `sculpteo-bridge serve`, or start it: it finds out whether the order was sent, and never "
        "sends it twice.",
    ),
    "disk": Text(
        "Only {free} MB are free in {folder}, where the database is.",
        "Free space there: on a full disk nothing can be stored, and no order is placed.",
    ),
    "database_ahead": Text(
        "The clock of the database server is {seconds} seconds ahead of the clock of {host}.", CLOCK
    ),
    "database_behind": Text(
        "The clock of the database server is {seconds} seconds behind the clock of {host}.", CLOCK
    ),
    "shopify_ahead": Text("Shopify's clock is {seconds} seconds ahead of the clock of {host}.", CLOCK),
    "shopify_behind": Text("Shopify's clock is {seconds} seconds behind the clock of {host}.", CLOCK),
    "newer_schema": Text(
        "The database is of a newer version of the bridge (schema {found}; this process needs {needed}).",
        "Restart this process with the newer version.",
    ),
    "limit": Text(
        "The spending limit of the day, {limit}, is reached.",
        "Orders go on tomorrow; approve single ones, or raise `limits.per_day`.",
    ),
}


@dataclass(frozen=True, slots=True)
class ShopLooks:
    """When the shop was last looked through for changed orders, and when its webhooks were last looked at."""

    name: str
    reconciled_at: datetime | None
    subscribed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Placing:
    """An order in `placing`, by its name ("acme/#1001"), since when."""

    order: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ClockDifference:
    """By how many seconds another clock, "database" or "shopify:acme", is ahead of that of the machine `host`."""

    host: str
    other: str
    ahead: float


@dataclass(frozen=True, slots=True)
class Health:
    """`oldest_delivery` waits to be read, `oldest_due` to be worked on, since then. `free` is what is left where
    SQLite's file is: the folder, and bytes. `schema` is the newest migration of the database."""

    at: datetime
    shops: Sequence[ShopLooks]
    oldest_delivery: datetime | None
    oldest_due: datetime | None
    conditions: Sequence[Incident]
    spent: Money
    limit: Money | None
    billed_probe: str | None = None
    placing: Sequence[Placing] = ()
    clocks: Sequence[ClockDifference] = ()
    free: tuple[Path, int] | None = None
    schema: str = REVISION


@dataclass(frozen=True, slots=True)
class Words:
    """How somebody reads: their language, and moments and money as they write them."""

    t: Translate
    moment: Callable[[datetime], str]
    money: Callable[[Money], str]


async def load_health(
    store: Store,
    settings: Settings | None,
    spent: Money,
    now: datetime,
    *,
    shops: Sequence[str] = (),
    clocks: Sequence[ClockDifference] = (),
) -> Health:
    """`spent` = what the orders of this day cost so far; `clocks` = what the caller itself knows of clocks. Where
    the configuration has faults there are no `settings`, and `shops` names what is looked at. Raises
    StoreUnavailable."""
    pending = await store.inbox.list_pending(1)
    return Health(
        at=now,
        shops=[await _load_shop_looks(store, name) for name in (settings.shops if settings else shops)],
        oldest_delivery=pending[0].received_at if pending else None,
        oldest_due=await store.desk.find_oldest_due(),
        conditions=await store.conditions.list_incidents(),
        spent=spent,
        limit=settings.limits.per_day if settings else None,
        billed_probe=await store.load_billed_probe(),
        placing=await _load_placing(store),
        clocks=await _collect_clocks(store, clocks),
        free=_measure_free_space(store),
        schema=await store.load_schema() or "",
    )


async def _load_placing(store: Store) -> list[Placing]:
    """The orders in `placing`; there are a handful at any time."""
    found = await store.queries.list_orders(OrderFilter((State.PLACING,)), limit=LISTED)
    since = await store.queries.load_state_times([record.key for record in found])
    return [
        Placing(f"{record.shop}/{record.name or record.order_id}", since.get(record.key, record.updated_at))
        for record in found
    ]


async def _collect_clocks(store: Store, known: Sequence[ClockDifference]) -> list[ClockDifference]:
    """What is known, and what the running processes tell, once for each machine and clock."""
    found = {(one.host, one.other): one for one in known}
    for process in await store.processes.list_running():
        for other, ahead in process.clocks.items():
            found.setdefault((process.host, other), ClockDifference(process.host, other, ahead))
    return list(found.values())


def _measure_free_space(store: Store) -> tuple[Path, int] | None:
    if store.file_path is None:
        return None
    folder = store.file_path.absolute().parent
    try:
        return folder, shutil.disk_usage(folder).free
    except OSError:
        return None


async def _load_shop_looks(store: Store, name: str) -> ShopLooks:
    return ShopLooks(
        name,
        stored_keys.parse_moment(await store.memory.get(stored_keys.reconciled_at(name))),
        stored_keys.parse_moment(await store.memory.get(stored_keys.subscribed_at(name))),
    )


def collect_issues(found: Health, words: Words, *, just_begun: bool = False) -> Iterator[Text]:
    """What asks for a person, each with what to do. With `just_begun`, what a bridge that runs has merely not
    come to yet is left out."""
    for one in found.conditions:
        if one.code != "reconciliation":  # told of each shop below
            yield Text(
                *notifications.describe_news(News(one.name, one.code, one.since, one.facts), "", words.t)
            )
    if found.billed_probe:
        yield _render_text("billed_probe", words, reference=found.billed_probe)
    for shop in found.shops:
        yield from _collect_shop_issues(shop, found.at, words, just_begun)
    for code, at in (("delivery", found.oldest_delivery), ("due", found.oldest_due)):
        if at is not None and found.at - at > STUCK:
            yield _render_text(code, words, at=words.moment(at))
    yield from _collect_basis_issues(found, words)
    if (
        found.limit
        and found.limit.currency == found.spent.currency
        and found.spent.amount >= found.limit.amount
    ):
        yield _render_text("limit", words, limit=words.money(found.limit))


def _collect_basis_issues(found: Health, words: Words) -> Iterator[Text]:
    """What the bridge stands on: purchases that go on, room on the disk, clocks, the schema."""
    for order in found.placing:
        if found.at - order.since > PLACING:
            yield _render_text("placing", words, order=order.order, at=words.moment(order.since))
    if found.free is not None and found.free[1] < ROOM:
        folder, free = found.free
        yield _render_text("disk", words, free=free // 1_000_000, folder=folder)
    for clock in found.clocks:
        if abs(clock.ahead) > CLOCKS:
            kind = "database" if clock.other == "database" else "shopify"
            code = f"{kind}_{'ahead' if clock.ahead > 0 else 'behind'}"
            yield _render_text(code, words, seconds=round(abs(clock.ahead)), host=clock.host)
    if found.schema > REVISION:
        yield _render_text("newer_schema", words, found=found.schema, needed=REVISION)


def _collect_shop_issues(shop: ShopLooks, now: datetime, words: Words, just_begun: bool) -> Iterator[Text]:
    for code, at, longest in (
        ("compared", shop.reconciled_at, LATE),
        ("subscribed", shop.subscribed_at, UNSUBSCRIBED),
    ):
        if at is None and not just_begun:
            yield _render_text(f"never_{code}", words, shop=shop.name)
        elif at is not None and now - at > longest:
            yield _render_text(code, words, shop=shop.name, at=words.moment(at))


def _render_text(code: str, words: Words, **facts: object) -> Text:
    text = TEXTS[code]
    told = translate_facts(facts, words.t)
    return Text(fill_sentence(words.t(text.sentence), told), fill_sentence(words.t(text.remedy), told))
