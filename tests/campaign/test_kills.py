"""Real processes that are killed under webhook load, or frozen in the middle of a purchase."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp
import pytest

from bridge.sandbox.control_server import build_info
from bridge.sandbox.demo_config import DemoPlan, add_demo_products, build_demo_config, write_config
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.sculpteo.settings import SculpteoSettings
from bridge.sandbox.shopify.customers import People
from bridge.sandbox.shopify.model import Order
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.store.engine import create_engines, parse_url
from tests.campaign.crash_points import Death
from tests.campaign.databases import Away, Database, Databases, PostgresDatabases
from tests.campaign.ledger import prints_of, records
from tests.campaign.load_balancer import free_port
from tests.campaign.process_pool import Child, Nursery
from tests.campaign.webhook_load import Flood
from tests.support.postgres import Server

pytestmark = pytest.mark.long

KILLS = 20


@dataclass(slots=True)
class Town:
    """A sandbox, a database, and bridges that run on it."""

    box: Sandbox
    database: Database
    nursery: Nursery
    folder: Path
    people: People

    def order(self) -> Order:
        person = self.people.next()
        return self.box.shop.create_order(["RING-S"], address=person.address, email=person.email)

    async def bridge(self, death: Death | None = None) -> tuple[Child, int]:
        """A new one; gives its port too."""
        port = free_port()
        config = build_demo_config(build_info(self.box), DemoPlan(f"127.0.0.1:{port}", self.database.url, 0))
        config["shops"]["acme"]["since"] = "2020-01-01"
        config["invoice"], config["limits"] = {"mode": "none"}, {}
        path = self.folder / f"config-{port}.yaml"
        write_config(path, config)
        return await self.nursery.start(path, self.folder / f"{port}.log", death), port


@contextlib.asynccontextmanager
async def town(nursery: Nursery, databases: Databases, folder: Path) -> AsyncIterator[Town]:
    home = folder / "home"
    home.mkdir()
    shop = ShopSettings(bucket_size=1e6, restore_rate=1e6)
    async with Sandbox(shops=(shop,), sculpteo=SculpteoSettings(automatic=True, pace=())) as box:
        add_demo_products(box.shop, box.printer)
        database = await databases.new(home)
        yield Town(box, database, nursery, home, People(Random(7)))
        await database.drop()


async def until(holds: Callable[[], bool], seconds: float = 40) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(Away, KeyError):
                if holds():
                    return
            await asyncio.sleep(0.05)


async def test_no_acknowledged_delivery_is_missing_after_twenty_kills_under_load(
    nursery: Nursery, databases: Databases, tmp_path: Path
) -> None:
    random = Random(20)
    async with town(nursery, databases, tmp_path) as here:
        orders = tuple(here.order() for _ in range(5))
        acknowledged: set[str] = set()
        fruitful = 0
        for life in range(KILLS):
            child, port = await here.bridge()
            url = f"http://127.0.0.1:{port}/webhooks/shopify/acme"
            flood = Flood(f"life-{life}", url, here.box.shop.settings, orders)
            running = asyncio.create_task(flood.run())
            await until(lambda made=flood: bool(made.acknowledged))  # type: ignore[misc] # bound now
            await asyncio.sleep(random.uniform(0, 0.2))
            await child.kill()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            fruitful += bool(flood.acknowledged)
            acknowledged |= flood.acknowledged
        kept = {row[0] for row in here.database.rows("SELECT webhook_id FROM deliveries")}
    assert fruitful == KILLS
    assert len(acknowledged) > 5 * KILLS
    assert acknowledged - kept == set()


async def test_a_replica_goes_on_while_a_newer_one_has_migrated_the_database(
    nursery: Nursery, databases: Databases, tmp_path: Path
) -> None:
    async with town(nursery, databases, tmp_path) as here:
        child, port = await here.bridge()
        await until(lambda: bool(here.database.rows("SELECT 1 FROM memory WHERE key = 'go_live:acme'")))
        engine = create_engines(parse_url(here.database.url))[1]
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE orders ADD COLUMN of_tomorrow TEXT")
            connection.exec_driver_sql("CREATE TABLE things_of_tomorrow (id INTEGER PRIMARY KEY)")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        engine.dispose()
        order = here.order()
        await until(lambda: records(here.database)[order.gid].reference is not None)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as answer,
        ):
            assert answer.status == 200
        assert len(prints_of(here.box, order)) == 1
        await child.kill()


async def test_a_replica_that_freezes_before_the_first_byte_and_wakes_late_sends_nothing_and_proves_it(
    nursery: Nursery, postgres: Server, tmp_path: Path
) -> None:
    """While it is frozen nobody can tell whether its request left; awake, it says that it did not."""
    async with town(nursery, PostgresDatabases(postgres), tmp_path) as here:
        order = here.order()
        frozen, _ = await here.bridge(Death("orders.mark_sent:before", freeze=True))
        await until(lambda: bool(list(here.folder.glob("*.deaths"))))
        other, _ = await here.bridge()
        await until(lambda: records(here.database)[order.gid].state == "unknown")
        assert prints_of(here.box, order) == []
        frozen.signal(signal.SIGCONT)
        await until(lambda: any("lease was lost" in log.read_text() for log in here.folder.glob("*.log")))
        await until(lambda: records(here.database)[order.gid].reference is not None)
        assert len(prints_of(here.box, order)) == 1
        assert frozen.alive
        assert other.alive
        await frozen.kill()
        await other.kill()


async def test_a_replica_that_freezes_with_the_request_on_its_way_is_not_replaced_by_a_second_request(
    nursery: Nursery, postgres: Server, tmp_path: Path
) -> None:
    async with town(nursery, PostgresDatabases(postgres), tmp_path) as here:
        order = here.order()
        frozen, _ = await here.bridge(Death("gate.open:after", freeze=True))
        await until(lambda: bool(list(here.folder.glob("*.deaths"))))
        other, _ = await here.bridge()
        await until(lambda: records(here.database)[order.gid].state == "unknown")
        assert prints_of(here.box, order) == []
        frozen.signal(signal.SIGCONT)  # its request leaves now, late, and its answer is not dropped
        await until(lambda: records(here.database)[order.gid].reference is not None)
        assert len(prints_of(here.box, order)) == 1
        await frozen.kill()
        await other.kill()
