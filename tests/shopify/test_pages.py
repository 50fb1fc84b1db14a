"""Long orders are read to their last page, and the shop's list of changed orders to its end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.errors import NeedsPerson, TryAgain
from bridge.order.model import Mode, Tracking
from bridge.ports import Shop as Port
from bridge.shopify.orders import ShopifyShop, search_query
from tests.shopify import sample_order
from tests.shopify.fake_shopify import Shop, connection
from tests.shopify.sample_order import ORDER

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


def reader(shop: Shop) -> Port:
    return ShopifyShop(shop.admin, mode=Mode.LIVE, now=lambda: NOW)


def answers(shop: Shop, **changes: Any) -> dict[str, Any]:
    """Have the shop show an order with these changes."""
    shown = sample_order.order(**changes)
    shop.stub.root["order"] = lambda info, id: shown if id == ORDER else None
    shop.stub.root["fulfillment"] = lambda info, id: {
        **sample_order.shipment(int(id.rsplit("/")[-1])),
        "order": {"updatedAt": shown["updatedAt"]},
    }
    return shown


# --- pages ---


def paged(entries: list[Any], size: int) -> Any:
    """A list that gives its entries in pages. `first` of the document is kept out: the stub decides."""

    def page(info: Any, first: int, after: str | None = None, **_: Any) -> dict[str, Any]:
        start = int(after or 0)
        end = start + size
        return connection(*entries[start:end], after=str(end) if end < len(entries) else None)

    return page


async def test_long_orders_are_read_to_their_last_page(shop: Shop) -> None:
    lines = [sample_order.line(number) for number in range(1, 301)]
    unit_lines = [sample_order.unit_line(number) for number in range(1, 301)]
    long_unit = sample_order.unit(
        1, lineItems=paged(unit_lines, 70), order={"updatedAt": sample_order.UPDATED}
    )
    units = [long_unit, *(sample_order.unit(number) for number in range(2, 14))]
    answers(shop, lineItems=paged(lines, 25), fulfillmentOrders=paged(units, 6))
    shop.stub.root["fulfillmentOrder"] = lambda info, id: units[0] if id == units[0]["id"] else None
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert [line.id for line in order.lines] == [
        f"gid://shopify/LineItem/{number}" for number in range(1, 301)
    ]
    assert len(order.fulfillment_orders) == 13
    assert [line.line_item_id for line in order.fulfillment_orders[0].lines] == [
        line.id for line in order.lines
    ]
    asked = shop.stub.operations()
    assert (asked.count("OrderLines"), asked.count("OrderFulfillmentOrders")) == (11, 2)
    assert asked.count("FulfillmentOrderLines") == 4


async def test_an_order_that_changes_between_its_pages_is_read_again(shop: Shop) -> None:
    lines = [sample_order.line(number) for number in range(1, 4)]
    shown = answers(shop, lineItems=paged(lines, 2))
    reads = 0

    def order(info: Any, id: str) -> dict[str, Any]:
        nonlocal reads
        reads += 1
        if reads == 2:
            shown["updatedAt"] = "2026-11-23T09:00:07Z"
        return shown

    shop.stub.root["order"] = order
    found = await reader(shop).fetch_order(ORDER)
    assert found is not None
    assert found.updated_at == datetime(2026, 11, 23, 9, 0, 7, tzinfo=UTC)
    assert len(found.lines) == 3
    assert shop.stub.operations() == ["Order", "OrderLines", "Order", "OrderLines"]


async def test_an_order_that_never_rests_is_for_a_later_try(shop: Shop) -> None:
    shown = answers(shop, lineItems=paged([sample_order.line(1), sample_order.line(2)], 1))
    seconds = iter(range(60))

    def order(info: Any, id: str) -> dict[str, Any]:
        return {**shown, "updatedAt": f"2026-11-23T09:00:{next(seconds):02}Z"}

    shop.stub.root["order"] = order
    with pytest.raises(TryAgain, match="keeps changing"):
        await reader(shop).fetch_order(ORDER)


async def test_more_fulfillments_than_on_the_first_page_are_all_read(shop: Shop) -> None:
    many = [sample_order.shipment(number, f"N{number}") for number in range(1, 13)]
    answers(shop, fulfillmentsCount={"count": 12}, fulfillments=lambda info, first: many[:first])
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert [one.tracking[0].number for one in order.fulfillments] == [f"N{number}" for number in range(1, 13)]
    assert order.fulfillments[0].tracking == (Tracking("N1", "UPS", "https://track.example/N1"),)
    assert {one.lines for one in order.fulfillments} == {(("gid://shopify/LineItem/1", 1),)}


async def test_fulfillments_are_read_to_the_end_when_shopify_does_not_count_them(shop: Shop) -> None:
    many = [sample_order.shipment(number) for number in range(1, 13)]
    answers(shop, fulfillmentsCount=None, fulfillments=lambda info, first: many[:first])
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert len(order.fulfillments) == 12


@pytest.mark.parametrize(("there", "asked"), [(0, 0), (4, 0), (5, 1), (6, 1)])
async def test_uncounted_fulfillments_are_asked_for_again_only_when_there_may_be_more(
    shop: Shop, there: int, asked: int
) -> None:
    many = [sample_order.shipment(number) for number in range(there)]
    answers(shop, fulfillmentsCount=None, fulfillments=lambda info, first: many[:first])
    order = await reader(shop).fetch_order(ORDER)
    assert order is not None
    assert len(order.fulfillments) == there
    assert shop.stub.operations().count("OrderFulfillments") == asked


@pytest.mark.parametrize("count", [{"count": 251}, None])
async def test_an_order_with_more_fulfillments_than_can_be_seen_needs_a_person(
    shop: Shop, count: dict[str, int] | None
) -> None:
    many = [sample_order.shipment(number) for number in range(251)]
    answers(shop, fulfillmentsCount=count, fulfillments=lambda info, first: many[:first])
    with pytest.raises(NeedsPerson) as caught:
        await reader(shop).fetch_order(ORDER)
    assert "more fulfillments" in str(caught.value.facts["why"])


# --- reconciliation ---


def node(number: int, status: str = "UNFULFILLED") -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "createdAt": "2026-11-20T08:00:00Z",
        "updatedAt": f"2026-11-23T08:00:{number:02}Z",
        "displayFulfillmentStatus": status,
    }


@pytest.fixture
async def some_orders(shop: Shop) -> AsyncIterator[list[dict[str, Any]]]:
    asked: list[dict[str, Any]] = []
    nodes = [node(1), node(2, "FULFILLED"), node(3, "PARTIALLY_FULFILLED"), node(4, "ON_HOLD"), node(5)]
    pages = paged(nodes, 2)

    def found(info: Any, **arguments: Any) -> Any:
        asked.append(arguments)
        return pages(info, **arguments)

    shop.stub.root["orders"] = found
    yield asked


async def test_changed_orders_come_oldest_change_first_over_all_pages(
    shop: Shop, some_orders: list[dict[str, Any]]
) -> None:
    since = datetime(2026, 11, 23, 9, 0, 0, 900_000, tzinfo=UTC)
    found = [one async for one in reader(shop).fetch_changed_orders(since)]
    assert [one.name for one in found] == ["#1", "#2", "#3", "#4", "#5"]
    assert found[0].created_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert found[0].updated_at == datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)
    assert [asked["query"] for asked in some_orders] == ["updated_at:>='2026-11-23T09:00:00Z'"] * 3
    assert {asked["sortKey"] for asked in some_orders} == {"UPDATED_AT"}


async def test_pages_are_asked_for_as_they_are_consumed(
    shop: Shop, some_orders: list[dict[str, Any]]
) -> None:
    async for _ in reader(shop).fetch_changed_orders(None):
        break
    assert len(some_orders) == 1


async def test_unfulfilled_leaves_out_only_what_is_wholly_fulfilled(
    shop: Shop, some_orders: list[dict[str, Any]]
) -> None:
    found = [one.name async for one in reader(shop).fetch_changed_orders(None, unfulfilled=True)]
    assert found == ["#1", "#3", "#4", "#5"]
    assert some_orders[0]["query"] == "status:open"


def test_a_search_rounds_its_times_down_and_tells_them_in_utc() -> None:
    paris = datetime.fromisoformat("2026-11-23T10:00:00.999999+01:00")
    assert search_query(paris, None, open_only=False) == "updated_at:>='2026-11-23T09:00:00Z'"
    assert (
        search_query(paris, paris - timedelta(days=1), open_only=True)
        == "updated_at:>='2026-11-23T09:00:00Z' created_at:>='2026-11-22T09:00:00Z' status:open"
    )


async def test_a_list_of_orders_that_is_not_as_it_should_be_is_for_a_later_try(shop: Shop) -> None:
    shop.stub.root["orders"] = connection({**node(1), "updatedAt": "soon"})
    with pytest.raises(TryAgain, match=r"orders\.nodes\[0\]\.updatedAt"):
        _ = [one async for one in reader(shop).fetch_changed_orders(None)]


async def test_the_order_of_a_fulfillment_order_is_told(shop: Shop) -> None:
    shop.stub.root["fulfillmentOrder"] = lambda info, id: {"orderId": ORDER} if id.endswith("/1") else None
    assert await reader(shop).find_order_id("gid://shopify/FulfillmentOrder/1") == ORDER
    assert await reader(shop).find_order_id("gid://shopify/FulfillmentOrder/2") is None
