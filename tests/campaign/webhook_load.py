"""Webhook load: signed deliveries from many sides, and which of them were acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field

import aiohttp

from bridge.sandbox.shopify.model import Order
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.sandbox.shopify.webhooks import signature

LANES = 8
PADDING = "x" * 4_000  # Shopify's bodies are of about this length


@dataclass(slots=True)
class Flood:
    """Delivers word of `orders` to `url` without end, each delivery once. `name` begins the deliveries' ids."""

    name: str
    url: str
    shop: ShopSettings
    orders: tuple[Order, ...]
    acknowledged: set[str] = field(default_factory=set)
    sent: int = 0

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await asyncio.gather(*(self._lane(session, number) for number in range(LANES)))

    async def _lane(self, session: aiohttp.ClientSession, lane: int) -> None:
        while True:
            self.sent += 1
            webhook_id = f"{self.name}-{lane}-{self.sent}"
            order = self.orders[self.sent % len(self.orders)]
            body = json.dumps({"id": order.id, "name": order.name, "note": PADDING}).encode()
            headers = {
                "X-Shopify-Topic": "orders/updated",
                "X-Shopify-Hmac-Sha256": signature(self.shop.client_secret, body),
                "X-Shopify-Shop-Domain": self.shop.domain,
                "X-Shopify-Webhook-Id": webhook_id,
            }
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with session.post(self.url, data=body, headers=headers) as answer:
                    if answer.status == 200:
                        self.acknowledged.add(webhook_id)
                        continue
            await asyncio.sleep(0.02)  # nobody is there
