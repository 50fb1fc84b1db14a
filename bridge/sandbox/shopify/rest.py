"""The few REST endpoints that a smoke test with Shopify's own Python library reads.

https://shopify.dev/docs/api/admin-rest
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from bridge.sandbox.shopify import payloads
from bridge.sandbox.shopify.search import ORDER_FIELDS, compile_search, moment
from bridge.sandbox.shopify.shop import Shop

MOST = 250


def shop_json(shop: Shop) -> dict[str, Any]:
    settings = shop.settings
    return {
        "shop": {
            "id": 70000000001,
            "name": settings.name,
            "domain": settings.domain,
            "myshopify_domain": settings.domain,
            "currency": settings.currency,
            "email": "owner@acme.example",
            "iana_timezone": "Europe/Paris",
            "plan_name": "partner_test",
            "taxes_included": True,
        }
    }


def orders_json(shop: Shop, query: Callable[[str], str | None]) -> dict[str, Any]:
    """`GET orders.json`: by status (open unless said otherwise), ids and dates, newest first."""
    found = compile_search(f"status:{query('status') or 'open'}", ORDER_FIELDS).over(shop.orders.values())
    if ids := query("ids"):
        found = [order for order in found if str(order.id) in ids.split(",")]
    if since := query("updated_at_min"):
        found = [order for order in found if order.updated_at >= moment(since)]
    if name := query("name"):
        found = [order for order in found if name in (order.name, order.name.lstrip("#"))]
    found.sort(key=lambda order: order.id, reverse=True)
    limit = min(int(query("limit") or 50), MOST)
    return {"orders": [payloads.order(order) for order in found[:limit]]}


def routes(shop: Shop, guard: Callable[[web.Request], None]) -> list[web.RouteDef]:
    """Handlers under /admin/api/<version>; `guard` refuses requests without a valid token."""

    async def get_shop(request: web.Request) -> web.Response:
        guard(request)
        return web.json_response(shop_json(shop))

    async def get_orders(request: web.Request) -> web.Response:
        guard(request)
        return web.json_response(orders_json(shop, request.query.get))

    async def get_order(request: web.Request) -> web.Response:
        guard(request)
        order = shop.orders.get(int(request.match_info["id"]))
        if order is None:
            return web.json_response({"errors": "Not Found"}, status=404)
        return web.json_response({"order": payloads.order(order)})

    async def count_orders(request: web.Request) -> web.Response:
        guard(request)
        return web.json_response({"count": len(orders_json(shop, request.query.get)["orders"])})

    return [
        web.get("/admin/api/{version}/shop.json", get_shop),
        web.get("/admin/api/{version}/orders.json", get_orders),
        web.get("/admin/api/{version}/orders/count.json", count_orders),
        web.get(r"/admin/api/{version}/orders/{id:\d+}.json", get_order),
    ]
