"""A test order, where the shop is simulated: the sandbox lets an invented customer buy something that is printed."""

from __future__ import annotations

from aiohttp import web

from bridge.config.identifiers import is_simulated
from bridge.errors import TryAgain
from bridge.web.console.request_context import (
    Visit,
    page,
)

routes = web.RouteTableDef()


def simulated_shops(visit: Visit) -> list[str]:
    """The shops that a test order can be sent to. None in the demo, which plays a day of its own."""
    if visit.console.test_order is None or visit.console.open_here or not visit.user.may("operator"):
        return []
    return [name for name, shop in visit.settings.shops.items() if is_simulated(shop.admin_url or "")]


@routes.post("/test-order")
@page("operator")
async def send(visit: Visit) -> web.StreamResponse:
    """Each press is one more order. Raises 400 for a shop that is not simulated."""
    shop, test_order = visit.form.get("shop"), visit.console.test_order
    if shop not in simulated_shops(visit) or test_order is None:
        raise web.HTTPBadRequest
    try:
        name = await test_order(shop)
    except TryAgain as error:
        text = visit.t("No test order was sent: {why}. Does `sculpteo-bridge sandbox` run?", why=error.why)
        return visit.back_to("/", text, good=False)
    await visit.note("test_order", "done", shop=shop, name=name)
    return visit.back_to(
        "/", visit.t("{order} is ordered and paid. It appears here within seconds.", order=name)
    )
