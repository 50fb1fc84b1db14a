"""The real steps on a real store, with a shop and a printer in memory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from bridge.order.model import LedgerEntry, Mode, ShopOrder
from bridge.order.records import OrderRecord, OrderSignal, Transition
from bridge.runtime.worker import (
    LEASE,
    process_order,
)
from bridge.steps.context import (
    StepContext,
    StepRun,
)
from bridge.store.store import Store
from tests.support.fake_upstreams import Fate, MemoryPrinter, MemoryShop, NoInvoice, SteppedClock
from tests.support.order_factories import RING, Mapped, policy


@dataclass(slots=True)
class Playing:
    """One bridge with one shop named acme."""

    store: Store
    shop: MemoryShop
    printer: MemoryPrinter
    clock: SteppedClock
    fate: Fate
    world: StepContext

    async def hear_of(self, order: ShopOrder) -> int:
        """The order is in the shop, and the bridge is told; gives its key."""
        self.shop.touch(order)
        return await self.store.orders.receive_signal(
            OrderSignal("acme", order.id, "import", order.name, paid_now=True)
        )

    async def step(self) -> Transition | None:
        """Work on one order that is due, as the worker does."""
        for record in await self.store.orders.claim_orders("worker", limit=1, lease_for=LEASE):
            job = StepRun(record, self.world)
            return await process_order(job)
        return None

    async def steps(self, most: int = 20) -> None:
        """Work until nothing is due."""
        for _ in range(most):
            if await self.step() is None:
                return

    async def record(self, key: int) -> OrderRecord:
        found = await self.store.queries.find_order(key)
        assert found is not None
        return found

    def intend(
        self, order: ShopOrder, reference: str | None = None, attempt: str = "feedfacefeedface"
    ) -> LedgerEntry:
        """Another database has written its intent, or its purchase, on the Shopify order."""
        state = "placed" if reference else "intent"
        at = self.clock.now()
        entry = LedgerEntry(attempt, f"token-of-{attempt}", state, Mode.LIVE, "v1", at, reference)
        self.shop.ledgers[order.id] = (entry, "digest-of-another")
        return entry

    def forward(self, by: timedelta) -> None:
        self.clock.time += by


def instead(of: object, name: str, does: Callable[..., Awaitable[Any]]) -> None:
    """Let this happen instead of a verb of the shop or the printer, from now on."""
    setattr(of, name, does)


@contextlib.asynccontextmanager
async def playing(folder: Path, *, url: str | None = None) -> AsyncIterator[Playing]:
    """On a new SQLite file in the folder, or on the database at `url`."""
    clock, fate = SteppedClock(), Fate()
    shop, printer = MemoryShop(clock, fate), MemoryPrinter(clock, fate)
    async with Store.open(url or f"sqlite:///{folder / 'bridge.db'}", clock=clock) as store:
        world = StepContext(
            clock=clock,
            orders=store.orders,
            shops={"acme": shop},
            printer=printer,
            catalog=Mapped(RING=(RING,), OTHER=(replace(RING, uuid="Other001"),)),
            invoicer=NoInvoice(),
            policy=policy(),
            random=Random(1),
        )
        yield Playing(store, shop, printer, clock, fate, world)
