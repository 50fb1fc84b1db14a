"""Orders are read whole, as they are; what cannot be read is named with its place."""

from __future__ import annotations

from datetime import UTC, datetime
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
)
from bridge.ports import Shop as Port
from bridge.shopify.orders import ShopifyShop
from bridge.shopify.response import AccessDenied
from tests.shopify import sample_order
from tests.shopify.fake_shopify import Shop, connection, denied
from tests.shopify.sample_order import ORDER

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


def reader(shop: Shop, mode: Mode = Mode.LIVE, now: datetime = NOW) -> Port:
    return ShopifyShop(shop.admin, mode=mode, now=lambda: now)


def answers(shop: Shop, **changes: Any) -> dict[str, Any]:
    """Have the shop show an order with these changes."""
    shown = sample_order.order(**changes)
    shop.stub.root["order"] = lambda info, id: shown if id == ORDER else None
    return shown


async def test_an_order_is_read_with_all_that_the_bridge_needs(shop: Shop) -> None:
    answers(shop)
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert (order.id, order.name, order.number) == (ORDER, "#1001", 1001)
    assert order.created_at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert order.read_at == NOW
    assert (order.currency, order.presentment_currency) == ("EUR", "USD")
    assert (order.financial_status, order.fully_paid, order.test) == ("PAID", True, False)
    assert (order.cancelled_at, order.closed_at) == (None, None)
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
    assert order.presentment_total == Money(Decimal("59.20"), "USD")
    assert order.presentment_current_total == Money(Decimal("59.20"), "USD")
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
    order = await reader(shop).fetch_order(ORDER)
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
    held = sample_order.unit(
        2,
        status="ON_HOLD",
        deliveryMethod={"methodType": "PICK_UP"},
        supportedActions=[{"action": "RELEASE_HOLD"}],
        fulfillmentHolds=[{"reason": "HIGH_RISK_OF_FRAUD", "reasonNotes": "call first"}],
    )
    bare = sample_order.unit(
        3, deliveryMethod=None, fulfillAt=None, assignedLocation={"name": "Depot", "location": None}
    )
    answers(shop, fulfillmentOrders=connection(sample_order.unit(), held, bare))
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    first, second, third = order.fulfillment_orders
    assert first == FulfillmentOrder(
        id="gid://shopify/FulfillmentOrder/1",
        status="OPEN",
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
            "fulfillmentsCount",
        )
    )
    bare = sample_order.line(
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
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert (order.address, order.email, order.customer_orders, order.risk) == (None, None, None, "PENDING")
    assert order.shipping_lines == ()
    assert (order.lines[0].sku, order.lines[0].variant_id, order.lines[0].options) == (None, None, ())


async def test_a_blank_sku_is_none_and_one_with_commas_is_left_as_it_is(shop: Shop) -> None:
    answers(
        shop, lineItems=connection(sample_order.line(1, sku=" "), sample_order.line(2, sku="B365,krt169"))
    )
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert [line.sku for line in order.lines] == [None, "B365,krt169"]


async def test_an_order_that_the_shop_does_not_have_is_none(shop: Shop) -> None:
    answers(shop)
    assert await reader(shop).fetch_order("gid://shopify/Order/9") is None


@pytest.mark.parametrize(
    ("status", "flag", "paid"),
    [("PAID", True, True), ("PAID", False, True), ("PENDING", False, False), ("PARTIALLY_PAID", False, False),
     ("PARTIALLY_REFUNDED", True, True), ("AUTHORIZED", False, False), (None, False, False), (None, True, True)],
)  # fmt: skip
async def test_an_order_is_paid_when_either_of_shopifys_two_words_says_so(
    shop: Shop, status: str | None, flag: bool, paid: bool
) -> None:
    answers(shop, displayFinancialStatus=status, fullyPaid=flag)
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert order.fully_paid is paid


async def test_cancelled_closed_and_test_orders_say_so(shop: Shop) -> None:
    answers(
        shop,
        test=True,
        cancelledAt="2026-11-23T08:30:00Z",
        closedAt="2026-11-23T08:31:00Z",
        name="->1003",
    )
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert (order.test, order.name) == (True, "->1003")
    assert order.cancelled_at == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    assert order.closed_at == datetime(2026, 11, 23, 8, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("advice", "levels", "risk"),
    [
        ("NONE", [], "PENDING"),
        ("NONE", ["PENDING"], "PENDING"),
        ("NONE", ["PENDING", "NONE"], "PENDING"),
        ("NONE", ["NONE"], "NONE"),
        ("NONE", ["PENDING", "LOW"], "LOW"),
        ("NONE", ["LOW", "PENDING", "HIGH"], "HIGH"),
        ("ACCEPT", [], "LOW"),
        ("ACCEPT", ["LOW", "NONE"], "LOW"),
        ("ACCEPT", ["LOW", "HIGH", "MEDIUM"], "HIGH"),
        ("NONE", ["PENDING", "MEDIUM"], "MEDIUM"),
        ("CANCEL", [], "HIGH"),
        ("CANCEL", ["LOW"], "HIGH"),
        ("INVESTIGATE", ["LOW"], "MEDIUM"),
    ],
)
async def test_the_gravest_known_risk_counts_and_without_any_it_is_not_rated_yet(
    shop: Shop, advice: str, levels: list[str], risk: str | None
) -> None:
    told = {"recommendation": advice, "assessments": [{"riskLevel": level} for level in levels]}
    answers(shop, risk=told)
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert order.risk == risk


# --- what the app may not read ---


async def test_without_read_customers_and_read_locations_an_order_is_read_all_the_same(shop: Shop) -> None:
    place = {"name": "Atelier", "location": denied("location", "read_locations")}
    answers(
        shop,
        customer=denied("customer", "read_customers"),
        fulfillmentOrders=connection(sample_order.unit(assignedLocation=place)),
    )
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert (order.customer_id, order.customer_orders) == (None, None)
    assert order.fulfillment_orders[0].location_id == "name:Atelier"


async def test_without_read_products_an_order_is_not_matched_by_half_of_it(shop: Shop) -> None:
    answers(shop, lineItems=connection(sample_order.line(variant=denied("variant", "read_products"))))
    with pytest.raises(AccessDenied) as caught:
        await reader(shop).fetch_order(ORDER)
    assert "read_products" in str(caught.value.facts["why"])


async def test_an_order_without_fulfillment_orders_is_asked_about_only_when_it_is_late(shop: Shop) -> None:
    answers(shop, fulfillmentOrders=connection())
    soon = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
    order = await reader(shop, now=soon).fetch_order(ORDER)
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
        assert await reader(shop).fetch_order(ORDER) is not None
        return
    with pytest.raises(NeedsPerson) as caught:
        await reader(shop).fetch_order(ORDER)
    assert caught.value.problem == "shop_access"
    assert "write_merchant_managed_fulfillment_orders" in str(caught.value.facts["why"])


# --- answers that are not as they should be ---


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"updatedAt": "yesterday"}, "order.updatedAt"),
        ({"createdAt": "2026-11-23T08:00:00"}, "order.createdAt"),
        (
            {"totalPriceSet": sample_order.money("12,50")},
            "order.totalPriceSet.shopMoney.amount",
        ),
        ({"lineItems": connection(sample_order.line(quantity=-1))}, r"order.lineItems.nodes\[0\].quantity"),
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
        await reader(shop).fetch_order(ORDER)
    assert "1a2b3c4d-request" in str(caught.value)
    assert caught.value.upstream == "shopify:acme"
