"""The configuration is read again while the bridge runs: real processes, edited as people and tools edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.sandbox.demo_config import MAPPING, write_config
from bridge.shopify.webhooks import sign
from tests.service.serve_process import Stage, rewritten, staged, until
from tests.support.postgres import Server, postgres
from tests.support.sandbox_factories import ADA

__all__ = ["postgres"]

pytestmark = pytest.mark.long

BODY = b'{"id": 1}'
NEW = {"sku": "NEW-2026", "uuid": "Lm2Moon8"}


def buy(stage: Stage, *lines: str) -> str:
    return stage.box.shop.create_order(lines, address=ADA, email="ada@example.com").name


async def test_an_unmapped_order_goes_on_by_itself_once_the_file_maps_it(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config()
        async with stage.serve(config) as serving:
            name = buy(stage, "NEW-2026")
            held = await stage.reaches(name, "attention", serving)
            assert held.problem == "unmapped"
            rewritten(serving.config, {**config, "products": [*MAPPING, NEW]})
            await stage.reaches(name, "placed", serving)
            assert len(stage.box.printer.books()) == 1


async def test_an_order_in_its_window_follows_the_mapping_at_once(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config(approval={"mode": "automatic", "delay": "30m"})
        async with stage.serve(config) as serving:
            name = buy(stage, "LAMP")
            waits = await stage.reaches(name, "waiting", serving)
            products = [{"sku": "LAMP", "uuid": "Rg4sT9xQ", "material": "brass"}]
            rewritten(serving.config, {**config, "products": products})

            async def followed() -> bool:
                order = await stage.order(name)
                return order is not None and [one.design.uuid for one in order.items] == ["Rg4sT9xQ"]

            await until(followed, serving)
            order = await stage.order(name)
            assert order is not None
            assert (order.state, order.reason) == ("waiting", "window")
            assert (
                waits.window_until is None or (order.window_until or waits.window_until) > waits.window_until
            )
            assert not [line for line in serving.said if "a replica with another configuration" in line]


async def test_a_broken_file_changes_nothing_and_is_told_until_it_is_mended(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config()
        async with stage.serve(config) as serving:
            good = serving.config.read_text()
            serving.config.write_text(good.replace("mode: live", "mode: alive"))
            line = await serving.says("the configuration has faults; the one before stays in force")
            assert "config.yaml:1:7" in line
            assert r"did you mean \"live\"" in line
            await stage.reaches(buy(stage, "RING-S"), "placed", serving)
            serving.config.write_text(good)
            await serving.says("the configuration was read again")
            told = [line for line in serving.said if "has faults" in line]
            assert len(told) == 1


async def test_a_file_that_is_gone_for_a_while_changes_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, stage.serve(stage.config()) as serving:
        moved = serving.config.rename(tmp_path / "elsewhere.yaml")
        await serving.says("has faults", "does not exist")
        await stage.reaches(buy(stage, "RING-S"), "placed", serving)
        moved.rename(serving.config)
        await serving.says("the configuration was read again")


async def test_sighup_reads_it_at_once_and_tells_what_needs_a_restart(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config()
        async with stage.serve(config) as serving:
            other = stage.config()["server"]["listen"]
            changed = {**config, "server": {**config["server"], "listen": other}, "mode": "preview"}
            rewritten(serving.config, changed)
            serving.hang_up()
            await serving.says("the configuration was read again", "mode=preview")
            assert "server.listen" in await serving.says("these changes need a restart")
            name = buy(stage, "RING-S")
            waits = await stage.reaches(name, "waiting", serving)
            assert stage.box.printer.books() == []
            assert waits.reason in {"routing", "preview", None}
            rewritten(serving.config, config)
            await serving.says("the configuration was read again", "mode=live")
            ordered_since = buy(stage, "RING-S")
            await stage.reaches(ordered_since, "placed", serving)
            rehearsed = await stage.order(name)
            assert rehearsed is not None
            assert (rehearsed.state, rehearsed.reason) == ("waiting", "other_mode")


async def test_another_webhook_secret_counts_at_once(tmp_path: Path) -> None:
    """The web side reads it too: deliveries signed with the old secret are refused."""
    async with staged(tmp_path) as stage:
        config = stage.config()
        async with stage.serve(config) as serving, aiohttp.ClientSession() as client:
            url = f"http://{config['server']['listen']}/webhooks/shopify/acme"
            headers = {
                "X-Shopify-Topic": "orders/paid",
                "X-Shopify-Shop-Domain": stage.box.shop.settings.domain,
                "X-Shopify-Webhook-Id": "id-1",
                "X-Shopify-API-Version": "2026-10",
                "X-Shopify-Hmac-SHA256": sign(b"another-secret", BODY).decode(),
            }
            async with client.post(url, data=BODY, headers=headers) as answer:
                assert answer.status == 401
            shop = {**config["shops"]["acme"], "webhook_secrets": ["another-secret"]}
            rewritten(serving.config, {**config, "shops": {"acme": shop}})
            await serving.says("the configuration was read again")
            async with client.post(url, data=BODY, headers=headers) as answer:
                assert answer.status == 200


async def test_a_raised_limit_lets_the_orders_of_the_day_go_on(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config(limits={"per_day": "1 EUR"})
        async with stage.serve(config) as serving:
            name = buy(stage, "CHESS-SET")

            async def limited() -> bool:
                order = await stage.order(name)
                return order is not None and order.problem == "above_day_limit"

            await until(limited, serving)
            rewritten(serving.config, {**config, "limits": {"per_day": "9000 EUR"}})
            await stage.reaches(name, "placed", serving)


async def test_replicas_read_their_own_files_and_the_last_one_to_do_so_heals_the_order(
    tmp_path: Path, postgres: Server
) -> None:
    async with staged(tmp_path, postgres.create_database()) as stage:
        first, second = stage.config(), stage.config()
        async with (
            stage.serve(first, "first.yaml") as one,
            stage.serve(second, "second.yaml") as other,
        ):
            name = buy(stage, "NEW-2026")
            await stage.reaches(name, "attention", one)
            mapped: dict[str, Any] = {"products": [*MAPPING, NEW]}
            rewritten(one.config, {**first, **mapped})
            await one.says("the configuration was read again")
            rewritten(other.config, {**second, **mapped})
            await stage.reaches(name, "placed", other)
            assert len(stage.box.printer.books()) == 1


async def test_a_shop_can_be_added_and_removed(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config()
        async with stage.serve(config) as serving:
            other = {**config["shops"]["acme"]}
            both = {**config, "shops": {"acme": other, "second": {**other, "domain": "beta.myshopify.com"}}}
            write_config(serving.config, both)  # in place, as some editors do
            await serving.says("the configuration was read again")
            await serving.says("subscriptions were repaired", "shop=second")
            since = len(serving.said)
            rewritten(serving.config, config)
            await serving.says("the configuration was read again", since=since)
            url = f"http://{config['server']['listen']}/webhooks/shopify"
            async with aiohttp.ClientSession() as client:
                assert (await client.post(f"{url}/second", data=BODY)).status == 404
                assert (await client.post(f"{url}/acme", data=BODY)).status == 401


async def test_a_file_that_names_what_sculpteo_does_not_know_is_taken_up_and_warned_of(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config()
        async with stage.serve(config) as serving:
            strange = {**NEW, "material": "siver"}
            rewritten(serving.config, {**config, "products": [*MAPPING, strange]})
            await serving.says("the configuration was read again")
            await serving.says("what Sculpteo does not know", "siver")
            await stage.reaches(buy(stage, "RING-S"), "placed", serving)


async def test_a_sculpteo_that_is_away_keeps_no_file_from_being_taken_up(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config()
        gone = {**config["sculpteo"], "base_url": "http://127.0.0.1:9"}
        async with stage.serve(config) as serving:
            rewritten(serving.config, {**config, "sculpteo": gone, "products": [*MAPPING, NEW]})
            await serving.says("the configuration was read again")
            await stage.reaches(buy(stage, "NEW-2026"), "waiting", serving)
            assert not [line for line in serving.said if "does not know" in line]
