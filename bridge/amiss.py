"""What is amiss with the bridge as a whole, rather than with an order: read from its own records and told in plain
words. `status` in the terminal and Today in the console tell the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.config.settings import Settings
from bridge.order import news, remembered
from bridge.order.model import Money
from bridge.order.news import News
from bridge.order.problems import Text, say
from bridge.order.why import Translate
from bridge.store.conditions import Condition
from bridge.store.store import Store

LATE = timedelta(minutes=45)  # three times as long as between two reconciliations
UNSUBSCRIBED = timedelta(hours=3)  # three times as long as between two looks at the webhooks
STUCK = timedelta(minutes=15)  # a delivery or a due order that nobody took for so long is waited for in vain

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
class Health:
    """`oldest_delivery` waits to be read, `oldest_due` to be worked on, since then."""

    at: datetime
    shops: Sequence[ShopLooks]
    oldest_delivery: datetime | None
    oldest_due: datetime | None
    conditions: Sequence[Condition]
    spent: Money
    limit: Money | None
    billed_probe: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """How somebody reads: their language, and moments and money as they write them."""

    t: Translate
    moment: Callable[[datetime], str]
    money: Callable[[Money], str]


async def health(store: Store, settings: Settings, spent: Money, now: datetime) -> Health:
    """`spent` = what the orders of this day cost so far. Raises StoreUnavailable."""
    pending = await store.inbox.pending(1)
    return Health(
        at=now,
        shops=[await _looks(store, name) for name in settings.shops],
        oldest_delivery=pending[0].received_at if pending else None,
        oldest_due=await store.desk.oldest_due(),
        conditions=await store.conditions.open(),
        spent=spent,
        limit=settings.limits.per_day,
        billed_probe=await store.billed_probe(),
    )


async def _looks(store: Store, name: str) -> ShopLooks:
    return ShopLooks(
        name,
        moment_of(await store.memory.get(remembered.reconciled_at(name))),
        moment_of(await store.memory.get(remembered.subscribed_at(name))),
    )


def moment_of(text: str | None) -> datetime | None:
    """A moment that the store remembers; None for none, and for what is no moment."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def amiss(found: Health, words: Words, *, just_begun: bool = False) -> Iterator[Text]:
    """What asks for a person, each with what to do. With `just_begun`, what a bridge that runs has merely not
    come to yet is left out."""
    for one in found.conditions:
        if one.code != "reconciliation":  # told of each shop below
            yield Text(*news.tell(News(one.name, one.code, one.since, one.facts), "", words.t))
    if found.billed_probe:
        yield _told("billed_probe", words, reference=found.billed_probe)
    for shop in found.shops:
        yield from _shop(shop, found.at, words, just_begun)
    for code, at in (("delivery", found.oldest_delivery), ("due", found.oldest_due)):
        if at is not None and found.at - at > STUCK:
            yield _told(code, words, at=words.moment(at))
    if (
        found.limit
        and found.limit.currency == found.spent.currency
        and found.spent.amount >= found.limit.amount
    ):
        yield _told("limit", words, limit=words.money(found.limit))


def _shop(shop: ShopLooks, now: datetime, words: Words, just_begun: bool) -> Iterator[Text]:
    for code, at, longest in (
        ("compared", shop.reconciled_at, LATE),
        ("subscribed", shop.subscribed_at, UNSUBSCRIBED),
    ):
        if at is None and not just_begun:
            yield _told(f"never_{code}", words, shop=shop.name)
        elif at is not None and now - at > longest:
            yield _told(code, words, shop=shop.name, at=words.moment(at))


def _told(code: str, words: Words, **facts: object) -> Text:
    text = TEXTS[code]
    return Text(say(words.t(text.sentence), facts), say(words.t(text.remedy), facts))
