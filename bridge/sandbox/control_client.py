"""The control API's client: drives a sandbox in another process, with the verbs of the one in this."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from pydantic import TypeAdapter

from bridge.sandbox.control_schema import (
    BookView,
    DeliveryView,
    OrderView,
    SandboxInfo,
)
from bridge.sandbox.http.faults import (
    Fault,
    Kind,
)
from bridge.sandbox.sculpteo.model import Step
from bridge.sandbox.shopify.model import Address
from bridge.sandbox.shopify.orders import Buy, NewOrder

T = TypeVar("T")

ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
ORDER = TypeAdapter(OrderView)
ORDERS = TypeAdapter(list[OrderView])
BOOK = TypeAdapter(BookView)
BOOKS = TypeAdapter(list[BookView])
DELIVERIES = TypeAdapter(list[DeliveryView])
FAULT = TypeAdapter(Fault)
FAULTS = TypeAdapter(list[Fault])
INFO = TypeAdapter(SandboxInfo)
COUNTS = TypeAdapter(dict[str, int])
LONGEST = 300  # characters of an answer that is no sandbox's
PAIRS = TypeAdapter(list[tuple[str, str]])


class ControlError(Exception):
    """The sandbox refuses; the text is what was asked and its `sentence`."""

    def __init__(self, path: str, sentence: str) -> None:
        super().__init__(f"{path}: {sentence}")
        self.sentence = sentence


def _parse_refusal(raw: bytes) -> str:
    """What a refusal says; whoever answers there may be no sandbox."""
    try:
        return str(json.loads(raw)["error"])
    except (ValueError, KeyError, TypeError):
        return raw.decode("utf-8", "replace")[:LONGEST]


class ControlClient:
    """Use as `async with Control(url) as control:`."""

    def __init__(self, url: str, *, seconds: float = 30.0) -> None:
        self._url = url.rstrip("/")
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None
        self.printer = PrinterClient(self)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._seconds))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()

    def select_shop(self, domain: str = "-") -> ShopClient:
        """One of its shops; the first unless said otherwise."""
        return ShopClient(self, domain)

    async def send_request(self, method: str, path: str, body: object = None) -> bytes:
        """Raises ControlError with the sandbox's sentence."""
        if self._session is None:
            raise RuntimeError("use the control client as `async with Control(url) as control:`")
        data = ANYTHING.dump_json(body) if body is not None else None
        async with self._session.request(method, f"{self._url}/_control/{path}", data=data) as response:
            raw = await response.read()
            if response.status >= 400:
                raise ControlError(path, _parse_refusal(raw))
            return raw

    async def fetch_info(self) -> SandboxInfo:
        return INFO.validate_json(await self.send_request("GET", "info"))

    async def add_fault(self, endpoint: str, kind: Kind | str, **options: Any) -> Fault:
        """A new rule of the fault menu; `options` are the fields of Fault."""
        fault = Fault(endpoint, Kind(kind), **options)
        return FAULT.validate_json(await self.send_request("POST", "faults", fault))

    async def fetch_faults(self) -> list[Fault]:
        return FAULTS.validate_json(await self.send_request("GET", "faults"))

    async def clear_faults(self) -> None:
        await self.send_request("DELETE", "faults")

    async def remove_fault(self, number: int) -> None:
        await self.send_request("DELETE", f"faults/{number}")

    async def fetch_visit_counts(self) -> dict[str, int]:
        """How many requests each endpoint got."""
        return COUNTS.validate_json(await self.send_request("GET", "visits"))

    async def set_outage(self, service: str, down: bool) -> None:
        """Refuse connections of "sculpteo", "shopify" or a shop's domain, or take them again."""
        await self.send_request("POST", "outage", {"service": service, "down": down})

    async def fetch_invoice(self, reference: str) -> bytes:
        return await self.send_request("GET", f"invoice/{reference}")


class ShopClient:
    """The verbs of one shop; orders are named by `#1001`, number id or global id."""

    def __init__(self, control: ControlClient, domain: str) -> None:
        self._control = control
        self._domain = domain

    async def _call_verb(self, verb: str, **arguments: object) -> bytes:
        return await self._control.send_request("POST", f"shop/{self._domain}/{verb}", arguments)

    async def _call_order_verb(self, verb: str, **arguments: object) -> OrderView:
        return ORDER.validate_json(await self._call_verb(verb, **arguments))

    async def add_product(self, title: str, variants: Sequence[Mapping[str, Any]]) -> None:
        await self._call_verb("add_product", title=title, variants=variants)

    async def create_order(self, lines: Iterable[Buy | str], **options: Any) -> OrderView:
        """`options` are the fields of NewOrder."""
        return await self.place_order(NewOrder(lines=tuple(lines), **options))

    async def place_order(self, new: NewOrder) -> OrderView:
        return await self._call_order_verb("create_order", new=new)

    async def test_order(self) -> OrderView:
        """An order of something that is printed, by an invented customer."""
        return await self._call_order_verb("test_order")

    async def orders(self) -> list[OrderView]:
        return ORDERS.validate_json(await self._call_verb("orders"))

    async def order(self, order: str) -> OrderView:
        return await self._call_order_verb("order", order=order)

    async def pay(self, order: str, amount: Decimal | None = None) -> OrderView:
        return await self._call_order_verb("pay", order=order, amount=amount)

    async def lapse(self, order: str, how: str = "EXPIRED") -> OrderView:
        return await self._call_order_verb("lapse", order=order, how=how)

    async def edit_variant(self, sku: str, options: Mapping[str, str]) -> str:
        """Gives the id of the variant."""
        return str(json.loads(await self._call_verb("edit_variant", sku=sku, options=dict(options))))

    async def rename_sku(self, sku: str, to: str) -> str:
        """Gives the id of the variant."""
        return str(json.loads(await self._call_verb("rename_sku", sku=sku, to=to)))

    async def set_price(self, sku: str, price: Decimal) -> str:
        """Gives the id of the variant."""
        return str(json.loads(await self._call_verb("set_price", sku=sku, price=price)))

    async def delete_variant(self, sku: str) -> None:
        await self._call_verb("delete_variant", sku=sku)

    async def cancel(self, order: str, *, reason: str = "CUSTOMER", refund: bool = True) -> OrderView:
        return await self._call_order_verb("cancel", order=order, reason=reason, refund=refund)

    async def refund(
        self, order: str, units: Mapping[str, int] | None = None, *, amount: Decimal | None = None
    ) -> OrderView:
        return await self._call_order_verb("refund", order=order, units=units, amount=amount)

    async def edit(
        self, order: str, *, add: Iterable[Buy | str] = (), quantities: Mapping[str, int] | None = None
    ) -> OrderView:
        return await self._call_order_verb("edit", order=order, add=tuple(add), quantities=quantities)

    async def set_address(self, order: str, address: Address | None) -> OrderView:
        return await self._call_order_verb("set_address", order=order, address=address)

    async def set_risk(self, order: str, risk: str, assessments: tuple[str, ...] | None = None) -> OrderView:
        return await self._call_order_verb("set_risk", order=order, risk=risk, assessments=assessments)

    async def hold(self, order: str, reason: str = "OTHER", location: str | None = None) -> OrderView:
        return await self._call_order_verb("hold", order=order, reason=reason, location=location)

    async def release(self, order: str, location: str | None = None) -> OrderView:
        return await self._call_order_verb("release", order=order, location=location)

    async def move(self, order: str, location: str, units: Mapping[str, int] | None = None) -> OrderView:
        return await self._call_order_verb("move", order=order, location=location, units=units)

    async def split(self, order: str, units: Mapping[str, int]) -> OrderView:
        return await self._call_order_verb("split", order=order, units=units)

    async def stop_progress(self, order: str) -> OrderView:
        return await self._call_order_verb("stop_progress", order=order)

    async def cancel_fulfillment(self, order: str, fulfillment: str) -> OrderView:
        return await self._call_order_verb("cancel_fulfillment", order=order, fulfillment=fulfillment)

    async def fulfill_by_hand(
        self,
        order: str,
        units: Mapping[str, int] | None = None,
        *,
        number: str | None = None,
        company: str | None = None,
        location: str | None = None,
    ) -> OrderView:
        return await self._call_order_verb(
            "fulfill_by_hand",
            order=order,
            units=units,
            number=number,
            company=company,
            location=location,
        )

    async def close_order(self, order: str) -> OrderView:
        return await self._call_order_verb("close_order", order=order)

    async def add_tags(self, order: str, tags: Iterable[str]) -> OrderView:
        return await self._call_order_verb("add_tags", order=order, tags=list(tags))

    async def delete(self, order: str) -> None:
        await self._call_verb("delete", order=order)

    async def grant(self, scopes: Iterable[str]) -> None:
        await self._call_verb("grant", scopes=list(scopes))

    async def uninstall(self) -> None:
        await self._call_verb("uninstall")

    async def expire_tokens(self) -> None:
        await self._call_verb("expire_tokens")

    async def set_routing_delay(self, seconds: float) -> None:
        await self._call_verb("set_routing_delay", seconds=seconds)

    async def set_bucket(self, size: float, rate: float) -> None:
        await self._call_verb("set_bucket", size=size, rate=rate)

    async def subscriptions(self) -> list[tuple[str, str]]:
        return PAIRS.validate_json(await self._call_verb("subscriptions"))

    async def drop_subscriptions(self) -> None:
        await self._call_verb("drop_subscriptions")

    async def deliveries(self) -> list[DeliveryView]:
        return DELIVERIES.validate_json(await self._call_verb("deliveries"))

    async def redeliver(self, webhook_id: str) -> None:
        await self._call_verb("redeliver", webhook_id=webhook_id)


class PrinterClient:
    def __init__(self, control: ControlClient) -> None:
        self._control = control

    async def _call_verb(self, verb: str, **arguments: object) -> bytes:
        return await self._control.send_request("POST", f"printer/{verb}", arguments)

    async def books(self, mentioning: str | None = None, *, fake: bool | None = None) -> list[BookView]:
        return BOOKS.validate_json(await self._call_verb("books", mentioning=mentioning, fake=fake))

    async def advance(self, reference: str, status: str) -> BookView:
        return BOOK.validate_json(await self._call_verb("advance", reference=reference, status=status))

    async def add_parcel(
        self,
        reference: str,
        number: str | None = None,
        carrier: str = "UPS",
        contents: Iterable[tuple[str, int]] | None = None,
        *,
        status: str | None = "Shipped",
    ) -> BookView:
        return BOOK.validate_json(
            await self._call_verb(
                "add_parcel",
                reference=reference,
                number=number,
                carrier=carrier,
                contents=list(contents) if contents is not None else None,
                status=status,
            )
        )

    async def relabel(self, reference: str, number: str, to: str | None = None) -> BookView:
        return BOOK.validate_json(await self._call_verb("relabel", reference=reference, number=number, to=to))

    async def script(self, containing: str, steps: Sequence[Step], *, times: int = 1) -> None:
        await self._call_verb("script", containing=containing, steps=list(steps), times=times)

    async def notify(self, reference: str, url: str) -> None:
        await self._call_verb("notify", reference=reference, url=url)

    async def set_automatic(self, automatic: bool, *, speed: float = 1.0) -> None:
        await self._call_verb("set_automatic", automatic=automatic, speed=speed)
