"""`/live` tells open pages when to look again, by server-sent events.

One look at the store a second serves all who listen. A page says nothing of orders here: it asks for itself
again, with its own permissions. https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from aiohttp import web

from bridge.errors import StoreUnavailable
from bridge.store.store import Store
from bridge.web.console import auth
from bridge.web.console.background_cache import (
    CHECKS,
    SUMS,
)
from bridge.web.console.catalog_refresh import SURVEYS
from bridge.web.console.product_pictures import PRODUCT_PICTURES
from bridge.web.console.request_context import (
    Visit,
    add_headers,
    page,
)

LISTENERS = 50  # at once; a page that finds no place stays as it is
LOOK_EVERY = 1.0  # seconds
ALIVE_EVERY = 15.0  # seconds between signs of life, which also keep proxies from closing the connection
LONGEST = 15 * 60.0  # seconds; the browser then connects anew, and its session is looked at again

routes = web.RouteTableDef()


@dataclass(slots=True)
class Pulse:
    """The number of the newest event, the pauses, what is wrong with the bridge, and what was asked outside, as
    they were up to a second ago."""

    listeners: int = 0
    at: float = float("-inf")
    mark: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, store: Store, app: web.Application) -> str:
        async with self.turn:
            if time.monotonic() - self.at >= LOOK_EVERY:
                pauses = [pause.scope for pause in await store.switch.list_pauses()]
                wrong = [one.name for one in await store.conditions.list_incidents()]
                asked = f"{app[CHECKS].version} {app[SUMS].version} {app[SURVEYS].version} {app[PRODUCT_PICTURES].version}"
                self.mark = f"{await store.desk.load_last_event()} {asked} {' '.join((*pauses, *wrong))}"
                self.at = time.monotonic()
            return self.mark


PULSE = web.AppKey("pulse", Pulse)


@routes.get("/live", allow_head=False)
@page()
async def live(visit: Visit) -> web.StreamResponse:
    pulse = visit.request.app[PULSE]
    if pulse.listeners >= LISTENERS:
        return web.Response(status=204)  # which tells the browser not to connect again
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    add_headers(response, visit.origin)
    pulse.listeners += 1
    try:
        await response.prepare(visit.request)
        await _tell(visit, response, pulse)
    except ConnectionError:
        pass  # the page was closed
    finally:
        pulse.listeners -= 1
    return response


async def _tell(visit: Visit, response: web.StreamResponse, pulse: Pulse) -> None:
    """Say "changed" whenever it did, until the session, the service or the time is over."""
    began = alive = time.monotonic()
    app = visit.request.app
    known = await pulse.look(visit.store, app)
    await response.write(b"retry: 5000\n\n")
    while not visit.console.stopping() and time.monotonic() - began < LONGEST:
        await asyncio.sleep(LOOK_EVERY)
        try:
            mark = await pulse.look(visit.store, app)
        except StoreUnavailable:
            continue
        if mark != known:
            known, alive = mark, time.monotonic()
            await response.write(b"data: changed\n\n")
        elif time.monotonic() - alive >= ALIVE_EVERY:
            alive = time.monotonic()
            await response.write(b": here\n\n")
            if await auth.entered(visit.console, visit.request, visit.origin) is None:
                return
