"""Remembers a proxy that is not trusted, for `check` to tell of: behind it, all people have one address."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog
from aiohttp import web

from bridge.errors import StoreUnavailable
from bridge.order import stored_keys
from bridge.web.app_keys import utcnow
from bridge.web.console.auth import is_trusted
from bridge.web.console.context import CONSOLE
from bridge.web.console.request_context import Handler
from bridge.web.health import FORWARDED

AGAIN = 3600.0  # seconds after which the same proxy is noted again
LEAST = 10.0  # seconds between notes: strangers can send such headers from anywhere

log = structlog.get_logger("bridge.console")


@dataclass(slots=True)
class ProxyWatch:
    """What this process noted last."""

    address: str = ""
    at: float = float("-inf")

    def is_due(self, address: str, now: float) -> bool:
        return now - self.at > (AGAIN if address == self.address else LEAST)


PROXIES = web.AppKey("proxies", ProxyWatch)


@web.middleware
async def watch_proxies(request: web.Request, handler: Handler) -> web.StreamResponse:
    peer = request.remote or ""
    if any(name in request.headers for name in FORWARDED):
        console, watch, now = request.app[CONSOLE], request.app[PROXIES], time.monotonic()
        if not is_trusted(peer, console.settings) and watch.is_due(peer, now):
            watch.address, watch.at = peer, now
            try:
                await console.store.memory.set(stored_keys.UNTRUSTED_PROXY, f"{peer} {utcnow().isoformat()}")
            except StoreUnavailable as error:
                log.warning("the database is not available", error=str(error))
    return await handler(request)
