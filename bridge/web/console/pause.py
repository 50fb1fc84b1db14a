"""The stop switch: pause and resume, each asked for on a page of its own first."""

from __future__ import annotations

from aiohttp import web

from bridge.order.states import Wait
from bridge.store.key_value import ALL
from bridge.web.console.request_context import (
    Visit,
    page,
)

LONGEST_WHY = 200

routes = web.RouteTableDef()


@routes.get("/pause")
@page("operator")
async def ask_pause(visit: Visit) -> web.StreamResponse:
    return await visit.show("pause.html", shops=tuple(visit.settings.shops), longest=LONGEST_WHY)


@routes.post("/pause")
@page("operator")
async def pause(visit: Visit) -> web.StreamResponse:
    """Pressed twice, the second changes nothing."""
    scope, why = _scope(visit), visit.form.get("why").strip()[:LONGEST_WHY] or None
    new = await visit.store.switch.pause_ordering(scope, visit.user.name, why)
    if new:
        await visit.note("pause", "done", shop=scope, why=why)
    text = visit.t("Placing is paused. Orders keep coming in and wait.")
    return visit.back_to("/", text if new else visit.t("It was paused already."))


@routes.get("/resume")
@page("operator")
async def ask_resume(visit: Visit) -> web.StreamResponse:
    scope = visit.request.query.get("scope", ALL)
    if scope not in [found.scope for found in await visit.store.switch.list_pauses()]:
        return visit.back_to("/", visit.t("It goes on already."))
    counts = await visit.counts()
    waiting = counts.reasons.get(Wait.PAUSED, 0)
    return await visit.show("resume.html", scope=scope, everywhere=scope == ALL, waiting=waiting)


@routes.post("/resume")
@page("operator")
async def resume(visit: Visit) -> web.StreamResponse:
    """A shop that is no longer configured may still be paused, so any scope that is paused can be ended."""
    scope = visit.form.get("scope", ALL)
    ended = await visit.store.switch.resume_ordering(scope)
    if ended:
        await visit.note("resume", "done", shop=scope)
        visit.console.on_news()
    return visit.back_to("/", visit.t("Placing goes on.") if ended else visit.t("It goes on already."))


def _scope(visit: Visit) -> str:
    """A shop of the configuration, or all. Raises 400 for another."""
    scope = visit.form.get("scope", ALL)
    if scope != ALL and scope not in visit.settings.shops:
        raise web.HTTPBadRequest
    return scope
