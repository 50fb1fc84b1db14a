"""A varied day, played against a real bridge on this machine and judged order by order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bridge.cli._order_view import describe_alarm_record
from bridge.config.loader import load_config
from bridge.order.explanations import describe_state
from bridge.order.records import OrderRecord
from bridge.runtime.container import (
    Bridge,
    open_bridge,
)
from bridge.runtime.service import Service
from bridge.sandbox.control_server import build_info
from bridge.sandbox.demo_config import SHOP, DemoPlan, add_demo_products, build_demo_config, write_config
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.scenario import (
    ExpectedOutcome,
    Scenario,
    Stage,
)
from bridge.sandbox.scenarios import select_scenarios
from bridge.sandbox.sculpteo.model import Book
from bridge.sandbox.shopify.model import Order
from bridge.store.queries import AlarmRecord

WINDOW = 2  # seconds: the approval window of the day
BEAT = WINDOW / 3  # seconds: its pace
LONGEST = 180.0  # seconds until the day is over, whatever happened
QUIET = 2.0  # seconds that all must stay as it ended


@dataclass(slots=True)
class PlayedOrder:
    """One order of the day: what was played, and what became of it."""

    scenario: Scenario
    order: Order
    record: OrderRecord | None = None
    prints: tuple[str, ...] = ()
    parcels: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    alarms: tuple[AlarmRecord, ...] = ()

    @property
    def outcome_sentence(self) -> str:
        if self.record is None:
            return "The bridge has not heard of it."
        said = describe_state(self.record.state, self.record.reason, self.record.problem, self.record.facts)
        return " ".join((said, *(f"Alarm: {describe_alarm_record(alarm)}" for alarm in self.alarms)))

    def find_differences(self) -> list[str]:
        """How it differs from how it had to end; empty = as it should."""
        expected, record = self.scenario.expected, self.record
        if record is None:
            return ["it is not on record"]
        found = ExpectedOutcome(
            state=record.state,
            prints=len(self.prints),
            parcels=len(self.parcels),
            problem=expected.problem and record.problem,  # type: ignore[arg-type]  # codes compare as text
            reason=expected.reason and record.reason,  # type: ignore[arg-type]
            alarm=expected.alarm if expected.alarm in {alarm.alarm for alarm in self.alarms} else None,
            items=expected.items and tuple(sorted(self.items)),
        )
        wanted = ExpectedOutcome(
            **{
                name: getattr(expected, name)
                for name in ("state", "prints", "parcels", "problem", "reason", "alarm")
            },
            items=expected.items and tuple(sorted(expected.items)),
        )
        names = ("state", "prints", "parcels", "problem", "reason", "alarm", "items")
        return [
            f"{name} is {getattr(found, name)}, not {getattr(wanted, name)}"
            for name in names
            if getattr(found, name) != getattr(wanted, name)
        ]


@dataclass(slots=True)
class DemoDay:
    """The sandbox, the bridge and the orders. `rows` is refreshed by `look`."""

    box: Sandbox
    bridge: Bridge
    stage: Stage
    url: str
    rows: list[PlayedOrder] = field(default_factory=list)

    async def refresh_orders(self) -> None:
        """Read what became of each order: in the bridge, in Sculpteo's books, and in the shop."""
        for row in self.rows:
            found = await self.bridge.store.queries.search_orders(row.order.gid)
            row.record = found[0] if found else None
            name = row.order.name
            books = [book for book in self.box.printer.books() if _has_order_name(book, name)]
            row.prints = tuple(book.reference for book in books if not book.fake)
            row.items = tuple(f"{item.uuid}:{item.quantity}" for book in books for item in book.items)
            row.parcels = tuple(
                number
                for made in row.order.fulfillments
                if made.status != "CANCELLED"
                for number in made.numbers
            )
            if row.record is not None:
                row.alarms = tuple(await self.bridge.store.queries.list_alarms(order=row.record.key))

    def is_settled(self) -> bool:
        return all(task.done() for task in self.stage.tasks) and all(
            not row.find_differences() for row in self.rows
        )


@asynccontextmanager
async def open_demo_day(folder: Path, seed: int) -> AsyncIterator[DemoDay]:
    """Start the simulated services and a bridge between them, in one process, over real HTTP."""
    async with Sandbox(shops=(replace(SHOP),), seed=seed, webhook_speed=600) as box:
        add_demo_products(box.shop, box.printer)
        listen = f"127.0.0.1:{find_free_port()}"
        plan = DemoPlan(listen, f"sqlite:///{folder / 'bridge.db'}", window_seconds=WINDOW)
        config = build_demo_config(build_info(box), plan)
        config["sculpteo"]["poll"] = "2s"
        secrets = {
            "SHOPIFY_CLIENT_SECRET": config["shops"][plan.shop]["client_secret"],
            "SCULPTEO_PASSWORD": config["sculpteo"]["password"],
        }
        config["shops"][plan.shop]["client_secret"] = "${SHOPIFY_CLIENT_SECRET}"  # noqa: S105 - a variable
        config["sculpteo"]["password"] = "${SCULPTEO_PASSWORD}"  # noqa: S105 - a variable
        write_config(folder / "config.yaml", config)
        loaded = load_config(folder / "config.yaml", secrets)
        async with open_bridge(loaded) as bridge:
            service = Service(bridge, "all", open_console=True)
            running = asyncio.create_task(service.run())
            try:
                await _wait_until_ready(bridge, running)
                yield DemoDay(box, bridge, Stage(box, seed, BEAT), f"http://{listen}")
            finally:
                service.stop()
                await running


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _wait_until_ready(bridge: Bridge, running: asyncio.Task[None]) -> None:
    """Wait until the first look at the shop is over and the webhooks are subscribed to."""
    for _ in range(200):
        if running.done():
            running.result()
        memory = bridge.store.memory
        if await memory.get("reconciled_at:acme") and await memory.get("subscribed_at:acme"):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the bridge did not get ready within ten seconds")


async def run_demo_orders(day: DemoDay, count: int, seed: int, show: Callable[[], None]) -> bool:
    """Let `count` orders come in and wait for how they end; gives whether each ended as it should."""
    for scenario in select_scenarios(count, seed):
        day.rows.append(PlayedOrder(scenario, scenario.play(day.stage)))
        await day.refresh_orders()
        show()
        await asyncio.sleep(BEAT / 4)
    deadline = asyncio.get_running_loop().time() + LONGEST
    quiet_since: float | None = None
    while (now := asyncio.get_running_loop().time()) < deadline:
        await day.refresh_orders()
        show()
        if not day.is_settled():
            quiet_since = None
        elif quiet_since is None:
            quiet_since = now
        elif now - quiet_since >= QUIET:
            break
        await asyncio.sleep(BEAT / 2)
    await day.stage.wait_for_actions() if day.is_settled() else day.stage.cancel_actions()
    return all(not row.find_differences() for row in day.rows)


def _has_order_name(book: Book, name: str) -> bool:
    """Whether one of the comments names this Shopify order."""
    return any(name in comment.split() for comment in book.comments)
