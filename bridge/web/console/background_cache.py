"""What takes a while is asked for beside the pages, never by them, and its answer is kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

import structlog
from aiohttp import web

from bridge.shopify.shop_status import Status
from bridge.web.console.context import Console
from bridge.web.console.daily_stats import Figures

Q = TypeVar("Q")
A = TypeVar("A")

MOST = 50  # answers that are kept; the oldest goes first

log = structlog.get_logger("bridge.console")


@dataclass(slots=True)
class Beside(Generic[Q, A]):
    """Answers by their question. `version` grows with each, so that open pages look again."""

    good_for: float  # seconds
    known: dict[Q, tuple[A, float]] = field(default_factory=dict)
    asking: dict[Q, asyncio.Task[None]] = field(default_factory=dict)
    version: int = 0

    async def get(self, question: Q, ask: Callable[[], Awaitable[A]], *, patience: float = 0) -> A | None:
        """The last answer. One that is old is asked for anew. None = there is none yet, even after so many
        seconds of patience."""
        answer, at = self.known.get(question, (None, float("-inf")))
        task = self.asking.get(question)
        if time.monotonic() - at > self.good_for and (task is None or task.done()):
            task = asyncio.create_task(self._ask(question, ask))
            self.asking[question] = task
        if answer is None and task is not None and patience:
            await asyncio.wait({task}, timeout=patience)
            answer, _ = self.known.get(question, (None, 0.0))
        return answer

    def forget(self) -> None:
        """Have everything asked anew."""
        self.known.clear()

    async def _ask(self, question: Q, ask: Callable[[], Awaitable[A]]) -> None:
        try:
            answer = await ask()
        except Exception:
            log.exception("something that pages show could not be found out")
            return
        finally:
            del self.asking[question]
        self.known.pop(question, None)
        self.known[question] = (answer, time.monotonic())
        while len(self.known) > MOST:
            del self.known[next(iter(self.known))]
        self.version += 1

    async def close(self) -> None:
        tasks = list(self.asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a shop said, and when."""

    status: Status
    at: datetime


CHECKS = web.AppKey("checks", Beside[str, Checked])
SUMS = web.AppKey("sums", Beside[tuple[str, ...], Figures])


async def checked(request: web.Request, console: Console, shop: str) -> Checked | None:
    """How the bridge stands with a shop, as it was up to five minutes ago."""

    async def ask() -> Checked:
        try:
            status = await console.inspect(shop)
        except Exception as error:  # whatever it is: the page says so, and a later look asks again
            log.exception("a shop could not be looked at", shop=shop)
            status = Status(problems=(f"the look at the shop failed ({type(error).__name__})",))
        return Checked(status, console.world().clock.now())

    domain = console.loaded().settings.shops[shop].domain  # a name may mean another shop by now
    return await request.app[CHECKS].get(f"{shop} {domain}", ask)


def add_to(app: web.Application) -> None:
    app[CHECKS] = Beside(300)
    app[SUMS] = Beside(60)
    app.on_cleanup.append(_close)


async def _close(app: web.Application) -> None:
    await app[CHECKS].close()
    await app[SUMS].close()
