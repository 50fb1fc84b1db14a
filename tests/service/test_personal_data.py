"""Real processes and a real file: after a wish to erase, nothing of the customers is in it, nor in any log."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import aiohttp
import pytest

from bridge.sandbox.shopify.model import Address
from bridge.sandbox.shopify.orders import Buy
from bridge.shopify.webhooks import sign
from bridge.store import Store
from tests.service.serve_process import Serving, Stage, staged, until
from tests.support.clocks import RealClock

pytestmark = pytest.mark.long


class Tokens:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.made: list[str] = []

    def __call__(self) -> str:
        self.made.append(f"qzt{next(self._numbers):03d}wxv")
        return self.made[-1]

    def address(self) -> Address:
        return Address(
            *(self(), self(), self(), self(), self(), self()),
            zip="69003",
            country="France",
            country_code="FR",
            phone=None,
        )

    def order(self, stage: Stage, *lines: Buy) -> str:
        made = stage.box.shop.create_order(
            lines,
            address=self.address(),
            billing_address=self.address(),
            email=f"{self()}@example.org",
            note=self(),
            tags=(self(),),
            attributes=((self(), self()),),
            shipping=f"Express {self()}",
        )
        return made.name

    def left_in(self, text: str) -> set[str]:
        return {token for token in self.made if token in text}


async def wish(stage: Stage, config: dict[str, object], topic: str, body: dict[str, object]) -> int:
    """As Shopify sends it."""
    shop, raw = stage.box.shop, json.dumps(body).encode()
    server = config["server"]
    assert isinstance(server, dict)
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop.settings.domain,
        "X-Shopify-Webhook-Id": f"wish-{topic}",
        "X-Shopify-Hmac-Sha256": sign(shop.settings.client_secret.encode(), raw).decode(),
    }
    url = f"http://{server['listen']}/webhooks/shopify/acme"
    async with aiohttp.ClientSession() as http, http.post(url, data=raw, headers=headers) as answer:
        return answer.status


def bytes_of(stage: Stage) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in stage.folder.glob("bridge.db*"))


async def test_after_a_wish_no_byte_of_the_file_and_no_line_of_a_log_has_anything_of_the_customers(
    tmp_path: Path,
) -> None:
    tokens = Tokens()
    async with staged(tmp_path) as stage:
        config = stage.config()
        said: list[str] = []
        async with stage.serve(config) as serving:
            printed = tokens.order(stage, Buy("RING-S", properties=((tokens(), tokens()),)))
            odd = tokens.order(
                stage, Buy(None, title=tokens(), properties=((tokens(), tokens()),)), Buy("NOBODYS")
            )
            placed = await stage.reaches(printed, "placed", serving)
            assert placed.reference is not None
            stage.box.printer.advance(placed.reference, tokens())
            await stage.reaches(printed, "attention", serving)
            stage.box.printer.add_parcel(placed.reference, tokens(), tokens())
            stage.box.printer.advance(placed.reference, "Shipped")
            await stage.reaches(printed, "done", serving)
            await stage.reaches(odd, "attention", serving)
            stage.box.shop.cancel(odd)
            await stage.reaches(odd, "cancelled", serving)
            await stage.box.wait_until_settled()
            assert len(tokens.left_in(bytes_of(stage))) > 15, "they were there"
            assert (
                await wish(stage, config, "customers/redact", {"customer": {"id": 1}, "orders_to_redact": []})
                == 200
            )
            assert (
                await wish(
                    stage,
                    config,
                    "shop/redact",
                    {"shop_id": 1, "shop_domain": stage.box.shop.settings.domain},
                )
                == 200
            )
            await until(lambda: _wished(stage), serving)
            said += serving.said
        async with stage.serve(config) as serving:
            await serving.says("past its retention")
            await until(lambda: _scoured(stage), serving)
            kept = await stage.order(printed)
            said += serving.said
        said += serving.said
        assert kept is not None and (kept.reference, kept.state) == (placed.reference, "done")
        assert tokens.left_in(bytes_of(stage)) == set()
        assert tokens.left_in("\n".join(said)) == set()


async def _wished(stage: Stage) -> bool:
    async with Store.open(stage.database, clock=RealClock(), create=False) as store:
        return await store.memory.get(
            "privacy_webhook_at:acme"
        ) is not None and not await store.inbox.list_pending(5)


async def _scoured(stage: Stage) -> bool:
    async with Store.open(stage.database, clock=RealClock(), create=False) as store:
        return await store.memory.get("unscoured") is None


__all__ = ["Serving"]
