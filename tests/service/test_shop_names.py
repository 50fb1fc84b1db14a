"""A shop is its domain: names in the configuration change while orders are under way, with real processes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.sandbox.demo_config import SHOP, add_demo_products
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.shopify.shop import Shop
from bridge.shopify.webhooks import sign
from bridge.store import Store
from bridge.store.queries import OrderFilter
from tests.service.serve_process import Serving, Stage, rewritten, staged, until
from tests.support.clocks import RealClock
from tests.support.postgres import Server, postgres
from tests.support.sandbox_factories import ADA

pytestmark = pytest.mark.long

__all__ = ["postgres"]

OTHER = replace(SHOP, domain="other.myshopify.com", client_id="other", client_secret="other-secret")


def buy(shop: Shop, *lines: str) -> str:
    return shop.create_order(lines, address=ADA, email="ada@example.com").name


def named(config: dict[str, Any], **shops: dict[str, Any]) -> dict[str, Any]:
    """The configuration with its shops called so."""
    return {**config, "shops": shops}


async def ran(config: Path, *words: str) -> tuple[int | None, str]:
    """A command, beside the service."""
    command = (sys.executable, "-m", "bridge", *words, "-c", str(config))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def states(stage: Stage) -> set[tuple[str, str | None, str]]:
    async with Store.open(stage.database, clock=RealClock(), create=False) as store:
        found = await store.queries.list_orders(OrderFilter(), limit=100)
    return {(order.shop, order.name, str(order.state)) for order in found}


async def settled(stage: Stage, wanted: set[tuple[str, str, str]], serving: Serving) -> None:
    async def there() -> bool:
        return await states(stage) == wanted

    try:
        await until(there, serving)
    except TimeoutError:
        raise AssertionError(f"{await states(stage)}\n" + "\n".join(serving.said)) from None


async def test_a_shop_with_another_name_keeps_its_orders_and_what_people_decided(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config(approval={"mode": "manual"})
        acme = config["shops"]["acme"]
        async with stage.serve(config) as serving:
            unwanted, wanted = buy(stage.box.shop, "RING-S"), buy(stage.box.shop, "LAMP")
            for name in (unwanted, wanted):
                await stage.reaches(name, "waiting", serving)
            assert (await ran(serving.config, "orders", "cancel", unwanted))[0] == 0
            assert (await ran(serving.config, "orders", "approve", "-y", wanted))[0] == 0
            placed = await stage.reaches(wanted, "placed", serving)
        away = buy(stage.box.shop, "RING-L")
        renamed = {**named(config, maison=acme), "approval": {"mode": "automatic", "delay": "0s"}}
        async with stage.launched(renamed) as serving:
            await serving.says("a shop is recognised", "before=acme", "now=maison")
            later = buy(stage.box.shop, "RING-S")
            everything = {
                ("maison", unwanted, "cancelled"),
                ("maison", wanted, "placed"),
                ("maison", away, "placed"),
                ("maison", later, "placed"),
            }
            await settled(stage, everything, serving)
            assert len(stage.box.printer.books()) == 3
            assert placed.reference is not None
            stage.box.printer.add_parcel(placed.reference, "1Z999AA10123456784")
            await stage.reaches(wanted, "done", serving)
            addresses = {one.uri for one in stage.box.shop.subscriptions.values()}
            public_url = config["server"]["public_url"]
            assert addresses == {f"{public_url}/webhooks/shopify/maison"}
            code, said = await ran(serving.config, "orders", "list", "--shop", "maison")
            assert code == 0
            assert unwanted in said


async def test_a_name_that_changes_while_the_bridge_runs_loses_no_delivery(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config()
        acme = config["shops"]["acme"]
        async with stage.serve(config) as serving:
            first = buy(stage.box.shop, "RING-S")
            await stage.reaches(first, "placed", serving)
            rewritten(serving.config, named(config, maison=acme))
            await serving.says("a shop is recognised", "now=maison")
            await serving.says("the configuration was read again")
            body = b'{"id": 4711, "name": "#4711"}'
            headers = {
                "X-Shopify-Topic": "orders/updated",
                "X-Shopify-Shop-Domain": acme["domain"],
                "X-Shopify-Webhook-Id": "late",
                "X-Shopify-Hmac-Sha256": sign(acme["client_secret"].encode(), body).decode(),
            }
            url = f"http://{config['server']['listen']}/webhooks/shopify/acme"
            async with (
                aiohttp.ClientSession() as client,
                client.post(url, data=body, headers=headers) as found,
            ):
                assert found.status == 200
            second = buy(stage.box.shop, "LAMP")
            await stage.reaches(second, "placed", serving)

            async def repaired() -> bool:
                return {one.uri.rpartition("/")[2] for one in stage.box.shop.subscriptions.values()} == {
                    "maison"
                }

            await until(repaired, serving)
            assert len(stage.box.printer.books()) == 2
            assert {shop for shop, _, _ in await states(stage)} == {"maison"}


@asynccontextmanager
async def two_shops(folder: Path, database: str | None = None) -> AsyncIterator[Stage]:
    """Both count their orders from the same number, so that whoever mixes them up buys the wrong one."""
    async with Sandbox(shops=(replace(SHOP), OTHER), webhook_speed=600) as box:
        for running in box.running.values():
            add_demo_products(running.shop, box.printer)
        yield Stage(box, folder, database or f"sqlite:///{folder / 'bridge.db'}")


def both(stage: Stage) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A configuration, and what it has of the two shops."""
    config = stage.config()
    acme = config["shops"]["acme"]
    running = stage.box.running[OTHER.domain]
    other = {
        "domain": OTHER.domain,
        "client_id": OTHER.client_id,
        "client_secret": OTHER.client_secret,
        "admin_url": running.site.url,
    }
    return config, acme, other


async def test_two_shops_swap_their_names_while_the_bridge_runs(tmp_path: Path) -> None:
    async with two_shops(tmp_path) as stage:
        config, acme, other = both(stage)
        mine, theirs = stage.box.shop, stage.box.running[OTHER.domain].shop
        async with stage.serve(named(config, acme=acme, beta=other)) as serving:
            ring, lamp = buy(mine, "RING-S"), buy(theirs, "LAMP")
            await settled(stage, {("acme", ring, "placed"), ("beta", lamp, "placed")}, serving)
            rewritten(serving.config, named(config, acme=other, beta=acme))
            await serving.says("the configuration was read again")
            await settled(stage, {("beta", ring, "placed"), ("acme", lamp, "placed")}, serving)
            second, third = buy(mine, "RING-L"), buy(theirs, "DICE-5")
            wanted = {
                ("beta", ring, "placed"),
                ("acme", lamp, "placed"),
                ("beta", second, "placed"),
                ("acme", third, "placed"),
            }
            await settled(stage, wanted, serving)
            for book in stage.box.printer.books():
                stage.box.printer.add_parcel(book.reference)
            await settled(stage, {(shop, name, "done") for shop, name, _ in wanted}, serving)
            assert len(stage.box.printer.books()) == 4


async def test_a_name_that_means_another_shop_now_is_refused(tmp_path: Path) -> None:
    async with two_shops(tmp_path) as stage:
        config, acme, other = both(stage)
        async with stage.serve(config) as serving:
            ring = buy(stage.box.shop, "RING-S")
            await stage.reaches(ring, "placed", serving)
            rewritten(serving.config, named(config, acme=other))
            line = await serving.says("the configuration has faults; the one before stays in force")
            assert "shops.acme.domain: is other.myshopify.com, but the orders on record" in line
            later = buy(stage.box.shop, "LAMP")
            await stage.reaches(later, "placed", serving)
        buy(stage.box.running[OTHER.domain].shop, "DICE-5")
        async with stage.launched(named(config, acme=other)) as serving:
            assert await asyncio.wait_for(serving.process.wait(), 60) == 2
        said = "\n".join(serving.said)
        assert "config.yaml:" in said
        assert "give other.myshopify.com another name in the configuration, such as other" in said
        assert len(stage.box.printer.books()) == 2
        code, told = await ran(serving.config, "orders", "list")
        assert code == 2
        assert "another name" in told
        async with stage.launched(named(config, acme=acme, other=other)) as serving:
            await settled(
                stage,
                {("acme", ring, "placed"), ("acme", later, "placed"), ("other", "#1001", "waiting")},
                serving,
            )


async def test_a_replica_with_the_old_name_makes_no_twin(tmp_path: Path, postgres: Server) -> None:
    async with staged(tmp_path, postgres.create_database()) as stage:
        config = stage.config()
        renamed = named(stage.config(), maison=config["shops"]["acme"])
        async with stage.serve(config, "old.yaml") as old, stage.launched(renamed, "new.yaml") as new:
            await new.says("event=ready")
            names = [buy(stage.box.shop, "RING-S") for _ in range(6)]
            await settled(stage, {("maison", name, "placed") for name in names}, new)
            assert len(stage.box.printer.books()) == len(names)
            assert old.process.returncode is None
