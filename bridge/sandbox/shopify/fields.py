"""The table: for each type of the Admin API's schema, how its fields are read. See `reading`."""

from __future__ import annotations

from decimal import Decimal

from bridge.sandbox.shopify import reading as r
from bridge.sandbox.shopify.metafields import APP_ID
from bridge.sandbox.shopify.model import Fulfillment, FulfillmentOrder, Node, Order, Variant
from bridge.sandbox.shopify.reading import attribute, constant, line_attribute, listed, time_of
from bridge.sandbox.shopify.settings import API_VERSIONS

NODE: dict[str, r.Resolver] = {"id": attribute("gid")}
LEGACY: dict[str, r.Resolver] = {**NODE, "legacyResourceId": lambda source, info: str(source.id)}

QUERY: dict[str, r.Resolver] = {
    "shop": r.shop_value(lambda shop: shop),
    "order": r.by_id(Order, "read_orders", "order"),
    "orders": r.orders,
    "fulfillment": r.by_id(Fulfillment, "read_orders", "fulfillment"),
    "fulfillmentOrder": r.by_id(
        FulfillmentOrder, "read_merchant_managed_fulfillment_orders", "fulfillmentOrder"
    ),
    "productVariant": r.by_id(Variant, "read_products", "productVariant"),
    "productVariants": r.variants,
    "locations": r.locations,
    "node": r.by_id(Node, None, "node"),
    "nodes": lambda source, info, ids: [info.context.shop.find(Node, id) for id in ids],
    "webhookSubscriptions": r.subscriptions,
    "webhookSubscription": lambda source, info, id: info.context.shop.subscriptions.get(id),
    "currentAppInstallation": r.shop_value(lambda shop: shop),
    "publicApiVersions": constant([r.version(handle) for handle in API_VERSIONS]),
}

SHOP: dict[str, r.Resolver] = {
    "id": constant("gid://shopify/Shop/70000000001"),
    "name": lambda shop, info: shop.settings.name,
    "myshopifyDomain": lambda shop, info: shop.settings.domain,
    "currencyCode": lambda shop, info: shop.settings.currency,
    "email": constant("owner@acme.example"),
    "contactEmail": constant("owner@acme.example"),
    "ianaTimezone": constant("Europe/Paris"),
    "timezoneOffset": constant("+0100"),
    "plan": constant(
        {
            "displayName": "Development",
            "publicDisplayName": "Development",
            "partnerDevelopment": True,
            "shopifyPlus": False,
        }
    ),
    "url": lambda shop, info: f"https://{shop.settings.domain}",
    "taxesIncluded": constant(True),
    "orderNumberFormatPrefix": lambda shop, info: shop.settings.order_name.partition("{")[0],
    "orderNumberFormatSuffix": lambda shop, info: shop.settings.order_name.rpartition("}")[2],
}

APP_INSTALLATION: dict[str, r.Resolver] = {
    "id": constant(f"gid://shopify/AppInstallation/{APP_ID}"),
    "accessScopes": r.shop_value(r.scopes),
    "app": r.shop_value(r.app),
}

ORDER: dict[str, r.Resolver] = {
    **LEGACY,
    "name": attribute("name"),
    "number": attribute("number"),
    "createdAt": time_of("created_at"),
    "processedAt": time_of("created_at"),
    "updatedAt": time_of("updated_at"),
    "cancelledAt": time_of("cancelled_at"),
    "cancelReason": attribute("cancel_reason"),
    "closedAt": time_of("closed_at"),
    "closed": lambda order, info: order.closed_at is not None,
    "confirmed": constant(True),
    "edited": attribute("edited"),
    "test": attribute("test"),
    "note": attribute("note"),
    "tags": lambda order, info: sorted(order.tags),
    "email": attribute("email"),
    "phone": constant(None),
    "sourceName": attribute("source_name"),
    "customAttributes": lambda order, info: r.attributes(order.attributes),
    "customer": attribute("customer"),
    "customerLocale": attribute("locale"),
    "shippingAddress": attribute("address"),
    "billingAddress": attribute("billing_address"),
    "displayAddress": attribute("address"),
    "requiresShipping": lambda order, info: any(line.requires_shipping for line in order.lines),
    "displayFinancialStatus": attribute("financial_status"),
    "displayFulfillmentStatus": attribute("fulfillment_status"),
    "fullyPaid": lambda order, info: order.financial_status != "PENDING" and not order.outstanding,
    "unpaid": lambda order, info: not order.paid,
    "risk": lambda order, info: {"recommendation": r.RECOMMENDATION[order.risk], "assessments": [order]},
    "currencyCode": attribute("currency"),
    "presentmentCurrencyCode": attribute("presentment_currency"),
    "taxesIncluded": attribute("taxes_included"),
    "taxLines": lambda order, info: [r.tax_line(order, *row) for row in order.taxes()],
    "currentTaxLines": lambda order, info: [r.tax_line(order, *row) for row in order.taxes(current=True)],
    "subtotalPriceSet": r.order_money(lambda order: order.subtotal),
    "currentSubtotalPriceSet": r.order_money(lambda order: order.current_subtotal),
    "totalPriceSet": r.order_money(lambda order: order.total),
    "originalTotalPriceSet": r.order_money(lambda order: order.total),
    "currentTotalPriceSet": r.order_money(lambda order: order.current_total),
    "totalShippingPriceSet": r.order_money(lambda order: order.shipping),
    "currentShippingPriceSet": r.order_money(lambda order: order.shipping),
    "totalTaxSet": r.order_money(lambda order: order.tax),
    "currentTotalTaxSet": r.order_money(
        lambda order: sum((amount for *_, amount in order.taxes(current=True)), Decimal(0))
    ),
    "totalDiscountsSet": r.order_money(lambda order: order.discounts),
    "currentTotalDiscountsSet": r.order_money(lambda order: order.discounts),
    "totalRefundedSet": r.order_money(lambda order: order.refunded),
    "totalReceivedSet": r.order_money(lambda order: order.paid),
    "netPaymentSet": r.order_money(lambda order: order.paid - order.refunded),
    "totalOutstandingSet": r.order_money(lambda order: order.outstanding),
    "lineItems": listed(r.order_lines),
    "shippingLine": lambda order, info: (
        r.OrderShipping(order, order.shipping_lines[0]) if order.shipping_lines else None
    ),
    "shippingLines": listed(lambda order: [r.OrderShipping(order, line) for line in order.shipping_lines]),
    "fulfillmentOrders": r.fulfillment_orders,
    "fulfillments": lambda order, info, first=None, query=None: order.fulfillments[:first],
    "fulfillmentsCount": lambda order, info: {"count": len(order.fulfillments), "precision": "EXACT"},
    "refunds": lambda order, info, first=None: order.refunds[:first],
    "metafield": r.metafield,
    "metafields": r.metafields,
}

LINE_ITEM: dict[str, r.Resolver] = {
    **NODE,
    "title": line_attribute("title"),
    "name": lambda row, info: " - ".join(
        part for part in (row.line.title, r.variant_title(row.line.variant)) if part
    ),
    "sku": line_attribute("sku"),
    "vendor": lambda row, info: row.line.variant.product.vendor if row.line.variant else None,
    "variant": line_attribute("variant"),
    "variantTitle": lambda row, info: r.variant_title(row.line.variant),
    "product": lambda row, info: row.line.variant.product if row.line.variant else None,
    "quantity": line_attribute("quantity"),
    "currentQuantity": line_attribute("current_quantity"),
    "unfulfilledQuantity": lambda row, info: max(
        0, row.line.current_quantity - row.order.fulfilled_quantity(row.line)
    ),
    "requiresShipping": line_attribute("requires_shipping"),
    "isGiftCard": line_attribute("gift_card"),
    "taxable": lambda row, info: bool(row.line.tax_rate),
    "customAttributes": lambda row, info: r.attributes(row.line.properties),
    "originalUnitPriceSet": r.line_money(lambda line: line.price),
    "discountedUnitPriceSet": r.line_money(lambda line: line.share(1)),
    "discountedUnitPriceAfterAllDiscountsSet": r.line_money(lambda line: line.share(1)),
    "originalTotalSet": r.line_money(lambda line: line.price * line.quantity),
    "discountedTotalSet": r.line_money(lambda line: line.total),
    "totalDiscountSet": r.line_money(lambda line: line.discount),
    "taxLines": r.taxes_of_line,
}

FULFILLMENT_ORDER: dict[str, r.Resolver] = {
    **NODE,
    "status": attribute("status"),
    "requestStatus": attribute("request_status"),
    "createdAt": time_of("created_at"),
    "updatedAt": time_of("updated_at"),
    "fulfillAt": time_of("fulfill_at"),
    "fulfillBy": constant(None),
    "order": attribute("order"),
    "orderId": lambda entry, info: entry.order.gid,
    "orderName": lambda entry, info: entry.order.name,
    "orderProcessedAt": lambda entry, info: r.stamp(entry.order.created_at),
    "assignedLocation": lambda entry, info: entry.location,
    "deliveryMethod": lambda entry, info: entry,
    "destination": lambda entry, info: entry.order.address,
    "supportedActions": lambda entry, info: [
        {"action": action, "externalUrl": None} for action in entry.actions
    ],
    "fulfillmentHolds": attribute("holds"),
    "lineItems": listed(lambda entry: [r.FulfillmentOrderRow(entry.order, row) for row in entry.lines]),
    "fulfillments": listed(
        lambda entry: [done for done in entry.order.fulfillments if entry in done.fulfillment_orders]
    ),
}

FULFILLMENT_ORDER_LINE: dict[str, r.Resolver] = {
    **NODE,
    "totalQuantity": lambda source, info: source.row.total,
    "remainingQuantity": lambda source, info: source.row.remaining,
    "requiresShipping": lambda source, info: source.row.line.requires_shipping,
    "sku": lambda source, info: source.row.line.sku,
    "productTitle": lambda source, info: source.row.line.title,
    "variant": lambda source, info: source.row.line.variant,
    "variantTitle": lambda source, info: r.variant_title(source.row.line.variant),
    "lineItem": lambda source, info: r.OrderLine(source.order, source.row.line),
}

FULFILLMENT: dict[str, r.Resolver] = {
    **LEGACY,
    "name": attribute("name"),
    "status": attribute("status"),
    "displayStatus": lambda source, info: "FULFILLED" if source.status == "SUCCESS" else "CANCELED",
    "createdAt": time_of("created_at"),
    "updatedAt": time_of("updated_at"),
    "order": attribute("order"),
    "location": attribute("location"),
    "totalQuantity": lambda source, info: sum(quantity for _, quantity in source.lines),
    "trackingInfo": r.tracking_info,
    "fulfillmentOrders": listed(lambda source: source.fulfillment_orders),
    "fulfillmentLineItems": listed(
        lambda source: [
            r.FulfillmentLine(source.order, row.line, quantity, row.id) for row, quantity in source.lines
        ]
    ),
}

CONNECTION: dict[str, r.Resolver] = {
    "nodes": attribute("nodes"),
    "edges": lambda source, info: list(zip(source.nodes, source.cursors, strict=True)),
    "pageInfo": lambda source, info: source,
}
EDGE: dict[str, r.Resolver] = {
    "node": lambda source, info: source[0],
    "cursor": lambda source, info: source[1],
}

FIELDS: r.Table = {
    "QueryRoot": QUERY,
    "Shop": SHOP,
    "AppInstallation": APP_INSTALLATION,
    "Order": ORDER,
    "LineItem": LINE_ITEM,
    "FulfillmentOrder": FULFILLMENT_ORDER,
    "FulfillmentOrderLineItem": FULFILLMENT_ORDER_LINE,
    "Fulfillment": FULFILLMENT,
    "FulfillmentLineItem": {
        "id": lambda source, info: f"gid://shopify/FulfillmentLineItem/{source.id}",
        "lineItem": lambda source, info: r.OrderLine(source.order, source.line),
        "quantity": attribute("quantity"),
        "discountedTotalSet": lambda source, info: r.bag(source.order, source.line.share(source.quantity)),
        "originalTotalSet": lambda source, info: r.bag(source.order, source.line.price * source.quantity),
    },
    "FulfillmentOrderAssignedLocation": {
        "name": attribute("name"),
        "city": attribute("city"),
        "countryCode": attribute("country_code"),
        "address1": constant(None),
        "address2": constant(None),
        "phone": constant(None),
        "province": constant(None),
        "zip": constant(None),
        "location": lambda source, info: source,
    },
    "Location": {
        **LEGACY,
        "name": attribute("name"),
        "isActive": constant(True),
        "isFulfillmentService": constant(False),
        "fulfillsOnlineOrders": constant(True),
        "shipsInventory": constant(True),
    },
    "DeliveryMethod": {
        "id": lambda entry, info: f"gid://shopify/DeliveryMethod/{entry.id}",
        "methodType": attribute("delivery_method"),
        "presentedName": lambda entry, info: (
            entry.order.shipping_lines[0].title if entry.order.shipping_lines else None
        ),
        "serviceCode": lambda entry, info: (
            entry.order.shipping_lines[0].code if entry.order.shipping_lines else None
        ),
    },
    "FulfillmentHold": {
        **NODE,
        "reason": attribute("reason"),
        "reasonNotes": attribute("notes"),
        "handle": attribute("handle"),
        "displayReason": lambda hold, info: hold.reason.replace("_", " ").capitalize(),
        "heldByRequestingApp": attribute("by_this_app"),
        "heldByApp": lambda hold, info: r.app(info.context.shop) if hold.by_this_app else None,
    },
    "OrderRiskAssessment": {
        "riskLevel": attribute("risk"),
        "facts": constant([]),
        "provider": constant(None),
    },
    "Customer": {
        **LEGACY,
        "displayName": lambda source, info: (
            " ".join(part for part in (source.first_name, source.last_name) if part) or source.email
        ),
        "firstName": attribute("first_name"),
        "lastName": attribute("last_name"),
        "locale": attribute("locale"),
        "numberOfOrders": lambda source, info: str(source.orders),
        "amountSpent": lambda source, info: {
            "amount": r.decimal(source.spent),
            "currencyCode": info.context.shop.settings.currency,
        },
        "createdAt": time_of("created_at"),
        "defaultEmailAddress": lambda source, info: (
            {"emailAddress": source.email, "validFormat": True} if source.email else None
        ),
        "tags": constant([]),
    },
    "MailingAddress": r.ADDRESS,
    "FulfillmentOrderDestination": {
        **{
            field: r.ADDRESS[field]
            for field in (
                "address1",
                "address2",
                "city",
                "company",
                "firstName",
                "lastName",
                "phone",
                "province",
                "zip",
            )
        },
        "countryCode": attribute("country_code"),
        "email": constant(None),
        "id": constant("gid://shopify/FulfillmentOrderDestination/1"),
    },
    "ShippingLine": {
        "id": lambda source, info: source.line.gid,
        "title": line_attribute("title"),
        "code": line_attribute("code"),
        "custom": constant(False),
        "isRemoved": constant(False),
        "deliveryCategory": constant(None),
        "carrierIdentifier": constant(None),
        "source": constant("shopify"),
        "originalPriceSet": r.line_money(lambda line: line.price),
        "discountedPriceSet": r.line_money(lambda line: line.price - line.discount),
        "currentDiscountedPriceSet": r.line_money(lambda line: line.price - line.discount),
        "taxLines": constant([]),
    },
    "Refund": {
        **LEGACY,
        "createdAt": time_of("created_at"),
        "updatedAt": time_of("created_at"),
        "note": attribute("note"),
        "order": attribute("order"),
        "totalRefundedSet": lambda refund, info: r.bag(refund.order, refund.amount),
        "refundLineItems": listed(
            lambda refund: [
                r.FulfillmentLine(refund.order, line, quantity, line.id) for line, quantity in refund.lines
            ]
        ),
    },
    "RefundLineItem": {
        "lineItem": lambda source, info: r.OrderLine(source.order, source.line),
        "quantity": attribute("quantity"),
        "restocked": constant(False),
        "subtotalSet": lambda source, info: r.bag(source.order, source.line.share(source.quantity)),
    },
    "Product": {
        **LEGACY,
        "title": attribute("title"),
        "handle": attribute("handle"),
        "vendor": attribute("vendor"),
        "status": attribute("status"),
        "createdAt": time_of("created_at"),
        "updatedAt": time_of("created_at"),
        "isGiftCard": lambda product, info: any(variant.gift_card for variant in product.variants),
        "tags": constant([]),
        "productType": constant(""),
        "variants": listed(lambda product: product.variants),
    },
    "ProductVariant": {
        **LEGACY,
        "title": attribute("title"),
        "displayName": lambda variant, info: f"{variant.product.title} - {variant.title}",
        "sku": attribute("sku"),
        "price": lambda variant, info: r.decimal(variant.price),
        "product": attribute("product"),
        "selectedOptions": lambda variant, info: [
            {"name": name, "value": value} for name, value in variant.options or (("Title", "Default Title"),)
        ],
        "inventoryItem": lambda variant, info: variant,
        "createdAt": lambda variant, info: r.stamp(variant.product.created_at),
        "updatedAt": lambda variant, info: r.stamp(variant.product.created_at),
        "taxable": constant(True),
        "barcode": constant(None),
    },
    "InventoryItem": {
        "id": lambda variant, info: f"gid://shopify/InventoryItem/{variant.id}",
        "sku": attribute("sku"),
        "requiresShipping": attribute("requires_shipping"),
        "tracked": constant(False),
    },
    "Metafield": {
        **LEGACY,
        "namespace": attribute("namespace"),
        "key": attribute("key"),
        "type": attribute("type"),
        "value": attribute("value"),
        "jsonValue": r.json_value,
        "compareDigest": attribute("digest"),
        "ownerType": constant("ORDER"),
        "sizeInBytes": lambda source, info: len(source.value.encode()),
        "createdAt": time_of("created_at"),
        "updatedAt": time_of("updated_at"),
    },
    "WebhookSubscription": {
        **LEGACY,
        "topic": attribute("topic"),
        "uri": attribute("uri"),
        "callbackUrl": attribute("uri"),
        "endpoint": attribute("uri"),
        "format": attribute("format"),
        "filter": attribute("filter"),
        "includeFields": attribute("include_fields"),
        "metafieldNamespaces": attribute("metafield_namespaces"),
        "metafields": constant([]),
        "name": attribute("name"),
        "apiVersion": lambda source, info: r.version(source.api_version),
        "createdAt": time_of("created_at"),
        "updatedAt": time_of("updated_at"),
    },
    "PageInfo": {
        "hasNextPage": attribute("has_next"),
        "hasPreviousPage": attribute("has_previous"),
        "startCursor": lambda source, info: source.cursors[0] if source.cursors else None,
        "endCursor": lambda source, info: source.cursors[-1] if source.cursors else None,
    },
}

PLAIN = frozenset(
    {
        "AccessScope",
        "ApiVersion",
        "App",
        "Attribute",
        "Count",
        "CustomerEmailAddress",
        "FulfillmentOrderSupportedAction",
        "FulfillmentTrackingInfo",
        "MoneyBag",
        "MoneyV2",
        "OrderRiskSummary",
        "SelectedOption",
        "ShopPlan",
        "TaxLine",
    }
)
"""Types whose values are dicts with the schema's own names; so are all payloads and user errors."""
