"""A bridge for one test: the real steps and the real store on a shop and a printer in memory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from bridge.decisions import transitions
from bridge.errors import LeaseLost, StoreUnavailable
from bridge.order.model import ShopOrder
from bridge.order.policy import Policy
from bridge.order.problems import Alarm
from bridge.order.records import OrderRecord, OrderSignal, Transition
from bridge.order.states import State
from bridge.ports import GoLiveDates
from bridge.runtime.worker import (
    LEASE,
    process_order,
)
from bridge.steps.context import (
    StepContext,
    StepRun,
    Unlimited,
)
from bridge.store import Store
from tests.support.fake_upstreams import Crash, Fate, MemoryPrinter, MemoryShop, NoInvoice, SteppedClock
from tests.support.order_factories import RING, Mapped, line, order, policy

ORDER = "gid://shopify/Order/1001"


@dataclass
class Day:
    """What a test turns: `shop`, `printer`, `clock`, `fate`, `policy`, `catalog`; and the `store` it reads."""

    store: Store
    clock: SteppedClock
    fate: Fate
    shop: MemoryShop
    printer: MemoryPrinter
    policy: Policy = field(default_factory=policy)
    catalog: Mapped = field(default_factory=lambda: Mapped(RING=(RING,)))
    random: Random = field(default_factory=lambda: Random(1))
    go_live: GoLiveDates = field(default_factory=Unlimited)
    is_configured: bool = True

    def world(self) -> StepContext:
        self.shop.mode = self.policy.mode
        return StepContext(
            clock=self.clock,
            orders=self.store.orders,
            shops={"acme": self.shop} if self.is_configured else {},
            printer=self.printer,
            catalog=self.catalog,
            invoicer=NoInvoice(self.fate),
            policy=self.policy,
            random=self.random,
            go_live=self.go_live,
        )

    async def comes(self, quantity: int = 2, **more: Any) -> ShopOrder:
        """The shop gets an order for rings, and tells of it."""
        values = {"created_at": self.clock.now(), **more}
        made = order(line(1, "RING", quantity), line(2, "TEE"), **values)
        self.shop.touch(made)
        await self.news()
        return made

    async def news(self) -> None:
        """A webhook tells of the order."""
        await self.store.orders.receive_signal(
            OrderSignal("acme", ORDER, "webhook", "#1001", cause="orders/updated")
        )

    def change(self, **changes: Any) -> None:
        """The merchant changes the order in the shop; no webhook has told of it yet."""
        self.shop.touch(replace(self.shop.orders[ORDER], **changes))

    async def works(self, *, at_most: int = 20) -> list[State]:
        """Work on what is due; gives the states that the order came to."""
        states: list[State] = []
        for _ in range(at_most):
            self.clock.time += timedelta(seconds=2)
            claimed = await self.store.orders.claim_orders("worker", limit=1, lease_for=LEASE)
            if not claimed:
                break
            job = StepRun(claimed[0], self.world())
            with contextlib.suppress(LeaseLost, StoreUnavailable):
                states.append((await process_order(job)).target)
        return states

    async def dies(self) -> None:
        """Work until the process dies, which `fate` has in store, and let its leases run out."""
        with contextlib.suppress(Crash):
            await self.works()
        self.fate.crash_in = None
        self.clock.time += LEASE

    async def record(self) -> OrderRecord:
        found = await self.store.queries.search_orders(ORDER)
        assert len(found) == 1
        return found[0]

    async def decides(self, wish: Callable[..., Transition], *arguments: Any, **options: Any) -> None:
        """A person decides on the order as it is."""
        change = wish(await self.record(), "anna", self.clock.now(), *arguments, **options)
        await self.store.orders.apply_decision(await self.record(), change, "anna")

    async def alarms(self) -> dict[Alarm, dict[str, Any]]:
        found = await self.store.queries.list_alarms(order=(await self.record()).key)
        return {Alarm(one.alarm): dict(one.facts) for one in found}

    @property
    def prints(self) -> int:
        """How many real prints Sculpteo makes for the order."""
        return len(self.printer.real_prints("#1001"))

    async def unknown(self, *, at_sculpteo: bool) -> None:
        """An order whose answer was lost; whether Sculpteo has it is not known."""
        self.fate.printer[:] = ["after" if at_sculpteo else "nothing"]
        await self.comes()
        await self.works()
        assert (await self.record()).state is State.UNKNOWN

    async def calls(self, reference: str, attempt: int = 0) -> None:
        """Sculpteo calls the secret URL of one of the order's attempts."""
        attempts = await self.store.queries.list_attempts((await self.record()).key)
        await self.store.calls.receive_notification(attempts[attempt].token, reference, b"")


@contextlib.asynccontextmanager
async def new_day(folder: Path, **settings: Any) -> AsyncIterator[Day]:
    clock, fate = SteppedClock(), Fate()
    async with Store.open(f"sqlite:///{folder / 'bridge.db'}", clock=clock) as store:
        yield Day(
            store,
            clock,
            fate,
            MemoryShop(clock, fate),
            MemoryPrinter(clock, fate),
            policy=policy(**settings),
        )


__all__ = ["ORDER", "Day", "new_day", "transitions"]
