"""`/healthz` says that the process lives, `/readyz` that it can take deliveries, `/metrics` counts.

None of them says anything of an order or a customer, or of the machines behind the bridge. `/metrics` answers only
callers on this machine: those that come through a proxy on it are told apart by the headers that proxies add.
"""

from __future__ import annotations

import ipaddress
import time

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bridge.errors import StoreUnavailable
from bridge.web.app_keys import (
    PARTS,
    utcnow,
)
from bridge.web.metrics import METRICS

PROVEN_FOR = 2.0  # seconds for which one proof that the database can be written answers all who ask
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

routes = web.RouteTableDef()

log = structlog.get_logger("bridge.web")


class Readiness:
    """The last proof, so that a crowd of probes does not become a crowd of writes."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self.fault: str | None = None
        self.told: str | None = None


READINESS = web.AppKey("readiness", Readiness)
OPEN_METRICS = web.AppKey("open_metrics", bool)


@routes.get("/healthz")
async def alive(request: web.Request) -> web.Response:
    """The event loop turns."""
    return web.Response(text="alive\n")


@routes.get("/readyz")
async def ready(request: web.Request) -> web.Response:
    """The database can be written, its schema serves us, every part of the service runs, and it is not about
    to stop."""
    app = request.app
    fault = app[PARTS].fault()
    if fault is not None:
        _tell(app[READINESS], fault)
        return web.Response(status=503, text="a part of the service does not work: its log says which\n")
    if app[PARTS].stopping():
        return web.Response(status=503, text="stopping\n")
    proof = app[READINESS]
    if time.monotonic() - proof.at > PROVEN_FOR:
        try:
            await app[PARTS].store.check_ready()
            proof.fault = None
        except StoreUnavailable as error:
            proof.fault = str(error)
        except Exception as error:  # whatever it is: nothing can be made durable now
            log.exception("the database could not be tried")
            proof.fault = type(error).__name__
        proof.at = time.monotonic()
    _tell(proof, proof.fault)
    if proof.fault is not None:
        return web.Response(status=503, text="the database is not available: the log says why\n")
    return web.Response(text="ready\n")


def _tell(proof: Readiness, fault: str | None) -> None:
    """Say in the log why it is not ready, once: whoever asks may be a stranger, and the reason names hosts."""
    if fault is not None and fault != proof.told:
        log.error("not ready", why=fault)
    proof.told = fault


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Prometheus' text format."""
    if not (request.app[OPEN_METRICS] or is_local(request)):
        raise web.HTTPNotFound
    meters = request.app[METRICS]
    store = request.app[PARTS].store
    for state, count in (await store.queries.count_by_state()).items():
        meters.orders.labels(str(state)).set(count)
    meters.conditions.clear()
    for condition in await store.conditions.list_incidents():
        meters.conditions.labels(condition.code).inc()
    due = await store.desk.find_oldest_due()
    meters.oldest_due.set(max((utcnow() - due).total_seconds(), 0) if due else 0)
    return web.Response(body=generate_latest(meters.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def is_local(request: web.Request) -> bool:
    """Whether the caller is on this machine, and not behind a proxy that is."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


def add_to(app: web.Application, *, open_metrics: bool) -> None:
    """Add the routes and what they need."""
    app[READINESS] = Readiness()
    app[OPEN_METRICS] = open_metrics
    app.add_routes(routes)
