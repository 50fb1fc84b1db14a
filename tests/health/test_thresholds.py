"""No state, reason or problem escapes: whatever an order is stuck in for a month, somebody is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from bridge.cli._order_context import OrderContext
from bridge.cli._status_report import (
    collect_status_report,
    list_todos,
)
from bridge.config.alert_settings import Reminders
from bridge.config.database_location import build_located
from bridge.config.loader import Loaded, load_config
from bridge.errors import SCULPTEO, LedgerConflict, TryAgain, shopify_upstream
from bridge.health.monitor import HealthMonitor
from bridge.health.stalled_orders import (
    LISTED_ELSEWHERE,
    build_news,
)
from bridge.health.thresholds import (
    A_PERSON,
    ATTENTION,
    CODES,
    STATES,
    WAITING,
    collect_findings,
    find_threshold,
    list_open_states,
)
from bridge.order.explanations import to_english
from bridge.order.model import PrintStatus
from bridge.order.notifications import (
    TEXTS,
    News,
    describe_news,
)
from bridge.order.problems import Problem
from bridge.order.progress import KINDS
from bridge.order.records import OrderRecord
from bridge.order.states import FOR_A_PERSON, OPEN, State, Wait
from bridge.order.timeline import KINDS as TIMELINE
from bridge.store import Store
from bridge.store.stalled_orders import StalledOrder
from bridge.store.tables import events, orders
from tests.cli.test_orders import CONFIG
from tests.support.clocks import START, TurnedClock
from tests.support.order_factories import line, order
from tests.support.step_player import Playing, playing
from tests.support.store_factories import word

DAY = timedelta(days=1)
MONTH = 30 * DAY


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG % (tmp_path / "bridge.db"))
    return load_config(path, {})


def test_every_open_state_every_reason_and_every_problem_is_in_the_table() -> None:
    assert set(STATES) | {State.WAITING, State.ATTENTION} == OPEN == set(CODES)
    assert set(WAITING) == set(Wait)
    assert set(ATTENTION) == set(Problem)
    assert set(CODES.values()) <= set(TEXTS)
    for state, reason, problem in list_open_states():
        limit = find_threshold(state, reason, problem).compute_limit(Reminders())
        assert timedelta(minutes=10) <= limit <= 7 * DAY
    assert KINDS - {"move", "reason"} <= set(TIMELINE), "lines that are written"


def test_what_a_later_version_has_written_waits_for_a_person() -> None:
    assert find_threshold(State.WAITING, "of tomorrow", None) is A_PERSON
    assert find_threshold(State.ATTENTION, None, "of tomorrow") is A_PERSON


async def stuck(
    store: Store, clock: TurnedClock, path: Path
) -> dict[int, tuple[State, str | None, str | None]]:
    """One order for each thing that an order can be stuck in, however it got there; nothing moves it on."""
    found: dict[int, tuple[State, str | None, str | None]] = {}
    for number, (state, reason, problem) in enumerate(list_open_states(), start=1001):
        found[await store.orders.receive_signal(word(number))] = (state, reason, problem)
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as c:
        for key, (state, reason, problem) in found.items():
            values = {"state": state, "reason": reason, "problem": problem, "due_at": None, "mode": "live"}
            moved = {"order_id": key, "at": clock.now(), "kind": "move", "target": state, "who": "bridge"}
            c.execute(sa.update(orders).where(orders.c.id == key).values(values))
            c.execute(sa.insert(events).values(**moved, reason=reason, problem=problem, facts={}))
    engine.dispose()
    return found


def kept(found: list[News], news: News, order: OrderRecord | None) -> None:
    """An outlet that wants all, and makes nothing of it."""
    found.append(news)


def looks() -> Iterator[timedelta]:
    """When the watch looks, in a month: the bridge looks every five minutes."""
    yield from (timedelta(hours=hour) for hour in range(1, 13))
    yield from (timedelta(hours=hour) for hour in range(18, 30 * 24 + 1, 6))


async def todo_of(store: Store, clock: TurnedClock, loaded: Loaded) -> str:
    """What `status` has to say of orders, by their names or by what they wait for."""
    for what in ("reconciled_at", "subscribed_at"):
        await store.memory.set(f"{what}:acme", clock.now().isoformat())
    found = await collect_status_report(OrderContext(build_located(loaded), store, clock))  # type: ignore[arg-type] # a clock that a test turns
    return "\n".join(f"{todo.order}: {todo.sentence}" for todo in list_todos(found))


async def test_whatever_an_order_is_stuck_in_for_a_month_somebody_is_told_at_growing_intervals(
    tmp_path: Path, loaded: Loaded
) -> None:
    clock = TurnedClock()
    async with Store.open(f"sqlite:///{tmp_path / 'bridge.db'}", clock=clock) as store:
        began, told = clock.now(), defaultdict[int, list[tuple[timedelta, str]]](list)
        found = await stuck(store, clock, tmp_path / "bridge.db")
        vigil = HealthMonitor(store, clock, "one", settings=lambda: loaded.settings, breakers={})
        for look in looks():
            clock.at = began + look
            await vigil.check_orders()
            news: list[News] = []
            await store.outbox.fan_out_news({"a": partial(kept, news)})
            for one in news:
                if one.order is not None:
                    told[one.order].append((look, one.code))
        for key, (state, reason, problem) in found.items():
            limit = find_threshold(state, reason, problem).compute_limit(loaded.settings.reminders)
            assert told[key], f"nobody was told of {state} {reason} {problem}"
            first, code = told[key][0]
            assert code == CODES[state]
            assert limit <= first <= limit + timedelta(hours=6), (state, reason, problem)
            assert len(told[key]) < 15, "at growing intervals"


@pytest.mark.parametrize(("state", "reason", "problem"), list(list_open_states()))
async def test_status_is_not_fine_with_an_order_that_was_stuck_for_a_month(
    tmp_path: Path, loaded: Loaded, state: State, reason: str | None, problem: str | None
) -> None:
    record = StalledOrder(
        1, state, START, shop="acme", name="#1001", mode="live", reason=reason, problem=problem
    )
    named = collect_findings(record, START + MONTH, loaded.settings.reminders, loaded.settings.shops)
    assert [one.code for one in named] == [CODES[state]]
    sentence, remedy = describe_news(build_news(named[0], START + MONTH), "acme/#1001", to_english)
    assert "?" not in sentence.replace("(?)", "") or reason or problem or state is State.UNKNOWN
    assert remedy


async def test_status_names_the_orders_that_stand_still_and_counts_those_beyond_twenty(
    tmp_path: Path, loaded: Loaded
) -> None:
    clock = TurnedClock()
    async with Store.open(f"sqlite:///{tmp_path / 'bridge.db'}", clock=clock) as store:
        found = await stuck(store, clock, tmp_path / "bridge.db")
        clock.forward(MONTH)
        said = await todo_of(store, clock, loaded)
        quiet = [
            f"acme/#{number}"
            for number, (state, reason, _) in enumerate(found.values(), start=1001)
            if state not in LISTED_ELSEWHERE and reason not in FOR_A_PERSON
        ]
        assert [name for name in quiet if name not in said] == quiet[20:]
        for beyond in range(1, 41 - len(quiet)):
            await store.orders.receive_signal(word(2000 + beyond))
        clock.forward(timedelta(hours=3))
        assert "20 more orders stand still." in await todo_of(store, clock, loaded)


# --- with the real steps: what failed for a month, and was told to nobody ---------------------------------


async def weeks(
    play: Playing, loaded: Loaded, *, until: timedelta = 4 * DAY, step: timedelta = timedelta(minutes=45)
) -> list[tuple[timedelta, News]]:
    """Let the worker and the watch run for so long; gives what is told of orders, and when."""
    began, told = play.clock.time, []
    times = looks()
    last = next(times)
    vigil = HealthMonitor(play.store, play.clock, "one", settings=lambda: loaded.settings, breakers={})
    while play.clock.time - began <= until:
        await play.steps()
        if play.clock.time - began >= last:
            last = next(times)
            await play.store.memory.set("reconciled_at:acme", play.clock.time.isoformat())
            await vigil.check_orders()
            found: list[News] = []
            await play.store.outbox.fan_out_news({"a": partial(kept, found)})
            told += [(play.clock.time - began, news) for news in found if news.code in TEXTS]
        play.forward(step)
    return told


async def unreadable(play: Playing) -> None:
    async def read(order_id: str, **_: object) -> None:
        raise TryAgain("the answer holds an amount that is no number", upstream=shopify_upstream("acme"))

    play.shop.fetch_order = read  # type: ignore[method-assign]


async def refused(play: Playing) -> None:
    async def write_ledger_and_read(*_: object) -> None:
        raise TryAgain(
            "Shopify does not take the ledger", after=timedelta(minutes=10), upstream=shopify_upstream("acme")
        )

    play.shop.write_ledger_and_read = write_ledger_and_read  # type: ignore[assignment,method-assign]


async def rewritten(play: Playing) -> None:
    """Each time that the note is written, somebody else writes it in the same moment: `recheck` for ever."""

    async def write_ledger_and_read(*_: object) -> None:
        raise LedgerConflict("somebody else wrote it")

    play.shop.write_ledger_and_read = write_ledger_and_read  # type: ignore[assignment,method-assign]


async def taken_out(play: Playing) -> None:
    play.world = replace(play.world, shops={})


@pytest.mark.parametrize(
    ("breaks", "code", "within"),
    [
        (unreadable, "still_received", timedelta(hours=3)),
        (refused, "still_waiting", timedelta(hours=8)),
        (rewritten, "still_waiting", timedelta(hours=8)),
        (taken_out, "still_received", timedelta(hours=3)),
    ],
)
async def test_what_fails_for_ever_is_told_within_hours_and_again_at_growing_intervals(
    tmp_path: Path,
    loaded: Loaded,
    breaks: Callable[[Playing], Awaitable[None]],
    code: str,
    within: timedelta,
) -> None:
    async with playing(tmp_path) as play:
        play.world = replace(play.world, random=Random(7))
        await play.hear_of(order(line(1, "RING")))
        await breaks(play)
        told = await weeks(play, loaded)
        assert {news.code for _, news in told} == {code}
        assert told[0][0] <= within
        assert len({news.facts["since"] for _, news in told}) == 1, "no retry makes the time begin anew"
        assert 3 <= len(told) < 12
        assert "acme/#1001: " in await todo_of(play.store, play.clock, loaded)  # type: ignore[arg-type]


async def test_a_shop_that_is_taken_out_is_told_with_its_orders_and_ends_its_conditions(
    tmp_path: Path, loaded: Loaded
) -> None:
    async with playing(tmp_path) as play:
        await play.hear_of(order(line(1, "RING"), id="gid://shopify/Order/1001"))
        await play.store.orders.receive_signal(replace(word(2002), shop="gone"))
        await play.store.conditions.open_incident(
            "reconciliation:gone", "reconciliation", "bridge", {"shop": "gone"}
        )
        await play.store.conditions.open_incident("upstream:shopify:gone", "upstream", "other", {})
        await play.store.conditions.open_incident("upstream:sculpteo", "upstream", "other", {})
        vigil = HealthMonitor(play.store, play.clock, "one", settings=lambda: loaded.settings, breakers={})
        await play.steps()
        play.forward(timedelta(minutes=20))
        await play.store.memory.set("reconciled_at:acme", play.clock.time.isoformat())
        await vigil.check_orders()
        found = {one.name: dict(one.facts) for one in await play.store.conditions.list_incidents()}
        assert found == {"upstream:sculpteo": {}, "shop_gone:gone": {"shop": "gone", "count": 1}}
        assert "gone/#2002: " in await todo_of(play.store, play.clock, loaded)  # type: ignore[arg-type]
        told = await weeks(play, loaded, until=3 * DAY, step=timedelta(hours=4))
        assert "shop_gone" in {news.code for _, news in told if news.order is not None}


async def test_a_half_shipped_order_that_stalls_is_told_after_the_time_for_placed_orders(
    tmp_path: Path, loaded: Loaded
) -> None:
    async with playing(tmp_path) as play:
        key = await play.hear_of(order(line(1, "RING", 2)))
        await play.steps()
        reference = (await play.record(key)).reference
        assert reference is not None
        play.printer.ships(reference, "1Z1", status=PrintStatus.IN_PROCESS)
        play.forward(timedelta(hours=1))
        await play.steps()
        assert (await play.record(key)).state is State.SHIPPED
        told = await weeks(play, loaded, until=8 * DAY, step=timedelta(hours=4))
        assert [news.code for _, news in told][:1] == ["still_shipped"]
        assert 7 * DAY <= told[0][0] <= 7 * DAY + timedelta(hours=12)
        assert "acme/#1001: " in await todo_of(play.store, play.clock, loaded)  # type: ignore[arg-type]


async def test_a_placed_order_that_cannot_be_followed_is_told_within_a_day_or_two(
    tmp_path: Path, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        await play.hear_of(order(line(1, "RING")))

        async def track(reference: str) -> None:
            raise TryAgain("the tracking page cannot be read", upstream=SCULPTEO)

        monkeypatch.setattr(play.printer, "track_order", track)
        told = await weeks(play, loaded, until=3 * DAY)
        assert [news.code for _, news in told] == ["failing", "failing"]
        assert "acme/#1001: " in await todo_of(play.store, play.clock, loaded)  # type: ignore[arg-type]
