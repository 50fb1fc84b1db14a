"""The web application: routes, the answers to what goes wrong, and what every answer carries."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bridge.errors import StoreUnavailable
from bridge.web import health, notifications, webhooks
from bridge.web.app_keys import (
    PARTS,
    Configured,
    Parts,
    Storage,
)
from bridge.web.metrics import METRICS, Metrics

RETRY_AFTER = "5"  # seconds
SLOW = 1.0  # seconds; answers that took longer are logged

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger("bridge.web")
_SILENT = logging.Logger("bridge.web.protocol", logging.CRITICAL + 1)


def make_app(
    settings: Configured,
    store: Storage,
    *,
    on_news: Callable[[], None] = lambda: None,
    stopping: Callable[[], bool] = lambda: False,
    fault: Callable[[], str | None] = lambda: None,
    open_metrics: bool = False,
) -> web.Application:
    """The application, not running yet.

    `on_news` is called when something came in that the worker should look at. While `stopping` is true the
    service says that it is not ready; `fault` says why, where a part of it does not work. `open_metrics` answers /metrics to everybody, for a scraper on another
    machine of a private network.
    """
    app = web.Application(client_max_size=webhooks.LARGEST, middlewares=[guard])
    app[PARTS] = Parts(settings.shops, store, on_news, stopping, fault)
    app[METRICS] = Metrics()
    webhooks.add_to(app)
    notifications.add_to(app)
    health.add_to(app, open_metrics=open_metrics)
    app.on_response_prepare.append(_add_headers)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """The runner for `make_app`: bodies stay as they were sent, since their signature covers those bytes,
    and a body cannot blow up while it is unpacked.

    What is no HTTP is answered with 400 and leaves no line: aiohttp would log each with a traceback, so that
    strangers could fill the disk. What fails in a handler is logged by `guard`.
    """
    return web.AppRunner(app, access_log=None, logger=_SILENT, shutdown_timeout=5, auto_decompress=False)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "sculpteo-bridge"  # aiohttp has put its own version there


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what goes wrong into an answer, count and log it. Neither path nor query is logged: both may hold
    a secret; the route says enough."""
    began, is_stream = time.perf_counter(), False
    try:
        response = await handler(request)
        status = response.status
        is_stream = response.content_type == "text/event-stream"  # open for as long as somebody looks
    except web.HTTPException as answer:
        status = answer.status
        raise
    except StoreUnavailable as error:
        status = 503
        log.error("the database is not available", error=str(error))
        response = web.Response(status=status, text="try again later\n", headers={"Retry-After": RETRY_AFTER})
    except (ConnectionError, asyncio.CancelledError):
        status = 499  # the caller went away
        raise
    except Exception:
        status = 500
        log.exception("a request failed by an error of its own", route=_route(request))
        response = web.Response(status=status, text="internal error\n")
    finally:
        if not is_stream:
            _account(request, status, time.perf_counter() - began)
    return response


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "?"


def _account(request: web.Request, status: int, seconds: float) -> None:
    route = _route(request)
    request.app[METRICS].answers.labels(route, status).observe(seconds)
    if status >= 500 or seconds > SLOW:
        log.warning(
            "answered", route=route, method=request.method, status=status, milliseconds=round(seconds * 1000)
        )
