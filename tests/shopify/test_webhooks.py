"""The rules of webhook deliveries: signatures, headers, and what a body says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.order.records import Delivery, PrivacyRequest
from bridge.shopify.webhooks import Refused, Word, interpret, read_delivery, sign

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = b"a-secret-of-the-app"
DOMAIN = "acme.myshopify.com"
ORDER = "gid://shopify/Order/820982911946154508"


def headers(body: bytes, secret: bytes = SECRET, **more: str) -> dict[str, str]:
    return {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": sign(secret, body).decode(),
        "X-Shopify-Shop-Domain": DOMAIN,
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def read(body: bytes, told: dict[str, str], secrets: tuple[bytes, ...] = (SECRET,)) -> Delivery:
    return read_delivery(shop="acme", domain=DOMAIN, headers=told, body=body, secrets=secrets, now=NOW)


def refusal(body: bytes, told: dict[str, str], secrets: tuple[bytes, ...] = (SECRET,)) -> Refused:
    with pytest.raises(Refused) as caught:
        read(body, told, secrets)
    assert caught.value.status == 401
    return caught.value


def word(topic: str, body: Any) -> Word:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return interpret(Delivery("acme", "1", topic, raw, NOW))


# --- deliveries ---


def test_the_signature_is_the_one_that_openssl_makes() -> None:
    # printf '{"id":1}' | openssl dgst -sha256 -hmac a-secret-of-the-app -binary | base64
    assert sign(SECRET, b'{"id":1}') == b"HI2Y+LW0PdvqSZ/1PVIPiC3gNXcMqxf94+4PCgoTxbs="


def test_a_signed_delivery_is_read_with_all_its_headers() -> None:
    body = b'{"id": 1}'
    told = headers(
        body,
        X_Shopify_Event_Id="98880550-7158-44d4-b7cd-2c97c8a091b5",
        X_Shopify_API_Version="2026-10",
        X_Shopify_Triggered_At="2026-11-23T08:59:58.123456789Z",
    )
    delivery = read(body, told)
    assert delivery.shop == "acme"
    assert delivery.webhook_id == "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"
    assert delivery.topic == "orders/paid"
    assert delivery.body == body
    assert delivery.received_at == NOW
    assert delivery.event_id == "98880550-7158-44d4-b7cd-2c97c8a091b5"
    assert delivery.api_version == "2026-10"
    assert delivery.triggered_at == datetime(2026, 11, 23, 8, 59, 58, 123456, UTC)


def test_header_names_are_read_in_any_case_and_without_their_prefix() -> None:
    body = b"{}"
    told = {
        "shopify-hmac-sha256": sign(SECRET, body).decode(),
        "SHOPIFY-TOPIC": "orders/create",
        "Shopify-Webhook-Id": "an-id",
        "shopify-shop-domain": DOMAIN.upper(),
    }
    delivery = read(body, told)
    assert (delivery.topic, delivery.webhook_id) == ("orders/create", "an-id")


def test_any_of_several_secrets_may_have_signed() -> None:
    body = b"{}"
    for secret in (b"old", b"new"):
        assert read(body, headers(body, secret), (b"old", b"new")).body == body


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "   ",
        "AAAA",
        "not base64!",
        "é",
        "\udcff\udcfe",
        "\ud800",
        sign(SECRET, b"{}").decode()[:-1],
        "=" * 44,
    ],
)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    refusal(b"{}", {**headers(b"{}"), "X-Shopify-Hmac-Sha256": signature})


def test_a_missing_signature_is_refused() -> None:
    told = headers(b"{}")
    del told["X-Shopify-Hmac-Sha256"]
    assert "not signed" in refusal(b"{}", told).why


def test_one_changed_byte_is_refused() -> None:
    refusal(b'{"id":2}', headers(b'{"id":1}'))


@pytest.mark.parametrize("secrets", [(), (b"",), (b"", b"")])
def test_without_a_secret_everything_is_refused_even_what_an_empty_secret_signed(
    secrets: tuple[bytes, ...],
) -> None:
    assert "no secret" in refusal(b"{}", headers(b"{}", b""), secrets).why


def test_an_empty_secret_beside_a_real_one_signs_nothing() -> None:
    refusal(b"{}", headers(b"{}", b""), (SECRET, b""))


def test_the_refusal_does_not_tell_the_right_signature() -> None:
    told = {**headers(b"{}"), "X-Shopify-Hmac-Sha256": "wrong"}
    assert sign(SECRET, b"{}").decode() not in str(refusal(b"{}", told))


def test_a_delivery_of_another_shop_is_refused_and_both_shops_are_named() -> None:
    told = {**headers(b"{}"), "X-Shopify-Shop-Domain": "other.myshopify.com"}
    why = refusal(b"{}", told).why
    assert "other.myshopify.com" in why
    assert DOMAIN in why


def test_a_delivery_that_names_no_shop_is_taken() -> None:
    told = headers(b"{}")
    del told["X-Shopify-Shop-Domain"]
    assert read(b"{}", told).shop == "acme"


@pytest.mark.parametrize("given", [None, "", "é" * 10, "x" * 5000, "a\x00b", "\udcff"])
def test_a_signed_delivery_without_a_usable_id_gets_one_from_its_body(given: str | None) -> None:
    told = headers(b'{"id":1}')
    del told["X-Shopify-Webhook-Id"]
    if given is not None:
        told["X-Shopify-Webhook-Id"] = given
    one = read(b'{"id":1}', told).webhook_id
    assert one.startswith("body-")
    assert one == read(b'{"id":1}', told).webhook_id
    other = {**told, "X-Shopify-Hmac-Sha256": sign(SECRET, b'{"id":2}').decode()}
    assert one != read(b'{"id":2}', other).webhook_id
    later = {**told, "X-Shopify-Triggered-At": "2026-11-23T09:30:00Z"}
    assert one != read(b'{"id":1}', later).webhook_id


def test_a_signed_delivery_without_topic_or_with_a_wrong_time_is_taken() -> None:
    told = headers(b"{}", X_Shopify_Triggered_At="yesterday")
    del told["X-Shopify-Topic"]
    delivery = read(b"{}", told)
    assert delivery.topic == "unknown"
    assert delivery.triggered_at is None


@given(st.dictionaries(st.text(), st.text()), st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_headers_and_bytes_break_the_reader(told: dict[str, str], body: bytes) -> None:
    signed = {**told, "X-Shopify-Hmac-Sha256": sign(SECRET, body).decode(), "X-Shopify-Shop-Domain": DOMAIN}
    delivery = read(body, signed)
    assert delivery.webhook_id.isascii()
    assert delivery.topic.isascii()


# --- bodies ---


def test_a_created_order_names_itself_by_its_global_id_not_by_the_rounded_number() -> None:
    body = {
        "id": 820982911946154500,
        "admin_graphql_api_id": ORDER,
        "name": "#1001",
        "financial_status": "pending",
    }
    assert word("orders/create", body) == Word("order", ORDER, "#1001", paid_now=False)


@pytest.mark.parametrize(
    ("topic", "status", "paid"),
    [
        ("orders/create", "paid", True),
        ("orders/create", "authorized", False),
        ("orders/create", None, False),
        ("orders/paid", "paid", True),
        ("orders/paid", None, True),
        ("orders/updated", "paid", False),
        ("orders/cancelled", "paid", False),
    ],
)
def test_only_an_order_paid_at_creation_and_a_payment_are_paid_now(
    topic: str, status: str | None, paid: bool
) -> None:
    assert word(topic, {"id": 7, "financial_status": status}).paid_now is paid


def test_an_id_only_body_is_enough() -> None:
    assert word("orders/updated", {"id": 820982911946154508}) == Word("order", ORDER)


def test_an_edit_names_its_order() -> None:
    body = {"order_edit": {"id": 78912328793, "order_id": 820982911946154508, "committed_at": None}}
    assert word("orders/edited", body) == Word("order", ORDER)


def test_a_refund_names_its_order_and_not_itself() -> None:
    body = {
        "id": 890088186047892319,
        "order_id": 820982911946154508,
        "admin_graphql_api_id": "gid://shopify/Refund/1",
    }
    assert word("refunds/create", body) == Word("order", ORDER)


@pytest.mark.parametrize(
    "body",
    [
        {"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/1568", "status": "open"}},
        {"fulfillment_order": {"id": 1568, "status": "on_hold"}, "fulfillment_hold": {"id": 3}},
        {"original_fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/1568"}},
        {"merges": [{"fulfillment_orders": [{"id": "gid://shopify/FulfillmentOrder/1568"}]}]},
    ],
)
def test_a_fulfillment_order_is_given_where_no_order_is_named(body: dict[str, Any]) -> None:
    found = word("fulfillment_orders/order_routing_complete", body)
    assert found == Word("order", fulfillment_order_id="gid://shopify/FulfillmentOrder/1568")


def test_a_fulfillment_order_that_tells_its_order_needs_no_question() -> None:
    body = {
        "fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/1", "order_id": "gid://shopify/Order/9"}
    }
    assert word("fulfillment_orders/moved", body) == Word("order", "gid://shopify/Order/9")


@pytest.mark.parametrize(
    ("topic", "body", "outcome"),
    [
        ("app/uninstalled", {"id": 1}, "uninstalled"),
        ("app/uninstalled", b"\xff", "uninstalled"),
        ("orders/create", b"", "unreadable"),
        ("orders/create", b"\xff\xfe\x00", "unreadable"),
        ("orders/create", b'{"id": 1', "unreadable"),
        ("orders/create", b"[" * 200_000, "unreadable"),
        ("orders/create", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "unreadable"),
        ("orders/create", b'{"id": ' + b"9" * 10_000 + b"}", "unreadable"),
        ("orders/create", [], "no order in it"),
        ("orders/create", [{"id": 1}], "no order in it"),
        ("orders/create", "text", "no order in it"),
        ("orders/create", None, "no order in it"),
        ("orders/create", {"id": True}, "no order in it"),
        ("orders/create", {"id": -1}, "no order in it"),
        ("orders/create", {"id": 1.5}, "no order in it"),
        ("orders/create", {"id": 2**64}, "no order in it"),
        ("orders/create", {"id": {"id": 1}}, "no order in it"),
        ("orders/create", {"id": "1 OR 1=1"}, "no order in it"),
        ("orders/create", {"id": "٣"}, "no order in it"),
        ("fulfillment_orders/moved", {"id": 12}, "no order in it"),
        ("products/update", {"id": 1}, "unknown topic"),
        ("unknown", {"id": 1}, "unknown topic"),
    ],
)
def test_a_body_without_an_order_says_so(topic: str, body: Any, outcome: str) -> None:
    assert word(topic, body) == Word(outcome)


def test_an_order_is_found_by_its_global_id_whatever_the_topic_header_says() -> None:
    assert word("unknown", {"id": 1, "admin_graphql_api_id": ORDER}).order_id == ORDER


def test_an_order_name_can_be_stored_anywhere() -> None:
    found = word("orders/create", b'{"id": 1, "name": "#1\\u0000\\ud800' + b"x" * 300 + b'"}')
    assert found.name is not None
    assert found.name.startswith("#1\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}xxx")
    assert len(found.name) == 100
    found.name.encode()


TOPICS = st.sampled_from(
    [
        "orders/create",
        "orders/edited",
        "refunds/create",
        "fulfillment_orders/moved",
        "app/uninstalled",
        "x/y",
        "",
    ]
)
KEYS = st.sampled_from(
    ["id", "admin_graphql_api_id", "order_id", "order_edit", "fulfillment_order", "order", "name"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([ORDER, "7"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(TOPICS, st.binary(max_size=300) | JSON.map(lambda body: json.dumps(body).encode()))
@settings(max_examples=300, deadline=None)
def test_no_body_breaks_the_interpreter(topic: str, body: bytes) -> None:
    found = interpret(Delivery("acme", "1", topic, body, NOW))
    assert found.outcome in {"order", "no order in it", "unreadable", "unknown topic", "uninstalled"}
    assert (found.outcome == "order") == bool(found.order_id or found.fulfillment_order_id)


def test_wishes_about_personal_data_name_their_orders() -> None:
    redact = b'{"shop_domain": "acme.myshopify.com", "customer": {"id": 1}, "orders_to_redact": [299938, "x", null]}'
    asks = b'{"orders_requested": [299938, 280263], "customer": {"id": 1}, "data_request": {"id": 9999}}'

    def wish(topic: str, body: bytes) -> PrivacyRequest | None:
        return interpret(Delivery("acme", "id", topic, body, datetime.now(UTC))).wish

    first, second = "gid://shopify/Order/299938", "gid://shopify/Order/280263"
    assert wish("customers/redact", redact) == PrivacyRequest(True, (first,))
    assert wish("customers/data_request", asks) == PrivacyRequest(False, (first, second), "9999")
    assert wish("shop/redact", b'{"shop_id": 1}') == PrivacyRequest(True, None)
    assert wish("customers/redact", b"{}") == PrivacyRequest(True, ())
    assert wish("customers/redact", b"[]") == PrivacyRequest(True, ())
