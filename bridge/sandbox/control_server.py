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
    OrderView,
    SandboxInfo,
    ShopInfo,
)
from bridge.sandbox.error_messages import describe_error
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


class ShopVerbs:
    """The verbs of a shop with plain arguments: orders are named by `#1001`, number id or global id."""

    def __init__(self, running: RunningShop) -> None:
        self._shop: Shop = running.shop
        self._running = running

    def add_product(self, title: str, variants: list[dict[str, Any]], vendor: str = "Acme") -> list[str]:
        """A product; gives the ids of its variants."""
        return [variant.gid for variant in self._shop.add_product(title, variants, vendor=vendor).variants]

    def create_order(self, new: NewOrder) -> OrderView:
        return OrderView.from_order(self._shop.place_order(new))

    def test_order(self) -> OrderView:
        return OrderView.from_order(self._shop.test_order())

    def orders(self) -> list[OrderView]:
        return [OrderView.from_order(order) for order in self._shop.orders.values()]

    def order(self, order: str) -> OrderView:
        return OrderView.from_order(self._shop.order(order))

    def pay(self, order: str, amount: Decimal | None = None) -> OrderView:
        return OrderView.from_order(self._shop.pay(order, amount))

    def lapse(self, order: str, how: str = "EXPIRED") -> OrderView:
        return OrderView.from_order(self._shop.lapse(order, how))

    def edit_variant(self, sku: str, options: dict[str, str]) -> str:
        return self._shop.edit_variant(sku, options).gid

    def rename_sku(self, sku: str, to: str) -> str:
        return self._shop.rename_sku(sku, to).gid

    def set_price(self, sku: str, price: Decimal) -> str:
        return self._shop.set_price(sku, price).gid

    def delete_variant(self, sku: str) -> None:
        self._shop.delete_variant(sku)

    def cancel(self, order: str, reason: str = "CUSTOMER", refund: bool = True) -> OrderView:
        return OrderView.from_order(self._shop.cancel(order, reason=reason, refund=refund))

    def refund(
        self, order: str, units: dict[str, int] | None = None, amount: Decimal | None = None
    ) -> OrderView:
        return OrderView.from_order(self._shop.refund(order, units, amount=amount))

    def edit(
        self, order: str, add: tuple[Buy | str, ...] = (), quantities: dict[str, int] | None = None
    ) -> OrderView:
        return OrderView.from_order(self._shop.edit(order, add=add, quantities=quantities))

    def set_address(self, order: str, address: Address | None) -> OrderView:
        return OrderView.from_order(self._shop.set_address(order, address))

    def set_risk(self, order: str, risk: str, assessments: tuple[str, ...] | None = None) -> OrderView:
        return OrderView.from_order(self._shop.set_risk(order, risk, assessments))

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
        return OrderView.from_order(self._shop.close_order(order))

    def delete(self, order: str) -> None:
        self._shop.delete(order)

    def add_tags(self, order: str, tags: list[str]) -> OrderView:
        return OrderView.from_order(self._shop.add_tags(order, tags))

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
        return [DeliveryView.from_delivery(delivery) for delivery in self._running.webhooks.deliveries]

    def redeliver(self, webhook_id: str) -> None:
        self._running.webhooks.redeliver(webhook_id)


class PrinterVerbs:
    def __init__(self, box: Sandbox) -> None:
        self._printer: Printer = box.printer
        self._box = box

    def books(self, mentioning: str | None = None, fake: bool | None = None) -> list[BookView]:
        return [BookView.from_book(book) for book in self._printer.books(mentioning, fake=fake)]

    def advance(self, reference: str, status: str) -> BookView:
        return BookView.from_book(self._printer.advance(reference, status))

    def add_parcel(
        self,
        reference: str,
        number: str | None = None,
        carrier: str = "UPS",
        contents: tuple[tuple[str, int], ...] | None = None,
        status: str | None = "Shipped",
    ) -> BookView:
        self._printer.add_parcel(reference, number, carrier, contents, status=status)
        return BookView.from_book(self._printer.book(reference))

    def relabel(self, reference: str, number: str, to: str | None = None) -> BookView:
        self._printer.relabel(reference, number, to)
        return BookView.from_book(self._printer.book(reference))

    def script(self, containing: str, steps: tuple[Step, ...], times: int = 1) -> None:
        self._printer.script(containing, steps, times=times)

    def notify(self, reference: str, url: str) -> None:
        """Notify any url of any reference, true or not."""
        self._box.notifier.send(reference, url, "forged")

    def set_automatic(self, automatic: bool, speed: float = 1.0) -> None:
        self._printer.settings.automatic = automatic
        self._printer.settings.speed = speed


class ControlServer:
    """The application of the control API, over a running sandbox."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box

    def build_application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_handle_errors])
        self.add_routes_to(app)
        return app

    def add_routes_to(self, app: web.Application) -> None:
        """Answer under /_control/ there."""
        control = web.Application(middlewares=[_handle_errors])
        control.add_routes(
            [
                web.get("/info", self.handle_info),
                web.get("/faults", self.handle_list_faults),
                web.post("/faults", self.handle_add_fault),
                web.delete("/faults", self.handle_clear_faults),
                web.delete(r"/faults/{id:\d+}", self.handle_remove_fault),
                web.get("/visits", self.handle_visits),
                web.post("/outage", self.handle_outage),
                web.get("/invoice/{reference}", self.handle_invoice),
                web.post("/shop/{domain}/{verb}", self.handle_shop_verb),
                web.post("/printer/{verb}", self.handle_printer_verb),
            ]
        )
        app.add_subapp("/_control/", control)

    async def handle_info(self, request: web.Request) -> web.Response:
        return _build_json_response(build_info(self._box))

    async def handle_list_faults(self, request: web.Request) -> web.Response:
        return _build_json_response(self._box.faults.as_json())

    async def handle_add_fault(self, request: web.Request) -> web.Response:
        fields = await request.json()
        if not isinstance(fields, dict):
            raise ValueError("a fault is a JSON object")
        known = TypeAdapter(Fault).validate_python({**fields, "id": 0})
        return _build_json_response(asdict(self._box.faults.put(known)))

    async def handle_remove_fault(self, request: web.Request) -> web.Response:
        return _build_json_response({"removed": self._box.faults.remove(int(request.match_info["id"]))})

    async def handle_clear_faults(self, request: web.Request) -> web.Response:
        self._box.faults.clear()
        return _build_json_response({})

    async def handle_visits(self, request: web.Request) -> web.Response:
        """How many requests each endpoint got, or those of `?endpoint=` (a pattern)."""
        pattern = request.query.get("endpoint")
        if pattern:
            return _build_json_response({pattern: self._box.faults.count(pattern)})
        names = {name for names in self._box.faults.counts for name in names}
        return _build_json_response({name: self._box.faults.count(name) for name in sorted(names)})

    async def handle_outage(self, request: web.Request) -> web.Response:
        """{"service": "sculpteo" | "shopify" | a shop's domain, "down": true}: connections are refused."""
        fields = await request.json()
        if not isinstance(fields, dict) or not fields.keys() >= {"service", "down"}:
            raise ValueError(
                'an outage is {"service": "sculpteo", "shopify" or a shop, "down": true or false}'
            )
        service, down = fields["service"], fields["down"]
        if service == "sculpteo":
            await (self._box.stop_sculpteo() if down else self._box.start_sculpteo())
        else:
            domain = None if service == "shopify" else service
            await (self._box.stop_shopify(domain) if down else self._box.start_shopify(domain))
        return _build_json_response({})

    async def handle_invoice(self, request: web.Request) -> web.Response:
        """The PDF that came with an order."""
        invoice = self._box.printer.book(request.match_info["reference"]).invoice
        if invoice is None:
            raise LookupError("this order came without an invoice")
        return web.Response(body=invoice, content_type="application/pdf")

    async def handle_shop_verb(self, request: web.Request) -> web.Response:
        domain = request.match_info["domain"]
        running = self._box.get_running_shop(None if domain == "-" else domain)
        return await _call_verb(ShopVerbs(running), request)

    async def handle_printer_verb(self, request: web.Request) -> web.Response:
        return await _call_verb(PrinterVerbs(self._box), request)


async def _call_verb(desk: ShopVerbs | PrinterVerbs, request: web.Request) -> web.Response:
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
    return _build_json_response(validate_call(verb)(**arguments))


def _build_json_response(value: object) -> web.Response:
    return web.Response(body=ANYTHING.dump_json(value), content_type="application/json")


@web.middleware
async def _handle_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Every fault of the caller as 4xx with a sentence, and one of the sandbox as 500."""
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPNotFound:
        return _build_refusal(
            404, f"there is nothing at {request.path}; bridge/sandbox/README.md has the list"
        )
    except web.HTTPMethodNotAllowed as error:
        allowed = " or ".join(sorted(error.allowed_methods - {"HEAD"}))
        return _build_refusal(405, f"{request.path} takes {allowed}, not {error.method}")
    except LookupError as error:
        return _build_refusal(404, describe_error(error))
    except (ValueError, TypeError, ArithmeticError, ValidationError, ShopError) as error:
        return _build_refusal(400, describe_error(error))
    except web.HTTPException:
        raise
    except Exception as error:
        return _build_refusal(500, f"the sandbox failed by an error of its own: {describe_error(error)}")
    return response


def _build_refusal(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


def build_info(box: Sandbox) -> SandboxInfo:
    return SandboxInfo(
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
