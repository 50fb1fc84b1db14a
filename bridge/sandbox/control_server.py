"""The control API: what a person or another process can do to the sandbox while it runs.

Loopback only; no authentication, because nothing in the sandbox is worth protecting. See README.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError, validate_call

from bridge.sandbox.control_schema import (
    BookView,
    DeliveryView,
    Info,
    OrderView,
    ShopInfo,
)
from bridge.sandbox.error_messages import sentence_of
from bridge.sandbox.http.faults import Fault
from bridge.sandbox.http.site import LARGEST_BODY
from bridge.sandbox.sculpteo.model import Step
from bridge.sandbox.sculpteo.printer import Printer
from bridge.sandbox.shopify.model import Address
from bridge.sandbox.shopify.orders import Buy, NewOrder
from bridge.sandbox.shopify.shop import Shop
from bridge.sandbox.shopify.state import ShopError

if TYPE_CHECKING:
    from bridge.sandbox.sandbox import (
        RunningShop,
        Sandbox,
    )

Verb = Callable[..., Any]
ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


class ShopDesk:
    """The verbs of a shop with plain arguments: orders are named by `#1001`, number id or global id."""

    def __init__(self, running: RunningShop) -> None:
        self._shop: Shop = running.shop
        self._running = running

    def add_product(self, title: str, variants: list[dict[str, Any]], vendor: str = "Acme") -> list[str]:
        """A product; gives the ids of its variants."""
        return [variant.gid for variant in self._shop.add_product(title, variants, vendor=vendor).variants]

    def create_order(self, new: NewOrder) -> OrderView:
        return OrderView.of(self._shop.place_order(new))

    def test_order(self) -> OrderView:
        return OrderView.of(self._shop.test_order())

    def orders(self) -> list[OrderView]:
        return [OrderView.of(order) for order in self._shop.orders.values()]

    def order(self, order: str) -> OrderView:
        return OrderView.of(self._shop.order(order))

    def pay(self, order: str, amount: Decimal | None = None) -> OrderView:
        return OrderView.of(self._shop.pay(order, amount))

    def lapse(self, order: str, how: str = "EXPIRED") -> OrderView:
        return OrderView.of(self._shop.lapse(order, how))

    def edit_variant(self, sku: str, options: dict[str, str]) -> str:
        return self._shop.edit_variant(sku, options).gid

    def rename_sku(self, sku: str, to: str) -> str:
        return self._shop.rename_sku(sku, to).gid

    def set_price(self, sku: str, price: Decimal) -> str:
        return self._shop.set_price(sku, price).gid

    def delete_variant(self, sku: str) -> None:
        self._shop.delete_variant(sku)

    def cancel(self, order: str, reason: str = "CUSTOMER", refund: bool = True) -> OrderView:
        return OrderView.of(self._shop.cancel(order, reason=reason, refund=refund))

    def refund(
        self, order: str, units: dict[str, int] | None = None, amount: Decimal | None = None
    ) -> OrderView:
        return OrderView.of(self._shop.refund(order, units, amount=amount))

    def edit(
        self, order: str, add: tuple[Buy | str, ...] = (), quantities: dict[str, int] | None = None
    ) -> OrderView:
        return OrderView.of(self._shop.edit(order, add=add, quantities=quantities))

    def set_address(self, order: str, address: Address | None) -> OrderView:
        return OrderView.of(self._shop.set_address(order, address))

    def set_risk(self, order: str, risk: str, assessments: tuple[str, ...] | None = None) -> OrderView:
        return OrderView.of(self._shop.set_risk(order, risk, assessments))

    def hold(self, order: str, reason: str = "OTHER", location: str | None = None) -> OrderView:
        for entry in self._shop.at_location(order, location):
            self._shop.hold(entry, reason)
        return self.order(order)

    def release(self, order: str, location: str | None = None) -> OrderView:
        for entry in self._shop.at_location(order, location):
            self._shop.release(entry)
        return self.order(order)

    def move(self, order: str, location: str, units: dict[str, int] | None = None) -> OrderView:
        """To the location: all, or units by SKU, which are split off first."""
        entries = self._shop.fulfillment_orders(order)
        if units is not None:
            entries = [self._shop.split(entries[0], units)]
        for entry in entries:
            self._shop.move(entry, location)
        return self.order(order)

    def split(self, order: str, units: dict[str, int]) -> OrderView:
        """Units by SKU become a fulfillment order of their own."""
        self._shop.split(self._shop.fulfillment_orders(order)[0], units)
        return self.order(order)

    def stop_progress(self, order: str) -> OrderView:
        """The merchant marks what was reported as in progress as not begun."""
        for entry in self._shop.fulfillment_orders(order):
            if entry.progress_notes:
                self._shop.open(entry)
        return self.order(order)

    def cancel_fulfillment(self, order: str, fulfillment: str) -> OrderView:
        """The merchant takes a shipment back; it is named by its id."""
        found = next((one for one in self._shop.order(order).fulfillments if one.gid == fulfillment), None)
        if found is None:
            raise LookupError(f"{order} has no fulfillment {fulfillment}")
        self._shop.cancel_fulfillment(found)
        return self.order(order)

    def fulfill_by_hand(
        self,
        order: str,
        units: dict[str, int] | None = None,
        number: str | None = None,
        company: str | None = None,
        location: str | None = None,
    ) -> OrderView:
        self._shop.fulfill_by_hand(order, units, number=number, company=company, location=location)
        return self.order(order)

    def close_order(self, order: str) -> OrderView:
        return OrderView.of(self._shop.close_order(order))

    def delete(self, order: str) -> None:
        self._shop.delete(order)

    def add_tags(self, order: str, tags: list[str]) -> OrderView:
        return OrderView.of(self._shop.add_tags(order, tags))

    def grant(self, scopes: list[str]) -> None:
        self._shop.grant(scopes)

    def uninstall(self) -> None:
        self._shop.uninstall()

    def expire_tokens(self) -> None:
        self._shop.expire_tokens()

    def set_routing_delay(self, seconds: float) -> None:
        self._shop.set_routing_delay(timedelta(seconds=seconds))

    def set_bucket(self, size: float, rate: float) -> None:
        self._running.api.engine.bucket.resize(size, rate)

    def subscriptions(self) -> list[tuple[str, str]]:
        """(topic, address) of each webhook subscription."""
        return [(entry.topic, entry.uri) for entry in self._shop.subscriptions.values()]

    def drop_subscriptions(self) -> None:
        self._shop.subscriptions.clear()

    def deliveries(self) -> list[DeliveryView]:
        return [DeliveryView.of(delivery) for delivery in self._running.webhooks.deliveries]

    def redeliver(self, webhook_id: str) -> None:
        self._running.webhooks.redeliver(webhook_id)


class PrinterDesk:
    def __init__(self, box: Sandbox) -> None:
        self._printer: Printer = box.printer
        self._box = box

    def books(self, mentioning: str | None = None, fake: bool | None = None) -> list[BookView]:
        return [BookView.of(book) for book in self._printer.books(mentioning, fake=fake)]

    def advance(self, reference: str, status: str) -> BookView:
        return BookView.of(self._printer.advance(reference, status))

    def add_parcel(
        self,
        reference: str,
        number: str | None = None,
        carrier: str = "UPS",
        contents: tuple[tuple[str, int], ...] | None = None,
        status: str | None = "Shipped",
    ) -> BookView:
        self._printer.add_parcel(reference, number, carrier, contents, status=status)
        return BookView.of(self._printer.book(reference))

    def relabel(self, reference: str, number: str, to: str | None = None) -> BookView:
        self._printer.relabel(reference, number, to)
        return BookView.of(self._printer.book(reference))

    def script(self, containing: str, steps: tuple[Step, ...], times: int = 1) -> None:
        self._printer.script(containing, steps, times=times)

    def notify(self, reference: str, url: str) -> None:
        """Notify any url of any reference, true or not."""
        self._box.notifier.send(reference, url, "forged")

    def set_automatic(self, automatic: bool, speed: float = 1.0) -> None:
        self._printer.settings.automatic = automatic
        self._printer.settings.speed = speed


class ControlDesk:
    """The application of the control API, over a running sandbox."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box

    def application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_errors])
        self.add_to(app)
        return app

    def add_to(self, app: web.Application) -> None:
        """Answer under /_control/ there."""
        control = web.Application(middlewares=[_errors])
        control.add_routes(
            [
                web.get("/info", self.info),
                web.get("/faults", self.list_faults),
                web.post("/faults", self.add_fault),
                web.delete("/faults", self.clear_faults),
                web.delete(r"/faults/{id:\d+}", self.remove_fault),
                web.get("/visits", self.visits),
                web.post("/outage", self.outage),
                web.get("/invoice/{reference}", self.invoice),
                web.post("/shop/{domain}/{verb}", self.shop_verb),
                web.post("/printer/{verb}", self.printer_verb),
            ]
        )
        app.add_subapp("/_control/", control)

    async def info(self, request: web.Request) -> web.Response:
        return _json(info_of(self._box))

    async def list_faults(self, request: web.Request) -> web.Response:
        return _json(self._box.faults.as_json())

    async def add_fault(self, request: web.Request) -> web.Response:
        fields = await request.json()
        if not isinstance(fields, dict):
            raise ValueError("a fault is a JSON object")
        known = TypeAdapter(Fault).validate_python({**fields, "id": 0})
        return _json(asdict(self._box.faults.put(known)))

    async def remove_fault(self, request: web.Request) -> web.Response:
        return _json({"removed": self._box.faults.remove(int(request.match_info["id"]))})

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._box.faults.clear()
        return _json({})

    async def visits(self, request: web.Request) -> web.Response:
        """How many requests each endpoint got, or those of `?endpoint=` (a pattern)."""
        pattern = request.query.get("endpoint")
        if pattern:
            return _json({pattern: self._box.faults.count(pattern)})
        names = {name for names in self._box.faults.counts for name in names}
        return _json({name: self._box.faults.count(name) for name in sorted(names)})

    async def outage(self, request: web.Request) -> web.Response:
        """{"service": "sculpteo" | "shopify" | a shop's domain, "down": true}: connections are refused."""
        fields = await request.json()
        if not isinstance(fields, dict) or not fields.keys() >= {"service", "down"}:
            raise ValueError(
                'an outage is {"service": "sculpteo", "shopify" or a shop, "down": true or false}'
            )
        service, down = fields["service"], fields["down"]
        if service == "sculpteo":
            await (self._box.sculpteo_down() if down else self._box.sculpteo_up())
        else:
            domain = None if service == "shopify" else service
            await (self._box.shopify_down(domain) if down else self._box.shopify_up(domain))
        return _json({})

    async def invoice(self, request: web.Request) -> web.Response:
        """The PDF that came with an order."""
        invoice = self._box.printer.book(request.match_info["reference"]).invoice
        if invoice is None:
            raise LookupError("this order came without an invoice")
        return web.Response(body=invoice, content_type="application/pdf")

    async def shop_verb(self, request: web.Request) -> web.Response:
        domain = request.match_info["domain"]
        running = self._box.shop_of(None if domain == "-" else domain)
        return await _call(ShopDesk(running), request)

    async def printer_verb(self, request: web.Request) -> web.Response:
        return await _call(PrinterDesk(self._box), request)


async def _call(desk: ShopDesk | PrinterDesk, request: web.Request) -> web.Response:
    """Run a verb with the JSON object of the request as its arguments."""
    name = request.match_info["verb"]
    verb: Verb | None = None if name.startswith("_") else getattr(desk, name, None)
    if verb is None:
        verbs = ", ".join(sorted(entry for entry in dir(desk) if not entry.startswith("_")))
        raise LookupError(f"there is no verb {name}; there are {verbs}")
    body = await request.read()
    arguments = await request.json() if body else {}
    if not isinstance(arguments, Mapping):
        raise ValueError("the arguments of a verb are a JSON object")
    return _json(validate_call(verb)(**arguments))


def _json(value: object) -> web.Response:
    return web.Response(body=ANYTHING.dump_json(value), content_type="application/json")


@web.middleware
async def _errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Every fault of the caller as 4xx with a sentence, and one of the sandbox as 500."""
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPNotFound:
        return _refused(404, f"there is nothing at {request.path}; bridge/sandbox/README.md has the list")
    except web.HTTPMethodNotAllowed as error:
        allowed = " or ".join(sorted(error.allowed_methods - {"HEAD"}))
        return _refused(405, f"{request.path} takes {allowed}, not {error.method}")
    except LookupError as error:
        return _refused(404, sentence_of(error))
    except (ValueError, TypeError, ArithmeticError, ValidationError, ShopError) as error:
        return _refused(400, sentence_of(error))
    except web.HTTPException:
        raise
    except Exception as error:
        return _refused(500, f"the sandbox failed by an error of its own: {sentence_of(error)}")
    return response


def _refused(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


def info_of(box: Sandbox) -> Info:
    return Info(
        tuple(
            ShopInfo(
                domain,
                running.url,
                running.shop.settings.client_id,
                running.shop.settings.client_secret,
                running.shop.settings.access_token,
            )
            for domain, running in box.running.items()
        ),
        box.sculpteo_url,
        box.sculpteo.login,
        box.sculpteo.password,
        box.control_url,
    )
