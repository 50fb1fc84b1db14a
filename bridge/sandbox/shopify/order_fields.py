"""How the fields of orders, their lines and their fulfillment are read. See `reading`."""

from __future__ import annotations

from decimal import Decimal

from bridge.sandbox.shopify import reading as r
from bridge.sandbox.shopify.reading import attribute, constant, line_attribute, listed, time_of

NODE: dict[str, r.Resolver] = {"id": attribute("gid")}
LEGACY: dict[str, r.Resolver] = {**NODE, "legacyResourceId": lambda source, info: str(source.id)}

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
    "poNumber": attribute("po_number"),
    "purchasingEntity": r.purchasing_entity,
    "localizedFields": listed(r.localized_fields),
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
    "fullyPaid": attribute("fully_paid"),
    "transactions": r.transactions,
    "paymentTerms": r.payment_terms,
    "unpaid": lambda order, info: not order.paid,
    "risk": lambda order, info: r.risk_summary(order),
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
    "currentTotalDiscountsSet": r.order_money(lambda order: order.current_discounts),
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
    "name": lambda row, info: " - ".join(part for part in (row.line.title, row.line.variant_title) if part),
    "sku": line_attribute("sku"),
    "vendor": lambda row, info: row.line.variant.product.vendor if row.line.variant else None,
    "variant": line_attribute("variant"),
    "variantTitle": line_attribute("variant_title"),
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
    "variantTitle": lambda source, info: source.row.line.variant_title,
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
