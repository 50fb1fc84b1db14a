"""The worker: claim what is due, run its step, record what it decided.

The table of orders is the queue. A claim is a lease with a fencing token; a heartbeat renews it while the
step runs, up to a deadline, so that a hung step cannot live for ever. A worker that lost its lease can move
nothing. One bad order never blocks another: each runs in its own task, and a failure only moves its own
`due_at`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bridge.errors import CircuitOpen, LeaseLost, NeedsPerson, NotConfigured, StoreUnavailable, TryAgain
from bridge.net.backoff import (
    BUGS_BEFORE_A_PERSON,
    compute_delay,
)
from bridge.order.problems import HEALS_ON_CHANGE, Problem
from bridge.order.records import Delivery, OrderRecord, OrderSignal, Transition
from bridge.order.redaction import PRIVACY_TOPICS
from bridge.order.states import State, Wait, is_move_allowed
from bridge.ports import Inbox
from bridge.steps.accept import WebhookEvent, accept, needs_order_lookup
from bridge.steps.context import (
    Step,
    StepContext,
    StepRun,
)
from bridge.steps.decision_note import write_decision_note
from bridge.steps.fulfill import (
    fulfill,
    is_refused,
)
from bridge.steps.match import match
from bridge.steps.outcome_recovery import (
    resolve,
    watch,
)
from bridge.steps.place import place
from bridge.steps.track import track

FULFILLED = "fulfil"  # the last step of an order as it is stored, in the spelling of the first release
LEASE = timedelta(seconds=20)  # so long an order rests when its worker was killed
HEARTBEAT = 5.0  # seconds between renewals of a lease
DEADLINE = 300.0  # seconds after which a step is given up
IDLE = 1.0  # seconds between looks for due orders when no news comes
BUYING = 6
FOLLOWING = 4
"""How many orders one process works on at once. What is bought is asked for again and again, at the rate that
Sculpteo is asked at; a backlog of it must keep no order from being bought, nor the other way round."""

AT_ONCE = 200  # deliveries that are taken from the inbox in one look
ASKING = 4  # questions to one shop at once, for deliveries that do not name their order
MOST_QUESTIONS = 1_000  # deliveries that wait for such an answer; more are left to reconciliation
TROUBLED = 3.0  # seconds of failing after which the worker says so
SILENT = 120.0  # seconds without a look after which it is taken to hang
WISH_REST = 600.0  # seconds before a wish about personal data that could not be read is read again
LONGEST_REST = 30.0  # seconds before the worker looks again for what failed by an error of its own

FOLLOWED = frozenset({State.PLACED, State.SHIPPED, State.DONE, State.UNKNOWN, State.CANCELLED})

OnError = Callable[[str], None]
"""Told in which part of the work an error of the bridge's own was survived."""

log = structlog.get_logger("bridge.runtime.worker")


def count_nothing(part: str) -> None:
    """Where nobody counts."""


def select_step(record: OrderRecord) -> Step:
    """Which step an order needs next, by its state and what is on record."""
    match record.state:
        case State.RECEIVED | State.IGNORED:
            return match
        case State.WAITING | State.PLACING:
            return place
        case State.PLACED | State.DONE:
            return track
        case State.SHIPPED:
            if record.reason == Wait.SHOP_HOLD and record.last_step == FULFILLED and not record.failures:
                return track  # more may have happened meanwhile; then it is tried again
            unpushed = any(one.pushed_at is None for one in record.parcels)
            return fulfill if unpushed or _is_ready_to_finish(record) else track
        case State.UNKNOWN:
            return resolve
        case State.ATTENTION:
            if is_refused(record) and record.read_news == record.news:
                return fulfill
            return track if record.reference else match
        case _:
            return watch


def _is_ready_to_finish(record: OrderRecord) -> bool:
    """Whether Sculpteo's last word was "shipped" and it was not looked at in the shop since."""
    return record.print_status == "shipped" and record.last_step != FULFILLED


@dataclass(slots=True)
class _WorkerPool:
    """Orders of some states, and how many of them are worked on at once."""

    states: frozenset[State]
    slots: int
    running: set[asyncio.Task[None]] = field(default_factory=set)


@dataclass(slots=True)
class _Look:
    """One of the things that the worker looks for in turn; it rests after it failed."""

    name: str
    work: Callable[[], Awaitable[bool]]
    failures: int = 0
    rests_until: float = 0.0
    failing_since: float | None = None
    looked_at: float = field(default_factory=time.monotonic)  # when it was last done well


class Worker:
    """Works on due orders and pending deliveries until it is told to stop."""

    def __init__(
        self,
        world: Callable[[], StepContext],
        inbox: Inbox,
        interpret: Callable[[Delivery], WebhookEvent],
        *,
        on_missed: Callable[[str], None],
        on_error: OnError = count_nothing,
    ) -> None:
        """`world` gives the present world, so that a reload of the configuration takes effect with the next
        step. `on_missed` is told the shop whose orders should be reconciled, `on_error` in which part of the
        work an error of the bridge's own was survived."""
        self._world = world
        self._inbox = inbox
        self._interpret = interpret
        self._on_missed = on_missed
        self._on_error = on_error
        self._lanes = (_WorkerPool(frozenset(State) - FOLLOWED, BUYING), _WorkerPool(FOLLOWED, FOLLOWING))
        self._looks = (_Look("deliveries", self._process_deliveries), _Look("orders", self._start_due_orders))
        self._questions: dict[int, asyncio.Task[None]] = {}  # by the delivery that asks
        self._asking: dict[str, asyncio.Semaphore] = {}  # by shop
        self._put_off: dict[int, float] = {}  # deliveries that could not be settled, until when
        self._news = asyncio.Event()
        self._looking = asyncio.Lock()
        self._stopping = False
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"

    def wake(self) -> None:
        """News came in: look at once."""
        self._news.set()

    @property
    def trouble(self) -> str | None:
        """What the worker has not been able to do for longer than a moment; None = it works."""
        now = time.monotonic()
        for look in self._looks:
            fails = look.failing_since is not None and now - look.failing_since > TROUBLED
            if fails or now - look.looked_at > SILENT:
                return f"the worker cannot look for {look.name}"
        return None

    async def run(self) -> None:
        """Work until stop() is called, then finish what is running. No error ends it: each is logged and
        counted, and after some rest the look that failed is made again."""
        try:
            while not self._stopping:
                async with self._looking:
                    busy = False
                    for look in self._looks:
                        busy |= await self._run_guarded(look)
                if not busy:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._news.wait(), IDLE)
                self._news.clear()
        finally:
            for question in self._questions.values():
                question.cancel()  # its delivery stays in the inbox
            running = [task for lane in self._lanes for task in lane.running]
            await asyncio.gather(*running, *self._questions.values(), return_exceptions=True)

    @contextlib.asynccontextmanager
    async def pause_work(self) -> AsyncIterator[None]:
        """Within it nothing is claimed, read or worked on by this process. Steps that run are finished first."""
        async with self._looking:
            running = [task for lane in self._lanes for task in lane.running]
            await asyncio.gather(*running, return_exceptions=True)
            yield

    def stop(self) -> None:
        """Claim nothing more. Steps that run are finished; a purchase is never cut off in the middle."""
        self._stopping = True
        self._news.set()

    async def _run_guarded(self, look: _Look) -> bool:
        """One look. What fails rests for a while, longer each time, and stops neither the other look nor the
        worker: a database that is away, a table that is away, an error of the bridge's own."""
        now = time.monotonic()
        if now < look.rests_until:
            return False
        try:
            busy = await look.work()
        except StoreUnavailable as error:
            log.warning("the database is not available", error=str(error))
            look.failing_since = look.failing_since or now
            look.rests_until = now + IDLE
            return False
        except Exception:
            look.failing_since = look.failing_since or now
            look.failures += 1
            rest = min(IDLE * 2 ** (look.failures - 1), LONGEST_REST)
            look.rests_until = time.monotonic() + rest
            log.exception("the worker failed; it looks again", look=look.name, after=f"{rest:.0f} s")
            self._on_error(f"worker: {look.name}")
            return False
        look.failures, look.failing_since, look.looked_at = 0, None, time.monotonic()
        return busy

    # --- deliveries --------------------------------------------------------------------------------------

    async def _process_deliveries(self) -> bool:
        now = time.monotonic()
        self._put_off = {key: until for key, until in self._put_off.items() if until > now}
        pending = await self._inbox.list_pending(AT_ONCE, but=[*self._questions, *self._put_off])
        for delivery in pending:
            if self._stopping:
                break
            await self._process_delivery(delivery)
        return bool(pending)

    async def _process_delivery(self, delivery: Delivery) -> None:
        """Settle one delivery; or ask what it needs to know beside the others, which do not wait for that."""
        try:
            word = self._interpret(delivery)
        except Exception as error:
            await self._set_aside_unreadable(delivery, error)
            return
        if not needs_order_lookup(word):
            await self._settle_delivery(delivery, word)
        elif len(self._questions) < MOST_QUESTIONS:
            task = asyncio.create_task(self._ask_shop(delivery, word), name=f"delivery-{delivery.key}")
            self._questions[delivery.key] = task
            task.add_done_callback(partial(self._finish_question, delivery.key))
        else:
            await self._inbox.settle_delivery(
                delivery.key, "too many wait to be asked for; reconciliation looks", None
            )
            self._on_missed(delivery.shop)

    async def _ask_shop(self, delivery: Delivery, word: WebhookEvent) -> None:
        """Settle a delivery for which the shop has to be asked; so many at once of each shop."""
        try:
            async with self._asking.setdefault(delivery.shop, asyncio.Semaphore(ASKING)):
                await self._settle_delivery(delivery, word)
        except StoreUnavailable as error:
            log.warning("the database is not available", error=str(error))
            self._put_off[delivery.key] = time.monotonic() + IDLE

    def _finish_question(self, key: int, task: asyncio.Task[None]) -> None:
        self._questions.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a delivery failed outside its guard", exc_info=error)
            self._on_error("delivery")
            self._put_off[key] = time.monotonic() + LONGEST_REST

    async def _settle_delivery(self, delivery: Delivery, word: WebhookEvent) -> None:
        try:
            missed = await accept(delivery, lambda _: word, self._world().shops, self._inbox)
        except StoreUnavailable:
            raise
        except Exception as error:
            await self._set_aside_unreadable(delivery, error)
        else:
            if missed:
                self._on_missed(delivery.shop)

    async def _set_aside_unreadable(self, delivery: Delivery, error: Exception) -> None:
        """Set a delivery aside that nothing can be made of; reconciliation finds what it told of. A wish about
        personal data is told to a person, and stays until it can be read."""
        if delivery.topic.lower() in PRIVACY_TOPICS:
            log.error(
                "a wish about personal data could not be read", delivery=delivery.webhook_id, exc_info=error
            )
            self._on_error("delivery")
            self._put_off[delivery.key] = time.monotonic() + WISH_REST
            await self._inbox.report_unreadable_request(delivery)
            return
        log.error("a delivery could not be read", delivery=delivery.webhook_id, exc_info=error)
        self._on_error("delivery")
        self._on_missed(delivery.shop)
        try:
            await self._inbox.settle_delivery(
                delivery.key, f"could not be read: {type(error).__name__}", None
            )
        except StoreUnavailable:
            raise
        except Exception as again:
            log.error("a delivery could not be settled", delivery=delivery.webhook_id, exc_info=again)
            self._put_off[delivery.key] = time.monotonic() + LONGEST_REST

    # --- orders ------------------------------------------------------------------------------------------

    async def _start_due_orders(self) -> bool:
        found = False
        for lane in self._lanes:
            free = lane.slots - len(lane.running)
            if free <= 0:
                continue  # the end of each of its steps is news
            orders = self._world().orders
            for record in await orders.claim_orders(
                self.owner, limit=free, lease_for=LEASE, states=lane.states
            ):
                task = asyncio.create_task(self._work_on_order(record), name=f"order-{record.key}")
                lane.running.add(task)
                task.add_done_callback(partial(self._finish_order, lane))
                found = True
        return found

    def _finish_order(self, lane: _WorkerPool, task: asyncio.Task[None]) -> None:
        lane.running.discard(task)
        self._news.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a step failed outside its guard; its order is tried again", exc_info=error)
            self._on_error("step")

    async def _work_on_order(self, record: OrderRecord) -> None:
        """Run one step and record its decision, or what its failure asks for."""
        world = self._world()
        job = StepRun(record, world)
        bound = log.bind(shop=record.shop, order=record.name or record.order_id, state=record.state)
        try:
            change = await process_order(job, self._on_error)
        except LeaseLost as error:
            bound.warning("the lease was lost; whoever has it goes on", error=str(error))
            await self._notice_order(world, record)
        except StoreUnavailable as error:
            bound.warning("the database is not available", error=str(error))
        else:
            if change.target is not record.state or change.failure:
                told = {"reason": change.reason or change.problem, "failure": change.failure}
                grave = change.target in (State.UNKNOWN, State.ATTENTION) or change.failure
                bound.log(
                    logging.WARNING if grave else logging.INFO,
                    "moved" if change.target is not record.state else "will be tried again",
                    to=change.target,
                    **{name: what for name, what in told.items() if what},
                )

    async def _notice_order(self, world: StepContext, record: OrderRecord) -> None:
        """An answer may have been stored after the lease was lost: its order must be looked at."""
        with contextlib.suppress(Exception):
            await world.orders.receive_signal(
                OrderSignal(record.shop, record.order_id, "worker", cause="lease lost")
            )


async def process_order(job: StepRun, on_error: OnError = count_nothing) -> Transition:
    """Run the order's step and record what it decided. A decision that cannot be recorded is a failed try of
    that order. Raises LeaseLost and StoreUnavailable."""
    change = _with_judged_by(job, await run_step(job, on_error))
    try:
        return await _record_change(job, change)
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception as error:
        log.exception("a decision could not be recorded", order=job.record.name, state=job.record.state)
        on_error("record")
        return await _record_failure(job, error)


async def _record_change(job: StepRun, change: Transition) -> Transition:
    try:
        await job.world.orders.record_transition(job.record, change)
    except NeedsPerson as error:  # the reference that it was to have belongs to another order
        change = _with_judged_by(
            job, _with_last_step(select_step(job.record), _require_attention(job, error.problem, error.facts))
        )
        await job.world.orders.record_transition(job.record, change)
    return change


async def _record_failure(job: StepRun, error: Exception) -> Transition:
    """Count the try: with its line in the timeline where that can be written, else by the order's row alone."""
    change = _handle_internal_error(job, error)
    try:
        await job.world.orders.record_transition(job.record, change)
    except (LeaseLost, StoreUnavailable):
        raise
    except Exception as again:
        log.error("nor could its failure", order=job.record.name, exc_info=again)
        due = job.now + compute_delay(job.record.failures + 1, job.world.random)
        why = f"internal error ({type(again).__name__})"
        await job.world.orders.schedule_retry(job.record, due, why)
        return Transition(job.record.state, due, failure=why)
    return change


async def run_step(job: StepRun, on_error: OnError = count_nothing) -> Transition:
    """Run the order's step under a heartbeat and a deadline; errors become the change that they ask for."""
    step = select_step(job.record)
    work = asyncio.ensure_future(_with_decision_noted(job, step))
    heart = asyncio.ensure_future(_send_heartbeat(job))
    try:
        # a lost lease does not cut the step off: it can move nothing, but an answer from Sculpteo is kept
        done, _ = await asyncio.wait({work}, timeout=DEADLINE)
        if not done and job.record.state is State.PLACING:
            # the request may be with Sculpteo, whose answer must not be lost; its own time-outs end it
            done, _ = await asyncio.wait({work}, timeout=DEADLINE)
        if not done:
            raise TryAgain(f"the step {step.__name__} took longer than {DEADLINE:.0f} s")
        return _with_last_step(step, work.result())
    except (LeaseLost, StoreUnavailable):
        raise
    except TryAgain as error:
        return _retry_later(job, error)
    except NeedsPerson as error:
        return _require_attention(job, error.problem, error.facts)
    except Exception as error:
        log.exception("a step failed by an error of its own", order=job.record.name, step=step.__name__)
        on_error("step")
        return _handle_internal_error(job, error)
    finally:
        for task in (work, heart):
            task.cancel()
        await asyncio.gather(work, heart, return_exceptions=True)


async def _with_decision_noted(job: StepRun, step: Step) -> Transition:
    """What a person decided is on the Shopify order before anything else is done with it."""
    noted = await write_decision_note(job)
    return noted.with_change(noted.instead or await step(job))


async def _send_heartbeat(job: StepRun) -> None:
    """Renew the lease while the step runs, until it is lost."""
    while True:
        await asyncio.sleep(HEARTBEAT)
        lease = job.record.lease
        try:
            if lease is not None:
                await job.world.orders.extend_lease(lease, LEASE)
        except LeaseLost:
            return
        except StoreUnavailable as error:
            log.warning("a lease could not be renewed", error=str(error))
        except Exception:
            log.exception("a lease could not be renewed")


def _with_judged_by(job: StepRun, change: Transition) -> Transition:
    """With a note of the rules in force here: a replica that is late with new ones may have been quicker."""
    return replace(change, values={**change.values, "judged_by": str(job.world.judged_by)})


def _with_last_step(step: Step, change: Transition) -> Transition:
    return replace(
        change, values={**change.values, "last_step": FULFILLED if step is fulfill else step.__name__}
    )


def _retry_later(job: StepRun, error: TryAgain) -> Transition:
    """The same state, later. A waiting order says whom it waits for."""
    record = job.record
    resting = isinstance(error, CircuitOpen)  # not the order's own failure: it goes on soon after the rest
    later = job.now + compute_delay(
        1 if resting else record.failures + 1, job.world.random, asked=error.after
    )
    due = None if isinstance(error, NotConfigured) else later
    reason, facts = record.reason, record.facts
    if record.state is State.WAITING and error.upstream:
        reason, facts = Wait.UPSTREAM, {"upstream": error.upstream, "why": error.why}
    failure = None if resting else error.why
    return Transition(record.state, due, reason=reason, problem=record.problem, facts=facts, failure=failure)


def _require_attention(job: StepRun, problem: str, facts: Mapping[str, object]) -> Transition:
    """A person is needed. Where the state has no way to `attention`, it stays and is tried again."""
    record = job.record
    if not is_move_allowed(record.state, State.ATTENTION):
        return _retry_later(job, TryAgain(f"{problem}: {dict(facts)}"))
    attempt = record.attempt
    unsent = record.state is State.PLACING and attempt is not None and attempt.sent_at is None
    still = record.state is State.ATTENTION
    told = {"name": record.name, **facts}
    if still and record.problem == problem and _is_same_problem(record.facts, told):
        told = dict(record.facts)
    return Transition(
        State.ATTENTION,
        _compute_next_look(job, problem),
        problem=problem,
        facts=told,
        void_attempt="nothing was sent: a person is needed first" if unsent else None,
        failure=problem if still and record.problem == problem else None,
    )


def _is_same_problem(before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Whether a problem is what it was: an upstream's own words differ by a request id, which is no news."""
    return {**before, "why": None} == {**now, "why": None}


def _compute_next_look(job: StepRun, problem: str) -> datetime | None:
    """When an order that needs a person is looked at by itself. One that is bought waits for the person, or for
    news; one that has just got there is looked at once more; later looks are for what may heal, and get rarer."""
    record = job.record
    if record.reference and problem != Problem.SHOP_ACCESS:
        return None
    if record.state is not State.ATTENTION:
        return job.now
    if problem not in HEALS_ON_CHANGE:
        return None
    return job.now + compute_delay(record.failures + 1, job.world.random)


def _handle_internal_error(job: StepRun, error: Exception) -> Transition:
    """An error of our own: tried again a few times, then shown to a person. Its text may hold personal data,
    so only its type is kept on record."""
    why = type(error).__name__
    if job.record.failures + 1 < BUGS_BEFORE_A_PERSON:
        return _retry_later(job, TryAgain(f"internal error ({why})"))
    return _require_attention(job, Problem.INTERNAL, {"why": why})
