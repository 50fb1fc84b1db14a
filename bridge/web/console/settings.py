"""Settings: the configuration as it holds, what the shops permit, versions, who may sign in."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from bridge import __version__
from bridge.config.show import build_effective_settings, dump_yaml
from bridge.shopify.scopes import SCOPES, Scope
from bridge.shopify.shop_status import Status
from bridge.store.tables import REVISION
from bridge.web.console.auth import (
    User,
    users_of,
)
from bridge.web.console.background_cache import (
    CHECKS,
    Checked,
    checked,
)
from bridge.web.console.request_context import (
    Visit,
    page,
)

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who may sign in, and where they are."""

    user: User
    sessions: int
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShopView:
    """A shop with its permissions: True = given, False = missing, None = not known (yet)."""

    name: str
    domain: str
    checked: Checked | None
    scopes: Sequence[tuple[Scope, bool | None]]


@routes.get("/settings")
@page()
async def settings(visit: Visit) -> web.StreamResponse:
    loaded = visit.console.loaded()
    shown = build_effective_settings(loaded)
    shops = [await _shop(visit, name) for name in visit.settings.shops]
    return await visit.show(
        "settings.html",
        loaded=loaded,
        sections=[(name, dump_yaml({name: value})) for name, value in shown.items()],
        shops=shops,
        processes=await visit.store.processes.list_running(),
        versions=_versions(visit, shops),
        members=await _members(visit) if visit.user.may("owner") else [],
    )


async def _shop(visit: Visit, name: str) -> ShopView:
    known = await checked(visit.request, visit.console, name)
    missing = known.status.missing_scopes if known else None
    scopes = [(scope, None if missing is None else scope not in missing) for scope in SCOPES]
    return ShopView(name, visit.settings.shops[name].domain, known, scopes)


def _versions(visit: Visit, shops: Sequence[ShopView]) -> Mapping[str, str]:
    found = {
        "sculpteo-bridge": __version__,
        "Python": platform.python_version(),
        visit.t("Database"): visit.store.engine_name + ", " + visit.t("schema {revision}", revision=REVISION),
    }
    for shop in shops:
        found[f"Shopify Admin API ({shop.name})"] = _api(visit, shop.checked.status) if shop.checked else "–"
    return found


def _api(visit: Visit, status: Status) -> str:
    version = status.version
    if version is None:
        return "–"
    if version.served and version.served != version.wanted:
        return visit.t("{wanted} asked for, {served} served", wanted=version.wanted, served=version.served)
    return version.wanted


async def _members(visit: Visit) -> list[Member]:
    found = []
    for user in users_of(visit.settings).values():
        sessions = [
            one for one in await visit.store.sessions.list_sessions(user.name) if one.proof == user.proof
        ]
        found.append(Member(user, len(sessions), max((one.seen_at for one in sessions), default=None)))
    return found


@routes.post("/settings/look")
@page("operator")
async def look(visit: Visit) -> web.StreamResponse:
    """Ask the shops anew, now."""
    visit.request.app[CHECKS].forget()
    for name in visit.settings.shops:
        await checked(visit.request, visit.console, name)
    return visit.back_to("/settings#permissions", visit.t("The shops are being asked."))


@routes.post("/settings/sign-out")
@page("owner")
async def sign_out(visit: Visit) -> web.StreamResponse:
    """End every session of somebody: they have lost a device, or left."""
    name = visit.form.get("name")
    if name not in users_of(visit.settings):
        raise web.HTTPBadRequest
    but = visit.session.id if name == visit.user.name else None
    count = await visit.store.sessions.close_sessions(name, but=but)
    await visit.note("sign_out_somebody", "done", name=name, count=count)
    text = visit.reader.n("{count} session has ended.", "{count} sessions have ended.", count)
    return visit.back_to("/settings#users", text)
