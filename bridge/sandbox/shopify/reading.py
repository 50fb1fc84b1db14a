"""How each field of the Admin API's schema is read from the shop: one table, type by type.

A field that is not here is an error that says so, never a silent null: null is returned only where Shopify
would return it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from bridge.sandbox.shopify.connections import Connection, page, window
from bridge.sandbox.shopify.metafields import resolve_namespace
from bridge.sandbox.shopify.model import (
    Address,
    Company,
    Customer,
    Fulfillment,
    FulfillmentOrderLine,
    LineItem,
    Metafield,
    MetafieldOwner,
    Node,
    Order,
    ShippingLine,
    Transaction,
    metafield_of,
    rounded,
)
from bridge.sandbox.shopify.search import ORDER_FIELDS, VARIANT_FIELDS, compile_search
from bridge.sandbox.shopify.settings import API_VERSIONS
from bridge.sandbox.shopify.shop import Shop
from bridge.sandbox.shopify.state import APP_ID

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    Info = GraphQLResolveInfo["Context"]  # generic from graphql-core 3.3 on; 3.2 cannot evaluate it

Resolver = Callable[..., Any]
Table = dict[str, dict[str, Resolver]]


@dataclass(slots=True)
class Context:
    """What a request may see."""

    shop: Shop

    def need(self, scope: str, field: str) -> None:
        if not self.shop.settings.granted(scope):
            raise denied(scope, field)


def denied(scope: str, field: str) -> GraphQLError:
    required = f"`{scope}` access scope."
    return GraphQLError(
        f"Access denied for {field} field. Required access: {required}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": required,
        },
    )


def stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def decimal(amount: Decimal) -> str:
    """As the Admin API writes decimals: at least one digit after the point, no idle zeros."""
    text = f"{amount:f}".rstrip("0") if amount % 1 else f"{amount:.1f}"
    return text if "." in text else f"{text}.0"


def attribute(name: str) -> Resolver:
    return lambda source, info: getattr(source, name)


def time_of(name: str) -> Resolver:
    return lambda source, info: stamp(getattr(source, name))


def constant(value: object) -> Resolver:
    return lambda source, info: value


def listed(read: Callable[[Any], Sequence[Any]]) -> Resolver:
    """A connection over a list that keeps its order."""

    def resolve(source: Any, info: Info, **arguments: Any) -> Connection:
        things = read(source)
        places = {id(thing): index for index, thing in enumerate(things)}
        if arguments.pop("reverse", False):
            things = things[::-1]
        return page(things, lambda thing: (places[id(thing)],), sort=False, **window(arguments))

    return resolve


def bag(order: Order, amount: Decimal) -> dict[str, dict[str, str]]:
    shown = rounded(amount * order.rate, order.presentment_currency)
    return {
        "shopMoney": {
            "amount": decimal(rounded(amount, order.currency)),
            "currencyCode": order.currency,
        },
        "presentmentMoney": {"amount": decimal(shown), "currencyCode": order.presentment_currency},
    }


def order_money(read: Callable[[Order], Decimal]) -> Resolver:
    return lambda order, info: bag(order, read(order))


def attributes(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs]


# -- metafields --


def metafield(source: MetafieldOwner, info: Info, key: str, namespace: str | None = None) -> Any:
    space, _, name = key.rpartition(".") if namespace is None and "." in key else ("", "", key)
    return metafield_of(source, resolve_namespace(space or namespace), name)


def metafields(source: MetafieldOwner, info: Info, **arguments: Any) -> Connection:
    found = list(source.metafields)
    if (namespace := arguments.get("namespace")) is not None:
        found = [entry for entry in found if entry.namespace == resolve_namespace(namespace)]
    if keys := arguments.get("keys"):
        wanted = {
            (resolve_namespace(space or None), name)
            for space, _, name in (str(key).rpartition(".") for key in keys)
        }
        found = [entry for entry in found if (entry.namespace, entry.key) in wanted]
    return page(
        found, lambda entry: (entry.id,), reverse=arguments.get("reverse", False), **window(arguments)
    )


# -- orders and lines: a line needs its order to know the currency --


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line with its order."""

    order: Order
    line: LineItem

    @property
    def kind(self) -> str:
        return self.line.kind

    @property
    def gid(self) -> str:
        return self.line.gid


@dataclass(frozen=True, slots=True)
class FulfillmentLine:
    """Units of a line in a shipment."""

    order: Order
    line: LineItem
    quantity: int
    id: int


@dataclass(frozen=True, slots=True)
class OrderShipping:
    order: Order
    line: ShippingLine


@dataclass(frozen=True, slots=True)
class FulfillmentOrderRow:
    """A line of a fulfillment order, with the order."""

    order: Order
    row: FulfillmentOrderLine

    @property
    def kind(self) -> str:
        return self.row.kind

    @property
    def gid(self) -> str:
        return self.row.gid


def locations(source: object, info: Info, **arguments: Any) -> Connection:
    info.context.need("read_locations", "locations")
    return page(info.context.shop.locations, lambda place: (place.id,), **window(arguments))


def order_lines(order: Order) -> list[OrderLine]:
    return [OrderLine(order, line) for line in order.lines]


def fulfillment_orders(order: Order, info: Info, **arguments: Any) -> Connection:
    """Without a scope for fulfillment orders the list is silently empty, as at Shopify."""
    context: Context = info.context
    visible = context.shop.settings.granted("read_merchant_managed_fulfillment_orders")
    connection: Connection = listed(lambda source: source.fulfillment_orders if visible else [])(
        order, info, **arguments
    )
    return connection


def line_money(read: Callable[[LineItem], Decimal]) -> Resolver:
    return lambda source, info, **arguments: bag(source.order, read(source.line))


def line_attribute(name: str) -> Resolver:
    return lambda source, info: getattr(source.line, name)


def taxes_of_line(source: OrderLine, info: Info, first: int | None = None) -> list[Any]:
    line, order = source.line, source.order
    if not line.tax_rate:
        return []
    amount = line.tax(line.quantity, order.taxes_included)
    return [tax_line(order, line.tax_title, line.tax_rate, amount)]


def tax_line(order: Order, title: str, rate: Decimal, amount: Decimal) -> dict[str, Any]:
    return {
        "title": title,
        "rate": float(rate),
        "ratePercentage": float(rate * 100),
        "priceSet": bag(order, amount),
        "channelLiable": False,
        "source": None,
    }


def transactions(order: Order, info: Info, first: int | None = None, **arguments: Any) -> list[Transaction]:
    found = order.transactions
    if (capturable := arguments.get("capturable")) is not None:
        found = [one for one in found if one.capturable is capturable]
    return found[:first]


def purchasing_entity(order: Order, info: Info) -> Any:
    if order.company is not None:
        return order.company
    context: Context = info.context
    return order.customer if context.shop.settings.granted("read_customers") else None


def company_part(company: Company, info: Info) -> Company:
    """A company's name and location: without the permission Shopify refuses both."""
    context: Context = info.context
    context.need("read_customers", info.field_name)
    return company


def localized_fields(order: Order) -> list[dict[str, str]]:
    country = (order.address.country_code if order.address else None) or "FR"
    return [
        {"key": "TAX_CREDENTIAL_IT", "purpose": "TAX", "countryCode": country, "title": title, "value": value}
        for title, value in order.credentials
    ]


def payment_terms(order: Order, info: Info) -> Any:
    context: Context = info.context
    context.need("read_payment_terms", "paymentTerms")
    return (
        {"id": "gid://shopify/PaymentTerms/1", "name": order.payment_terms} if order.payment_terms else None
    )


def risk_summary(order: Order) -> dict[str, Any]:
    advice = RECOMMENDATION[worst] if (worst := _worst(order.risk_levels)) else "NONE"
    return {"recommendation": advice, "assessments": list(order.risk_levels)}


def _worst(levels: Sequence[str]) -> str | None:
    return next((level for level in RECOMMENDATION if level in levels), None)


def tracking_info(source: Fulfillment, info: Info, first: int | None = None) -> list[Any]:
    urls = (*source.urls, *([None] * len(source.numbers)))
    rows = [
        {"number": number, "company": source.company, "url": url}
        for number, url in zip(source.numbers, urls, strict=False)
    ]
    if not rows and source.company:
        rows = [{"number": None, "company": source.company, "url": None}]
    return rows[:first] if first is not None else rows


def search_warning(info: Info, unknown: list[str]) -> None:
    # Shopify ignores unknown fields and says so in extensions; for a client under test that is a fault.
    if unknown:
        raise GraphQLError(f"the sandbox cannot search by {', '.join(unknown)}")


ORDER_SORT: dict[str, Callable[[Order], tuple[Any, ...]]] = {
    "CREATED_AT": lambda order: (order.created_at.isoformat(timespec="microseconds"), order.id),
    "PROCESSED_AT": lambda order: (order.created_at.isoformat(timespec="microseconds"), order.id),
    "UPDATED_AT": lambda order: (order.updated_at.isoformat(timespec="microseconds"), order.id),
    "ID": lambda order: (order.id,),
    "ORDER_NUMBER": lambda order: (order.number, order.id),
    "TOTAL_PRICE": lambda order: (float(order.total), order.id),
}


def orders(source: object, info: Info, **arguments: Any) -> Connection:
    context: Context = info.context
    context.need("read_orders", "orders")
    sort = arguments.get("sortKey", "PROCESSED_AT")
    if sort not in ORDER_SORT:
        raise GraphQLError(f"the sandbox cannot sort orders by {sort}")
    search = compile_search(arguments.get("query"), ORDER_FIELDS)
    search_warning(info, search.unknown)
    found = search.over(context.shop.orders.values())
    return page(found, ORDER_SORT[sort], reverse=arguments.get("reverse", False), **window(arguments))


def customer_orders(customer: Customer, info: Info, **arguments: Any) -> Connection:
    context: Context = info.context
    sort = arguments.get("sortKey", "ID")
    if sort not in ORDER_SORT or arguments.get("query") is not None:
        raise GraphQLError("the sandbox can neither sort a customer's orders so nor search in them")
    found = [order for order in context.shop.orders.values() if order.customer is customer]
    return page(found, ORDER_SORT[sort], reverse=arguments.get("reverse", False), **window(arguments))


def variants(source: object, info: Info, **arguments: Any) -> Connection:
    context: Context = info.context
    context.need("read_products", "productVariants")
    search = compile_search(arguments.get("query"), VARIANT_FIELDS)
    search_warning(info, search.unknown)
    found = search.over(context.shop.variants.values())
    return page(
        found, lambda variant: (variant.id,), reverse=arguments.get("reverse", False), **window(arguments)
    )


def subscriptions(source: object, info: Info, **arguments: Any) -> Connection:
    context: Context = info.context
    found = list(context.shop.subscriptions.values())
    if topics := arguments.get("topics"):
        found = [entry for entry in found if entry.topic in topics]
    if uri := arguments.get("uri") or arguments.get("callbackUrl"):
        found = [entry for entry in found if entry.uri == uri]
    return page(
        found, lambda entry: (entry.id,), reverse=arguments.get("reverse", False), **window(arguments)
    )


def by_id(kind: type[Node], scope: str | None, field: str) -> Resolver:
    def resolve(source: object, info: Info, id: str) -> Node | None:
        context: Context = info.context
        if scope:
            context.need(scope, field)
        return context.shop.find(kind, id)

    return resolve


def shop_value(read: Callable[[Shop], Any]) -> Resolver:
    return lambda source, info: read(info.context.shop)


def scopes(shop: Shop) -> list[dict[str, str]]:
    """What was granted; a write scope also lists the read scope that it brings."""
    granted = set(shop.settings.scopes)
    granted |= {f"read_{scope.removeprefix('write_')}" for scope in granted if scope.startswith("write_")}
    return [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(granted)]


def version(handle: str) -> dict[str, Any]:
    latest = " (Latest)" if handle == API_VERSIONS[-1] else ""
    return {"handle": handle, "displayName": f"{handle}{latest}", "supported": True}


def formatted(source: Address, info: Info, withName: bool = False, withCompany: bool = True) -> list[str]:
    parts = (
        source.name if withName else None,
        source.company if withCompany else None,
        source.address1,
        source.address2,
        " ".join(part for part in (source.zip, source.city) if part),
        source.country,
    )
    return [part for part in parts if part]


ADDRESS: dict[str, Resolver] = {
    "id": constant("gid://shopify/MailingAddress/1?model_name=Address"),
    "firstName": attribute("first_name"),
    "lastName": attribute("last_name"),
    "name": attribute("name"),
    "company": attribute("company"),
    "address1": attribute("address1"),
    "address2": attribute("address2"),
    "city": attribute("city"),
    "province": attribute("province"),
    "provinceCode": attribute("province_code"),
    "zip": attribute("zip"),
    "country": attribute("country"),
    "countryCode": attribute("country_code"),
    "countryCodeV2": attribute("country_code"),
    "phone": attribute("phone"),
    "latitude": constant(None),
    "longitude": constant(None),
    "formatted": formatted,
    "formattedArea": lambda source, info: ", ".join(part for part in (source.city, source.country) if part),
    "coordinatesValidated": constant(False),
    "validationResultSummary": attribute("validation"),
}

RECOMMENDATION = {
    "HIGH": "CANCEL",
    "MEDIUM": "INVESTIGATE",
    "LOW": "ACCEPT",
    "PENDING": "NONE",
    "NONE": "NONE",
}


def json_value(source: Metafield, info: Info) -> Any:
    return json.loads(source.value) if source.type == "json" else source.value


def app(shop: Shop) -> dict[str, Any]:
    return {"id": f"gid://shopify/App/{APP_ID}", "title": "sculpteo-bridge", "handle": "sculpteo-bridge"}
