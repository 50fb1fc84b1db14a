"""Workers, people, answers and clocks in any order: what the store holds whatever the steps do.

The machine plays workers that forget to notice that their lease is gone, people who decide on what they saw
a while ago, and answers that come at any time. After every move it looks for: two requests that left without
proof that the first bought nothing, a stale worker that wrote, an answer that is nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bridge.errors import LeaseLost, StaleDecision
from bridge.order.model import Verdict
from bridge.order.records import OrderRecord, Transition
from bridge.order.states import State, Wait, is_move_allowed
from bridge.store import Store
from bridge.store.tables import metadata
from tests.support.clocks import TurnedClock
from tests.support.postgres import Server
from tests.support.store_factories import LEASE, attempt, get, key_of, receipt, word

T = TypeVar("T")

ORDERS = (1, 2)
WORKERS = ("one", "two")
UNBOUGHT = (Verdict.REFUSED, Verdict.NOT_SENT)


class StoreMachine(RuleBasedStateMachine):
    """`make_url` gives an empty database for each run."""

    make_url: Callable[[], Any]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.ExitStack()
        self.clock = TurnedClock()
        url = self.stack.enter_context(type(self).make_url())
        self.opened = Store.open(url, clock=self.clock)
        self.store = self.run(self.opened.__aenter__())
        self.held: dict[str, OrderRecord] = {}  # what each worker believes to hold
        self.holder: dict[int, str] = {}  # who truly holds each order
        self.seen: dict[int, OrderRecord] = {}  # what a person saw of each order
        self.sent: dict[int, int] = {}  # attempts whose request left -> their order
        self.answered: dict[int, str] = {}  # attempts that Sculpteo took -> the reference
        self.references = 0

    def teardown(self) -> None:
        self.run(self.opened.__aexit__(None, None, None))
        self.stack.close()
        self.runner.close()

    def run(self, call: Awaitable[T]) -> T:
        async def wait() -> T:
            return await call

        return self.runner.run(wait())

    def tried(self, worker: str, call: Awaitable[T]) -> T | None:
        """A write by a worker: it may succeed only for who truly holds the order. None = it was refused."""
        order = self.held[worker]
        try:
            result = self.run(call)
        except LeaseLost:
            return None
        assert self.holder.get(order.key) == worker, f"{worker} wrote to an order that it does not hold"
        return result

    @rule(number=st.sampled_from(ORDERS))
    def news(self, number: int) -> None:
        self.run(self.store.orders.receive_signal(word(number)))

    @rule(seconds=st.sampled_from([1, 30, 61, -3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.forward(timedelta(seconds=seconds))

    @rule(worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> None:
        for order in self.run(self.store.orders.claim_orders(worker, limit=1, lease_for=LEASE)):
            self.held[worker] = order
            self.holder[order.key] = worker

    @rule(worker=st.sampled_from(WORKERS), data=st.data(), void=st.booleans())
    def record(self, worker: str, data: st.DataObject, void: bool) -> None:
        order = self.held.get(worker)
        if order is None:
            return
        change = Transition(
            self.next_state(order, data),
            self.clock.now(),
            reason=Wait.WINDOW,
            void_attempt="said so" if void else None,
        )

        async def write() -> bool:
            await self.store.orders.record_transition(order, change)
            return True

        if self.tried(worker, write()):
            if void and order.attempt is not None:
                self.check_proof(order, key_of(order))
            del self.holder[order.key]
            del self.held[worker]

    def next_state(self, order: OrderRecord, data: st.DataObject) -> State:
        """Where a step may move it; most often on towards buying, so that runs get far."""
        others = {state for state in State if is_move_allowed(order.state, state)} - {State.PLACING}
        usual = [State.WAITING] * 2 if State.WAITING in others else []
        return data.draw(st.sampled_from([*usual, *sorted(others)] or [order.state]))

    def check_proof(self, order: OrderRecord, key: int) -> None:
        """The bridge declared an attempt void: it was never sent, or Sculpteo's answer proves it."""
        [kept] = [one for one in self.run(self.store.queries.list_attempts(order.key)) if one.key == key]
        assert kept.voided_at is not None
        assert kept.sent_at is None or kept.verdict in UNBOUGHT

    @rule(worker=st.sampled_from(WORKERS))
    def open_attempt(self, worker: str) -> None:
        order = self.held.get(worker)
        if order is None or order.state is not State.WAITING:
            return
        opened = self.tried(worker, self.store.orders.open_attempt(order, attempt(order), values={}))
        if opened is not None:
            self.held[worker] = opened

    @rule(worker=st.sampled_from(WORKERS))
    def send(self, worker: str) -> None:
        order = self.held.get(worker)
        if order is None or order.attempt is None:
            return

        async def through_the_gate() -> bool:
            await self.store.orders.mark_sent(order, {})
            return True

        if self.tried(worker, through_the_gate()):
            assert key_of(order) not in self.sent, "one attempt went through the gate twice"
            self.sent[key_of(order)] = order.key

    @rule(data=st.data(), verdict=st.sampled_from(list(Verdict)))
    def answer(self, data: st.DataObject, verdict: Verdict) -> None:
        waiting = sorted(set(self.sent) - set(self.answered))
        if not waiting:
            return
        key = data.draw(st.sampled_from(waiting))
        reference = None
        if verdict is Verdict.PLACED:
            self.references += 1
            reference = f"REF{self.references:05}"
            self.answered[key] = reference
        self.run(self.store.orders.keep_answer(key, receipt(verdict, reference)))

    @rule(number=st.sampled_from(ORDERS))
    def look(self, number: int) -> None:
        for order in self.run(self.store.queries.search_orders(f"#{number}")):
            self.seen[order.key] = order

    @rule(data=st.data(), void=st.booleans())
    def decide(self, data: st.DataObject, void: bool) -> None:
        if not self.seen:
            return
        order = self.seen[data.draw(st.sampled_from(sorted(self.seen)))]
        change = Transition(
            self.next_state(order, data), None, reason=Wait.HELD, void_attempt="Zoë says so" if void else None
        )
        with contextlib.suppress(StaleDecision):
            self.run(self.store.orders.apply_decision(order, change, "Zoë"))
            self.holder.pop(order.key, None)

    @invariant()
    def one_purchase_is_open_and_the_others_are_void(self) -> None:
        for order in set(self.sent.values()):
            tries = self.run(self.store.queries.list_attempts(order))
            assert sum(one.voided_at is None for one in tries) <= 1
            assert [one.number for one in tries] == list(range(1, len(tries) + 1))

    @invariant()
    def every_answer_is_on_record(self) -> None:
        for key, reference in self.answered.items():
            order = self.run(get(self.store, self.sent[key]))
            tries = self.run(self.store.queries.list_attempts(order.key))
            calls = self.run(self.store.orders.list_notifications(order))
            kept = {one.reference for one in tries} | {call.reference for call in calls}
            assert reference in kept

    @invariant()
    def the_timeline_is_a_path_through_the_table(self) -> None:
        for key in {*self.holder, *self.seen}:
            at = State.RECEIVED
            for line in self.run(self.store.queries.list_events(key)):
                if line.kind == "move":
                    assert line.source is at
                    assert line.target is not None
                    assert is_move_allowed(at, line.target)
                    at = line.target
            assert self.run(get(self.store, key)).state is at


def play(make_url: Callable[[], Any], examples: int) -> None:
    machine = type("Machine", (StoreMachine,), {"make_url": staticmethod(make_url)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_order_of_events_on_sqlite(sqlite_template: Path) -> None:
    @contextlib.contextmanager
    def fresh() -> Iterator[str]:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(sqlite_template, f"{folder}/bridge.db")
            yield f"sqlite:///{folder}/bridge.db"

    play(fresh, 40)


@pytest.mark.usefixtures("postgres_migrated")
def test_any_order_of_events_on_postgresql(postgres: Server, postgres_migrated: str) -> None:
    @contextlib.contextmanager
    def fresh() -> Iterator[str]:
        yield postgres_migrated
        postgres.empty(postgres_migrated, [table.name for table in metadata.sorted_tables])

    play(fresh, 12)
