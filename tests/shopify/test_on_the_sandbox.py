"""The adapter against the sandbox's Shopify, which was written from the manual and not from this adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

import aiohttp
import pytest

from bridge.config.settings import Invoice
from bridge.errors import LedgerConflict, NeedsPerson, TryAgain, shopify_upstream
from bridge.invoice.data import build_invoice_data
from bridge.order.model import (
    Annotation,
    FulfillmentLines,
    LedgerEntry,
    Mode,
    NewFulfillment,
    ShopOrder,
    Tracking,
)
from bridge.sandbox.http.faults import Kind
from bridge.sandbox.sandbox import (
    RunningShop,
    Sandbox,
)
from bridge.sandbox.shopify.model import Company, Order, metafield_of
from bridge.sandbox.shopify.orders import Buy
from bridge.shopify.auth import ClientCredentials
from bridge.shopify.catalog import variants
from bridge.shopify.client import Admin
from bridge.shopify.endpoint import endpoint
from bridge.shopify.orders import ShopifyShop
from bridge.shopify.shop_status import inspect
from bridge.shopify.subscriptions import TOPICS, ensure
from bridge.shopify.webhooks import interpret, read_delivery
from tests.support.sandbox_factories import ADA

URL = "http://127.0.0.1:9/nowhere"
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass
class World:
    box: Sandbox
    running: RunningShop
    admin: Admin
    port: ShopifyShop
    slept: list[float] = field(default_factory=list)

    def buy(self, *skus: str, quantity: int = 1) -> Order:
        lines = [Buy(sku, quantity) for sku in skus]
        return self.running.shop.create_order(lines, address=ADA, email="ada@example.com")

    async def read(self, order: Order) -> ShopOrder:
        found = await self.port.fetch_order(order.gid)
        assert found is not None
        return found


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with Sandbox() as box, aiohttp.ClientSession() as session:
        (running,) = box.running.values()
        running.shop.add_product(
            "Ring", [{"sku": "RING-S", "options": {"Size": "S"}}, {"sku": "RING-L", "options": {"Size": "L"}}]
        )
        where = endpoint(running.shop.settings.domain, running.url)
        settings = running.shop.settings
        tokens = ClientCredentials(
            session,
            where.token,
            settings.client_id,
            settings.client_secret,
            upstream=shopify_upstream("acme"),
        )
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            await asyncio.sleep(min(seconds, 0.05))

        admin = Admin(session, where, tokens, shop="acme", sleep=sleep)
        yield World(box, running, admin, ShopifyShop(admin, mode=Mode.LIVE), slept)


async def test_an_edited_orders_taxes_and_customs_data_come_as_they_are_now(world: World) -> None:
    shop = world.running.shop
    shop.add_product("Lamp", [{"sku": "LAMP", "price": "60.00", "hs_code": "940520", "origin": "FR"}])
    company = Company("Essais SARL", "FR00 987654321")
    order = shop.create_order(
        [Buy("LAMP", 2, price=Decimal(120))],
        address=ADA,
        email="ada@example.com",
        po_number="PO-7",
        company=company,
    )
    shop.edit(order, quantities={"LAMP": 1})
    found = replace(await world.read(order), papers=await world.port.fetch_papers(order.gid))
    assert found.papers is not None
    assert (found.papers.po_number, found.papers.vat_id) == ("PO-7", "FR00 987654321")
    data = build_invoice_data("acme", found, Invoice(mode="template"))
    (row,) = data["lines"]
    assert (row["quantity"]["amount"], row["total"]["text"], row["hs_code"]) == (1, "€120.00", "940520")
    assert [Decimal(tax["amount"]) for tax in data["included_taxes"]] == [Decimal(20)]
    assert Decimal(data["total"]["amount"]) == Decimal("124.90")


async def test_without_read_customers_the_company_is_left_out_and_the_rest_is_read(world: World) -> None:
    shop = world.running.shop
    shop.settings = replace(
        shop.settings, scopes=tuple(one for one in shop.settings.scopes if one != "read_customers")
    )
    order = shop.create_order(
        ["RING-S"], address=ADA, po_number="PO-7", company=Company("Essais SARL", "FR1")
    )
    papers = await world.port.fetch_papers(order.gid)
    assert papers is not None
    assert (papers.po_number, papers.company, papers.vat_id) == ("PO-7", None, None)
    assert (await world.read(order)).lines


async def test_shopifys_check_of_the_address_is_read(world: World) -> None:
    order = world.running.shop.create_order(["RING-S"], address=replace(ADA, validation="WARNING"))
    assert (await world.read(order)).address_verdict == "WARNING"
    assert (await world.read(world.buy("RING-S"))).address_verdict is None


def shipment(order: ShopOrder, *numbers: str) -> NewFulfillment:
    unit = order.fulfillment_orders[0]
    lines = tuple((line.id, line.remaining) for line in unit.lines if line.remaining)
    tracking = tuple(Tracking(number, "UPS") for number in numbers)
    return NewFulfillment(
        (FulfillmentLines(unit.id, lines),), tracking, notify_customer=True, country_code="FR"
    )


async def test_an_order_is_read_as_it_was_placed(world: World) -> None:
    order = await world.read(world.buy("RING-S", "RING-L", quantity=2))
    assert [(line.sku, line.quantity, line.current_quantity) for line in order.lines] == [
        ("RING-S", 2, 2),
        ("RING-L", 2, 2),
    ]
    assert order.lines[1].options == (("Size", "L"),)
    assert (order.financial_status, order.fully_paid, order.risk) == ("PAID", True, "LOW")
    assert order.address is not None
    assert (order.address.first_name, order.address.country_code) == ("Ada", "FR")
    (unit,) = order.fulfillment_orders
    assert (unit.status, unit.delivery_method, unit.location_name) == ("OPEN", "SHIPPING", "Workshop Lyon")
    assert "CREATE_FULFILLMENT" in unit.actions
    assert [(line.total, line.remaining) for line in unit.lines] == [(2, 2), (2, 2)]
    assert order.ledger.entry is None


async def test_a_very_long_order_is_read_whole(world: World) -> None:
    order = await world.read(world.buy(*["RING-S", "RING-L"] * 130))
    assert len(order.lines) == 260
    assert len({line.id for line in order.lines}) == 260
    (unit,) = order.fulfillment_orders
    assert [line.line_item_id for line in unit.lines] == [line.id for line in order.lines]


async def test_a_shop_is_asked_whether_an_order_is_its_own(world: World) -> None:
    assert await world.port.has(world.buy("RING-S").gid)
    assert not await world.port.has("gid://shopify/Order/1")


async def test_an_order_of_nobody_is_none(world: World) -> None:
    assert await world.port.fetch_order("gid://shopify/Order/1") is None


async def test_the_ledger_is_compared_and_set(world: World) -> None:
    bought = world.buy("RING-S")
    intent = LedgerEntry("a1", "t1", "intent", "live", "m1", AT)
    digest = await world.port.write_ledger(bought.gid, intent, None)
    order = await world.read(bought)
    assert (order.ledger.entry, order.ledger.digest) == (intent, digest)
    with pytest.raises(LedgerConflict):
        await world.port.write_ledger(bought.gid, intent, None)
    with pytest.raises(LedgerConflict):
        await world.port.write_ledger(bought.gid, intent, "another-digest")
    placed = LedgerEntry("a1", "t1", "placed", "live", "m1", AT, "QX3B9K2M")
    await world.port.write_ledger(bought.gid, placed, digest)
    assert (await world.read(bought)).ledger.entry == placed


async def test_the_order_comes_with_the_answer_to_the_note(world: World) -> None:
    bought = world.buy("RING-S")
    intent = LedgerEntry("a1", "t1", "intent", "live", "m1", AT)
    order = await world.port.write_ledger_and_read(bought.gid, intent, None)
    read = await world.read(bought)
    assert order == replace(read, read_at=order.read_at)
    assert (order.name, order.ledger.entry, len(order.lines)) == (bought.name, intent, 1)
    with pytest.raises(LedgerConflict):
        await world.port.write_ledger_and_read(bought.gid, intent, None)


async def test_without_write_orders_the_ledger_needs_a_person_and_reading_goes_on(world: World) -> None:
    bought = world.buy("RING-S")
    world.running.shop.grant({"read_orders", "read_products", "write_merchant_managed_fulfillment_orders"})
    with pytest.raises(NeedsPerson) as caught:
        await world.port.write_ledger(bought.gid, LedgerEntry("a", "t", "intent", "live", "m", AT), None)
    assert caught.value.problem == "shop_access"
    assert (await world.read(bought)).name == bought.name


async def test_a_shipment_is_brought_to_the_shop_and_one_more_number_joins_it(world: World) -> None:
    bought = world.buy("RING-S", quantity=2)
    order = await world.read(bought)
    created = await world.port.create_fulfillment(bought.gid, shipment(order, "1Z999AA10123456784"))
    order = await world.read(bought)
    (one,) = order.fulfillments
    assert one.id == created
    assert one.tracking[0].number == "1Z999AA10123456784"
    assert one.tracking[0].company == "UPS"
    assert sum(line.remaining for line in order.fulfillment_orders[0].lines) == 0
    both = (*one.tracking, Tracking("1Z999AA10123456793", "UPS"))
    await world.port.extend_tracking(created, both, notify_customer=False)
    (one,) = (await world.read(bought)).fulfillments
    assert [info.number for info in one.tracking] == ["1Z999AA10123456784", "1Z999AA10123456793"]


async def test_more_than_is_left_is_refused_with_the_shops_words(world: World) -> None:
    bought = world.buy("RING-S")
    order = await world.read(bought)
    await world.port.create_fulfillment(bought.gid, shipment(order, "N1"))
    with pytest.raises(NeedsPerson) as caught:
        await world.port.create_fulfillment(bought.gid, shipment(order, "N2"))
    assert caught.value.problem == "cannot_fulfill"
    assert caught.value.facts["number"] == "N2"


@pytest.mark.parametrize("kind", [Kind.STATUS, Kind.RESET, Kind.GARBAGE])
async def test_a_shipment_whose_answer_was_lost_is_found_by_reading_again(world: World, kind: Kind) -> None:
    bought = world.buy("RING-S")
    order = await world.read(bought)
    world.box.faults.add("shopify.graphql.fulfillmentCreate", kind, effect=True)
    with pytest.raises(TryAgain):
        await world.port.create_fulfillment(bought.gid, shipment(order, "N1"))
    assert [info.number for one in (await world.read(bought)).fulfillments for info in one.tracking] == ["N1"]


async def test_state_and_reference_are_shown_on_the_order(world: World) -> None:
    bought = world.buy("RING-S")
    unit = (await world.read(bought)).fulfillment_orders[0]
    assert "REPORT_PROGRESS" in unit.actions
    await world.port.annotate_order(bought.gid, Annotation("waiting", None, fake=False))
    await world.port.annotate_order(
        bought.gid, Annotation("placed", "QX3B9K2M", fake=False, progress=(unit.id,))
    )
    order = await world.read(bought)
    assert order.tags == ("sculpteo-placed",)
    assert order.fulfillment_orders[0].status == "IN_PROGRESS"
    shown = metafield_of(bought, "sculpteo", "reference")
    assert shown is not None
    assert shown.value == "QX3B9K2M"


async def test_changed_orders_are_listed(world: World) -> None:
    one, two = world.buy("RING-S"), world.buy("RING-L")
    world.running.shop.cancel(one)
    assert {found.id async for found in world.port.fetch_changed_orders(None)} == {one.gid, two.gid}
    assert [found.id async for found in world.port.fetch_changed_orders(None, unfulfilled=True)] == [two.gid]
    later = datetime(2100, 1, 1, tzinfo=UTC)
    assert [found async for found in world.port.fetch_changed_orders(later)] == []


async def test_an_expired_token_and_an_empty_budget_are_no_trouble(world: World) -> None:
    bought = world.buy("RING-S")
    await world.read(bought)
    world.running.shop.expire_tokens()
    await world.read(bought)
    world.box.faults.add("shopify.graphql.*", Kind.THROTTLE)
    await world.read(bought)
    assert world.slept


async def test_the_subscriptions_deliver_what_the_reader_takes(world: World) -> None:
    shop = world.running.shop
    assert set((await ensure(world.admin, URL, "acme")).created) == set(TOPICS)
    assert set((await ensure(world.admin, URL, "acme")).kept) == set(TOPICS)
    bought = world.buy("RING-S")
    for _ in range(100):
        sent = list(world.running.webhooks.deliveries)
        if {one.topic for one in sent} >= {"orders/create", "orders/paid"}:
            break
        await asyncio.sleep(0.01)
    words = {}
    for one in sent:
        delivery = read_delivery(
            shop="acme",
            domain=shop.settings.domain,
            headers=one.headers,
            body=one.body,
            secrets=[shop.settings.client_secret.encode()],
            now=AT,
        )
        assert delivery.webhook_id == one.webhook_id
        words[one.topic] = interpret(delivery)
    assert words["orders/create"].order_id == bought.gid
    assert words["orders/create"].name == bought.name
    assert words["orders/create"].paid_now
    assert words["orders/paid"].paid_now
    routed = words["fulfillment_orders/order_routing_complete"]
    found = routed.order_id or await world.port.find_order_id(routed.fulfillment_order_id or "")
    assert found == bought.gid


async def test_how_the_bridge_stands_with_the_shop_is_told(world: World) -> None:
    found = await inspect(world.admin, URL, "acme")
    assert found.problems == ()
    assert found.shop is not None
    assert found.shop.domain == world.running.shop.settings.domain
    assert found.version is not None
    assert found.version.supported
    assert found.missing_scopes is not None
    assert not [scope for scope in found.missing_scopes if scope.needed]


async def test_the_catalogue_is_read(world: World) -> None:
    found = [one async for one in variants(world.admin)]
    assert [(one.sku, one.product_title, one.options) for one in found] == [
        ("RING-S", "Ring", (("Size", "S"),)),
        ("RING-L", "Ring", (("Size", "L"),)),
    ]


@pytest.mark.parametrize("shipments", [1, 7])
async def test_what_each_fulfillment_holds_is_read_whole(world: World, shipments: int) -> None:
    """A unit that is not seen in it would be fulfilled again."""
    made = world.running.shop.create_order([Buy(f"S{one}", shipments) for one in range(110)], address=ADA)
    for _ in range(shipments):
        world.running.shop.fulfill_by_hand(made, {row.label: 1 for row in made.lines})
    found = (await world.read(made)).fulfillments
    lines = [(line.gid, 1) for line in made.lines]
    assert [sorted(one.lines) for one in found] == [sorted(lines)] * shipments


async def test_progress_that_somebody_stops_is_subscribed_to_and_heard(world: World) -> None:
    await ensure(world.admin, URL, "acme")
    topics = {entry.topic for entry in world.running.shop.subscriptions.values()}
    assert "FULFILLMENT_ORDERS_MANUALLY_REPORTED_PROGRESS_STOPPED" in topics
    order = world.buy("RING-S")
    (unit,) = order.fulfillment_orders
    world.running.shop.report_progress(unit, "printing")
    world.running.shop.open(unit)
    sent = [one for one in world.running.webhooks.deliveries if one.topic.endswith("progress_stopped")]
    (delivery,) = sent
    read = read_delivery(
        shop="acme",
        domain=world.running.shop.settings.domain,
        headers=delivery.headers,
        body=delivery.body,
        secrets=[world.running.shop.settings.client_secret.encode()],
        now=AT,
    )
    word = interpret(read)
    assert (word.outcome, word.fulfillment_order_id) == ("order", unit.gid)
    assert await world.port.find_order_id(unit.gid) == order.gid
