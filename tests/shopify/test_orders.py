"""Orders are read whole, as they are; what cannot be read is named with its place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.errors import NeedsPerson, TryAgain
from bridge.order.model import (
    Address,
    FulfillmentHold,
    FulfillmentOrder,
    FulfillmentOrderLine,
    LineItem,
    Mode,
    Money,
    ShippingLine,
    TaxLine,
    Tracking,
)
from bridge.ports import Shop as Port
from bridge.shopify.answers import AccessDenied
from bridge.shopify.orders import ShopifyShop, search_query
from tests.shopify import samples
from tests.shopify.samples import ORDER
from tests.shopify.stub import Shop, connection, denied

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


def reader(shop: Shop, mode: Mode = Mode.LIVE, now: datetime = NOW) -> Port:
    return ShopifyShop(shop.admin, mode=mode, now=lambda: now)


def answers(shop: Shop, **changes: Any) -> dict[str, Any]:
    """Have the shop show an order with these changes."""
    shown = samples.order(**changes)
    shop.stub.root["order"] = lambda info, id: shown if id == ORDER else None
    return shown


async def test_an_order_is_read_with_all_that_the_bridge_needs(shop: Shop) -> None:
    answers(shop)
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert (order.id, order.name, order.number) == (ORDER, "#1001", 1001)
    assert order.created_at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert order.read_at == NOW
    assert (order.currency, order.presentment_currency) == ("EUR", "USD")
    assert (order.financial_status, order.fully_paid, order.test) == ("PAID", True, False)
    assert (order.cancelled_at, order.closed_at, order.cancel_reason) == (None, None, None)
    assert order.address == Address(
        first_name="Zoë",
        last_name="Ólafsdóttir",
        address1="12 rue des Essais",
        city="Lyon",
        postal_code="69001",
        country_code="FR",
    )
    assert order.billing_address is not None
    assert order.billing_address.company == "Essais SARL"
    assert (order.email, order.locale) == ("zoe@example.com", "fr-FR")
    assert (order.customer_id, order.customer_orders) == ("gid://shopify/Customer/9", 3)
    assert order.customer_name == "Zoë Ólafsdóttir"
    assert order.note == "Please wrap it.\nThank you"
    assert order.tags == ("vip",)
    assert order.attributes == (("gift", "yes"),)
    assert order.risk == "LOW"
    assert order.subtotal == Money(Decimal("49.80"), "EUR")
    assert order.shipping_total == Money(Decimal("5.00"), "EUR")
    assert order.tax_total == Money(Decimal("9.13"), "EUR")
    assert order.discount_total == Money(Decimal("10.00"), "EUR")
    assert order.refunded_total == Money(Decimal(0), "EUR")
    assert order.total == Money(Decimal("54.80"), "EUR")
    assert order.current_total == Money(Decimal("54.80"), "EUR")
    assert order.taxes == (TaxLine("TVA", Decimal("0.2"), Money(Decimal("9.13"), "EUR")),)
    assert order.taxes_included is True
    assert order.shipping_lines == (ShippingLine("Colissimo", "std", Money(Decimal("5.00"), "EUR")),)
    assert order.fulfillments == ()
    assert order.ledger.entry is None
    assert order.ledger.digest is None
    assert len(shop.stub.requests) == 1


async def test_a_line_is_read_with_its_options_and_what_the_customer_typed(shop: Shop) -> None:
    answers(shop)
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert order.lines == (
        LineItem(
            id="gid://shopify/LineItem/1",
            sku="RING-S",
            title="Ring",
            quantity=2,
            current_quantity=1,
            unit_price=Money(Decimal("29.90"), "EUR"),
            total=Money(Decimal("49.80"), "EUR"),
            variant_title="Silver / S",
            variant_id="gid://shopify/ProductVariant/71",
            product_id="gid://shopify/Product/7",
            options=(("Material", "Silver"), ("Size", "S")),
            attributes=(("Engraving", "für Zoë"), ("_id", "")),
            taxes=(TaxLine("TVA", Decimal("0.2"), Money(Decimal("4.98"), "EUR")),),
        ),
    )


async def test_fulfillment_orders_are_read_with_place_method_holds_and_actions(shop: Shop) -> None:
    held = samples.unit(
        2,
        status="ON_HOLD",
        deliveryMethod={"methodType": "PICK_UP"},
        supportedActions=[{"action": "RELEASE_HOLD"}],
        fulfillmentHolds=[{"reason": "HIGH_RISK_OF_FRAUD", "reasonNotes": "call first"}],
    )
    bare = samples.unit(
        3, deliveryMethod=None, fulfillAt=None, assignedLocation={"name": "Depot", "location": None}
    )
    answers(shop, fulfillmentOrders=connection(samples.unit(), held, bare))
    order = await reader(shop).read(ORDER)
    assert order is not None
    first, second, third = order.fulfillment_orders
    assert first == FulfillmentOrder(
        id="gid://shopify/FulfillmentOrder/1",
        status="OPEN",
        request_status="UNSUBMITTED",
        location_id="gid://shopify/Location/3",
        location_name="Atelier",
        delivery_method="SHIPPING",
        actions=("CREATE_FULFILLMENT", "REPORT_PROGRESS"),
        lines=(
            FulfillmentOrderLine(
                "gid://shopify/FulfillmentOrderLineItem/1", "gid://shopify/LineItem/1", 2, 1
            ),
        ),
        fulfill_at=datetime(2026, 11, 23, 8, tzinfo=UTC),
    )
    assert second.holds == (FulfillmentHold("HIGH_RISK_OF_FRAUD", "call first"),)
    assert (second.status, second.delivery_method, second.actions) == (
        "ON_HOLD",
        "PICK_UP",
        ("RELEASE_HOLD",),
    )
    assert (third.location_id, third.location_name) == ("name:Depot", "Depot")
    assert (third.delivery_method, third.fulfill_at) == (None, None)


async def test_everything_that_may_be_null_may_be_null(shop: Shop) -> None:
    nulls = dict.fromkeys(
        (
            "displayFinancialStatus",
            "email",
            "note",
            "customerLocale",
            "customer",
            "shippingAddress",
            "billingAddress",
            "subtotalPriceSet",
            "totalTaxSet",
            "totalDiscountsSet",
            "fulfillmentsCount",
        )
    )
    bare = samples.line(
        sku=None, variantTitle=None, variant=None, product=None, taxLines=[], customAttributes=[]
    )
    answers(
        shop,
        **nulls,
        tags=[],
        risk={"recommendation": "NONE", "assessments": []},
        shippingLines=connection(),
        lineItems=connection(bare),
    )
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert (order.address, order.email, order.customer_orders, order.risk) == (None, None, None, None)
    assert (order.subtotal, order.tax_total, order.shipping_lines) == (None, None, ())
    assert (order.lines[0].sku, order.lines[0].variant_id, order.lines[0].options) == (None, None, ())


async def test_a_blank_sku_is_none_and_one_with_commas_is_left_as_it_is(shop: Shop) -> None:
    answers(shop, lineItems=connection(samples.line(1, sku=" "), samples.line(2, sku="B365,krt169")))
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert [line.sku for line in order.lines] == [None, "B365,krt169"]


async def test_an_order_that_the_shop_does_not_have_is_none(shop: Shop) -> None:
    answers(shop)
    assert await reader(shop).read("gid://shopify/Order/9") is None


async def test_cancelled_closed_and_test_orders_say_so(shop: Shop) -> None:
    answers(
        shop,
        test=True,
        cancelledAt="2026-11-23T08:30:00Z",
        cancelReason="FRAUD",
        closedAt="2026-11-23T08:31:00Z",
        name="->1003",
    )
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert (order.test, order.cancel_reason, order.name) == (True, "FRAUD", "->1003")
    assert order.cancelled_at == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    assert order.closed_at == datetime(2026, 11, 23, 8, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("advice", "levels", "risk"),
    [
        ("NONE", [], None),
        ("ACCEPT", ["LOW", "NONE"], "LOW"),
        ("ACCEPT", ["LOW", "HIGH", "MEDIUM"], "HIGH"),
        ("NONE", ["PENDING", "MEDIUM"], "PENDING"),
        ("CANCEL", [], "HIGH"),
        ("CANCEL", ["LOW"], "HIGH"),
        ("INVESTIGATE", ["LOW"], "MEDIUM"),
    ],
)
async def test_the_gravest_risk_counts(shop: Shop, advice: str, levels: list[str], risk: str | None) -> None:
    told = {"recommendation": advice, "assessments": [{"riskLevel": level} for level in levels]}
    answers(shop, risk=told)
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert order.risk == risk


# --- what the app may not read ---


async def test_without_read_customers_and_read_locations_an_order_is_read_all_the_same(shop: Shop) -> None:
    place = {"name": "Atelier", "location": denied("location", "read_locations")}
    answers(
        shop,
        customer=denied("customer", "read_customers"),
        fulfillmentOrders=connection(samples.unit(assignedLocation=place)),
    )
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert (order.customer_id, order.customer_orders) == (None, None)
    assert order.fulfillment_orders[0].location_id == "name:Atelier"


async def test_without_read_products_an_order_is_not_matched_by_half_of_it(shop: Shop) -> None:
    answers(shop, lineItems=connection(samples.line(variant=denied("variant", "read_products"))))
    with pytest.raises(AccessDenied) as caught:
        await reader(shop).read(ORDER)
    assert "read_products" in str(caught.value.facts["why"])


async def test_an_order_without_fulfillment_orders_is_asked_about_only_when_it_is_late(shop: Shop) -> None:
    answers(shop, fulfillmentOrders=connection())
    soon = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
    order = await reader(shop, now=soon).read(ORDER)
    assert order is not None
    assert order.fulfillment_orders == ()
    assert shop.stub.operations() == ["Order"]


@pytest.mark.parametrize(
    ("scope", "fine"),
    [
        ("write_merchant_managed_fulfillment_orders", True),
        ("write_assigned_fulfillment_orders", True),
        ("read_merchant_managed_fulfillment_orders", False),
        ("write_orders", False),
    ],
)
async def test_an_empty_list_for_want_of_a_permission_is_told_from_an_empty_list(
    shop: Shop, scope: str, fine: bool
) -> None:
    answers(shop, fulfillmentOrders=connection())
    shop.stub.root["currentAppInstallation"] = {
        "id": "gid://shopify/AppInstallation/1",
        "accessScopes": [{"handle": scope}],
    }
    if fine:
        assert await reader(shop).read(ORDER) is not None
        return
    with pytest.raises(NeedsPerson) as caught:
        await reader(shop).read(ORDER)
    assert caught.value.problem == "shop_access"
    assert "write_merchant_managed_fulfillment_orders" in str(caught.value.facts["why"])


# --- answers that are not as they should be ---


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"updatedAt": "yesterday"}, "order.updatedAt"),
        ({"createdAt": "2026-11-23T08:00:00"}, "order.createdAt"),
        (
            {"totalPriceSet": {"shopMoney": {"amount": "12,50", "currencyCode": "EUR"}}},
            "order.totalPriceSet.shopMoney.amount",
        ),
        ({"lineItems": connection(samples.line(quantity=-1))}, r"order.lineItems.nodes\[0\].quantity"),
        (
            {"lineItems": {"nodes": [], "pageInfo": {"hasNextPage": True}}},
            "order.lineItems.pageInfo.endCursor",
        ),
    ],
)
async def test_a_fault_in_an_answer_is_named_with_its_place(
    shop: Shop, changes: dict[str, Any], place: str
) -> None:
    answers(shop, **changes)
    with pytest.raises(TryAgain, match=place) as caught:
        await reader(shop).read(ORDER)
    assert "1a2b3c4d-request" in str(caught.value)
    assert caught.value.upstream == "shopify:acme"


# --- pages ---


def paged(entries: list[Any], size: int) -> Any:
    """A list that gives its entries in pages. `first` of the document is kept out: the stub decides."""

    def page(info: Any, first: int, after: str | None = None, **_: Any) -> dict[str, Any]:
        start = int(after or 0)
        end = start + size
        return connection(*entries[start:end], after=str(end) if end < len(entries) else None)

    return page


async def test_long_orders_are_read_to_their_last_page(shop: Shop) -> None:
    lines = [samples.line(number) for number in range(1, 301)]
    unit_lines = [samples.unit_line(number) for number in range(1, 301)]
    long_unit = samples.unit(1, lineItems=paged(unit_lines, 70), order={"updatedAt": samples.UPDATED})
    units = [long_unit, *(samples.unit(number) for number in range(2, 14))]
    answers(shop, lineItems=paged(lines, 25), fulfillmentOrders=paged(units, 6))
    shop.stub.root["fulfillmentOrder"] = lambda info, id: units[0] if id == units[0]["id"] else None
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert [line.id for line in order.lines] == [
        f"gid://shopify/LineItem/{number}" for number in range(1, 301)
    ]
    assert len(order.fulfillment_orders) == 13
    assert [line.line_item_id for line in order.fulfillment_orders[0].lines] == [
        line.id for line in order.lines
    ]
    asked = shop.stub.operations()
    assert (asked.count("OrderLines"), asked.count("OrderFulfillmentOrders")) == (11, 2)
    assert asked.count("FulfillmentOrderLines") == 4


async def test_an_order_that_changes_between_its_pages_is_read_again(shop: Shop) -> None:
    lines = [samples.line(number) for number in range(1, 4)]
    shown = answers(shop, lineItems=paged(lines, 2))
    reads = 0

    def order(info: Any, id: str) -> dict[str, Any]:
        nonlocal reads
        reads += 1
        if reads == 2:
            shown["updatedAt"] = "2026-11-23T09:00:07Z"
        return shown

    shop.stub.root["order"] = order
    found = await reader(shop).read(ORDER)
    assert found is not None
    assert found.updated_at == datetime(2026, 11, 23, 9, 0, 7, tzinfo=UTC)
    assert len(found.lines) == 3
    assert shop.stub.operations() == ["Order", "OrderLines", "Order", "OrderLines"]


async def test_an_order_that_never_rests_is_for_a_later_try(shop: Shop) -> None:
    shown = answers(shop, lineItems=paged([samples.line(1), samples.line(2)], 1))
    seconds = iter(range(60))

    def order(info: Any, id: str) -> dict[str, Any]:
        return {**shown, "updatedAt": f"2026-11-23T09:00:{next(seconds):02}Z"}

    shop.stub.root["order"] = order
    with pytest.raises(TryAgain, match="keeps changing"):
        await reader(shop).read(ORDER)


async def test_more_fulfillments_than_on_the_first_page_are_all_read(shop: Shop) -> None:
    many = [samples.shipment(number, f"N{number}") for number in range(1, 13)]
    answers(shop, fulfillmentsCount={"count": 12}, fulfillments=lambda info, first: many[:first])
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert [one.tracking[0].number for one in order.fulfillments] == [f"N{number}" for number in range(1, 13)]
    assert order.fulfillments[0].tracking == (Tracking("N1", "UPS", "https://track.example/N1"),)


async def test_fulfillments_are_read_to_the_end_when_shopify_does_not_count_them(shop: Shop) -> None:
    many = [samples.shipment(number) for number in range(1, 13)]
    answers(shop, fulfillmentsCount=None, fulfillments=lambda info, first: many[:first])
    order = await reader(shop).read(ORDER)
    assert order is not None
    assert len(order.fulfillments) == 12


@pytest.mark.parametrize("count", [{"count": 251}, None])
async def test_an_order_with_more_fulfillments_than_can_be_seen_needs_a_person(
    shop: Shop, count: dict[str, int] | None
) -> None:
    many = [samples.shipment(number) for number in range(251)]
    answers(shop, fulfillmentsCount=count, fulfillments=lambda info, first: many[:first])
    with pytest.raises(NeedsPerson) as caught:
        await reader(shop).read(ORDER)
    assert "more fulfillments" in str(caught.value.facts["why"])


# --- reconciliation ---


def node(number: int, status: str = "UNFULFILLED") -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "createdAt": "2026-11-20T08:00:00Z",
        "updatedAt": f"2026-11-23T08:00:{number:02}Z",
        "displayFulfillmentStatus": status,
    }


@pytest.fixture
async def some_orders(shop: Shop) -> AsyncIterator[list[dict[str, Any]]]:
    asked: list[dict[str, Any]] = []
    nodes = [node(1), node(2, "FULFILLED"), node(3, "PARTIALLY_FULFILLED"), node(4, "ON_HOLD"), node(5)]
    pages = paged(nodes, 2)

    def found(info: Any, **arguments: Any) -> Any:
        asked.append(arguments)
        return pages(info, **arguments)

    shop.stub.root["orders"] = found
    yield asked


async def test_changed_orders_come_oldest_change_first_over_all_pages(
    shop: Shop, some_orders: list[dict[str, Any]]
) -> None:
    since = datetime(2026, 11, 23, 9, 0, 0, 900_000, tzinfo=UTC)
    found = [one async for one in reader(shop).changed(since)]
    assert [one.name for one in found] == ["#1", "#2", "#3", "#4", "#5"]
    assert found[0].created_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert found[0].updated_at == datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)
    assert [asked["query"] for asked in some_orders] == ["updated_at:>='2026-11-23T09:00:00Z'"] * 3
    assert {asked["sortKey"] for asked in some_orders} == {"UPDATED_AT"}


async def test_pages_are_asked_for_as_they_are_consumed(
    shop: Shop, some_orders: list[dict[str, Any]]
) -> None:
    async for _ in reader(shop).changed(None):
        break
    assert len(some_orders) == 1


async def test_unfulfilled_leaves_out_only_what_is_wholly_fulfilled(
    shop: Shop, some_orders: list[dict[str, Any]]
) -> None:
    found = [one.name async for one in reader(shop).changed(None, unfulfilled=True)]
    assert found == ["#1", "#3", "#4", "#5"]
    assert some_orders[0]["query"] == "status:open"


def test_a_search_rounds_its_times_down_and_tells_them_in_utc() -> None:
    paris = datetime.fromisoformat("2026-11-23T10:00:00.999999+01:00")
    assert search_query(paris, None, open_only=False) == "updated_at:>='2026-11-23T09:00:00Z'"
    assert (
        search_query(paris, paris - timedelta(days=1), open_only=True)
        == "updated_at:>='2026-11-23T09:00:00Z' created_at:>='2026-11-22T09:00:00Z' status:open"
    )


async def test_a_list_of_orders_that_is_not_as_it_should_be_is_for_a_later_try(shop: Shop) -> None:
    shop.stub.root["orders"] = connection({**node(1), "updatedAt": "soon"})
    with pytest.raises(TryAgain, match=r"orders\.nodes\[0\]\.updatedAt"):
        _ = [one async for one in reader(shop).changed(None)]


async def test_the_order_of_a_fulfillment_order_is_told(shop: Shop) -> None:
    shop.stub.root["fulfillmentOrder"] = lambda info, id: {"orderId": ORDER} if id.endswith("/1") else None
    assert await reader(shop).order_of("gid://shopify/FulfillmentOrder/1") == ORDER
    assert await reader(shop).order_of("gid://shopify/FulfillmentOrder/2") is None
