"""What Shopify is told of a shipment. Pure.

https://shopify.dev/docs/api/admin-graphql/latest/input-objects/FulfillmentTrackingInput
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.order.model import NewFulfillment, Tracking
from bridge.shopify.carriers import spelling, tracking_url, usable_url

Input = dict[str, object]


def fulfillment_input(new: NewFulfillment, own: Mapping[str, str] | None = None) -> Input:
    """FulfillmentInput for a new shipment. `own` is the merchant's table of carrier names."""
    wanted: Input = {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": unit.fulfillment_order_id,
                "fulfillmentOrderLineItems": [
                    {"id": line, "quantity": quantity} for line, quantity in unit.lines
                ],
            }
            for unit in new.lines
        ],
        "notifyCustomer": new.notify_customer,
    }
    tracking = tracking_input(new.tracking, new.country_code, own)
    return {**wanted, "trackingInfo": tracking} if tracking else wanted


def tracking_input(
    tracking: Sequence[Tracking], country: str | None, own: Mapping[str, str] | None = None
) -> Input:
    """FulfillmentTrackingInput, empty without a number. One company is all that it can tell.

    Links are matched to numbers by their place in the list, so they are sent for all numbers or for none.
    """
    known = [one for one in tracking if one.number]
    if not known:
        return {}
    numbers = [one.number for one in known]
    companies = [spelling(one.company, one.number, country, own) for one in known]
    links = [
        usable_url(one.url) or tracking_url(company, one.number, country)
        for one, company in zip(known, companies, strict=True)
    ]
    told: Input = {"number": numbers[0]} if len(numbers) == 1 else {"numbers": numbers}
    names = list(dict.fromkeys(company for company in companies if company))
    if names:
        told["company"] = ", ".join(names)
    if all(links):
        told |= {"url": links[0]} if len(links) == 1 else {"urls": links}
    return told
