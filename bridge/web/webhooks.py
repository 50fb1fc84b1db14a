"""`POST /webhooks/shopify/{shop}`: a delivery is answered with 200 only once it is durable.

Shopify waits 5 seconds and tries again for four hours; so whatever is not certain here is not acknowledged.
What a delivery means is worked out later, by the worker.
"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from bridge.shopify.webhooks import Refused, read_delivery
from bridge.web.metrics import METRICS
from bridge.web.parts import PARTS, Allowance, utcnow

LARGEST = 16 * 1024 * 1024  # bytes; order webhooks of more than 1 MB exist
READ_WITHIN = 15.0  # seconds; Shopify itself gives up after 5
LARGE = 256 * 1024  # bytes; of larger bodies only a few are read at the same time
LARGE_AT_ONCE = 8
REFUSALS_LOGGED = 60  # a minute, so that strangers cannot fill the disk with log lines

log = structlog.get_logger("bridge.web")

routes = web.RouteTableDef()
LARGE_BODIES = web.AppKey("large_bodies", asyncio.Semaphore)
REFUSALS = web.AppKey("refusals", Allowance)


@routes.post("/webhooks/shopify/{shop}")
async def take(request: web.Request) -> web.Response:
    """Verify, store, acknowledge."""
    app = request.app
    name = request.match_info["shop"]
    counter = app[METRICS].deliveries
    parts = app[PARTS]
    door = parts.shops.get(name)
    if door is None:
        counter.labels("?", "unknown shop").inc()
        raise web.HTTPNotFound(text="there is no such shop here\n")
    body = await _body(request)
    try:
        delivery = read_delivery(
            shop=name,
            domain=door.domain,
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
    await parts.store.inbox.put(delivery)
    counter.labels(name, "stored").inc()
    parts.on_news()
    return web.Response()


async def _body(request: web.Request) -> bytes:
    """The body, whole. Small ones, nearly all, are read at once; large ones wait for their turn, so that a
    crowd of strangers cannot fill the memory with them."""
    length = request.content_length
    try:
        if length is not None and length <= LARGE:
            if request.content.is_eof():  # it came with the headers, as most do: no timer is needed
                return await request.read()
            async with asyncio.timeout(READ_WITHIN):
                return await request.read()
        async with asyncio.timeout(READ_WITHIN), request.app[LARGE_BODIES]:
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body took too long\n") from None


def add_to(app: web.Application) -> None:
    """Add the route and what it needs."""
    app[LARGE_BODIES] = asyncio.Semaphore(LARGE_AT_ONCE)
    app[REFUSALS] = Allowance(REFUSALS_LOGGED)
    app.add_routes(routes)
