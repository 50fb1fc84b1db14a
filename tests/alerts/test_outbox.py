"""The outbox on both databases: told with what makes it true, handed on once, served by one at a time."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bridge.errors import LeaseLost
from bridge.order.model import Parcel
from bridge.order.notifications import News
from bridge.order.problems import Alarm, Problem
from bridge.order.records import OrderRecord, Transition
from bridge.order.states import State, Wait
from bridge.store import Store
from bridge.store.outbox import MessageDraft, Wants
from bridge.store.transitions import add_news
from tests.support.clocks import TurnedClock
from tests.support.store_factories import claimed, word

LEASE = timedelta(minutes=1)
SOON = timedelta(seconds=3)


def everything(news: News, order: OrderRecord | None) -> MessageDraft:
    return MessageDraft(loud=news.code == "alarm", body=order.name if order else None)


def only(code: str) -> Wants:
    return lambda news, order: MessageDraft() if news.code == code else None


async def held(
    store: Store, clock: TurnedClock, number: int = 1001, problem: Problem = Problem.UNMAPPED
) -> int:
    """An order that needs a person."""
    await store.orders.receive_signal(word(number))
    clock.forward(SOON)
    order = await claimed(store)
    await store.orders.record_transition(
        order, Transition(State.ATTENTION, None, problem=problem, facts={"skus": "“A”"})
    )
    return order.key


async def codes(store: Store, name: str = "a") -> list[str]:
    return [message.news.code for message in await store.outbox.list_pending(name, limit=100)]


async def test_news_comes_with_the_move_that_makes_it_true(store: Store, clock: TurnedClock) -> None:
    key = await held(store, clock)
    assert await store.outbox.fan_out_news({"a": everything}) == 1
    [message] = await store.outbox.list_pending("a", limit=9)
    assert (message.news.code, message.news.order, message.order_name) == ("attention", key, "#1001")
    assert message.news.facts == {"problem": "unmapped", "skus": "“A”"}
    assert message.body == "#1001"


async def test_a_move_that_is_not_made_is_not_told(store: Store, clock: TurnedClock) -> None:
    await store.orders.receive_signal(word(1))
    clock.forward(SOON)
    order = await claimed(store)
    clock.forward(timedelta(hours=1))
    await claimed(store, "another")
    with pytest.raises(LeaseLost):
        await store.orders.record_transition(
            order, Transition(State.ATTENTION, None, problem=Problem.UNMAPPED)
        )
    assert await store.outbox.fan_out_news({"a": everything}) == 0


async def test_alarms_and_parcels_are_told_once(store: Store, clock: TurnedClock) -> None:
    await store.orders.receive_signal(word(1))
    alarm = ((Alarm.SECOND_REFERENCE, {"reference": "ABCD1234"}),)
    for _ in range(2):
        clock.forward(SOON)
        order = await claimed(store)
        change = Transition(State.RECEIVED, clock.now(), parcels=(Parcel("1Z"),), alarms=alarm)
        await store.orders.record_transition(order, change)
    await store.outbox.fan_out_news({"a": everything})
    assert sorted(await codes(store)) == ["alarm", "parcel"]


async def test_the_days_limit_is_told_once_a_day(store: Store, clock: TurnedClock) -> None:
    for number in (1, 2):
        await store.orders.receive_signal(word(number))
        clock.forward(SOON)
        change = Transition(State.WAITING, None, reason=Wait.LIMIT_DAY, facts={"limit": "9 EUR"})
        await store.orders.record_transition(await claimed(store), change)
    await store.outbox.fan_out_news({"a": everything})
    assert await codes(store) == ["limit_day"]


async def test_each_outlet_gets_what_it_wants_and_only_from_then_on(store: Store, clock: TurnedClock) -> None:
    await held(store, clock, 1)
    await store.outbox.fan_out_news({"a": everything, "b": only("unknown")})
    await held(store, clock, 2)
    await store.outbox.fan_out_news({"c": everything})
    assert await codes(store, "a") == ["attention"]
    assert await codes(store, "b") == []
    assert await codes(store, "c") == ["attention"]
    assert set(await store.outbox.load_waiting(["a", "b", "c"])) == {"a", "c"}


async def test_without_outlets_nothing_piles_up(store: Store, clock: TurnedClock) -> None:
    await held(store, clock)
    assert await store.outbox.fan_out_news({}) == 1
    assert await store.outbox.fan_out_news({"a": everything}) == 0


async def test_a_transaction_that_commits_late_is_not_passed_over(store: Store, clock: TurnedClock) -> None:
    """On PostgreSQL the number of a row says nothing about when it becomes visible."""
    if store._db.is_sqlite:
        # its transactions are one after the other; that a reader meanwhile misses nothing is shown all the same
        await store.outbox.add_news(
            News("slow", "restart", clock.now()), News("quick", "restart", clock.now())
        )
        assert await store.outbox.fan_out_news({"a": everything}) == 2
        return
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with store._db.writing.begin() as connection:
            add_news(connection, News("slow", "restart", clock.now()))
            begun.set()
            go_on.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    begun.wait(20)
    await store.outbox.add_news(News("quick", "restart", clock.now()))  # a higher number, committed first
    assert await store.outbox.fan_out_news({"a": everything}) == 1
    go_on.set()
    thread.join()
    assert await store.outbox.fan_out_news({"a": everything}) == 1
    assert [one.news.key for one in await store.outbox.list_pending("a", limit=9)] == ["quick", "slow"]


async def test_news_is_handed_on_by_one_process_at_a_time(store: Store, clock: TurnedClock) -> None:
    """Else two of them could number the messages about one order the other way round."""
    await store.outbox.add_news(News("first", "restart", clock.now()))
    inside, go_on = threading.Event(), threading.Event()

    def slow(news: News, order: OrderRecord | None) -> MessageDraft:
        inside.set()
        go_on.wait(20)
        return MessageDraft()

    sharing = asyncio.create_task(store.outbox.fan_out_news({"a": slow}))
    await asyncio.to_thread(inside.wait, 20)
    second = asyncio.create_task(store.outbox.fan_out_news({"a": everything}))
    if not store._db.is_sqlite:  # where the second one has to wait for its turn to write
        assert await second == 0
    go_on.set()
    assert await sharing == 1
    assert await second == 0
    assert await codes(store) == ["restart"]


async def test_news_that_cannot_be_told_keeps_no_other_from_being_told(
    store: Store, clock: TurnedClock
) -> None:
    def fails(news: News, order: OrderRecord | None) -> MessageDraft:
        if news.key == "bad":
            raise KeyError("facts")
        return MessageDraft()

    await store.outbox.add_news(News("bad", "restart", clock.now()), News("good", "restart", clock.now()))
    assert await store.outbox.fan_out_news({"a": fails, "b": everything}) == 2
    assert [one.news.key for one in await store.outbox.list_pending("a", limit=9)] == ["good"]
    assert len(await store.outbox.list_pending("b", limit=9)) == 2


async def test_an_outlet_is_served_by_one_at_a_time(store: Store, clock: TurnedClock) -> None:
    await held(store, clock)
    await store.outbox.fan_out_news({"a": everything})
    [message] = await store.outbox.list_pending("a", limit=9)
    assert await store.outbox.claim_outlet("a", "one", LEASE)
    assert not await store.outbox.claim_outlet("a", "two", LEASE)
    clock.forward(LEASE * 2)  # the first one died
    assert await store.outbox.claim_outlet("a", "two", LEASE)
    with pytest.raises(LeaseLost):
        await store.outbox.settle_messages("a", "one", [message.key])
    await store.outbox.settle_messages("a", "two", [message.key])
    await store.outbox.release_outlet("a", "two")
    assert await store.outbox.list_pending("a", limit=9) == []
    assert await store.outbox.load_waiting(["a"]) == {}


async def test_an_outlet_that_failed_rests_and_loses_nothing(store: Store, clock: TurnedClock) -> None:
    await held(store, clock)
    await store.outbox.fan_out_news({"a": everything})
    assert await store.outbox.claim_outlet("a", "one", LEASE)
    until = clock.now() + timedelta(minutes=5)
    await store.outbox.pause_outlet("a", "one", until, "HTTP 500")
    await store.outbox.release_outlet("a", "one")
    assert not await store.outbox.claim_outlet("a", "one", LEASE)
    found = (await store.outbox.load_waiting(["a"]))["a"]
    assert (found.count, found.failures, found.due_at) == (1, 1, until)
    clock.forward(timedelta(minutes=6))
    assert await store.outbox.claim_outlet("a", "one", LEASE)


async def test_messages_about_one_order_wait_for_the_first_of_them(store: Store, clock: TurnedClock) -> None:
    now = clock.now()
    items = [News(f"k{n}", "placed", now, {}, order) for n, order in enumerate((1, 1, 2, None, None))]
    for number in (1, 2):
        await store.orders.receive_signal(word(number))
    await store.outbox.add_news(*items)
    await store.outbox.fan_out_news({"a": lambda news, order: MessageDraft(body=news.key)})
    first = await store.outbox.list_pending("a", limit=9, in_order=True)
    assert [message.body for message in first if message.news.key.startswith("k")] == ["k0", "k2", "k3", "k4"]
    await store.outbox.claim_outlet("a", "me", LEASE)
    await store.outbox.schedule_retry("a", "me", first[0].key, clock.now() + timedelta(hours=1))
    waits = await store.outbox.list_pending("a", limit=9, in_order=True)
    assert [message.body for message in waits] == ["k2", "k3", "k4"]  # the second of order 1 waits, too
    await store.outbox.settle_messages("a", "me", [first[0].key], "given up")
    assert [message.body for message in await store.outbox.list_pending("a", limit=9, in_order=True)] == [
        "k1",
        "k2",
        "k3",
        "k4",
    ]


async def test_what_was_told_long_ago_is_forgotten(store: Store, clock: TurnedClock) -> None:
    await held(store, clock)
    await store.outbox.fan_out_news({"a": everything})
    clock.forward(timedelta(days=31))
    await store.outbox.add_news(News("new", "restart", clock.now()))
    assert await store.outbox.purge_old_news() == 1
    assert await store.outbox.fan_out_news({"a": everything}) == 1
    assert await codes(store) == ["restart"]


async def test_a_condition_is_told_when_it_begins_and_when_it_ends(store: Store, clock: TurnedClock) -> None:
    silent = timedelta(minutes=15)
    assert await store.conditions.open_incident("upstream:x", "upstream", "one", {"upstream": "X"})
    assert not await store.conditions.open_incident("upstream:x", "upstream", "two", {"upstream": "X"})
    [condition] = await store.conditions.list_incidents()
    assert (condition.code, condition.owner) == ("upstream", "one")
    assert not await store.conditions.close_incident(
        "upstream:x", "two", silent_for=silent
    )  # the other sees it still
    assert await store.conditions.close_incident("upstream:x", "one", silent_for=silent)
    assert not await store.conditions.close_incident("upstream:x", "one", silent_for=silent)
    clock.forward(SOON)
    assert await store.conditions.open_incident("upstream:x", "upstream", "one", {"upstream": "X"})
    clock.forward(silent * 2)  # its owner died
    assert await store.conditions.close_incident("upstream:x", "two", silent_for=silent)
    await store.outbox.fan_out_news({"a": everything})
    assert await codes(store) == ["upstream", "upstream_over", "upstream", "upstream_over"]


async def test_orders_that_stand_are_found(store: Store, clock: TurnedClock) -> None:
    key = await held(store, clock)
    hour = timedelta(hours=1)
    assert await store.watching.list_stalled(clock.now(), for_at_least=hour) == []
    clock.forward(timedelta(days=2))
    [found] = await store.watching.list_stalled(clock.now(), for_at_least=hour)
    assert (found.key, found.state, found.problem) == (key, State.ATTENTION, "unmapped")
    assert clock.now() - found.since > timedelta(days=1)
    assert await store.watching.list_stalled(clock.now(), for_at_least=hour, after=key) == []


async def test_news_rows_are_written_only_where_somebody_could_want_them(
    store: Store, clock: TurnedClock
) -> None:
    await store.orders.receive_signal(word(1))
    clock.forward(SOON)
    await store.orders.record_transition(
        await claimed(store), Transition(State.WAITING, None, reason=Wait.PAYMENT)
    )
    count = await store._db.read(lambda c: c.execute(sa.text("SELECT count(*) FROM news")).scalar_one())
    assert count == 0
