"""A small server that keeps what it is sent, and answers as it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.waiting import eventually


@dataclass
class Receiver:
    url: str = ""
    answers: Callable[[int], int] = lambda number: 200  # from the number of the request to a status
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(
            ({name.lower(): value for name, value in request.headers.items()}, await request.read())
        )
        return web.Response(status=self.answers(len(self.requests)))

    async def got(self, count: int, seconds: float = 5.0) -> list[tuple[dict[str, str], bytes]]:
        """Wait until it has at least so many requests."""
        await eventually(lambda: len(self.requests) >= count, seconds)
        return self.requests


@asynccontextmanager
async def receiver(answers: Callable[[int], int] = lambda number: 200) -> AsyncIterator[Receiver]:
    kept = Receiver(answers=answers)
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", kept.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    kept.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield kept
    finally:
        await runner.cleanup()
