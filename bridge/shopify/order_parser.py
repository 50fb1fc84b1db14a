"""Shopify's order, as the documents ask for it, becomes ours. Pure; every field may be other than expected.

https://shopify.dev/docs/api/admin-graphql/latest/objects/Order
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bridge.order.model import (
    Address,
    Fulfillment,
    FulfillmentHold,
    FulfillmentOrder,
    FulfillmentOrderLine,
    LineItem,
    Money,
    ShippingLine,
    ShopOrder,
    TaxLine,
    Tracking,
)
from bridge.shopify import ledger
from bridge.shopify.json_value import (
    Unexpected,
    Value,
)

RISKS = ("HIGH", "MEDIUM", "LOW")
"""What an assessment can find, the gravest first. NONE = it is done, and gives no level; PENDING = not done.

https://shopify.dev/docs/api/admin-graphql/latest/enums/RiskAssessmentResult
"""
NOT_RATED = "PENDING"
RISK_OF_ADVICE = {"CANCEL": "HIGH", "INVESTIGATE": "MEDIUM", "ACCEPT": "LOW"}
AUTHORIZATIONS = frozenset({"AUTHORIZATION", "EMV_AUTHORIZATION"})


def order(
    value: Value,
    *,
    lines: Iterable[Value],
    units: Iterable[FulfillmentOrder],
    fulfillments: Iterable[Fulfillment],
    payment: Value | None = None,
    read_at: datetime,
) -> ShopOrder:
    """The whole order; `lines`, `units` and `fulfillments` come from all pages, `payment` from an answer of its
    own where the order is not paid. Raises Unexpected."""
    payment = payment or Value(None)
    customer = value["customer"]
    return ShopOrder(
        id=value["id"].text(),
        name=value["name"].text(),
        number=value["number"].integer() if value["number"] else None,
        created_at=value["createdAt"].moment(),
        updated_at=value["updatedAt"].moment(),
        read_at=read_at,
        currency=value["currencyCode"].text(),
        presentment_currency=value["presentmentCurrencyCode"].text_or_none(),
        financial_status=value["displayFinancialStatus"].text_or_none(),
        fully_paid=value["fullyPaid"].flag() or value["displayFinancialStatus"].raw == "PAID",
        test=value["test"].flag(),
        cancelled_at=value["cancelledAt"].moment_or_none(),
        closed_at=value["closedAt"].moment_or_none(),
        lines=tuple(line_item(line) for line in lines),
        fulfillment_orders=tuple(units),
        fulfillments=tuple(fulfillments),
        address=address(value["shippingAddress"]),
        address_verdict=value["shippingAddress"]["validationResultSummary"].text_or_none(),
        billing_address=address(value["billingAddress"]),
        email=value["email"].text_or_none(),
        customer_id=customer["id"].text_or_none(),
        customer_name=customer["displayName"].text_or_none(),
        customer_orders=customer["numberOfOrders"].integer() if customer["numberOfOrders"] else None,
        locale=value["customerLocale"].text_or_none(),
        note=value["note"].text_or_none(),
        tags=tuple(tag.text() for tag in value["tags"].each()),
        attributes=attributes(value["customAttributes"]),
        risk=risk(value["risk"]),
        authorized_until=authorized_until(payment["transactions"]),
        payment_terms=payment["paymentTerms"]["paymentTermsName"].text_or_none(),
        subtotal=money_or_none(value["currentSubtotalPriceSet"]),
        shipping_total=money_or_none(value["currentShippingPriceSet"]),
        tax_total=money_or_none(value["currentTotalTaxSet"]),
        discount_total=money_or_none(value["currentTotalDiscountsSet"]),
        refunded_total=money_or_none(value["totalRefundedSet"]),
        total=money_or_none(value["totalPriceSet"]),
        current_total=money_or_none(value["currentTotalPriceSet"]),
        presentment_total=presentment(value["totalPriceSet"]),
        presentment_current_total=presentment(value["currentTotalPriceSet"]),
        taxes_included=value["taxesIncluded"].flag(),
        taxes=taxes(value["currentTaxLines"]),
        shipping_lines=tuple(shipping_line(line) for line in value["shippingLines"]["nodes"].each()),
        ledger=ledger.read(value["ledger"]),
    )


def money(bag: Value) -> Money:
    """The amount in the shop's own currency."""
    inner = bag["shopMoney"]
    return Money(inner["amount"].decimal(), inner["currencyCode"].text())


def presentment(bag: Value) -> Money | None:
    """The amount in the currency that the customer pays in."""
    inner = bag["presentmentMoney"]
    return Money(inner["amount"].decimal(), inner["currencyCode"].text()) if inner else None


def money_or_none(bag: Value) -> Money | None:
    return money(bag) if bag else None


def address(value: Value) -> Address | None:
    """A postal address; fields that Shopify hides from the app, or the customer left out, are None."""
    if not value:
        return None
    return Address(
        first_name=value["firstName"].text_or_none(),
        last_name=value["lastName"].text_or_none(),
        company=value["company"].text_or_none(),
        address1=value["address1"].text_or_none(),
        address2=value["address2"].text_or_none(),
        city=value["city"].text_or_none(),
        province=value["province"].text_or_none(),
        province_code=value["provinceCode"].text_or_none(),
        postal_code=value["zip"].text_or_none(),
        country_code=value["countryCodeV2"].text_or_none(),
        phone=value["phone"].text_or_none(),
    )


def line_item(value: Value) -> LineItem:
    variant = value["variant"]
    return LineItem(
        id=value["id"].text(),
        sku=value["sku"].text_or_none(),
        title=value["title"].text(),
        quantity=_count(value["quantity"]),
        current_quantity=_count(value["currentQuantity"]),
        unit_price=money(value["originalUnitPriceSet"]),
        total=money(value["discountedTotalSet"]),
        # "" = sold while the product had no options, which is not the same as not knowing how it was sold
        variant_title=value["variantTitle"].text_or_none() or "",
        variant_id=variant["id"].text_or_none(),
        product_id=value["product"]["id"].text_or_none(),
        options=tuple(
            (option["name"].text(), option["value"].text()) for option in variant["selectedOptions"].each()
        ),
        attributes=attributes(value["customAttributes"]),
        requires_shipping=value["requiresShipping"].flag(),
        gift_card=value["isGiftCard"].flag(),
        taxes=taxes(value["taxLines"]),
    )


def attributes(value: Value) -> tuple[tuple[str, str], ...]:
    """What the customer typed or chose. An attribute without a value counts as empty."""
    return tuple(
        (entry["key"].text(), entry["value"].text() if entry["value"] else "") for entry in value.each()
    )


def taxes(value: Value) -> tuple[TaxLine, ...]:
    return tuple(
        TaxLine(
            title=line["title"].text(),
            rate=line["rate"].decimal() if line["rate"] else None,
            price=money(line["priceSet"]),
        )
        for line in value.each()
    )


def shipping_line(value: Value) -> ShippingLine:
    return ShippingLine(
        title=value["title"].text(),
        code=value["code"].text_or_none(),
        price=money(value["discountedPriceSet"]),
    )


def fulfillment_order(value: Value, lines: Iterable[Value]) -> FulfillmentOrder:
    """One fulfillment order; `lines` come from all its pages. Raises Unexpected.

    Where the app may not read locations, the place's name stands in for its id: two places stay two.
    """
    place = value["assignedLocation"]
    name = place["name"].text_or_none()
    return FulfillmentOrder(
        id=value["id"].text(),
        status=value["status"].text(),
        location_id=place["location"]["id"].text_or_none() or (f"name:{name}" if name else None),
        location_name=name,
        delivery_method=value["deliveryMethod"]["methodType"].text_or_none(),
        actions=tuple(action["action"].text() for action in value["supportedActions"].each()),
        lines=tuple(
            FulfillmentOrderLine(
                id=line["id"].text(),
                line_item_id=line["lineItem"]["id"].text(),
                total=_count(line["totalQuantity"]),
                remaining=_count(line["remainingQuantity"]),
            )
            for line in lines
        ),
        holds=tuple(
            FulfillmentHold(hold["reason"].text(), hold["reasonNotes"].text_or_none())
            for hold in value["fulfillmentHolds"].each()
        ),
        fulfill_at=value["fulfillAt"].moment_or_none(),
    )


def fulfillment_lines(lines: Iterable[Value]) -> tuple[tuple[str, int], ...]:
    """The units in a fulfillment; its lines come from all its pages. Raises Unexpected.

    https://shopify.dev/docs/api/admin-graphql/latest/objects/FulfillmentLineItem
    """
    return tuple(
        (line["lineItem"]["id"].text(), _count(line["quantity"]) if line["quantity"] else 0) for line in lines
    )


def fulfillment(value: Value) -> Fulfillment:
    """A fulfillment without its lines. Raises Unexpected."""
    return Fulfillment(
        id=value["id"].text(),
        location_id=value["location"]["id"].text_or_none(),
        status=value["status"].text(),
        tracking=tuple(
            Tracking(
                info["number"].text_or_none(), info["company"].text_or_none(), info["url"].text_or_none()
            )
            for info in value["trackingInfo"].each()
        ),
    )


def risk(value: Value) -> str | None:
    """The gravest level that any assessment found, or that Shopify's advice amounts to; a level that we do not
    know counts as the gravest. Without any: NONE where an assessment is done, PENDING where none is, be it
    that they are under way or that there are none. None = the order says nothing of risk at all."""
    if not value:
        return None
    levels = [entry["riskLevel"].text() for entry in value["assessments"].each()]
    advised = RISK_OF_ADVICE.get(value["recommendation"].text_or_none() or "")
    found = [level for level in (*levels, advised) if level not in {None, "NONE", NOT_RATED}]
    if found:
        return min(
            (str(level) for level in found), key=lambda level: RISKS.index(level) if level in RISKS else -1
        )
    return "NONE" if levels and NOT_RATED not in levels else NOT_RATED


def authorized_until(value: Value) -> datetime | None:
    """When the first of the authorizations ends that can still be captured; None where Shopify does not say
    it for each (it tells only shops on Shopify Plus).

    https://shopify.dev/docs/api/admin-graphql/latest/objects/OrderTransaction
    """
    ends = [
        one["authorizationExpiresAt"].moment_or_none()
        for one in value.each()
        if one["kind"].raw in AUTHORIZATIONS and one["status"].raw == "SUCCESS"
    ]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None


def _count(value: Value) -> int:
    number = value.integer()
    if number < 0:
        raise Unexpected(f"{value.path} is below zero")
    return number
