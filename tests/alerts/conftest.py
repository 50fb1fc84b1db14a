"""A store on SQLite and on PostgreSQL, and a receiver on loopback that takes what is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bridge.cli._demo_runner import find_free_port
from tests.store.conftest import clock, postgres, postgres_migrated, sqlite_template, store, url

__all__ = ["clock", "postgres", "postgres_migrated", "sqlite_template", "store", "url"]


@dataclass
class Receiver:
    """`answers` are the statuses of the next answers; after them, 200."""

    port: int
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    refuse: str | None = None  # a text of bodies that are refused with 422
    headers: dict[str, str] = field(default_factory=dict)
    slow: float = 0.0

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(self.slow)
        status = self.answers.pop(0) if self.answers else 200
        if self.refuse is not None and self.refuse in body.decode():
            status = 422
        if status == 200:
            self.taken.append((dict(request.headers), body))
        return web.Response(status=status, headers=self.headers)

    @property
    def json_url(self) -> str:
        """As Apprise writes it."""
        return f"json://maker:s3cret-word@127.0.0.1:{self.port}/alerts"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver(find_free_port())
    app = web.Application()
    app.router.add_post("/{tail:.*}", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", found.port).start()
    yield found
    await runner.cleanup()
