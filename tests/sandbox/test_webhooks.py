from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import pytest

from bridge.sandbox import Sandbox
from bridge.sandbox.http.faults import Kind
from bridge.sandbox.shopify.events import enum_of, topic_of
from tests.support.http_receiver import Receiver, receiver
from tests.support.sandbox_factories import ADA

FAST = 36_000  # four hours of retries in 0.4 s


@pytest.fixture
async def inbox() -> AsyncIterator[Receiver]:
    async with receiver() as kept:
        yield kept


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(webhook_speed=FAST) as running:
        running.shop.add_product("Mug", [{"sku": "MUG"}])
        yield running


def subscribe(box: Sandbox, url: str, *topics: str) -> None:
    for topic in topics:
        box.shop.subscribe(enum_of(topic), f"{url}/webhooks")


def got_topics(inbox: Receiver) -> list[str]:
    return [headers["x-shopify-topic"] for headers, _ in inbox.requests]


async def test_a_delivery_is_signed_over_its_raw_bytes_and_carries_the_documented_headers(
    box: Sandbox, inbox: Receiver
) -> None:
    subscribe(box, inbox.url, "orders/create")
    order = box.shop.create_order(["MUG"], address=ADA, email="ada@mail.example", note="Zoë ♥")
    await box.wait_until_settled()
    [(headers, body)] = inbox.requests
    digest = hmac.new(b"sandbox-client-secret", body, hashlib.sha256).digest()
    assert headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
    assert headers["x-shopify-topic"] == "orders/create"
    assert headers["x-shopify-shop-domain"] == "acme.myshopify.com"
    assert headers["x-shopify-api-version"] == "2026-10"
    assert headers["x-shopify-triggered-at"].endswith("Z")
    assert len(headers["x-shopify-webhook-id"]) == len(headers["x-shopify-event-id"]) == 36
    sent = json.loads(body)
    assert sent["admin_graphql_api_id"] == order.gid
    assert (sent["total_price"], sent["financial_status"]) == ("24.90", "paid")
    assert sent["shipping_address"]["last_name"] == "Brindille"
    assert sent["note"] == "Zoë ♥"


async def test_topics_of_one_event_share_its_id_and_nothing_else(box: Sandbox, inbox: Receiver) -> None:
    subscribe(box, inbox.url, "orders/create", "orders/paid")
    box.shop.create_order(["MUG"])
    await box.wait_until_settled()
    assert sorted(got_topics(inbox)) == ["orders/create", "orders/paid"]
    assert len({headers["x-shopify-event-id"] for headers, _ in inbox.requests}) == 1
    assert len({headers["x-shopify-webhook-id"] for headers, _ in inbox.requests}) == 2


async def test_a_delivery_that_fails_is_tried_again_byte_for_byte_under_its_own_id(box: Sandbox) -> None:
    async with receiver(lambda number: 200 if number > 3 else (500, 302, 503)[number - 1]) as inbox:
        subscribe(box, inbox.url, "orders/create")
        box.shop.create_order(["MUG"])
        await box.wait_until_settled()
    assert len(inbox.requests) == 4
    assert len({headers["x-shopify-webhook-id"] for headers, _ in inbox.requests}) == 1
    assert len({body for _, body in inbox.requests}) == 1
    assert box.webhooks.deliveries[0].results == [500, 302, 503, 200]
    assert len(box.shop.subscriptions) == 1


async def test_after_eight_failed_retries_the_subscription_is_gone(box: Sandbox) -> None:
    async with receiver(lambda number: 500) as inbox:
        subscribe(box, inbox.url, "orders/create")
        box.shop.create_order(["MUG"])
        await box.wait_until_settled()
        assert len(inbox.requests) == 9
    assert box.webhooks.deliveries[0].settled == "given up"
    assert box.shop.subscriptions == {}


async def test_nobody_listening_counts_as_a_failure(box: Sandbox) -> None:
    subscribe(box, "http://127.0.0.1:9", "orders/create")
    box.shop.create_order(["MUG"])
    await box.wait_until_settled()
    assert box.webhooks.deliveries[0].results == ["ClientConnectorError"] * 9


async def test_a_duplicate_has_the_same_id_and_the_same_bytes(box: Sandbox, inbox: Receiver) -> None:
    subscribe(box, inbox.url, "orders/create")
    box.faults.add("shopify.webhooks.orders/create", Kind.DUPLICATE, seconds=0)
    box.shop.create_order(["MUG"])
    await box.wait_until_settled()
    first, second = inbox.requests
    assert first[1] == second[1]
    assert first[0]["x-shopify-webhook-id"] == second[0]["x-shopify-webhook-id"]


async def test_deliveries_can_be_dropped_delayed_and_cut_to_an_id(box: Sandbox, inbox: Receiver) -> None:
    subscribe(box, inbox.url, "orders/create", "orders/paid", "orders/updated")
    box.faults.add("shopify.webhooks.orders/create", Kind.DELAY, seconds=0.1)
    box.faults.add("shopify.webhooks.orders/paid", Kind.DROP)
    box.faults.add("shopify.webhooks.orders/updated", Kind.ID_ONLY)
    order = box.shop.create_order(["MUG"])
    await box.wait_until_settled()
    assert got_topics(inbox) == ["orders/updated", "orders/create"]
    headers, body = inbox.requests[0]
    assert json.loads(body) == {"id": order.id}
    digest = hmac.new(b"sandbox-client-secret", body, hashlib.sha256).digest()
    assert headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()


async def test_a_rule_can_name_the_order_that_it_is_about(box: Sandbox, inbox: Receiver) -> None:
    subscribe(box, inbox.url, "orders/create")
    box.faults.add("shopify.webhooks*", Kind.DROP, times=None, containing="#1002")
    for _ in range(3):
        box.shop.create_order(["MUG"])
    await box.wait_until_settled()
    assert sorted(json.loads(body)["name"] for _, body in inbox.requests) == ["#1001", "#1003"]


async def test_fulfillment_order_topics_name_no_order(box: Sandbox, inbox: Receiver) -> None:
    subscribe(box, inbox.url, "fulfillment_orders/order_routing_complete")
    order = box.shop.create_order(["MUG"])
    await box.wait_until_settled()
    assert json.loads(inbox.requests[0][1]) == {
        "fulfillment_order": {"id": order.fulfillment_orders[0].gid, "status": "open"}
    }


async def test_an_edit_tells_the_orders_id_and_what_changed(box: Sandbox, inbox: Receiver) -> None:
    subscribe(box, inbox.url, "orders/edited")
    order = box.shop.create_order(["MUG"])
    box.shop.edit(order, quantities={"MUG": 3})
    await box.wait_until_settled()
    edit = json.loads(inbox.requests[0][1])["order_edit"]
    assert edit["order_id"] == order.id
    assert edit["line_items"]["additions"] == [{"id": order.lines[0].id, "delta": 2}]


async def test_deliveries_can_be_sent_to_another_address_than_asked_for(inbox: Receiver) -> None:
    async with Sandbox(deliver_to=inbox.url) as box:
        box.shop.subscribe("ORDERS_CREATE", "https://bridge.example.com/webhooks/shopify/acme?x=1")
        box.shop.create_order(["MUG"])
        await inbox.got(1)
    assert box.webhooks.deliveries[0].uri.startswith("https://bridge.example.com/")


async def test_a_second_subscription_of_topic_and_address_is_refused(box: Sandbox) -> None:
    query = """mutation Add($uri: String!) {
      webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {uri: $uri}) {
        webhookSubscription { id } userErrors { message }
      }
    }"""
    run = box.get_running_shop().api.engine.run
    made = [run(query, {"uri": "https://b.example/x"}, None)["data"] for _ in range(2)]
    errors = [entry["webhookSubscriptionCreate"]["userErrors"] for entry in made]
    assert errors == [[], [{"message": "Address for this topic has already been taken"}]]


@pytest.mark.parametrize(
    "topic",
    [
        "orders/create",
        "refunds/create",
        "app/uninstalled",
        "fulfillment_orders/order_routing_complete",
        "fulfillments/update",
        "orders/partially_fulfilled",
    ],
)
def test_topics_are_spelled_both_ways(topic: str) -> None:
    assert topic_of(enum_of(topic)) == topic
