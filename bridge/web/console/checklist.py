"""What a merchant does before they rely on the bridge. The list stays on Today until each of its points is done."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from bridge.i18n.formatter import mark
from bridge.order import stored_keys
from bridge.order.states import State
from bridge.store.order_search import OrderCounts
from bridge.web.console.request_context import (
    Visit,
    page,
)

MAPPED = (
    mark("Your products are mapped to designs"),
    mark("Add your SKUs with their designs to `products` in the configuration."),
)
PASSWORD = (
    mark("The console has a password"),
    mark("Run `sculpteo-bridge password`, and put the line that it prints into the configuration."),
)
ALERTS = (
    mark("You are told when an order needs you"),
    mark("Name an address under `alerts` in the configuration, then try it: `sculpteo-bridge alerts test`."),
)
BACKUP = (
    mark("The database is backed up"),
    mark(
        "Have the database copied to another place each day; `deploy/README.md` says how. The bridge cannot see that, so "
        "say here when it is done."
    ),
)
SHIPPED = (
    mark("A first order was printed and shipped"),
    mark("Follow your first live order to its tracking number in the shop: then everything has worked once."),
)
routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Point:
    """`remedy` says how it is done; `confirms` = a person says that it is."""

    sentence: str
    remedy: str
    done: bool
    confirms: bool = False


async def checklist(visit: Visit, counts: OrderCounts) -> list[Point]:
    """Every point, done or not; empty once all are done, and in the demo, which is nobody's to set up."""
    if visit.console.open_here:
        return []
    settings = visit.settings
    has_products = settings.products or any(shop.products for shop in settings.shops.values())
    shipped = counts.states[State.SHIPPED] + counts.states[State.DONE]
    backup = await visit.store.memory.get(stored_keys.BACKUP_CONFIRMED)
    found = (
        (MAPPED, bool(has_products)),
        (PASSWORD, bool(settings.console.list_members())),
        (ALERTS, bool(settings.alerts)),
        (BACKUP, backup is not None),
        (SHIPPED, shipped > 0),
    )
    if all(done for _, done in found):
        return []
    t = visit.t
    return [Point(t(words[0]), t(words[1]), done, words is BACKUP) for words, done in found]


@routes.post("/checklist/backup")
@page("owner")
async def confirm_backup(visit: Visit) -> web.StreamResponse:
    """An owner says that the database is backed up. Pressed twice, the first word counts."""
    said = f"{visit.now.isoformat()} {visit.user.name}"
    if await visit.store.memory.set_if_absent(stored_keys.BACKUP_CONFIRMED, said) == said:
        await visit.note("backup_confirmed", "done")
        return visit.back_to("/", visit.t("Noted: the database is backed up."))
    return visit.back_to("/", visit.t("That was noted already."))
