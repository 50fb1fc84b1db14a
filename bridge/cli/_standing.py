"""What `status` looks at, and what of it asks for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import aiohttp

from bridge.cli._desk import Desk
from bridge.order import news
from bridge.order.history import tell
from bridge.order.model import Mode, Money
from bridge.order.news import News
from bridge.order.problems import ALARMS, Alarm, say
from bridge.order.states import WAITS, State, Wait
from bridge.order.why import english, remedy, why
from bridge.plan.catalogue import amount
from bridge.ports import OrderRecord
from bridge.store import Store
from bridge.store.conditions import Condition
from bridge.store.desk import Counts
from bridge.store.memory import Pause
from bridge.store.queries import AlarmRecord, Filter

LATE = timedelta(minutes=45)  # three times as long as between two reconciliations
UNSUBSCRIBED = timedelta(hours=3)  # three times as long as between two looks at the webhooks
STUCK = timedelta(minutes=15)  # a delivery or a due order that nobody took for so long is waited for in vain
LISTED = 20  # orders and alarms that are named
FOR_A_PERSON = (Wait.APPROVAL, Wait.RISK, Wait.BEFORE_GO_LIVE, Wait.WAS_TEST)
"""What an order waits for that only a person can give; `held` is a person's own wish."""

SERVE = "Start `sculpteo-bridge serve`, or look into its log."


@dataclass(frozen=True, slots=True)
class ShopStanding:
    """When the shop was last looked through for changed orders, and when its webhooks were last looked at."""

    name: str
    reconciled_at: datetime | None
    subscribed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """`oldest_delivery` waits to be read, `oldest_due` to be worked on, since then. `answers` = the web side
    answers at its own address on this machine; None = it is not known."""

    at: datetime
    mode: Mode
    counts: Counts
    needy: Sequence[OrderRecord]
    alarms: Sequence[AlarmRecord]
    pauses: Sequence[Pause]
    spent: Money
    limit: Money | None
    shops: Sequence[ShopStanding]
    oldest_delivery: datetime | None
    oldest_due: datetime | None
    listen: str
    answers: bool
    mapping_in_use: bool
    conditions: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class Todo:
    """Something for a person: what, and what to do about it."""

    sentence: str
    remedy: str
    order: str | None = None  # "acme/#1001"


async def standing(desk: Desk) -> Standing:
    """Raises StoreUnavailable."""
    settings, store, now = desk.loaded.settings, desk.store, datetime.now(UTC)
    mode = Mode(settings.mode)
    counted = Mode.TEST if mode is Mode.TEST else Mode.LIVE
    midnight = datetime.combine(now.date(), time.min, now.tzinfo)
    currency = settings.sculpteo.currency
    spent: Decimal = await store.desk.spent_since(midnight, counted, currency)
    pending = await store.inbox.pending(1)
    return Standing(
        at=now,
        mode=mode,
        counts=await store.desk.counts(),
        needy=await store.queries.page(Filter((State.UNKNOWN, State.ATTENTION)), limit=LISTED),
        alarms=await store.queries.alarms(),
        pauses=await store.switch.pauses(),
        spent=Money(spent, currency),
        limit=settings.limits.per_day,
        shops=[await _shop(store, name) for name in settings.shops],
        oldest_delivery=pending[0].received_at if pending else None,
        oldest_due=await store.desk.oldest_due(),
        listen=settings.server.listen,
        answers=await _answers(settings.server.listen),
        mapping_in_use=await store.memory.get("mapping") == desk.loaded.catalog.version,
        conditions=await store.conditions.open(),
    )


async def _shop(store: Store, name: str) -> ShopStanding:
    reconciled = await store.memory.get(f"reconciled_at:{name}")
    subscribed = await store.memory.get(f"subscribed_at:{name}")
    return ShopStanding(
        name,
        datetime.fromisoformat(reconciled) if reconciled else None,
        datetime.fromisoformat(subscribed) if subscribed else None,
    )


async def _answers(listen: str) -> bool:
    host, _, port = listen.rpartition(":")
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - asked, not bound
    timeout = aiohttp.ClientTimeout(total=3)
    try:
        async with (
            aiohttp.ClientSession(trust_env=False, timeout=timeout) as session,
            session.get(f"http://{host}:{port}/healthz", allow_redirects=False) as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, OSError, ValueError):
        return False


def todos(found: Standing) -> list[Todo]:
    """What asks for a person, most pressing first. Pure."""
    return [
        *(_order(record) for record in found.needy),
        *_more(found),
        *(_alarm(alarm) for alarm in found.alarms[:LISTED]),
        *_waiting(found.counts.reasons),
        *_health(found),
    ]


def _order(record: OrderRecord) -> Todo:
    name = record.name or record.order_id
    sentence = why(record.state, record.reason, record.problem, record.facts)
    todo = remedy(record.state, record.problem, record.facts, name) or ""
    return Todo(sentence, todo, f"{record.shop}/{name}")


def _more(found: Standing) -> Iterator[Todo]:
    states = found.counts.states
    left = states[State.UNKNOWN] + states[State.ATTENTION] - len(found.needy)
    if left > 0:
        command = "`sculpteo-bridge orders list --state attention --state unknown` shows them."
        yield Todo(f"{left} more orders need a person.", command)
    if len(found.alarms) > LISTED:
        yield Todo(
            f"{len(found.alarms) - LISTED} more alarms are open.", "`sculpteo-bridge alarms` shows them."
        )


def _alarm(alarm: AlarmRecord) -> Todo:
    sentence = tell("alarm", {**alarm.facts, "alarm": alarm.alarm}).removeprefix("ALARM: ")
    known = ALARMS.get(Alarm(alarm.alarm)) if alarm.alarm in set(Alarm) else None
    return Todo(
        sentence, say(known.remedy, dict(alarm.facts)) if known else "", f"{alarm.shop}/{alarm.order_name}"
    )


def _waiting(reasons: Mapping[str, int]) -> Iterator[Todo]:
    for reason in FOR_A_PERSON:
        count = reasons.get(reason, 0)
        if count:
            sentence = say(WAITS[reason], {"risk": "high or pending"})
            many = "One order waits" if count == 1 else f"{count} orders wait"
            command = (
                "`sculpteo-bridge orders list --state waiting` names them; `orders approve` orders them."
            )
            yield Todo(f"{many}: {sentence}", command)


def _health(found: Standing) -> Iterator[Todo]:
    for pause in found.pauses:
        scope = "for all shops" if pause.scope == "*" else f"for {pause.scope}"
        why_ = f" ({pause.why})" if pause.why else ""
        since = f"{pause.at.astimezone():%Y-%m-%d %H:%M}"
        shop = "" if pause.scope == "*" else f" --shop {pause.scope}"
        yield Todo(
            f"Placing is paused {scope} since {since}, by {pause.who}{why_}.",
            f"`sculpteo-bridge resume{shop}` lets it go on.",
        )
    for one in found.conditions:
        if one.code != "reconciliation":  # told of each shop below
            yield Todo(*news.tell(News(one.name, one.code, one.since, one.facts), "", english))
    for shop_ in found.shops:
        yield from _shop_health(shop_, found.at)
    for at, what in ((found.oldest_delivery, "A webhook delivery"), (found.oldest_due, "A due order")):
        if at is not None and found.at - at > STUCK:
            yield Todo(f"{what} waits since {at.astimezone():%Y-%m-%d %H:%M} and nobody takes it.", SERVE)
    if found.limit and found.spent.amount >= found.limit.amount:
        yield Todo(
            f"The spending limit of the day, {amount(found.limit)}, is reached.",
            "Orders go on tomorrow; approve single ones, or raise `limits.per_day`.",
        )


def _shop_health(shop: ShopStanding, now: datetime) -> Iterator[Todo]:
    for at, longest, what in (
        (shop.reconciled_at, LATE, "looked through for missed orders"),
        (shop.subscribed_at, UNSUBSCRIBED, "checked for its webhooks"),
    ):
        if at is None:
            yield Todo(f"The shop {shop.name} was never {what}.", SERVE)
        elif now - at > longest:
            yield Todo(f"The shop {shop.name} was last {what} {at.astimezone():%Y-%m-%d %H:%M}.", SERVE)
