"""Sculpteo's endpoints over HTTP: order, tracking, price, materials, upload.

https://www.sculpteo.com/en/developer/webapi/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from aiohttp import web

from bridge.sandbox.http.faults import (
    FaultMenu,
    Kind,
)
from bridge.sandbox.http.site import (
    IN_HANDLER,
    LARGEST_BODY,
    spoiling,
)
from bridge.sandbox.sculpteo.form import parse_form, read_scale
from bridge.sandbox.sculpteo.model import UNITS, Book, Refused
from bridge.sandbox.sculpteo.pages import missing_page, tracking_json, tracking_page
from bridge.sandbox.sculpteo.printer import Design, Printer

CURRENCIES = {"EUR": Decimal(1), "USD": Decimal("1.10"), "GBP": Decimal("0.86")}
NO_DESIGN = 1  # error ids of the price call, beside 0 for none; the real ones are not documented
BAD_REQUEST = 2


class SculpteoApi:
    def __init__(self, printer: Printer, menu: FaultMenu) -> None:
        self.printer = printer
        self._menu = menu

    def application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[spoiling(self._menu, _names)])
        tracking = "/shop/tracking/reference/{reference:[^/]+}{slash:/?}"
        language = "/{language:en|fr}"
        app.add_routes(
            [
                web.post(f"{language}/api/store/3D/order/", self.order),
                *(
                    route
                    for path in (tracking, f"{language}{tracking}")
                    for route in (web.get(path, self.tracking), web.post(path, self.tracking))
                ),
                web.get(f"{language}/api/design/3D/price_by_uuid/", self.price),
                web.get(f"{language}/api/material/list/", self.materials),
                web.post(f"{language}/upload_design/a/3D/", self.upload),
            ]
        )
        return app

    async def order(self, request: web.Request) -> web.Response:
        """The reference as a plain string; on error an HTTP status and a blank body."""
        try:
            form = parse_form(await request.read(), request.headers.get("Content-Type", ""))
            fault = IN_HANDLER.get()
            taken_as_test = {Kind.AS_TEST: True, Kind.AS_REAL: False}.get(fault.kind) if fault else None
            book = self.printer.place(form, taken_as_test=taken_as_test)
        except Refused as refusal:
            return web.Response(status=refusal.status)
        if _wants_json(request):
            return web.json_response({"reference": book.reference})
        return web.Response(text=book.reference)

    async def tracking(self, request: web.Request) -> web.Response:
        """JSON for a POST with the XMLHttpRequest header, else the page for people."""
        try:
            book: Book = self.printer.book(request.match_info["reference"])
        except LookupError:
            return web.Response(status=404, text=missing_page(), content_type="text/html")
        settings = self.printer.settings
        if request.method == "POST" and _wants_json(request) and settings.json_tracking:
            return web.json_response(tracking_json(book, settings.json_names))
        language = request.match_info.get("language") or settings.page_language
        page = tracking_page(book, language, show_status=settings.page_status)
        return web.Response(text=page, content_type="text/html")

    async def price(self, request: web.Request) -> web.Response:
        query = request.query
        currency = query.get("currency", "EUR")
        try:
            quantity = int(query.get("quantity", "1"))
            scale = read_scale(query.get("scale", "1"))
            unit = query.get("unit", "cm")
            material = query.get("productname") or self.printer.settings.default_material
            if unit not in UNITS or currency not in CURRENCIES or quantity < 1:
                raise Refused(400, "unit, currency or quantity")
            total = self.printer.price(query.get("uuid", ""), quantity, scale, unit, material)
        except (Refused, ValueError) as error:
            number = NO_DESIGN if isinstance(error, Refused) and error.status == 404 else BAD_REQUEST
            return web.json_response({"error": {"id": number, "description": str(error)}})
        total = (total * CURRENCIES[currency]).quantize(Decimal("0.01"))
        return web.json_response(_price_answer(total, quantity, scale, material, currency))

    async def materials(self, request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "id": material.id,
                    "name": material.name,
                    "description": f"{material.name}, made up by the sandbox",
                    "dimensions_mm": {"min": [1, 1, 1], "max": [300, 300, 300]},
                    "rendering": True,
                }
                for material in self.printer.settings.materials
            ]
        )

    async def upload(self, request: web.Request) -> web.Response:
        try:
            form = parse_form(await request.read(), request.headers.get("Content-Type", ""))
        except Refused:
            return web.Response(status=400)
        content, name = form.file("file"), form.one("name")
        if not content or not name:
            return web.json_response({"error": "file and name are needed"})
        design = self._new_design(name, private=form.one("share") == "0")
        return web.json_response(
            {
                "uuid": design.uuid,
                "name": design.name,
                "scale": form.one("scale") or "1",
                "unit": form.one("unit") or "cm",
                **dict(zip(("dimx", "dimy", "dimz"), design.size, strict=True)),
            }
        )

    def _new_design(self, name: str, *, private: bool) -> Design:
        uuid = self.printer.new_reference()
        self.printer.invent_design(uuid)
        design = replace(self.printer.designs[uuid], name=name, private=private)
        self.printer.designs[uuid] = design
        return design


def _price_answer(
    total: Decimal, quantity: int, scale: Decimal, material: str, currency: str
) -> dict[str, Any]:
    return {
        "error": {"id": 0, "description": ""},
        "body": {
            "success": True,
            "scale": float(scale),
            "material": material,
            "currency": currency,
            "price": {
                "unit_price_raw": str((total / quantity).quantize(Decimal("0.01"))),
                "total_cost_raw": str(total),
                "has_tax": False,
            },
            "delivery": {"receipt_date": "", "shipped_delta": 6},
        },
    }


def _wants_json(request: web.Request) -> bool:
    return request.headers.get("X-Requested-With", "").lower() == "xmlhttprequest"


def _names(request: web.Request, body: bytes) -> Sequence[str]:
    """What the fault menu calls this request."""
    for part, name in (
        ("/store/3D/order/", "order"),
        ("/shop/tracking/", "tracking"),
        ("/price_by_uuid/", "price"),
        ("/material/list/", "materials"),
        ("/upload_design/", "upload"),
    ):
        if part in request.path:
            return (f"sculpteo.{name}",)
    return ("sculpteo.other",)
