"""All pages of the console, joined to the application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from bridge.i18n.formatter import load_catalogs
from bridge.web.console import (
    audit_log,
    background_cache,
    checklist,
    decisions,
    events,
    export,
    lines,
    mapping,
    order,
    orders,
    pause,
    rendering,
    settings,
    signin,
    test_order,
    today,
)
from bridge.web.console.auth import (
    GATE,
    Gate,
)
from bridge.web.console.catalog_refresh import (
    SURVEYS,
    Surveys,
)
from bridge.web.console.context import (
    CONSOLE,
    Console,
)
from bridge.web.console.product_pictures import PRODUCT_PICTURES, ProductPictures
from bridge.web.console.proxies import PROXIES, ProxyWatch, watch_proxies
from bridge.web.console.request_context import (
    Handler,
    add_headers,
    visit_of,
)

PAGES = (
    today,
    checklist,
    test_order,
    pause,
    orders,
    decisions,
    order,
    lines,
    mapping,
    settings,
    audit_log,
    export,
    signin,
    events,
    rendering,
)
"""The modules with `routes`. A new page is added here, and to NAVIGATION in `navigation.py` if it has a place of its own."""

OTHERS = ("/webhooks/", "/sculpteo/", "/healthz", "/readyz", "/metrics")
"""What is not the console's."""

log = structlog.get_logger("bridge.console")


def add_to(app: web.Application, console: Console) -> None:
    """Add the console. While nobody may sign in, its pages are not there."""
    app[CONSOLE] = console
    app[GATE] = Gate()
    app[events.PULSE] = events.Pulse()
    background_cache.add_to(app)
    app[SURVEYS] = Surveys()
    app[PRODUCT_PICTURES] = ProductPictures()
    app[export.TURNS] = asyncio.Semaphore(export.AT_ONCE)
    app.on_cleanup.append(_close)
    app.cleanup_ctx.append(_load_files)
    for module in PAGES:
        app.add_routes(module.routes)
    app.middlewares.append(nothing_here)
    app[PROXIES] = ProxyWatch()
    app.middlewares.append(watch_proxies)


async def _load_files(app: web.Application) -> AsyncIterator[None]:
    """Read templates and translations beside the first requests, so that deliveries are taken before."""
    rendering.environment()  # here, so that no request makes another one meanwhile
    loading = asyncio.create_task(asyncio.to_thread(_read_files), name="console files")
    yield
    await asyncio.gather(loading, return_exceptions=True)


def _read_files() -> None:
    try:
        load_catalogs()
        rendering.load()
    except Exception:
        log.exception("a file of the console cannot be read; pages that need it fail")


async def _close(app: web.Application) -> None:
    await app[SURVEYS].close()
    await app[PRODUCT_PICTURES].close()


@web.middleware
async def nothing_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page, for people, where there is none."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as answer:
        console = request.app[CONSOLE]
        on = console.open_here or console.settings.console.list_members()
        if not on or request.path.startswith(OTHERS) or "text/html" not in request.headers.get("Accept", ""):
            raise
        visit = visit_of(console, request)
        response = visit.show_wrong(answer.status, visit.t("There is nothing here."))
        if "Allow" in answer.headers:
            response.headers["Allow"] = answer.headers["Allow"]
        add_headers(response, visit.origin)
        return response
