"""Brings what waits in the outbox to its outlets, for as long as the bridge runs.

Each outlet is served in a task of its own, so that one that hangs or fails keeps neither the others nor any
order waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

import structlog

from bridge.alerts import (
    apprise_client,
    webhook_client,
)
from bridge.alerts.channels import (
    AlertOutlet,
    HookOutlet,
)
from bridge.alerts.message import render_alert
from bridge.errors import LeaseLost, StoreUnavailable
from bridge.net.backoff import compute_delay
from bridge.order.explanations import Translate
from bridge.ports import Clock
from bridge.store.outbox import Message, Outbox, OutletTarget, WaitingMessages

IDLE = 1.0  # seconds between looks
LEASE = timedelta(minutes=3)  # longer than any one sending takes
ALERTS_AT_ONCE = 500  # pieces of news in one alert, of which the first are told in full
HOOKS_AT_ONCE = 20
ALERT_WORTH = timedelta(days=3)  # how long it is tried to tell somebody
HOOK_WORTH = timedelta(days=1)

Outlets = Callable[[], Sequence[AlertOutlet | HookOutlet]]

log = structlog.get_logger("bridge.alerts")


class Dispatcher:
    """`outlets`, `console` and `translate` give what is configured now: outlets, the console's address, and
    the language."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        owner: str,
        *,
        outlets: Outlets,
        console: Callable[[], str],
        translate: Callable[[], Translate],
        random: Random,
        on_error: Callable[[str], None] = lambda part: None,
    ) -> None:
        """`on_error` is told of an error of the bridge's own that was survived."""
        self._on_error = on_error
        self._outbox = outbox
        self._clock = clock
        self._owner = owner
        self._outlets = outlets
        self._console = console
        self._translate = translate
        self._random = random
        self._configured: list[OutletTarget] = []
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve until cancelled; what is being sent then is given a moment to end."""
        try:
            while True:
                try:
                    await self.dispatch_due()
                except StoreUnavailable as error:
                    log.warning("the database is not available", error=str(error))
                except Exception:
                    log.exception("news could not be handed on")
                    self._on_error("outbox")
                await asyncio.sleep(IDLE)
        finally:
            await self.close()

    async def dispatch_due(self) -> None:
        """Hand on what is new, and begin to serve each outlet for which it is time."""
        outlets = {outlet.name: outlet for outlet in self._outlets()}
        await self._take_over(list(outlets.values()))
        await self._outbox.fan_out_news({name: outlet.build_draft for name, outlet in outlets.items()})
        free = {name: outlet for name, outlet in outlets.items() if name not in self._busy}
        if not free:
            return
        for name, waiting in (await self._outbox.load_waiting(free)).items():
            if is_time(free[name], waiting, self._clock.now()):
                task = asyncio.create_task(self._serve_outlet(free[name]), name=f"outlet-{name}")
                self._busy[name] = task
                task.add_done_callback(partial(self._busy.pop, name))

    async def _take_over(self, outlets: Sequence[AlertOutlet | HookOutlet]) -> None:
        """What waits for an address that was corrected goes to the corrected one."""
        targets = [outlet.to_target() for outlet in outlets]
        if targets != self._configured:
            await self._outbox.configure_outlets(targets)
            self._configured = targets
        moved = await self._outbox.move_to_heirs([target.name for target in targets])
        if moved:
            log.info("what waited goes to the corrected address", count=moved)

    async def close(self) -> None:
        """End what runs. A message in the middle of its sending is sent again by whoever comes next."""
        for task in list(self._busy.values()):
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _serve_outlet(self, outlet: AlertOutlet | HookOutlet) -> None:
        try:
            if not await self._outbox.claim_outlet(outlet.name, self._owner, LEASE):
                return
        except StoreUnavailable as error:
            log.warning("the database is not available", error=str(error))
            return
        try:
            if isinstance(outlet, AlertOutlet):
                await self._send_alert(outlet)
            else:
                await self._deliver_messages(outlet)
        except LeaseLost as error:
            log.warning("an outlet was taken over", outlet=outlet.label, error=str(error))
        except StoreUnavailable as error:
            log.warning("the database is not available", error=str(error))
        except Exception:
            log.exception("an outlet could not be served", outlet=outlet.label)
            self._on_error("outbox")
        finally:
            with contextlib.suppress(Exception):  # its lease ends by itself
                await self._outbox.release_outlet(outlet.name, self._owner)

    async def _send_alert(self, outlet: AlertOutlet) -> None:
        """All that waits, as one alert."""
        now = self._clock.now()
        waiting = await self._outbox.list_pending(outlet.name, limit=ALERTS_AT_ONCE)
        stale = [message.key for message in waiting if now - message.news.at > ALERT_WORTH]
        if stale:
            await self._outbox.settle_messages(outlet.name, self._owner, stale, "given up: too old to tell")
            log.error("alerts were given up", outlet=outlet.label, count=len(stale))
        fresh = [message for message in waiting if message.key not in stale]
        if not fresh:
            return
        title, body = render_alert(fresh, self._console(), self._translate())
        why = await apprise_client.send_alert(outlet.url, title, body)
        if why is None:
            await self._outbox.settle_messages(outlet.name, self._owner, [message.key for message in fresh])
            log.info("alerted", outlet=outlet.label, news=len(fresh))
        else:
            await self._rest_outlet(outlet, why, None)

    async def _deliver_messages(self, outlet: HookOutlet) -> None:
        """Messages one after the other: those about one order in their order."""
        while True:
            waiting = await self._outbox.list_pending(outlet.name, limit=HOOKS_AT_ONCE, in_order=True)
            for message in waiting:
                if not await self._deliver_one(outlet, message):
                    return
            if len(waiting) < HOOKS_AT_ONCE:
                return

    async def _deliver_one(self, outlet: HookOutlet, message: Message) -> bool:
        """Send one message; False = the outlet rests now."""
        now = self._clock.now()
        if now - message.news.at > HOOK_WORTH:
            await self._outbox.settle_messages(
                outlet.name, self._owner, [message.key], "given up: not taken in a day"
            )
            log.error("a webhook was given up", outlet=outlet.label, news=message.news.key)
            return True
        answer = await webhook_client.send_webhook(outlet.hook, f"msg_{message.uid}", message.body or "", now)
        if answer.why is None:
            await self._outbox.settle_messages(outlet.name, self._owner, [message.key])
            return True
        if answer.ours:
            wait = compute_delay(message.tries + 1, self._random, asked=answer.after)
            await self._outbox.schedule_retry(outlet.name, self._owner, message.key, self._clock.now() + wait)
            log.warning("a webhook was refused", outlet=outlet.label, news=message.news.key, why=answer.why)
            return True
        await self._rest_outlet(outlet, answer.why, answer.after)
        return False

    async def _rest_outlet(self, outlet: AlertOutlet | HookOutlet, why: str, after: timedelta | None) -> None:
        found = await self._outbox.load_waiting([outlet.name])
        failures = found[outlet.name].failures if outlet.name in found else 0
        until = self._clock.now() + compute_delay(failures + 1, self._random, asked=after)
        await self._outbox.pause_outlet(outlet.name, self._owner, until, why)
        log.warning("an outlet failed; it is tried again", outlet=outlet.label, why=why)


def is_time(outlet: AlertOutlet | HookOutlet, waiting: WaitingMessages, now: datetime) -> bool:
    """Whether an outlet is to be served now. Pure. Alerts of one digest come together: the first opens it."""
    if waiting.due_at is not None and waiting.due_at > now:
        return False
    if isinstance(outlet, HookOutlet) or waiting.loud or waiting.sent_at is None:
        return True
    return now - waiting.sent_at >= outlet.digest
