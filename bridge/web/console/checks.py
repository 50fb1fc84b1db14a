"""How the bridge stands with its shops: asked beside the pages, never by them, and kept for a while."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiohttp import web

from bridge.shopify.status import Status
from bridge.web.console.parts import Console

GOOD_FOR = 300.0  # seconds

log = structlog.get_logger("bridge.console")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a shop said, and when."""

    status: Status
    at: datetime
    asked: float  # on the monotonic clock


@dataclass(slots=True)
class Checks:
    """The last answers. `version` grows with each, so that open pages look again."""

    known: dict[str, Checked] = field(default_factory=dict)
    asking: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    version: int = 0

    def of(self, console: Console, shop: str) -> Checked | None:
        """The last answer, None while there is none. One that is old is asked for anew."""
        checked = self.known.get(shop)
        old = checked is None or time.monotonic() - checked.asked > GOOD_FOR
        if old and (shop not in self.asking or self.asking[shop].done()):
            self.asking[shop] = asyncio.create_task(self._ask(console, shop), name=f"check-{shop}")
        return checked

    def forget(self, shop: str) -> None:
        """Have the next page ask anew."""
        self.known.pop(shop, None)

    async def _ask(self, console: Console, shop: str) -> None:
        try:
            status = await console.inspect(shop)
        except Exception as error:  # whatever it is: the page says so, and the next look asks again
            log.exception("a shop could not be looked at", shop=shop)
            status = Status(problems=(f"the look at the shop failed ({type(error).__name__})",))
        self.known[shop] = Checked(status, console.world().clock.now(), time.monotonic())
        self.version += 1

    async def close(self) -> None:
        for task in self.asking.values():
            task.cancel()
        await asyncio.gather(*self.asking.values(), return_exceptions=True)


CHECKS = web.AppKey("checks", Checks)
