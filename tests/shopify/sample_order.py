"""An invented order as the Admin API has it, for the stub to answer with. People and places are made up."""

from __future__ import annotations

from typing import Any

from tests.shopify.fake_shopify import connection

ORDER = "gid://shopify/Order/5001"
CREATED = "2026-11-23T08:00:00Z"
UPDATED = "2026-11-23T09:00:00Z"


def money(amount: str, currency: str = "EUR", *, paid: str = "0.0") -> dict[str, Any]:
    """`paid` is the same in dollars, in which the customer pays."""
    return {
        "shopMoney": {"amount": amount, "currencyCode": currency},
        "presentmentMoney": {"amount": paid, "currencyCode": "USD"},
    }


def tax(price: str = "4.98") -> dict[str, Any]:
    return {"title": "TVA", "rate": 0.2, "priceSet": money(price)}


def line(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "sku": "RING-S",
        "title": "Ring",
        "variantTitle": "Silver / S",
        "quantity": 2,
        "currentQuantity": 1,
        "requiresShipping": True,
        "isGiftCard": False,
        "customAttributes": [{"key": "Engraving", "value": "für Zoë"}, {"key": "_id", "value": None}],
        "originalUnitPriceSet": money("29.90"),
        "discountedTotalSet": money("49.80"),
        "taxLines": [tax()],
        "variant": {
            "id": "gid://shopify/ProductVariant/71",
            "selectedOptions": [{"name": "Material", "value": "Silver"}, {"name": "Size", "value": "S"}],
        },
        "product": {"id": "gid://shopify/Product/7"},
        **changes,
    }


def unit_line(number: int = 1, remaining: int = 1) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/FulfillmentOrderLineItem/{number}",
        "totalQuantity": 2,
        "remainingQuantity": remaining,
        "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
    }


def unit(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/FulfillmentOrder/{number}",
        "status": "OPEN",
        "fulfillAt": "2026-11-23T08:00:00Z",
        "assignedLocation": {"name": "Atelier", "location": {"id": "gid://shopify/Location/3"}},
        "deliveryMethod": {"methodType": "SHIPPING"},
        "supportedActions": [{"action": "CREATE_FULFILLMENT"}, {"action": "REPORT_PROGRESS"}],
        "fulfillmentHolds": [],
        "lineItems": connection(unit_line()),
        **changes,
    }


def shipment(number: int = 1, tracking: str = "1Z999AA10123456784") -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Fulfillment/{number}",
        "status": "SUCCESS",
        "trackingInfo": [{"number": tracking, "company": "UPS", "url": f"https://track.example/{tracking}"}],
        "fulfillmentLineItems": connection({"quantity": 1, "lineItem": {"id": "gid://shopify/LineItem/1"}}),
    }


def address(**changes: Any) -> dict[str, Any]:
    return {
        "firstName": "Zoë",
        "lastName": "Ólafsdóttir",
        "company": None,
        "address1": "12 rue des Essais",
        "address2": "",
        "city": "Lyon",
        "province": None,
        "provinceCode": None,
        "zip": "69001",
        "countryCodeV2": "FR",
        "phone": None,
        **changes,
    }


def order(**changes: Any) -> dict[str, Any]:
    return {
        "id": ORDER,
        "name": "#1001",
        "number": 1001,
        "test": False,
        "createdAt": CREATED,
        "updatedAt": UPDATED,
        "cancelledAt": None,
        "closedAt": None,
        "currencyCode": "EUR",
        "presentmentCurrencyCode": "USD",
        "displayFinancialStatus": "PAID",
        "fullyPaid": True,
        "email": "zoe@example.com",
        "note": "Please wrap it.\nThank you",
        "tags": ["vip"],
        "customerLocale": "fr-FR",
        "taxesIncluded": True,
        "customAttributes": [{"key": "gift", "value": "yes"}],
        "customer": {
            "id": "gid://shopify/Customer/9",
            "displayName": "Zoë Ólafsdóttir",
            "numberOfOrders": "3",
        },
        "shippingAddress": address(),
        "billingAddress": address(company="Essais SARL"),
        "risk": {"recommendation": "ACCEPT", "assessments": [{"riskLevel": "LOW"}]},
        "currentSubtotalPriceSet": money("49.80"),
        "currentShippingPriceSet": money("5.00"),
        "currentTotalTaxSet": money("9.13"),
        "currentTotalDiscountsSet": money("10.00"),
        "totalPriceSet": money("54.80", paid="59.20"),
        "currentTotalPriceSet": money("54.80", paid="59.20"),
        "totalRefundedSet": money("0.0"),
        "currentTaxLines": [tax("9.13")],
        "shippingLines": connection(
            {"title": "Colissimo", "code": "std", "discountedPriceSet": money("5.00")}
        ),
        "lineItems": connection(line()),
        "fulfillmentOrders": connection(unit()),
        "fulfillmentsCount": {"count": 0},
        "fulfillments": [],
        "metafield": None,
        "transactions": [],
        "paymentTerms": None,
        **changes,
    }
