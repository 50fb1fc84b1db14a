"""Sign in, sign out here, sign out everywhere."""

from __future__ import annotations

import math
from datetime import timedelta

from aiohttp import web

from bridge.store.sessions import Session
from bridge.web.console import auth
from bridge.web.console.auth import (
    GATE,
    digest,
)
from bridge.web.console.request_context import (
    Visit,
    form_token,
    local_path,
    page,
)

LONGEST_NAME = 64

routes = web.RouteTableDef()


@routes.get("/sign-in")
@page(None)
async def ask(visit: Visit) -> web.StreamResponse:
    wanted = local_path(visit.request.query.get("next", "/"))
    if visit.entered is not None:
        return visit.back_to(wanted)
    return await _form(visit, wanted)


async def _form(
    visit: Visit, wanted: str, *, wrong: str = "", name: str = "", status: int = 200
) -> web.Response:
    token = form_token(visit)
    response = await visit.show(
        "sign_in.html", status=status, token=token, wanted=wanted, wrong=wrong, name=name
    )
    auth.set_cookie(response, "form", token, visit.origin)
    return response


@routes.post("/sign-in")
@page(None)
async def sign_in(visit: Visit) -> web.StreamResponse:
    """Every try that is looked at is in the audit log: under the name, where somebody has it."""
    if visit.console.open_here:
        raise web.HTTPNotFound
    name, wanted = visit.form.get("name").strip()[:LONGEST_NAME], local_path(visit.form.get("next", "/"))
    gate, users, address = visit.request.app[GATE], auth.users_of(visit.settings), visit.origin.address
    device = auth.known_device(users.get(name), auth.cookie(visit.request, "device", visit.origin))
    wait = gate.take(name, address, device)
    if wait:
        wrong = visit.t(
            "Too many tries. Wait {time}, then try again.",
            time=visit.reader.format_span(timedelta(seconds=wait)),
        )
        response = await _form(visit, wanted, wrong=wrong, name=name, status=429)
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response
    user = await gate.check(users, name, visit.form.get("password"), address)
    known = name if name in users else "?"
    await visit.store.sessions.record_action(known, "sign_in", "done" if user else "refused", address=address)
    if user is None:
        wrong = visit.t("Name or password is wrong.")
        return await _form(visit, wanted, wrong=wrong, name=name, status=403)
    gate.by_device.forgive(device or "")
    await _forget(visit)
    secret = await auth.enter(visit.console, user, visit.origin, visit.request.headers.get("User-Agent"))
    response = visit.back_to(wanted)
    auth.set_cookie(response, "session", secret, visit.origin, visit.settings.console.session)
    auth.set_cookie(response, "device", auth.device_token(user, device), visit.origin, auth.DEVICE_LASTS)
    auth.drop_cookie(response, "form", visit.origin)
    return response


async def _forget(visit: Visit) -> None:
    """End the session that the browser came with, whoever's it was: a new one begins."""
    old = auth.cookie(visit.request, "session", visit.origin)
    if old and len(old) <= auth.LONGEST_SECRET:
        await visit.store.sessions.close_session(digest(old))


@routes.post("/sign-out")
@page()
async def sign_out(visit: Visit) -> web.StreamResponse:
    await visit.store.sessions.close_session(visit.session.id)
    await visit.note("sign_out", "done")
    return _gone(visit, visit.t("You are signed out."))


@routes.post("/sign-out-everywhere")
@page()
async def sign_out_everywhere(visit: Visit) -> web.StreamResponse:
    count = await visit.store.sessions.close_sessions(visit.user.name)
    await visit.note("sign_out_everywhere", "done", count=count)
    return _gone(visit, visit.t("You are signed out everywhere."))


def _gone(visit: Visit, text: str) -> web.Response:
    response = visit.back_to("/sign-in", text)
    auth.drop_cookie(response, "session", visit.origin)
    return response


@routes.get("/account")
@page()
async def account(visit: Visit) -> web.StreamResponse:
    """Who I am, and where I am signed in."""
    sessions: list[Session] = await visit.store.sessions.list_sessions(visit.user.name)
    return await visit.show("account.html", sessions=sessions, here=visit.session.id, browser_of=browser_of)


BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS")),
    *(("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux")),
)


def browser_of(agent: str | None) -> str | None:
    """What people call the browser of a User-Agent header, for them to know their own again."""
    said = agent or ""
    named = [next((name for mark, name in marks if mark in said), None) for marks in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, named)) or (said[:40] or None)
