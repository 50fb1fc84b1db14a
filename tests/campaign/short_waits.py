"""The bridge in a hurry: the same code, its waits of seconds and minutes made a hundred times shorter.

What is shortened is only how long it waits, never what it does; clocks stay true, so that they agree with
those of the simulated services.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, tzinfo
from random import Random
from typing import Any

import aiohttp

from bridge.alerts import dispatcher
from bridge.health import reminders
from bridge.net import (
    backoff,
    circuit_breaker,
)
from bridge.order import clock
from bridge.runtime import (
    scheduler,
    service,
    worker,
)
from bridge.sculpteo import client
from bridge.sculpteo.client import SculpteoPrinter
from bridge.shopify import (
    auth,
    throttle,
)
from bridge.shopify import (
    client as admin,
)
from bridge.shopify import orders as shop_orders
from bridge.shopify import response as shop_answers
from bridge.steps import (
    fulfill,
    outcome_recovery,
    track,
)
from bridge.store import (
    engine,
    orders,
    transitions,
)
from bridge.web import app_keys

LEASE = timedelta(seconds=3)  # a busy machine can keep a process waiting for a second
ANSWER_WITHIN = 3.0  # seconds: how long an upstream may take


def hurry() -> None:
    """Shorten the waits of this process, before the bridge starts in it."""
    worker.LEASE = orders.RENEWED = LEASE
    orders.MEND_EVERY = timedelta(seconds=1)
    worker.HEARTBEAT = 0.5
    worker.DEADLINE = 12.0
    engine.IDLE_IN_TRANSACTION_MS = 2_500
    worker.IDLE /= 4
    worker.LONGEST_REST /= 20
    outcome_recovery.CONFIRM_RETRY /= 500
    service.RECONCILE_EVERY = timedelta(seconds=1.2)
    service.SUBSCRIBE_EVERY = timedelta(seconds=3)
    service.WATCH_EVERY = timedelta(seconds=1)
    service.Service.__init__.__kwdefaults__["look_every"] = 0.2  # type: ignore[index] # at the configuration
    reminders.OVERDUE = timedelta(seconds=1)  # type: ignore[attr-defined] # its own name
    dispatcher.IDLE /= 5
    scheduler.RETRY /= 100
    throttle.SHORTEST /= 20
    shop_answers.UNTOLD = throttle.UNTOLD = throttle.UNTOLD / 20  # type: ignore[attr-defined] # its own name
    transitions.COALESCED /= 100
    circuit_breaker.FIRST_REST /= 50
    circuit_breaker.LONGEST /= 500
    _shorten_retries()
    _shorten_answers()


def _shorten_retries() -> None:
    def delay(failures: int, random: Random, *, asked: timedelta | None = None) -> timedelta:
        return min(retry_delay(failures, random, asked=asked) / 50, timedelta(seconds=0.5))

    def jittered(interval: timedelta, random: Random) -> timedelta:
        return retry_jittered(interval, random) / 15

    retry_delay, retry_jittered = backoff.compute_delay, backoff.add_jitter
    for module, name, quick in (
        (worker, "compute_delay", delay),
        (track, "add_jitter", jittered),
        (fulfill, "add_jitter", jittered),
    ):
        setattr(module, name, quick)


def _shorten_answers() -> None:
    """Upstreams answer at once or not at all; and nobody needs to be spared."""
    soon = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
    for call in (admin.Admin.__init__, auth.ClientCredentials.__init__):
        defaults: dict[str, Any] = call.__kwdefaults__ or {}
        if "timeout" in defaults:
            defaults["timeout"] = soon
    begin = SculpteoPrinter.__init__

    def begin_hurried(self: Any, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        self._timeout = ANSWER_WITHIN
        self._lookups._timeout = soon

    SculpteoPrinter.__init__ = begin_hurried  # type: ignore[method-assign]
    take = orders.StoredOrders.take_token

    async def take_hurried(self: Any, bucket: str, *, rate: float, burst: int) -> float:
        return await take(self, bucket, rate=rate * 50, burst=burst)

    orders.StoredOrders.take_token = take_hurried  # type: ignore[method-assign]


def jump_ahead(after: float, by: float) -> None:
    """In this process it is `by` seconds later (or earlier) than it is, from `after` seconds on: what a clock
    shows that is set wrongly. Time that is measured, and not read from a clock, goes on as before."""
    begun = time.monotonic()

    class WrongTime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # a plain one
            wrong = time.monotonic() - begun > after
            return datetime.now(tz) + timedelta(seconds=by if wrong else 0)

    for module in (clock, app_keys, shop_orders, client):
        module.datetime = WrongTime  # type: ignore[attr-defined] # as it imported it
