"""What one plain order costs from webhook to `done`: `python -m tests.benchmarks.order_cost`.

A sandbox's shop takes plain orders (one line, one design, one parcel) over real HTTP; the service, in a process of its
own, buys them, and Sculpteo's notifications tell it how they go on. What both upstreams were asked for is counted per
order, Shopify's points as its budget counts them (`actualQueryCost`), and the service's processor time less what it
uses while nothing happens. With --detail, a table by operation.

What the service asks as time goes by (polls of Sculpteo, reconciliation) belongs to no order and does not run here.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click

from bridge.config.loader import load_config
from bridge.order.clock import SystemClock
from bridge.order.states import State
from bridge.runtime import logging
from bridge.runtime.service import serve
from bridge.sandbox.control_server import build_info
from bridge.sandbox.demo_config import SHOP, DemoPlan, add_demo_products, build_demo_config, write_config
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.scenario import Stage
from bridge.sandbox.shopify.engine import Engine, root_fields
from bridge.store import Store
from tests.benchmarks.results import Measure, print_result
from tests.sculpteo.test_place import unused_port

SPAWN = multiprocessing.get_context("spawn")
MOST_SHOPIFY = 24.0  # requests; this and what follows is what an order cost when this was written, rounded up
MOST_POINTS = 650.0
MOST_SCULPTEO = 5.0  # requests
SKU = "LAMP"
BEAT = 0.5  # seconds from one step at Sculpteo to the next
APART = 0.25  # seconds between orders
IDLE = 3.0  # seconds
PATIENCE = 120.0  # seconds


class CountingEngine(Engine):
    """Adds up what each operation costs."""

    def __init__(self, engine: Engine, running_shop: Any, points: Counter[str]) -> None:
        super().__init__(running_shop, engine.bucket)
        self._points = points

    def run(self, query: str, variables: Mapping[str, Any], operation_name: str | None) -> dict[str, Any]:
        body = super().run(query, variables, operation_name)
        operation = self.prepare(query).operation(operation_name)
        named = operation.name.value if operation and operation.name else None
        name = named or ", ".join(root_fields(operation) if operation else [])
        self._points[name] += body.get("extensions", {}).get("cost", {}).get("actualQueryCost") or 0
        return body


@dataclass(slots=True)
class Requests:
    """What the upstreams were asked for, by endpoint, and what Shopify's queries cost, by operation."""

    counts: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)

    def count(self, prefix: str) -> int:
        return sum(times for name, times in self.counts.items() if name.startswith(prefix))


def run_service(pipe: Connection, config: str) -> None:
    """The service's process: tells its processor time, in seconds, whenever it is asked."""

    def answer() -> None:
        while pipe.recv():
            pipe.send(time.process_time())

    threading.Thread(target=answer, daemon=True).start()
    loaded = load_config(Path(config))
    logging.configure_logging(level="error")
    asyncio.run(serve(loaded))


@asynccontextmanager
async def running_service(config: Path) -> AsyncIterator[Connection]:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=run_service, args=(theirs, str(config)))
    process.start()
    try:
        yield ours
    finally:
        process.terminate()
        await asyncio.to_thread(process.join, PATIENCE)


async def ask_processor_time(pipe: Connection) -> float:
    pipe.send(True)
    return float(await asyncio.to_thread(pipe.recv))


async def wait_for_done(store: Store, count: int) -> None:
    """Wait until as many orders are done. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while (await store.queries.count_by_state()).get(State.DONE, 0) < count:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.1)


async def wait_for_start(store: Store) -> None:
    """Wait until the service has looked through the shop and subscribed to its webhooks."""
    async with asyncio.timeout(PATIENCE):
        while not (  # noqa: ASYNC110 - another process writes it
            await store.memory.get("reconciled_at:acme") and await store.memory.get("subscribed_at:acme")
        ):
            await asyncio.sleep(0.1)


def read_counts(box: Sandbox) -> Counter[str]:
    """Requests by endpoint, each by its last name: the operation's own where it has one."""
    found: Counter[str] = Counter()
    for names, times in box.faults.counts.items():
        upstream = names[0] if names[0].startswith(("shopify", "sculpteo")) else ""
        found[names[-1] if upstream else f"other.{names[-1]}"] += times
    return found


async def measure(folder: Path, orders: int) -> tuple[Requests, float]:
    """What `orders` plain orders made the service ask, and its processor time in seconds."""
    async with Sandbox(shops=(SHOP,), webhook_speed=600) as box:
        add_demo_products(box.shop, box.printer)
        listen, database = f"127.0.0.1:{unused_port()}", f"sqlite:///{folder / 'bridge.db'}"
        config = build_demo_config(build_info(box), DemoPlan(listen, database, window_seconds=1))
        del config["sculpteo"]["poll"]
        write_config(folder / "config.yaml", config)
        found = Requests()
        (running,) = box.running.values()
        running.api.engine = CountingEngine(running.api.engine, running.shop, found.points)
        stage = Stage(box, beat=BEAT)
        async with (
            Store.open(database, clock=SystemClock()) as store,
            running_service(folder / "config.yaml") as pipe,
        ):
            await wait_for_start(store)
            play_order(stage)  # what only the first order asks is not counted
            await wait_for_done(store, 1)
            before = await ask_processor_time(pipe)
            await asyncio.sleep(IDLE)
            idle = (await ask_processor_time(pipe) - before) / IDLE
            known = read_counts(box)
            found.points.clear()
            began, used = time.monotonic(), await ask_processor_time(pipe)
            for _ in range(orders):
                play_order(stage)
                await asyncio.sleep(APART)
            await wait_for_done(store, 1 + orders)
            seconds = await ask_processor_time(pipe) - used - idle * (time.monotonic() - began)
            found.counts = read_counts(box) - known
            return found, seconds


def play_order(stage: Stage) -> None:
    """A customer buys one thing, which Sculpteo makes and ships."""
    person = stage.people.next()
    stage.schedule_shipment(person)
    stage.create_order(person, [SKU])


def print_detail(found: Requests, orders: int) -> None:
    click.echo(f"{'operation':<52}{'requests':>9}{'points':>9}   (of one order)")
    for name, times in sorted(found.counts.items(), key=lambda one: (one[0].partition(".")[0], -one[1])):
        points = found.points.get(name.rpartition(".")[2])
        told = "" if points is None else f"{points / orders:.1f}"
        click.echo(f"{name:<52}{times / orders:>9.2f}{told:>9}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--detail", action="store_true", help="a table by operation")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="order-cost-") as folder:
        found, seconds = asyncio.run(measure(Path(folder), options.orders))
    if options.detail:
        print_detail(found, options.orders)
    points = found.points.total() / options.orders
    return print_result(
        "order_cost",
        [
            Measure("requests to Shopify", found.count("shopify") / options.orders, most=MOST_SHOPIFY),
            Measure("its points", points, most=MOST_POINTS),
            Measure("requests to Sculpteo", found.count("sculpteo") / options.orders, most=MOST_SCULPTEO),
            Measure("processor time", seconds / options.orders * 1000, "ms"),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
