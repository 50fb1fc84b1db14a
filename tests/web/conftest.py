"""The web application on loopback, with the real store on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bridge.shopify.webhooks import sign
from bridge.store import Store
from bridge.web.server import make_app, make_runner
from tests.support.clocks import RealClock

SECRET = b"shop-secret"
BODY = b'{"id": 1001, "name": "#1001"}'


@dataclass(frozen=True)
class Door:
    domain: str = "acme.myshopify.com"
    former_domain: str | None = None
    secrets: tuple[bytes, ...] = (SECRET, b"the-old-secret")

    def signing_secrets(self) -> tuple[bytes, ...]:
        return self.secrets


@dataclass
class Settings:
    shops: dict[str, Door] = field(default_factory=lambda: {"acme": Door()})


@dataclass
class Service:
    """The running application and a client for it."""

    url: str
    store: Store
    client: aiohttp.ClientSession
    port: int
    news: list[str] = field(default_factory=list)
    stopping: bool = False

    def headers(self, body: bytes = BODY, **changes: str | None) -> dict[str, str]:
        """The headers of a signed delivery; names in `changes` like webhook_id, None = left out."""
        made: dict[str, str | None] = {
            "topic": "orders/paid",
            "shop_domain": "acme.myshopify.com",
            "webhook_id": "id-1",
            "api_version": "2026-10",
            "hmac_sha256": sign(SECRET, body).decode(),
            **changes,
        }
        return {
            f"X-Shopify-{name.replace('_', '-')}": value for name, value in made.items() if value is not None
        }

    async def post(self, body: bytes = BODY, shop: str = "acme", **changes: str | None) -> int:
        answer = await self.client.post(
            f"{self.url}/webhooks/shopify/{shop}", data=body, headers=self.headers(body, **changes)
        )
        return answer.status

    async def raw(self, request: bytes) -> bytes:
        """Send bytes as they are, and read until the server closes or answers."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        await writer.drain()
        async with asyncio.timeout(10):
            answer = await reader.read(65536)
        writer.close()
        return answer


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with (
        Store.open(f"sqlite:///{tmp_path}/bridge.db", clock=RealClock()) as store,
        aiohttp.ClientSession() as client,
    ):
        made = Service("", store, client, 0)
        app = make_app(
            Settings(), store, on_news=lambda: made.news.append("news"), stopping=lambda: made.stopping
        )
        runner = make_runner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.port = runner.addresses[0][1]
        made.url = f"http://127.0.0.1:{made.port}"
        try:
            yield made
        finally:
            await runner.cleanup()
