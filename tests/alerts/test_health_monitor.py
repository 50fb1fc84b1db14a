"""What is wrong with the bridge as a whole is found, told once, and told to be over."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.config.loader import load_config
from bridge.config.settings import Settings
from bridge.errors import (
    SCULPTEO,
    SCULPTEO_TRACKING,
    BridgeError,
    NeedsPerson,
    TryAgain,
    Upstream,
    shopify_upstream,
)
from bridge.health.monitor import (
    HealthMonitor,
    format_upstream_name,
)
from bridge.health.report import (
    Words,
    collect_issues,
    load_health,
)
from bridge.net.circuit_breaker import CircuitBreaker
from bridge.order.explanations import to_english
from bridge.order.model import Money
from bridge.order.notifications import (
    TEXTS,
    News,
)
from bridge.order.records import Facts
from bridge.runtime.scheduler import PeriodicTasks
from bridge.steps.locations import Resolved
from bridge.store import Store
from tests.cli.test_orders import CONFIG
from tests.service.serve_process import until
from tests.support.clocks import TurnedClock
from tests.support.store_factories import word


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG % (tmp_path / "bridge.db"))
    return load_config(path, {}).settings


class Down:
    """A breaker whose upstream fails, and its clock."""

    def __init__(self, upstream: Upstream = SCULPTEO) -> None:
        self.seconds = 0.0
        self.breaker = CircuitBreaker(upstream, lambda: self.seconds)

    async def call(self, *, fails: bool) -> None:
        async def call() -> None:
            if fails:
                raise TryAgain("HTTP 503", upstream=self.breaker.upstream)

        with contextlib.suppress(TryAgain):
            await self.breaker.call_upstream(call, lambda _: None)

    async def fail(self) -> None:
        for _ in range(5):
            await self.call(fails=True)


def vigil(
    store: Store, clock: TurnedClock, settings: Settings, *downs: Down, owner: str = "one"
) -> HealthMonitor:
    breakers = {down.breaker.upstream: down.breaker for down in downs}
    return HealthMonitor(store, clock, owner, settings=lambda: settings, breakers=breakers)


async def open_codes(store: Store) -> list[str]:
    return [condition.code for condition in await store.conditions.list_incidents()]


async def test_a_breaker_tells_how_long_it_has_been_open() -> None:
    down = Down()
    assert down.breaker.open_for == 0
    await down.fail()
    down.seconds = 90
    assert down.breaker.open_for == 90
    await down.call(fails=True)  # a trial that fails opens it no later
    assert down.breaker.open_for == 90
    down.seconds = 1000
    await down.call(fails=False)
    assert down.breaker.open_for == 0


async def test_an_upstream_is_told_of_once_it_has_been_silent_for_long(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    down = Down()
    watch = vigil(store, clock, settings, down)
    await down.fail()
    down.seconds = 599
    await watch.check_upstreams()
    assert await open_codes(store) == []
    down.seconds = 601
    await watch.check_upstreams()
    [condition] = await store.conditions.list_incidents()
    assert condition.facts == {"upstream": "Sculpteo", "minutes": 10, "why": "HTTP 503"}
    down.seconds = 2000
    await down.call(fails=False)
    await watch.check_upstreams()
    assert await open_codes(store) == []


async def test_a_replica_that_sees_the_upstream_does_not_gainsay_one_that_does_not(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    down, up = Down(), Down()
    await down.fail()
    down.seconds = 700
    blind, seeing = vigil(store, clock, settings, down), vigil(store, clock, settings, up, owner="two")
    for _ in range(3):
        await blind.check_upstreams()
        await seeing.check_upstreams()
        clock.forward(timedelta(seconds=20))
        assert await open_codes(store) == ["upstream"]
    clock.forward(timedelta(minutes=16))  # it died
    await seeing.check_upstreams()
    assert await open_codes(store) == []


async def test_a_shop_that_is_not_compared_for_long_is_told(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    watch = vigil(store, clock, settings)
    await watch.check_orders()
    assert await open_codes(store) == []
    clock.forward(timedelta(hours=2))
    await watch.check_orders()
    assert await open_codes(store) == ["reconciliation"]
    await store.memory.set("reconciled_at:acme", clock.now().isoformat())
    await watch.check_orders()
    assert await open_codes(store) == []


async def test_what_was_left_while_the_bridge_was_off_is_not_told_in_the_moment_it_starts(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    await store.memory.set("reconciled_at:acme", clock.now().isoformat())
    await store.orders.receive_signal(word())
    clock.forward(timedelta(hours=9))
    watch = vigil(store, clock, settings)
    told: list[str] = []
    for _ in range(2):
        await watch.check_orders()
        await store.outbox.fan_out_news({"a": lambda news, order: told.append(news.code)})
        assert await open_codes(store) == []
        clock.forward(timedelta(minutes=30))
    assert told == []
    clock.forward(timedelta(minutes=31))
    await watch.check_orders()
    await store.outbox.fan_out_news({"a": lambda news, order: told.append(news.code)})
    assert sorted(told) == ["overdue", "reconciliation"]


async def test_a_shop_that_refuses_access_is_told_until_it_does_not(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    watch = vigil(store, clock, settings)
    refused = NeedsPerson("shop_access", why="the token is not valid")
    await watch.record_task_outcome("reconcile:acme", refused)
    await watch.record_task_outcome("subscribe:acme", None)  # another chore's success is not this one's
    await watch.record_task_outcome(
        "reconcile:acme", TryAgain("HTTP 503")
    )  # nor is a failure of another kind
    [condition] = await store.conditions.list_incidents()
    assert condition.facts == {"shop": "acme", "why": "the token is not valid"}
    await watch.record_task_outcome("reconcile:acme", None)
    assert await open_codes(store) == []


REMOVED: dict[str, tuple[str, Facts]] = {
    "reconciliation:old": ("reconciliation", {"shop": "old", "minutes": 90}),
    "access:reconcile:old": ("access", {"shop": "old", "why": "the token is not valid"}),
    "access:subscribe:old": ("access", {"shop": "old", "why": "the token is not valid"}),
    "subscription:old": ("subscription", {"shop": "old", "topics": "orders/paid", "why": "?"}),
    "upstream:shopify:old": ("upstream", {"upstream": "Shopify (old)", "minutes": 12, "why": "HTTP 503"}),
}


@pytest.mark.parametrize("name", REMOVED)
async def test_what_was_wrong_with_a_shop_that_is_removed_ends(
    store: Store, clock: TurnedClock, settings: Settings, name: str
) -> None:
    code, facts = REMOVED[name]
    others: dict[str, Facts] = {
        "access:reconcile:acme": {"shop": "acme"},
        "upstream:sculpteo": {"upstream": "Sculpteo"},
    }
    await store.conditions.open_incident(name, code, "a process that ended since", facts)
    for other, about in others.items():
        await store.conditions.open_incident(other, other.partition(":")[0], "another", about)
    await vigil(store, clock, settings).check_orders()
    assert {condition.name for condition in await store.conditions.list_incidents()} == set(others)
    told: list[News] = []
    await store.outbox.fan_out_news({"a": lambda news, order: told.append(news)})
    assert [news.facts for news in told if news.code == "shop_removed"] == [{"shop": "old"}]
    assert not any(news.code.endswith("_over") for news in told), "nothing is right again"


async def test_a_replica_that_is_late_ends_nothing_of_a_new_shop(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    newest = settings.model_copy(update={"shops": {**settings.shops, "new": settings.shops["acme"]}})
    await vigil(store, clock, newest).record_shops()
    await store.conditions.open_incident("subscription:new", "subscription", "bridge", {"shop": "new"})
    late = vigil(store, clock, settings)
    await late.check_orders()
    assert await open_codes(store) == ["subscription"]
    await late.record_shops()
    assert await open_codes(store) == [], "the shop was removed again"


async def test_subscriptions_that_were_lost_or_are_refused_are_told(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    watch = vigil(store, clock, settings)
    told: list[str] = []
    await watch.record_subscriptions("acme", 2, {"orders/paid": "no permission"})
    await watch.record_subscriptions("acme", 0, {})
    await store.outbox.fan_out_news({"a": lambda news, order: told.append(news.code)})
    assert sorted(told) == ["subscription", "subscription_over", "subscriptions_repaired"]
    assert set(told) <= set(TEXTS)


async def test_a_configuration_is_told_to_be_faulty_and_to_need_a_restart(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    watch = vigil(store, clock, settings)
    told: list[str] = []
    with capture_logs() as said:
        await watch.record_configuration(("config.yaml:1:7: mode", "another"))
    assert said == [], "the reading of the file logs its faults, once"
    await watch.record_configuration((), ("server.listen",))
    await store.outbox.fan_out_news({"a": lambda news, order: told.append(news.code)})
    assert told == ["configuration", "configuration_over", "restart"]


def test_upstreams_are_called_as_people_call_them() -> None:
    assert [format_upstream_name(one) for one in (SCULPTEO, SCULPTEO_TRACKING, shopify_upstream("acme"))] == [
        "Sculpteo",
        "Sculpteo (tracking)",
        "Shopify (acme)",
    ]


async def test_a_chore_that_fails_is_told_of_and_one_of_another_replica_is_not(store: Store) -> None:
    told: list[tuple[str, str | None]] = []

    async def outcome(name: str, error: BridgeError | None) -> None:
        told.append((name, str(error) if error else None))

    async def fails() -> None:
        raise TryAgain("HTTP 503")

    async def works() -> None:
        return None

    chores = PeriodicTasks(store.hold_lock, outcome)
    begun: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("good", works),
        ("bad", fails),
        ("held", works),
    ]
    async with store.hold_lock("held") as mine:
        assert mine
        for name, work in begun:
            chores.start_task(name, timedelta(hours=1), work)
        await until(lambda: len(told) == 2)
        chores.request_run("good")
        await until(lambda: len(told) == 3)
    assert chores.list_names() == {"good", "bad", "held"}
    await chores.stop_tasks("good")
    await chores.stop_tasks()
    assert sorted(told, key=str) == [("bad", "HTTP 503"), ("good", None), ("good", None)]


async def test_a_location_that_is_there_again_is_news(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    watch = vigil(store, clock, settings)
    missing, there = Resolved(unknown=frozenset({"Workshop"})), Resolved(ids=frozenset({"1"}))
    told = [
        await watch.check_locations("acme", found, {"Main"})
        for found in (there, missing, missing, there, there)
    ]
    assert told == [None, True, None, False, None]


async def test_a_configuration_that_names_what_sculpteo_does_not_know_is_amiss_until_it_is_corrected(
    store: Store, clock: TurnedClock, settings: Settings
) -> None:
    watch = vigil(store, clock, settings)
    await watch.record_designs([])
    assert not await watch.has_unknown_designs()
    sentences = [f"Sculpteo offers no material “gold{number}”." for number in range(5)]
    await watch.record_designs(sentences)
    assert await watch.has_unknown_designs()
    found = await load_health(store, settings, Money(Decimal(0), "EUR"), clock.now())
    words = Words(to_english, str, str)
    told = [text for text in collect_issues(found, words, just_begun=True) if "in force on" in text.sentence]
    assert len(told) == 1
    assert "gold0" in told[0].sentence and told[0].sentence.endswith("(+2)")
    await watch.record_designs([])
    assert await open_codes(store) == []
