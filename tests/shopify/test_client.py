"""The client of the Admin API, over real HTTP: what it sends, and what it makes of every kind of answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from bridge.errors import BridgeError, NeedsPerson, TryAgain
from bridge.shopify import http
from bridge.shopify.auth import StaticToken
from bridge.shopify.documents import API_VERSION
from bridge.shopify.response import AccessDenied
from tests.shopify import sample_order
from tests.shopify.fake_shopify import (
    DOMAIN,
    REQUEST_ID,
    TOKEN,
    Fault,
    Shop,
    connection,
    cost,
    denied,
    running,
    throttled,
)

PLAIN_SHOP = {
    "id": "gid://shopify/Shop/1",
    "name": "Acme",
    "myshopifyDomain": DOMAIN,
    "currencyCode": "EUR",
    "ianaTimezone": "Europe/Paris",
    "taxesIncluded": True,
    "plan": {"publicDisplayName": "Basic", "partnerDevelopment": False},
}


@pytest.fixture(autouse=True)
def plain_shop(shop: Shop) -> None:
    shop.stub.root["shop"] = PLAIN_SHOP


async def failure(shop: Shop, fault: Fault, *, name: str = "shop") -> BridgeError:
    """What the client raises when this answer comes, again and again."""
    shop.stub.faults.extend([fault] * 10)
    with pytest.raises(BridgeError) as caught:
        await shop.admin.run(name)
    return caught.value


def says(error: BridgeError) -> str:
    assert TOKEN not in repr(error)
    return str(error.facts["why"]) if isinstance(error, NeedsPerson) else str(error)


def json_fault(body: Any, status: int = 200, **headers: str) -> Fault:
    return Fault(status, json.dumps(body).encode(), headers)


def graphql_fault(message: str, code: str | None = None, **more: Any) -> Fault:
    extensions = {"code": code} if code else {}
    return json_fault({"errors": [{"message": message, "extensions": extensions, **more}]})


# --- what is sent ---


async def test_a_document_goes_to_the_version_that_it_is_written_for_with_the_token(shop: Shop) -> None:
    reply = await shop.admin.run("shop")
    assert reply.data["shop"]["name"].text() == "Acme"
    assert reply.request_id == REQUEST_ID
    (request,) = shop.stub.requests
    assert request.path == f"/admin/api/{API_VERSION}/graphql.json"
    assert request.headers["X-Shopify-Access-Token"] == TOKEN
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("sculpteo-bridge/")
    assert request.operation == "Shop"


async def test_two_shops_at_the_same_time_never_share_a_token() -> None:
    async with running() as one, running() as other:
        one.stub.root["shop"] = {**PLAIN_SHOP, "name": "One"}
        other.stub.root["shop"] = {**PLAIN_SHOP, "name": "Other"}
        other.stub.tokens = {"another-token"}
        other_admin = other.client(StaticToken("another-token"))
        replies = await asyncio.gather(*[admin.run("shop") for admin in (one.admin, other_admin) * 20])
        assert [reply.data["shop"]["name"].text() for reply in replies] == ["One", "Other"] * 20
        assert {request.headers["X-Shopify-Access-Token"] for request in one.stub.requests} == {TOKEN}
        assert {request.headers["X-Shopify-Access-Token"] for request in other.stub.requests} == {
            "another-token"
        }


# --- the version served ---


async def test_another_version_than_asked_for_is_warned_of_once(shop: Shop) -> None:
    shop.stub.version = "2027-07"
    for _ in range(3):
        await shop.admin.run("shop")
    assert shop.admin.served_version == "2027-07"
    (warning,) = shop.warnings
    assert "2027-07" in warning
    assert API_VERSION in warning


async def test_the_version_asked_for_needs_no_warning(shop: Shop) -> None:
    await shop.admin.run("shop")
    assert shop.admin.served_version == API_VERSION
    assert shop.warnings == []


# --- trouble that passes by itself ---


@pytest.mark.parametrize(
    "fault",
    [
        Fault(500),
        Fault(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}),
        Fault(503, b"", {"Retry-After": "7.5"}),
        Fault(504),
        Fault(408),
        Fault(430),
        Fault(200, b"<html>Down for maintenance</html>", {"Content-Type": "text/html"}),
        Fault(200, b""),
        Fault(200, b"\xff\xfe"),
        Fault(200, b'{"data": {"shop": '),
        Fault(200, b"[" * 100_000),
        Fault(200, b"[]"),
        Fault(200, b"null"),
        Fault(200, b"{}"),
        json_fault({"data": None}),
        json_fault({"data": []}),
        graphql_fault("Internal error. Looks like something went wrong on our end.", "INTERNAL_SERVER_ERROR"),
        graphql_fault("Timeout", "TIMEOUT"),
        graphql_fault("Something new", "SOMETHING_NEW"),
        graphql_fault("Something without a code"),
        json_fault({"errors": "a bare text"}),
        json_fault({"errors": [None], "data": {"shop": None}}),
    ],
)
async def test_trouble_on_shopifys_side_is_for_a_later_try(shop: Shop, fault: Fault) -> None:
    error = await failure(shop, fault)
    assert isinstance(error, TryAgain)
    assert error.upstream == "shopify:acme"
    assert REQUEST_ID in says(error)
    assert "html" not in says(error).replace("text/html", "")
    assert len(shop.stub.requests) == 1


async def test_the_time_that_shopify_names_is_passed_on(shop: Shop) -> None:
    error = await failure(shop, Fault(503, headers={"Retry-After": "7.5"}))
    assert isinstance(error, TryAgain)
    assert error.after == timedelta(seconds=7.5)


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        ("2.0", timedelta(seconds=2)),
        ("0", timedelta(0)),
        ("1e99", timedelta(hours=1)),
        ("inf", None),
        ("nan", None),
        ("-1", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_read_with_a_fraction_and_within_bounds(
    told: str, understood: timedelta | None
) -> None:
    assert http.Answer(429, {"retry-after": told}, b"").retry_after == understood


async def test_silence_is_for_a_later_try(shop: Shop) -> None:
    shop.stub.faults.append(Fault(delay=5))
    with pytest.raises(TryAgain, match="in time"):
        await shop.client(StaticToken(TOKEN), timeout=0.05).run("shop")


async def test_a_dropped_connection_is_for_a_later_try(shop: Shop) -> None:
    error = await failure(shop, Fault(drop=True))
    assert isinstance(error, TryAgain)


async def test_a_shop_that_is_not_there_is_for_a_later_try(shop: Shop) -> None:
    shop.admin._url = "http://127.0.0.1:9/graphql.json"
    with pytest.raises(TryAgain, match="could not be reached"):
        await shop.admin.run("shop")


async def test_an_answer_without_end_is_cut_off_even_when_it_is_packed_small(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER", 100_000)
    packed = gzip.compress(b" " * 5_000_000)
    assert len(packed) < 100_000
    error = await failure(shop, Fault(200, packed, {"Content-Encoding": "gzip"}))
    assert "larger than 100000 bytes" in says(error)


# --- throttling ---


async def test_a_throttled_query_waits_for_its_points_and_runs_again(shop: Shop) -> None:
    shop.stub.faults.append(throttled(requested=300, available=50, rate=100))
    reply = await shop.admin.run("shop")
    assert reply.data["shop"]["name"].text() == "Acme"
    assert shop.time.slept == [pytest.approx(2.5)]


async def test_http_429_is_waited_out_as_it_asks(shop: Shop) -> None:
    shop.stub.faults.append(Fault(429, headers={"Retry-After": "2.0"}))
    await shop.admin.run("shop")
    assert shop.time.slept == [2.0]


async def test_throttling_without_a_number_is_waited_out_all_the_same(shop: Shop) -> None:
    shop.stub.faults.append(graphql_fault("Throttled", "THROTTLED"))
    await shop.admin.run("shop")
    assert len(shop.time.slept) == 1
    assert 0 < shop.time.slept[0] <= 5


async def test_throttling_that_lasts_is_for_a_later_try(shop: Shop) -> None:
    error = await failure(shop, throttled(requested=100, available=0))
    assert isinstance(error, TryAgain)
    assert error.after is not None
    assert error.after > timedelta(0)
    assert len(shop.stub.requests) == 3


async def test_a_long_wait_is_not_spent_inside(shop: Shop) -> None:
    error = await failure(shop, Fault(429, headers={"Retry-After": "120"}))
    assert isinstance(error, TryAgain)
    assert error.after == timedelta(seconds=120)
    assert shop.time.slept == []


async def test_a_command_of_a_person_waits_for_the_budget_and_says_so(shop: Shop) -> None:
    told: list[float] = []
    shop.admin.be_patient(600, told.append)
    shop.stub.faults.extend(throttled(requested=1000, available=0, rate=50) for _ in range(6))
    shop.stub.faults.append(Fault(429, headers={"Retry-After": "120"}))
    reply = await shop.admin.run("shop")
    assert reply.data["shop"]["name"].text() == "Acme"
    assert told == shop.time.slept == [pytest.approx(20)] * 6 + [120.0]


async def test_even_a_person_does_not_wait_for_ever(shop: Shop) -> None:
    shop.admin.be_patient(60, lambda seconds: None)
    shop.stub.faults.extend(throttled(requested=100, available=0, rate=5) for _ in range(9))
    with pytest.raises(TryAgain):
        await shop.admin.run("shop")
    assert sum(shop.time.slept) <= 60


async def test_a_throttled_error_beside_others_counts_as_throttling(shop: Shop) -> None:
    body = {
        "errors": [
            {"message": "odd", "extensions": {"code": "undefinedField"}},
            {"message": "Throttled", "extensions": {"code": "THROTTLED"}},
        ]
    }
    shop.stub.faults.append(json_fault(body))
    await shop.admin.run("shop")
    assert len(shop.stub.requests) == 2


async def test_a_query_waits_before_it_is_sent_when_the_last_answer_left_too_few_points(shop: Shop) -> None:
    shop.stub.cost = cost(requested=90, available=40, rate=50)
    await shop.admin.run("shop")
    assert shop.time.slept == []
    shop.stub.cost = cost(requested=90, available=400, rate=50)
    await shop.admin.run("shop")
    assert shop.time.slept == [pytest.approx(1.0)]
    await shop.admin.run("shop")
    assert len(shop.time.slept) == 1


async def test_queries_at_the_same_time_do_not_spend_the_same_points(shop: Shop) -> None:
    shop.stub.cost = cost(requested=100, available=250, rate=100)
    await shop.admin.run("shop")
    await asyncio.gather(*[shop.admin.run("shop") for _ in range(4)])
    assert shop.time.slept, "the third and fourth had to wait"


async def test_points_that_are_on_their_way_back_are_not_waited_for_as_if_they_were_spent(shop: Shop) -> None:
    shop.stub.cost = cost(requested=700, available=1000, rate=1)
    await shop.admin.run("shop")
    await asyncio.gather(*[shop.admin.run("shop") for _ in range(4)])
    assert max(shop.time.slept) < 1, "700 points at 1 a second would be minutes"


async def test_queries_wait_for_their_points_in_the_order_of_asking(shop: Shop) -> None:
    shop.stub.cost = cost(requested=200, available=2000, rate=100)
    await shop.admin.run("order", {"id": sample_order.ORDER, "ledgerKey": "print"})
    shop.stub.cost = cost(requested=10, available=100, rate=100)
    await shop.admin.run("shop")
    shop.stub.cost = cost(requested=10, available=150, rate=100)
    dear = shop.admin.run("order", {"id": sample_order.ORDER, "ledgerKey": "print"})
    await asyncio.gather(dear, *[shop.admin.run("shop") for _ in range(10)])
    assert shop.stub.operations()[2] == "Order", "a dear query does not starve beside cheap ones"


async def test_an_empty_budget_is_not_waited_for_without_end(shop: Shop) -> None:
    shop.stub.cost = cost(requested=900, available=0, rate=1)
    await shop.admin.run("shop")
    with pytest.raises(TryAgain) as caught:
        await shop.admin.run("shop")
    assert caught.value.after is not None
    assert caught.value.after >= timedelta(minutes=10)
    assert len(shop.stub.requests) == 1


@pytest.mark.parametrize(
    "told",
    [{}, {"throttleStatus": None}, {"throttleStatus": {"restoreRate": "fast"}}, {"requestedQueryCost": True}],
)
async def test_a_budget_that_is_told_wrong_does_not_matter(shop: Shop, told: dict[str, Any]) -> None:
    shop.stub.cost = told
    await shop.admin.run("shop")
    await shop.admin.run("shop")
    assert shop.time.slept == []


# --- what needs a person ---


@pytest.mark.parametrize(
    ("status", "told"),
    [(402, "bill"), (403, "permission"), (404, "domain"), (423, "locked"), (400, "refuses"), (301, "domain")],
)
async def test_a_shop_that_is_shut_needs_a_person(shop: Shop, status: int, told: str) -> None:
    headers = {"Location": "https://elsewhere.example/"} if status == 301 else {}
    error = await failure(shop, Fault(status, headers=headers))
    assert isinstance(error, NeedsPerson)
    assert error.problem == "shop_access"
    assert told in says(error)
    assert REQUEST_ID in says(error)
    assert len(shop.stub.requests) == 1


async def test_shopifys_own_reason_is_told_and_cut(shop: Shop) -> None:
    error = await failure(shop, json_fault({"errors": "Unavailable Shop\n" + "x" * 5000}, status=402))
    assert "Unavailable Shop xxx" in says(error)
    assert len(says(error)) < 600


async def test_a_missing_permission_is_named(shop: Shop) -> None:
    shop.stub.root["shop"] = denied("shop", "read_shop")
    with pytest.raises(AccessDenied) as caught:
        await shop.admin.run("shop")
    assert "read_shop" in says(caught.value)
    assert REQUEST_ID in says(caught.value)


async def test_a_field_that_is_not_needed_may_be_denied(shop: Shop) -> None:
    shop.stub.root["shop"] = {**PLAIN_SHOP, "plan": PLAIN_SHOP}
    body = {
        "data": {"shop": {"name": "Acme", "plan": None}},
        "errors": [
            {
                "message": "Access denied for plan field.",
                "path": ["shop", "plan"],
                "extensions": {"code": "ACCESS_DENIED"},
            }
        ],
    }
    shop.stub.faults.extend([json_fault(body)] * 2)
    reply = await shop.admin.run("shop", optional=frozenset({"plan"}))
    assert reply.denied == {"plan"}
    assert reply.data["shop"]["name"].text() == "Acme"
    with pytest.raises(AccessDenied):
        await shop.admin.run("shop", optional=frozenset({"name"}))


async def test_a_denied_field_is_known_by_its_message_when_there_is_no_path(shop: Shop) -> None:
    body = {
        "data": {"shop": {"name": "Acme"}},
        "errors": [
            {"message": "Access denied for plan field. Required...", "extensions": {"code": "ACCESS_DENIED"}}
        ],
    }
    shop.stub.faults.append(json_fault(body))
    assert (await shop.admin.run("shop", optional=frozenset({"plan"}))).denied == {"plan"}


async def test_data_beside_an_error_is_not_taken_for_whole(shop: Shop) -> None:
    body = {
        "data": {"shop": {"name": "Acme"}},
        "errors": [{"message": "timed out", "path": ["shop", "plan"], "extensions": {"code": "TIMEOUT"}}],
    }
    error = await failure(shop, json_fault(body))
    assert isinstance(error, TryAgain)


@pytest.mark.parametrize(
    "code", ["undefinedField", "argumentNotAccepted", "MAX_COST_EXCEEDED", "INVALID_VARIABLE"]
)
async def test_a_document_that_shopify_does_not_understand_is_our_own_fault(shop: Shop, code: str) -> None:
    error = await failure(shop, graphql_fault("Field 'x' doesn't exist on type 'Shop'", code))
    assert isinstance(error, NeedsPerson)
    assert error.problem == "internal"
    assert "Field 'x'" in says(error)


async def test_a_closed_shop_needs_a_person(shop: Shop) -> None:
    error = await failure(shop, graphql_fault("inactive", "SHOP_INACTIVE"))
    assert isinstance(error, NeedsPerson)
    assert "closed" in says(error)


async def test_a_refused_static_token_needs_a_person_and_is_not_told(shop: Shop) -> None:
    shop.stub.tokens.clear()
    with pytest.raises(NeedsPerson) as caught:
        await shop.admin.run("shop")
    assert "token" in says(caught.value)
    assert len(shop.stub.requests) == 1


# --- pages and payloads ---


async def test_pages_are_asked_for_until_the_last(shop: Shop) -> None:
    pages = {None: ("a", "c1"), "c1": ("b", "c2"), "c2": ("c", None)}

    def orders(info: Any, after: str | None = None, **_: Any) -> dict[str, Any]:
        name, following = pages[after]
        node = {
            "id": name,
            "name": name,
            "createdAt": "2026-11-23T09:00:00Z",
            "updatedAt": "2026-11-23T09:00:00Z",
            "displayFulfillmentStatus": "UNFULFILLED",
        }
        return connection(node, after=following)

    shop.stub.root["orders"] = orders
    found = [node["name"].text() async for node in shop.admin.pages("orders_changed", "orders")]
    assert found == ["a", "b", "c"]


async def test_a_list_that_turns_in_circles_ends_with_an_error(shop: Shop) -> None:
    shop.stub.root["webhookSubscriptions"] = connection(after="same")
    with pytest.raises(TryAgain, match=re.escape("webhookSubscriptions.pageInfo.endCursor")):
        async for _ in shop.admin.pages("webhook_subscriptions", "webhookSubscriptions"):
            pass
    assert len(shop.stub.requests) == 2


async def test_a_mutation_without_its_payload_is_for_a_later_try(shop: Shop) -> None:
    shop.stub.root["tagsAdd"] = None
    with pytest.raises(TryAgain, match="tagsAdd is missing"):
        await shop.admin.write("tags_add", "tagsAdd", {"id": "gid://shopify/Order/1", "tags": ["a"]})
