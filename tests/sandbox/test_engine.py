from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import FieldNode, GraphQLObjectType, TypeInfo, TypeInfoVisitor, Visitor, parse, visit

from bridge.sandbox.shopify.cost import Bucket
from bridge.sandbox.shopify.engine import Engine, load_schema, reader_of
from bridge.sandbox.shopify.orders import Buy
from bridge.sandbox.shopify.shop import Shop
from bridge.shopify import documents
from tests.support.sandbox_factories import ADA, shop

SET = """mutation Set($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { key value compareDigest }
    userErrors { field message code }
  }
}"""
READ = """query Read($id: ID!, $key: String!) {
  order(id: $id) { metafield(key: $key) { value compareDigest } }
}"""
FULFILL = """mutation Fulfill($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } }
}"""


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def engine(store: Shop, size: float = 2000, rate: float = 100, clock: Time | None = None) -> Engine:
    return Engine(store, Bucket(size, rate, clock or Time()))


def ask(store: Shop, query: str, /, **variables: Any) -> dict[str, Any]:
    return engine(store).run(query, variables, None)


def data(answer: dict[str, Any]) -> Any:
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


# -- the documents that the bridge sends --


@pytest.mark.parametrize("name", documents.names())
def test_every_document_of_the_bridge_is_valid_here(name: str) -> None:
    assert engine(shop()).prepare(documents.document(name)).errors == ()


@pytest.mark.parametrize("name", documents.names())
def test_every_field_that_the_bridge_asks_for_is_modelled(name: str) -> None:
    schema = load_schema()
    types = TypeInfo(schema)
    missing: list[str] = []

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            kind = types.get_parent_type()
            assert kind is not None
            if isinstance(kind, GraphQLObjectType) and reader_of(schema, kind.name, node.name.value) is None:
                missing.append(f"{kind.name}.{node.name.value}")

    visit(parse(documents.document(name)), TypeInfoVisitor(types, Fields()))
    assert missing == []


def test_the_bridges_order_document_reads_every_field() -> None:
    store = shop()
    order = store.create_order(
        [Buy("RING-S", 2, properties=(("Engraving", "A&B"),)), "CARD"],
        address=ADA,
        email="ada@mail.example",
        attributes=(("gift", "yes"),),
    )
    entry = order.fulfillment_orders[0]
    store.fulfill(
        [(entry, [(entry.lines[0], 1)])], company="UPS", numbers=["1Z1"], urls=["https://ups.example/1Z1"]
    )
    store.hold(order.fulfillment_orders[1], "OTHER", notes="look")
    read = data(engine(store).run(documents.document("order"), {"id": order.gid, "ledgerKey": "x"}, None))[
        "order"
    ]
    assert read["name"] == "#1001"
    assert read["customAttributes"] == [{"key": "gift", "value": "yes"}]
    first, second = read["fulfillmentOrders"]["nodes"]
    assert first["lineItems"]["nodes"][0]["remainingQuantity"] == 1
    assert second["fulfillmentHolds"] == [{"reason": "OTHER", "reasonNotes": "look"}]
    assert read["fulfillments"][0]["trackingInfo"] == [
        {"number": "1Z1", "company": "UPS", "url": "https://ups.example/1Z1"}
    ]
    assert read["ledger"] is None


# -- metafields: compare and set --


def entry(order_id: str, value: str, **more: Any) -> dict[str, Any]:
    return {"ownerId": order_id, "key": "ledger", "type": "json", "value": value, **more}


def test_a_null_digest_means_that_none_may_exist() -> None:
    store = shop()
    order = store.create_order(["MUG"])
    first = ask(store, SET, metafields=[entry(order.gid, "{}", compareDigest=None)])
    assert data(first)["metafieldsSet"]["userErrors"] == []
    second = ask(store, SET, metafields=[entry(order.gid, "[]", compareDigest=None)])
    assert data(second)["metafieldsSet"]["userErrors"][0]["code"] == "STALE_OBJECT"
    assert order.metafields[0].value == "{}"


def test_only_the_digest_that_was_read_last_may_write() -> None:
    store = shop()
    order = store.create_order(["MUG"])
    ask(store, SET, metafields=[entry(order.gid, '{"n": 1}', compareDigest=None)])
    read = data(ask(store, READ, id=order.gid, key="ledger"))["order"]["metafield"]
    assert read["value"] == '{"n": 1}'
    won = ask(store, SET, metafields=[entry(order.gid, '{"n": 2}', compareDigest=read["compareDigest"])])
    lost = ask(store, SET, metafields=[entry(order.gid, '{"n": 3}', compareDigest=read["compareDigest"])])
    assert data(won)["metafieldsSet"]["userErrors"] == []
    assert data(lost)["metafieldsSet"]["userErrors"][0]["code"] == "STALE_OBJECT"
    assert order.metafields[0].value == '{"n": 2}'


def test_without_a_digest_the_last_writer_wins() -> None:
    store = shop()
    order = store.create_order(["MUG"])
    for value in ("1", "2"):
        assert (
            data(ask(store, SET, metafields=[entry(order.gid, value)]))["metafieldsSet"]["userErrors"] == []
        )
    assert order.metafields[0].value == "2"


def test_an_app_keeps_values_on_its_own_installation_without_a_scope() -> None:
    store = shop(scopes=())
    query = '{ currentAppInstallation { id metafield(key: "live") { value } } }'
    assert data(ask(store, query))["currentAppInstallation"]["metafield"] is None
    ask(store, SET, metafields=[{**entry(store.installation.gid, "1"), "key": "live"}])
    assert data(ask(store, query))["currentAppInstallation"]["metafield"] == {"value": "1"}


def test_metafields_are_written_all_or_none() -> None:
    store = shop()
    order = store.create_order(["MUG"])
    both = [entry(order.gid, "{}"), {**entry(order.gid, "{"), "key": "other"}]
    answer = data(ask(store, SET, metafields=both))["metafieldsSet"]
    assert answer["metafields"] is None
    assert answer["userErrors"][0]["code"] == "INVALID_VALUE"
    assert order.metafields == []


# -- searching and paging --

CHANGED = """query Changed($query: String, $after: String, $first: Int) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { name }
    pageInfo { hasNextPage endCursor }
  }
}"""


def names(store: Shop, query: str | None = None) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = data(ask(store, CHANGED, query=query, after=after, first=2))["orders"]
        found += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def test_orders_are_paged_oldest_change_first() -> None:
    store = shop()
    orders = [store.create_order(["MUG"]) for _ in range(5)]
    store.add_tags(orders[1], ["late"])
    assert names(store) == ["#1001", "#1003", "#1004", "#1005", "#1002"]


def test_a_cursor_holds_while_orders_change_behind_it() -> None:
    store = shop()
    orders = [store.create_order(["MUG"]) for _ in range(4)]
    page = data(ask(store, CHANGED, first=2))["orders"]
    store.add_tags(orders[0], ["again"])
    rest = data(ask(store, CHANGED, first=9, after=page["pageInfo"]["endCursor"]))["orders"]
    assert [node["name"] for node in rest["nodes"]] == ["#1003", "#1004", "#1001"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status:open", ["#1001", "#1003", "#1004"]),
        ("status:cancelled", ["#1002"]),
        ("financial_status:pending", ["#1003"]),
        ("-financial_status:pending status:open", ["#1001", "#1004"]),
        ("fulfillment_status:unfulfilled AND status:open NOT tag:vip", ["#1001", "#1003"]),
        ("name:#1001 OR name:1004", ["#1001", "#1004"]),
        ("(tag:vip OR test:true) status:open", ["#1001", "#1004"]),
        ("sku:RING*", ["#1004"]),
        ("tag_not:vip test:false", ["#1002", "#1003"]),
        ("", ["#1001", "#1002", "#1003", "#1004"]),
    ],
)
def test_orders_are_searched_as_shopify_searches_them(query: str, expected: list[str]) -> None:
    store = shop()
    store.create_order(["MUG"], test=True)
    store.cancel(store.create_order(["MUG"]))
    store.create_order(["MUG"], paid=False)
    store.create_order(["RING-S"], tags=("VIP",))
    assert sorted(names(store, query)) == expected


def test_times_are_searched_to_the_second() -> None:
    now = datetime(2026, 11, 23, 9, 0, 0, 700_000, UTC)
    store = Shop(now=lambda: now)
    store.create_order(["MUG"])
    assert names(store, "updated_at:>='2026-11-23T09:00:00Z'") == ["#1001"]
    assert names(store, "updated_at:>'2026-11-23T09:00:00Z'") == []
    assert names(store, "created_at:<=2026-11-23T09:00:00Z updated_at:>=2026-11-23") == ["#1001"]


def test_a_search_by_something_else_is_refused_rather_than_ignored() -> None:
    answer = ask(shop(), CHANGED, query="shoe_size:44", first=1)
    assert "cannot search by shoe_size" in answer["errors"][0]["message"]


def test_a_page_has_at_most_250_entries() -> None:
    assert "between 0 and 250" in ask(shop(), CHANGED, first=251)["errors"][0]["message"]


# -- scopes --


def test_without_a_scope_for_them_fulfillment_orders_are_silently_empty() -> None:
    store = shop(scopes=("read_orders",))
    order = store.create_order(["MUG"])
    query = "query Q($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id } } } }"
    assert data(ask(store, query, id=order.gid))["order"]["fulfillmentOrders"]["nodes"] == []


def test_writing_without_the_scope_is_denied_with_the_scope_named() -> None:
    store = shop(scopes=("read_orders", "write_merchant_managed_fulfillment_orders"))
    order = store.create_order(["MUG"])
    answer = ask(store, SET, metafields=[entry(order.gid, "{}")])
    error = answer["errors"][0]
    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert "`write_orders`" in error["message"]
    assert (answer["data"], order.metafields) == ({"metafieldsSet": None}, [])


def test_a_write_scope_brings_its_read_scope() -> None:
    answer = ask(shop(scopes=("write_orders",)), "{ currentAppInstallation { accessScopes { handle } } }")
    handles = [scope["handle"] for scope in data(answer)["currentAppInstallation"]["accessScopes"]]
    assert handles == ["read_orders", "write_orders"]


# -- cost and throttling --


def test_a_list_costs_what_shopifys_staff_showed_in_public() -> None:
    query = "{ orders(first: 250) { nodes { shippingAddress { city } } } }"
    cost = ask(shop(), query)["extensions"]["cost"]["requestedQueryCost"]
    assert cost == 24


def test_an_empty_bucket_answers_throttled_and_fills_again_with_time() -> None:
    store, clock = shop(), Time()
    tight = engine(store, size=30, rate=10, clock=clock)
    query = "{ orders(first: 250) { nodes { shippingAddress { city } } } }"
    [store.create_order(["MUG"], address=ADA) for _ in range(12)]
    assert "data" in tight.run(query, {}, None)
    throttled = tight.run(query, {}, None)
    assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" not in throttled
    status = throttled["extensions"]["cost"]["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (30, 10)
    clock.seconds += 2.4
    assert "data" in tight.run(query, {}, None)


def test_a_query_above_the_limit_is_refused_for_good() -> None:
    answer = ask(shop(max_query_cost=5), "{ orders(first: 250) { nodes { shippingAddress { city } } } }")
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"


# -- what is wrong with a request --


def test_an_unknown_field_is_named_as_shopify_names_it() -> None:
    error = ask(shop(), "{ shop { shoeSize } }")["errors"][0]
    assert error["message"] == "Field 'shoeSize' doesn't exist on type 'Shop'"
    assert error["extensions"]["code"] == "undefinedField"


def test_a_bad_variable_and_a_missing_argument_are_told_apart() -> None:
    store = shop()
    assert ask(store, "{ order { id } }")["errors"][0]["extensions"]["code"] == "missingRequiredArguments"
    query = "query Q($id: ID!) { order(id: $id) { id } }"
    assert ask(store, query)["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    assert "yntax" in ask(store, "{ shop {")["errors"][0]["message"]


def test_an_order_that_is_not_there_is_null() -> None:
    query = "query Q($id: ID!) { order(id: $id) { id } }"
    assert data(ask(shop(), query, id="gid://shopify/Order/1"))["order"] is None


# -- fulfilling by the API --


def test_the_rules_of_fulfillment_come_back_as_user_errors() -> None:
    store = shop()
    order = store.create_order([Buy("MUG", 2)])
    work = order.fulfillment_orders[0]

    def fulfill(quantity: int, **more: Any) -> list[str]:
        lines = [{"id": work.lines[0].gid, "quantity": quantity}]
        rows = [{"fulfillmentOrderId": work.gid, "fulfillmentOrderLineItems": lines}]
        answer = ask(store, FULFILL, fulfillment={"lineItemsByFulfillmentOrder": rows, **more})
        return [error["message"] for error in data(answer)["fulfillmentCreate"]["userErrors"]]

    assert fulfill(3) == ["Invalid fulfillment order line item quantity requested."]
    both = {"number": "1Z1", "numbers": ["1Z1"]}
    assert fulfill(1, trackingInfo=both) == ["Use number or numbers, not both."]
    assert fulfill(2, trackingInfo={"number": "1Z1", "company": "UPS"}) == []
    assert fulfill(1) == [f"Fulfillment order {work.id} has an unfulfillable status= closed."]
    assert order.fulfillments[0].numbers == ("1Z1",)


def test_left_out_lines_mean_all_that_is_left() -> None:
    store = shop()
    order = store.create_order([Buy("MUG", 2), "RING-S"])
    rows = [{"fulfillmentOrderId": order.fulfillment_orders[0].gid}]
    data(ask(store, FULFILL, fulfillment={"lineItemsByFulfillmentOrder": rows}))
    assert order.fulfillment_status == "FULFILLED"


# -- tokens --


def test_a_token_ends_with_its_day_and_the_static_one_never() -> None:
    now = [datetime(2026, 11, 23, tzinfo=UTC)]
    store = Shop(now=lambda: now[0])
    token = store.issue_token()
    assert store.accepts_token(token)
    now[0] += timedelta(hours=25)
    assert not store.accepts_token(token)
    assert store.accepts_token("shpat_sandbox")
    store.uninstall()
    assert not store.accepts_token("shpat_sandbox")


@pytest.mark.parametrize(("lines", "taken"), [(250, True), (251, False)])
def test_an_input_array_holds_250_entries_at_most(lines: int, taken: bool) -> None:
    store = shop()
    order = store.create_order([Buy(f"S{number}") for number in range(lines)], address=ADA)
    (entry,) = order.fulfillment_orders
    rows = [{"id": row.gid, "quantity": 1} for row in entry.lines]
    wanted = {
        "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": entry.gid, "fulfillmentOrderLineItems": rows}]
    }
    answer = ask(store, FULFILL, fulfillment=wanted)
    if taken:
        assert data(answer)["fulfillmentCreate"]["userErrors"] == []
    else:
        assert answer["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert entry.remaining == (0 if taken else lines)
