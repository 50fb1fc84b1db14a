"""What `status` looks at, and what of it asks for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

import aiohttp

from bridge.amiss import Health, Words, amiss, health
from bridge.cli._desk import Desk
from bridge.health.stalled import news_of, to_name
from bridge.health.thresholds import Finding
from bridge.order import news
from bridge.order.history import tell
from bridge.order.model import Mode, Money
from bridge.order.problems import ALARMS, Alarm, say
from bridge.order.states import WAITS, State, Wait
from bridge.order.why import english, remedy, why
from bridge.plan.catalogue import amount
from bridge.ports import OrderRecord
from bridge.store.desk import Counts
from bridge.store.memory import Pause
from bridge.store.queries import AlarmRecord, Filter

LISTED = 20  # orders and alarms that are named
FOR_A_PERSON = (Wait.APPROVAL, Wait.RISK, Wait.BEFORE_GO_LIVE, Wait.WAS_TEST)
"""What an order waits for that only a person can give; `held` is a person's own wish."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`answers` = the web side answers at its own address on this machine."""

    at: datetime
    mode: Mode
    counts: Counts
    needy: Sequence[OrderRecord]
    stalled: Sequence[Finding]  # one for each order, of those that are named
    more_stalled: int
    alarms: Sequence[AlarmRecord]
    pauses: Sequence[Pause]
    health: Health
    listen: str
    answers: bool
    mapping_in_use: bool


@dataclass(frozen=True, slots=True)
class Todo:
    """Something for a person: what, and what to do about it."""

    sentence: str
    remedy: str
    order: str | None = None  # "acme/#1001"


async def standing(desk: Desk) -> Standing:
    """Raises StoreUnavailable."""
    settings, store, now = desk.loaded.settings, desk.store, desk.clock.now()
    mode = Mode(settings.mode)
    counted = Mode.TEST if mode is Mode.TEST else Mode.LIVE
    midnight = datetime.combine(now.date(), time.min, now.tzinfo)
    currency = settings.sculpteo.currency
    spent: Decimal = await store.desk.spent_since(midnight, counted, currency)
    named, more = await to_name(store, settings, now, but=FOR_A_PERSON, most=LISTED)
    return Standing(
        at=now,
        mode=mode,
        counts=await store.desk.counts(),
        needy=await store.queries.page(Filter((State.UNKNOWN, State.ATTENTION)), limit=LISTED),
        stalled=named,
        more_stalled=more,
        alarms=await store.queries.alarms(),
        pauses=await store.switch.pauses(),
        health=await health(store, settings, Money(spent, currency), now),
        listen=settings.server.listen,
        answers=await _answers(settings.server.listen),
        mapping_in_use=await store.memory.get("mapping") == desk.loaded.catalog.version,
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
        *(_stalled(finding, found.at) for finding in found.stalled),
        *_waiting(found.counts.reasons),
        *_pauses(found.pauses),
        *(Todo(one.sentence, one.remedy) for one in amiss(found.health, WORDS)),
    ]


def _order(record: OrderRecord) -> Todo:
    name = record.name or record.order_id
    sentence = why(record.state, record.reason, record.problem, record.facts)
    todo = remedy(record.state, record.problem, record.facts, name) or ""
    return Todo(sentence, todo, f"{record.shop}/{name}")


def _stalled(finding: Finding, now: datetime) -> Todo:
    order = finding.order
    name = f"{order.shop}/{order.name}"
    return Todo(*news.tell(news_of(finding, now), name, english), name)


def _more(found: Standing) -> Iterator[Todo]:
    if found.more_stalled:
        command = "`sculpteo-bridge orders list` shows what each order waits for."
        yield Todo(f"{found.more_stalled} more orders stand still.", command)
    states = found.counts.states
    left = states[State.UNKNOWN] + states[State.ATTENTION] - len(found.needy)
    if left > 0:
        command = "`sculpteo-bridge orders list --state attention --state unknown` shows them."
        yield Todo(f"{left} more orders need a person.", command)
    if len(found.alarms) > LISTED:
        yield Todo(
            f"{len(found.alarms) - LISTED} more alarms are open.", "`sculpteo-bridge alarms list` shows them."
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


def _pauses(pauses: Sequence[Pause]) -> Iterator[Todo]:
    for pause in pauses:
        scope = "for all shops" if pause.scope == "*" else f"for {pause.scope}"
        why_ = f" ({pause.why})" if pause.why else ""
        shop = "" if pause.scope == "*" else f" --shop {pause.scope}"
        yield Todo(
            f"Placing is paused {scope} since {_moment(pause.at)}, by {pause.who}{why_}.",
            f"`sculpteo-bridge resume{shop}` lets it go on.",
        )


def _moment(at: datetime) -> str:
    """In the time zone of this terminal."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


WORDS = Words(english, _moment, amount)
