"""What `status` looks at, and what of it asks for a person."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from bridge.cli._options import format_count
from bridge.cli._order_context import OrderContext
from bridge.cli._running_services import (
    Readiness,
    build_service_url,
    fetch_readiness,
)
from bridge.config.database_location import Located
from bridge.config.settings import Settings
from bridge.health.report import (
    SERVE,
    ClockDifference,
    Health,
    Words,
    collect_issues,
    load_health,
)
from bridge.health.stalled_orders import (
    build_news,
    list_orders_to_name,
)
from bridge.health.thresholds import Finding
from bridge.mapping_review.variants import format_amount
from bridge.order import notifications
from bridge.order.explanations import (
    describe_remedy,
    describe_state,
    to_english,
)
from bridge.order.model import Mode, Money
from bridge.order.problems import Alarm, fill_sentence, find_text
from bridge.order.records import OrderRecord
from bridge.order.states import FOR_A_PERSON, FROM_BEFORE, WAITS, State, Wait
from bridge.order.timeline import describe_event
from bridge.runtime.presence import (
    DATABASE,
    read_database_clock,
)
from bridge.store.key_value import Pause
from bridge.store.order_search import OrderCounts
from bridge.store.processes import Process
from bridge.store.queries import AlarmRecord, OrderFilter
from bridge.store.store import Store

LISTED = 20  # orders and alarms that are named
ENDS = {
    Wait.BOUGHT_ALREADY: "`orders adopt` takes over what Sculpteo has.",
    Wait.TEST_BILLED: "`alarms list` shows that alarm, and `alarms clear` ends it (after `probe`: `probe --seen-to`).",
}


@dataclass(frozen=True, slots=True)
class StatusReport:
    """`mode` is None where the configuration has faults and no service runs. `answers` = each service that can
    be asked is ready; `services` are their own words, `processes` those that told that they run."""

    at: datetime
    mode: Mode | None
    counts: OrderCounts
    needy: Sequence[OrderRecord]
    from_before: Sequence[OrderRecord]  # of before going live; the newest of them
    stalled: Sequence[Finding]  # one for each order, of those that are named
    more_stalled: int
    alarms: Sequence[AlarmRecord]
    pauses: Sequence[Pause]
    health: Health
    unclear: int  # orders bought today that Sculpteo may or may not have, and their cost
    unclear_cost: Money
    listen: str
    answers: bool
    mapping_in_use: bool
    located: Located
    processes: Sequence[Process]
    services: Sequence[Readiness]


@dataclass(frozen=True, slots=True)
class Todo:
    """Something for a person: what, and what to do about it."""

    sentence: str
    remedy: str
    order: str | None = None  # "acme/#1001"


def resolve_mode_in_force(settings: Settings | None, running: Sequence[Process]) -> Mode | None:
    """The mode of the services that run, which may have another configuration than the file by now; where none
    runs, that of the file. None = neither is known. Pure."""
    modes = {one.mode for one in running}
    if len(modes) == 1 and (known := modes.pop()) in set(Mode):
        return Mode(known)
    return settings.mode if settings else None


async def collect_status_report(desk: OrderContext) -> StatusReport:
    """Raises StoreUnavailable."""
    loaded, store, now = desk.located.loaded, desk.store, desk.clock.now()
    settings = loaded.settings if loaded else None
    running = await store.processes.list_running()
    mode = resolve_mode_in_force(settings, running)
    counted_in = mode or Mode.LIVE
    midnight = datetime.combine(now.date(), time.min, now.tzinfo)
    currency = settings.sculpteo.currency if settings else "EUR"
    spent = await store.desk.sum_spending_since(midnight, counted_in, currency)
    named: list[Finding] = []
    more = 0
    if settings:
        named, more = await list_orders_to_name(store, settings, now, but=FOR_A_PERSON, most=LISTED)
    services = await ask_services(desk.located, running)
    return StatusReport(
        at=now,
        mode=mode,
        counts=await store.desk.count_orders(),
        needy=await store.queries.list_orders(OrderFilter((State.UNKNOWN, State.ATTENTION)), limit=LISTED),
        from_before=await store.desk.list_orders(states=[State.WAITING], reasons=FROM_BEFORE, limit=LISTED),
        stalled=named,
        more_stalled=more,
        alarms=await store.queries.list_alarms(),
        pauses=await store.switch.list_pauses(),
        health=await load_health(
            store,
            settings,
            Money(spent.amount, currency),
            now,
            shops=desk.located.shops or (),
            clocks=await _read_clock_difference(store),
        ),
        unclear=spent.unsure_orders,
        unclear_cost=Money(spent.unsure, currency),
        listen=desk.located.listen,
        answers=all(one.is_ready for one in services),
        mapping_in_use=loaded is None or await store.memory.get("mapping") == loaded.catalog.version,
        located=desk.located,
        processes=running,
        services=services,
    )


async def _read_clock_difference(store: Store) -> list[ClockDifference]:
    """The database server's clock beside this machine's."""
    reading = await read_database_clock(store)
    return [] if reading is None else [ClockDifference(socket.gethostname(), DATABASE, reading.ahead)]


async def ask_services(located: Located, running: Sequence[Process]) -> list[Readiness]:
    """Ask every service that is known on this machine, or the one of the configuration; where that is silent and
    services run on other machines, the one behind the public address."""
    here = [one for one in running if one.role != "worker" and one.host == socket.gethostname()]
    asked = dict.fromkeys(build_service_url(one.listen) for one in here) or {
        build_service_url(located.listen): None
    }
    found = list(await asyncio.gather(*(fetch_readiness(url) for url in asked)))
    elsewhere = any(one.role != "worker" for one in running) and not here
    if elsewhere and located.public_url and all(one.is_silent for one in found):
        return [await fetch_readiness(located.public_url)]
    return found


def list_todos(found: StatusReport) -> list[Todo]:
    """What asks for a person, most pressing first. Pure."""
    return [
        *check_configuration(found.located),
        *check_services(found.services, found.processes),
        *(_build_order_todo(record) for record in found.needy),
        *_list_overflow_todos(found),
        *(_build_alarm_todo(alarm) for alarm in found.alarms[:LISTED]),
        *_list_before_live_todos(found),
        *(_build_stalled_todo(finding, found.at) for finding in found.stalled),
        *_list_waiting_todos(found.counts.reasons),
        *_list_pause_todos(found.pauses),
        *(Todo(one.sentence, one.remedy) for one in collect_issues(found.health, WORDS)),
    ]


def check_configuration(located: Located) -> Iterator[Todo]:
    if located.faults is not None:
        count = format_count(max(len(located.faults.faults), 1), "fault")
        first = str(located.faults).splitlines()[0]
        yield Todo(
            f"The configuration {located.path} has {count}. The first: {first}",
            "`sculpteo-bridge config check` tells every fault. A service that runs goes on with the one before.",
        )


def check_services(services: Sequence[Readiness], running: Sequence[Process]) -> Iterator[Todo]:
    """What is wrong with the services themselves. `running` are those that told this database that they run."""
    for one in services:
        if one.is_silent:
            yield Todo(f"No service answers at {one.url}: {one.says}.", SERVE)
        elif not one.is_ready:
            yield Todo(
                f"The service at {one.url} is not ready: {one.says}.",
                "Look into its log. A full disk wants space; a database that is away must come back. Shopify delivers "
                "again what the service refuses meanwhile.",
            )
    if any(one.is_ready for one in services) and not running:
        yield Todo(
            "The service that answers does not use this database: none gave word here in the last 30 seconds.",
            "Give the configuration that the service runs on with -c FILE, or restart the service.",
        )


def _build_order_todo(record: OrderRecord) -> Todo:
    name = record.name or record.order_id
    sentence = describe_state(record.state, record.reason, record.problem, record.facts)
    todo = describe_remedy(record.state, record.problem, record.facts, name, reason=record.reason) or ""
    return Todo(sentence, todo, f"{record.shop}/{name}")


def _build_stalled_todo(finding: Finding, now: datetime) -> Todo:
    order = finding.order
    name = f"{order.shop}/{order.name}"
    return Todo(*notifications.describe_news(build_news(finding, now), name, to_english), name)


def _list_overflow_todos(found: StatusReport) -> Iterator[Todo]:
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


def _build_alarm_todo(alarm: AlarmRecord) -> Todo:
    sentence = describe_event("alarm", {**alarm.facts, "alarm": alarm.alarm}).removeprefix("ALARM: ")
    known = find_text(Alarm(alarm.alarm), alarm.facts) if alarm.alarm in set(Alarm) else None
    return Todo(
        sentence,
        fill_sentence(known.remedy, dict(alarm.facts)) if known else "",
        f"{alarm.shop}/{alarm.order_name}",
    )


def _list_before_live_todos(found: StatusReport) -> Iterator[Todo]:
    """Going live asks once for all that was there before."""
    count = sum(found.counts.reasons.get(reason, 0) for reason in FROM_BEFORE)
    if not count:
        return
    names = ", ".join(f"{one.shop}/{one.name or one.order_id}" for one in found.from_before)
    more = f" and {count - len(found.from_before)} more" if count > len(found.from_before) else ""
    many = "One order" if count == 1 else f"{count} orders"
    waits = "waits" if count == 1 else "wait"
    reasons = " ".join(f"--reason {reason}" for reason in FROM_BEFORE)
    yield Todo(
        f"{many} from before going live {waits} for your decision: {names}{more}.",
        f"`sculpteo-bridge orders approve --all-waiting {reasons}` prints them after a question; "
        "`sculpteo-bridge orders ignore ORDER ...` never prints those that you name.",
    )


def _list_waiting_todos(reasons: Mapping[str, int]) -> Iterator[Todo]:
    for reason in (one for one in FOR_A_PERSON if one not in FROM_BEFORE):
        count = reasons.get(reason, 0)
        if count:
            sentence = fill_sentence(WAITS[reason], {"risk": "high or pending", "reference": "another order"})
            many = "One order waits" if count == 1 else f"{count} orders wait"
            command = "`sculpteo-bridge orders list --state waiting` names them; " + ENDS.get(
                reason, "`orders approve` orders them."
            )
            yield Todo(f"{many}: {sentence}", command)


def _list_pause_todos(pauses: Sequence[Pause]) -> Iterator[Todo]:
    for pause in pauses:
        scope = "for all shops" if pause.scope == "*" else f"for {pause.scope}"
        why_ = f" ({pause.why})" if pause.why else ""
        shop = "" if pause.scope == "*" else f" --shop {pause.scope}"
        yield Todo(
            f"Placing is paused {scope} since {_format_moment(pause.at)}, by {pause.who}{why_}.",
            f"`sculpteo-bridge resume{shop}` lets it go on.",
        )


def _format_moment(at: datetime) -> str:
    """In the time zone of this terminal."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


WORDS = Words(to_english, _format_moment, format_amount)
