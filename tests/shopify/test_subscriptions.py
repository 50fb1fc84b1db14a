"""Webhook subscriptions: missing ones are made, stale ones repaired, others' left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import NeedsPerson, TryAgain
from bridge.shopify.subscriptions import (
    TOPICS,
    Create,
    Delete,
    Report,
    Subscription,
    Update,
    address,
    ensure,
    existing,
    is_ours,
    plan,
)
from tests.shopify.fake_shopify import Fault, Shop, connection, denied

URL = "https://bridge.example.com"
OURS = "https://bridge.example.com/webhooks/shopify/acme"
OLD = "https://old.example.com/webhooks/shopify/acme"
STRANGER = "https://stock.example.com/hooks"


def sub(number: int, topic: str = "ORDERS_PAID", uri: str = OURS, plain: bool = True) -> Subscription:
    return Subscription(f"gid://shopify/WebhookSubscription/{number}", topic, uri, plain)


# --- the plan ---


@pytest.mark.parametrize("url", [URL, URL + "/"])
def test_deliveries_of_a_shop_go_to_its_own_address(url: str) -> None:
    assert address(url, "acme") == OURS
    assert address("https://example.com/bridge", "acme") == "https://example.com/bridge/webhooks/shopify/acme"


@pytest.mark.parametrize(
    ("uri", "ours"),
    [
        (OURS, True),
        (OURS + "/", True),
        ("https://bridge.example.com/webhooks/shopify/former-name", True),
        (OLD, False),
        ("https://bridge.example.com.evil.example/webhooks/shopify/acme", False),
        ("https://bridge.example.com/webhooks/shopify", False),
        ("https://bridge.example.com/other/webhooks/shopify/acme", False),
        (STRANGER, False),
        ("pubsub://project:topic", False),
    ],
)
def test_a_subscription_is_known_by_where_it_leads(uri: str, ours: bool) -> None:
    assert is_ours(uri, [OURS]) is ours
    assert is_ours(uri, [OLD, OURS]) is (ours or uri == OLD)


def test_what_is_right_is_left_as_it_is() -> None:
    found = plan([sub(1)], OURS, ["ORDERS_PAID"])
    assert found.steps == ()
    assert found.kept == ("ORDERS_PAID",)
    assert found.missing == ()


def test_what_is_missing_is_made() -> None:
    found = plan([], OURS, ["ORDERS_PAID", "ORDERS_CREATE"])
    assert found.steps == (Create("ORDERS_PAID"), Create("ORDERS_CREATE"))
    assert found.missing == ("ORDERS_CREATE", "ORDERS_PAID")


def test_a_former_address_is_changed_to_this_one() -> None:
    old = sub(1, uri=OLD)
    assert plan([old], OURS, ["ORDERS_PAID"], former=OLD).steps == (Update(old),)


def test_what_looks_like_another_bridge_is_left_alone_and_told() -> None:
    other = "https://example.com/bridge/webhooks/shopify/acme"
    found = [
        sub(1, uri=OLD),
        sub(2, uri=other),
        sub(3, topic="ORDERS_CREATE", uri=other),
        sub(4, uri=STRANGER),
    ]
    told = plan([*found, sub(5, uri="http://["), sub(6)], OURS, ["ORDERS_PAID"])
    assert told.steps == ()
    assert told.bridges == (OLD, other)
    assert told.strangers == 5


def test_one_that_filters_or_cuts_is_made_anew_even_at_the_right_address() -> None:
    cut = sub(1, plain=False)
    assert plan([cut], OURS, ["ORDERS_PAID"]).steps == (Delete(cut), Create("ORDERS_PAID"))


def test_of_several_the_right_one_stays() -> None:
    old, right, again = sub(1, uri=OLD), sub(2), sub(3, uri=OURS + "/")
    found = plan([old, right, again], OURS, ["ORDERS_PAID"], former=OLD)
    assert found.steps == (Delete(old), Delete(again))
    assert found.kept == ("ORDERS_PAID",)


def test_a_topic_that_is_no_longer_wanted_is_ended() -> None:
    gone = sub(1, topic="PRODUCTS_UPDATE")
    assert plan([gone], OURS, []).steps == (Delete(gone),)


def test_what_others_subscribed_to_is_left_alone() -> None:
    found = plan([sub(1, uri=STRANGER), sub(2, uri="pubsub://a:b", plain=False)], OURS, ["ORDERS_PAID"])
    assert found.steps == (Create("ORDERS_PAID"),)
    assert found.strangers == 2


SUBSCRIPTIONS = st.lists(
    st.tuples(
        st.sampled_from([*TOPICS[:3], "PRODUCTS_UPDATE"]),
        st.sampled_from([OURS, OLD, STRANGER]),
        st.booleans(),
    ),
    max_size=8,
).map(lambda rows: [sub(number, *row) for number, row in enumerate(rows)])


@given(SUBSCRIPTIONS)
def test_one_run_brings_any_shop_to_where_nothing_is_left_to_do(before: list[Subscription]) -> None:
    shop = {one.id: one for one in before}
    for step in plan(before, OURS, former=OLD).steps:
        match step:
            case Create(topic):
                taken = any(one.topic == topic and one.uri == OURS for one in shop.values())
                assert not taken, "Shopify refuses the same topic at the same address"
                shop[f"new {topic}"] = Subscription(f"new {topic}", topic, OURS, plain=True)
            case Update(one):
                shop[one.id] = Subscription(one.id, one.topic, OURS, one.plain)
            case Delete(one):
                del shop[one.id]
    after = plan(list(shop.values()), OURS, former=OLD)
    assert after.steps == ()
    assert set(after.kept) == set(TOPICS)
    strangers = [one for one in before if one.uri == STRANGER]
    assert [one for one in shop.values() if one.uri == STRANGER] == strangers


# --- over HTTP ---


class Webhooks:
    """A shop's subscriptions; topics in `refused` cannot be made."""

    def __init__(self, shop: Shop) -> None:
        self.kept: list[dict[str, Any]] = []
        self.refused: dict[str, Any] = {}
        self.count = 0
        root = shop.stub.root
        root["webhookSubscriptions"] = lambda info, after=None, **_: connection(*self.kept)
        root["webhookSubscriptionCreate"] = self.create
        root["webhookSubscriptionUpdate"] = self.update
        root["webhookSubscriptionDelete"] = self.delete

    def add(self, topic: str, uri: str = OURS, **changes: Any) -> dict[str, Any]:
        self.count += 1
        one = {
            "id": f"gid://shopify/WebhookSubscription/{self.count}",
            "topic": topic,
            "uri": uri,
            "format": "JSON",
            "filter": None,
            "includeFields": [],
            "metafieldNamespaces": [],
            "name": None,
            "apiVersion": {"handle": "2026-10"},
            **changes,
        }
        self.kept.append(one)
        return one

    def create(self, info: Any, topic: str, webhookSubscription: dict[str, Any]) -> Any:
        if topic in self.refused:
            return self.refused[topic]
        one = self.add(topic, **webhookSubscription)
        return {"webhookSubscription": {"id": one["id"]}, "userErrors": []}

    def update(self, info: Any, id: str, webhookSubscription: dict[str, Any]) -> Any:
        (one,) = [one for one in self.kept if one["id"] == id]
        one.update(webhookSubscription)
        return {"webhookSubscription": {"id": id}, "userErrors": []}

    def delete(self, info: Any, id: str) -> Any:
        self.kept = [one for one in self.kept if one["id"] != id]
        return {"deletedWebhookSubscriptionId": id, "userErrors": []}


@pytest.fixture
def webhooks(shop: Shop) -> Webhooks:
    return Webhooks(shop)


async def test_a_new_shop_gets_every_topic_and_a_second_run_changes_nothing(
    shop: Shop, webhooks: Webhooks
) -> None:
    assert await ensure(shop.admin, URL, "acme") == Report(created=TOPICS)
    assert {(one["topic"], one["uri"], one["format"]) for one in webhooks.kept} == {
        (topic, OURS, "JSON") for topic in TOPICS
    }
    before = len(shop.stub.requests)
    assert await ensure(shop.admin, URL, "acme") == Report(kept=TOPICS)
    assert len(shop.stub.requests) == before + 1


async def test_stale_ones_are_repaired_and_strangers_kept(shop: Shop, webhooks: Webhooks) -> None:
    for topic in TOPICS[3:]:
        webhooks.add(topic)
    webhooks.add(TOPICS[0], OLD)
    webhooks.add(TOPICS[1], filter="total_price:>=10.00")
    webhooks.add(TOPICS[2], format="XML")
    stranger = webhooks.add(TOPICS[1], STRANGER)
    report = await ensure(shop.admin, URL, "acme", former=OLD)
    assert report.updated == (TOPICS[0],)
    assert report.created == (TOPICS[1], TOPICS[2])
    assert (report.deleted, report.strangers, report.failed) == (2, 1, ())
    assert stranger in webhooks.kept
    assert {one["topic"] for one in webhooks.kept if one["uri"] == OURS and not one["filter"]} == set(TOPICS)


@pytest.mark.parametrize(
    "cut",
    [{"includeFields": ["id"]}, {"filter": "id:1"}, {"format": "XML"}],
    ids=["fields", "filter", "format"],
)
async def test_one_that_does_not_send_all_is_not_plain(
    shop: Shop, webhooks: Webhooks, cut: dict[str, Any]
) -> None:
    webhooks.add("ORDERS_PAID", **cut)
    webhooks.add("ORDERS_CREATE", filter="")
    assert [one.plain for one in await existing(shop.admin)] == [False, True]


async def test_a_topic_without_its_permission_fails_alone(shop: Shop, webhooks: Webhooks) -> None:
    refused = "FULFILLMENT_ORDERS_MOVED"
    webhooks.refused[refused] = denied(
        "webhookSubscriptionCreate", "read_merchant_managed_fulfillment_orders"
    )
    webhooks.refused["REFUNDS_CREATE"] = {
        "webhookSubscription": None,
        "userErrors": [
            {"message": "You cannot create a webhook subscription with this topic", "field": ["topic"]}
        ],
    }
    report = await ensure(shop.admin, URL, "acme")
    assert len(report.created) == len(TOPICS) - 2
    failed = dict(report.failed)
    assert "read_merchant_managed_fulfillment_orders" in failed[refused]
    assert "cannot create" in failed["REFUNDS_CREATE"]


async def test_two_bridges_with_one_app_do_not_take_each_others_webhooks(
    shop: Shop, webhooks: Webhooks
) -> None:
    await ensure(shop.admin, URL, "acme")
    await ensure(shop.admin, "https://second.example.com", "acme")
    report = await ensure(shop.admin, URL, "acme")
    assert report == Report(
        kept=TOPICS, strangers=len(TOPICS), bridges=("https://second.example.com/webhooks/shopify/acme",)
    )


async def test_one_that_another_replica_made_in_the_same_moment_is_there(
    shop: Shop, webhooks: Webhooks
) -> None:
    webhooks.refused["ORDERS_PAID"] = {
        "webhookSubscription": None,
        "userErrors": [{"message": "Address for this topic has already been taken", "field": None}],
    }
    report = await ensure(shop.admin, URL, "acme")
    assert report.kept == ("ORDERS_PAID",)
    assert report.failed == ()


async def test_a_shop_in_trouble_is_asked_again_later(shop: Shop, webhooks: Webhooks) -> None:
    shop.stub.faults.append(Fault(503))
    with pytest.raises(TryAgain):
        await ensure(shop.admin, URL, "acme")
    assert await ensure(shop.admin, URL, "acme") == Report(created=TOPICS)


async def test_an_app_that_was_removed_needs_a_person(shop: Shop, webhooks: Webhooks) -> None:
    shop.stub.faults.append(Fault(401))
    with pytest.raises(NeedsPerson):
        await ensure(shop.admin, URL, "acme")


def test_every_topic_is_one_of_shopifys() -> None:
    from tests.shopify.fake_shopify import schema

    kind = schema().type_map["WebhookSubscriptionTopic"]
    assert set(TOPICS) <= set(kind.values)  # type: ignore[attr-defined]  # it is an enum, as a KeyError would tell
