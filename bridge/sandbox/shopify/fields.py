"""The table: for each type of the Admin API's schema, how its fields are read. See `reading`."""

from __future__ import annotations

from bridge.sandbox.shopify import reading as r
from bridge.sandbox.shopify.model import Customer, Fulfillment, FulfillmentOrder, Node, Order, Variant
from bridge.sandbox.shopify.order_fields import (
    FULFILLMENT,
    FULFILLMENT_ORDER,
    FULFILLMENT_ORDER_LINE,
    LEGACY,
    LINE_ITEM,
    NODE,
    ORDER,
)
from bridge.sandbox.shopify.pictures import media_of
from bridge.sandbox.shopify.reading import attribute, constant, line_attribute, listed, time_of
from bridge.sandbox.shopify.settings import API_VERSIONS

QUERY: dict[str, r.Resolver] = {
    "shop": r.shop_value(lambda shop: shop),
    "order": r.by_id(Order, "read_orders", "order"),
    "orders": r.orders,
    "customer": r.by_id(Customer, "read_customers", "customer"),
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
    "currentAppInstallation": r.shop_value(lambda shop: shop.installation),
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
    **NODE,
    "metafield": r.metafield,
    "metafields": r.metafields,
    "accessScopes": r.shop_value(r.scopes),
    "app": r.shop_value(r.app),
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
        "riskLevel": lambda level, info: level,
        "facts": constant([]),
        "provider": constant(None),
    },
    "OrderTransaction": {
        **NODE,
        "kind": attribute("kind"),
        "status": attribute("status"),
        "authorizationExpiresAt": time_of("expires_at"),
        "manuallyCapturable": attribute("capturable"),
        "multiCapturable": constant(False),
        "amountSet": lambda source, info: r.bag(source.order, source.amount),
    },
    "PaymentTerms": {
        "id": lambda source, info: source["id"],
        "paymentTermsName": lambda source, info: source["name"],
    },
    "Customer": {
        **LEGACY,
        "displayName": lambda source, info: (
            " ".join(part for part in (source.first_name, source.last_name) if part) or source.email
        ),
        "firstName": attribute("first_name"),
        "lastName": attribute("last_name"),
        "locale": attribute("locale"),
        "orders": r.customer_orders,
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
        "featuredMedia": media_of,
    },
    "MediaImage": {
        "id": attribute("id"),
        "image": lambda media, info: {"url": media.url},
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
        "harmonizedSystemCode": attribute("hs_code"),
        "countryCodeOfOrigin": attribute("origin"),
        "tracked": constant(False),
    },
    "PurchasingCompany": {
        "company": r.company_part,
        "location": r.company_part,
        "contact": constant(None),
    },
    "Company": {"id": constant("gid://shopify/Company/1"), "name": attribute("name")},
    "CompanyLocation": {
        "id": constant("gid://shopify/CompanyLocation/1"),
        "name": attribute("name"),
        "taxSettings": lambda company, info: company,
    },
    "CompanyLocationTaxSettings": {
        "taxExempt": constant(False),
        "taxExemptions": constant([]),
        "taxRegistrationId": attribute("vat_id"),
    },
    "Metafield": {
        **LEGACY,
        "namespace": attribute("namespace"),
        "key": attribute("key"),
        "type": attribute("type"),
        "value": attribute("value"),
        "jsonValue": r.json_value,
        "compareDigest": attribute("digest"),
        "owner": lambda source, info: info.context.shop.metafield_owner(source.owner),
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
        "Image",
        "LocalizedField",
        "MoneyBag",
        "MoneyV2",
        "OrderRiskSummary",
        "SelectedOption",
        "ShopPlan",
        "TaxLine",
    }
)
"""Types whose values are dicts with the schema's own names; so are all payloads and user errors."""
