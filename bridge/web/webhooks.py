"""`POST /webhooks/shopify/{shop}`: a delivery is answered with 200 only once it is durable.

Shopify waits 5 seconds and tries again for four hours; so whatever is not certain here is not acknowledged.
What a delivery means is worked out later, by the worker.
"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from bridge.shopify.webhooks import Refused, addressed_shop, read_delivery
from bridge.web.app_keys import (
    PARTS,
    Allowance,
    Parts,
    utcnow,
)
from bridge.web.metrics import METRICS

LARGEST = 16 * 1024 * 1024  # bytes; order webhooks of more than 1 MB exist
READ_WITHIN = 15.0  # seconds; Shopify itself gives up after 5
LARGE = 256 * 1024  # bytes; larger bodies share a room
ROOM = 8 * LARGEST  # bytes that larger bodies may take up together while they come in
REFUSALS_LOGGED = 60  # a minute, so that strangers cannot fill the disk with log lines

log = structlog.get_logger("bridge.web")

routes = web.RouteTableDef()
REFUSALS = web.AppKey("refusals", Allowance)


class Room:
    """So many bytes of memory, shared. What counts is what came, not what was announced: a crowd of strangers
    who send slowly takes up little and keeps nobody waiting."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._freed = asyncio.Event()

    async def take(self, size: int) -> None:
        while size > self._left:
            self._freed.clear()
            await self._freed.wait()
        self._left -= size

    def give_back(self, size: int) -> None:
        self._left += size
        self._freed.set()


LARGE_BODIES = web.AppKey("large_bodies", Room)


@routes.post("/webhooks/shopify/{shop}")
async def take(request: web.Request) -> web.Response:
    """Verify, store, acknowledge."""
    app = request.app
    counter = app[METRICS].deliveries
    parts = app[PARTS]
    if _addressed(request, parts) is None:
        counter.labels("?", "unknown shop").inc()
        raise web.HTTPNotFound(text="there is no such shop here\n")
    body = await _body(request)
    name = _addressed(request, parts)  # names may have changed while the body came in
    if name is None:
        raise web.HTTPNotFound(text="there is no such shop here\n")
    door = parts.shops[name]
    try:
        delivery = read_delivery(
            shop=name,
            domain=door.domain,
            former_domain=door.former_domain,
            headers=request.headers,
            body=body,
            secrets=door.signing_secrets(),
            now=utcnow(),
        )
    except Refused as refused:
        counter.labels(name, "refused").inc()
        if app[REFUSALS].take():
            log.warning("a delivery was refused", shop=name, why=refused.why)
        return web.Response(status=refused.status, text="not accepted\n")
    await parts.store.inbox.add_delivery(delivery)
    counter.labels(name, "stored").inc()
    parts.on_news()
    return web.Response()


def _addressed(request: web.Request, parts: Parts) -> str | None:
    domains = {
        name: tuple(domain.lower() for domain in (door.domain, door.former_domain) if domain)
        for name, door in parts.shops.items()
    }
    return addressed_shop(request.match_info["shop"], request.headers, domains)


async def _body(request: web.Request) -> bytes:
    """The body, whole. Small ones, nearly all, are read at once."""
    length = request.content_length
    try:
        if length is not None and length <= LARGE:
            if request.content.is_eof():  # it came with the headers, as most do: no timer is needed
                return await request.read()
            async with asyncio.timeout(READ_WITHIN):
                return await request.read()
        async with asyncio.timeout(READ_WITHIN):
            return await _large(request, request.app[LARGE_BODIES])
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body took too long\n") from None


async def _large(request: web.Request, room: Room) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            if len(body) + len(chunk) > LARGEST:
                raise web.HTTPRequestEntityTooLarge(max_size=LARGEST, actual_size=len(body) + len(chunk))
            await room.take(len(chunk))
            body += chunk
        return bytes(body)
    finally:
        room.give_back(len(body))


def add_to(app: web.Application) -> None:
    """Add the route and what it needs."""
    app[LARGE_BODIES] = Room(ROOM)
    app[REFUSALS] = Allowance(REFUSALS_LOGGED)
    app.add_routes(routes)
