"""How an order is paid, how it was sold and how it is rated, as the adapter reads it from the sandbox's shop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bridge.order.matching import Printed
from bridge.order.model import Mode
from bridge.sandbox.shopify.orders import Buy
from bridge.sandbox.shopify.settings import ALL_SCOPES
from bridge.shopify.orders import ShopifyShop
from bridge.steps.payment import is_paid
from tests.config.test_mapping import mapping
from tests.shopify.test_on_the_sandbox import World
from tests.shopify.test_on_the_sandbox import world as world
from tests.support.sandbox_factories import ADA

UNTIL = datetime(2026, 12, 30, 12, tzinfo=UTC)


async def test_an_authorization_is_read_with_its_end_and_what_becomes_of_it(world: World) -> None:
    shop = world.running.shop
    made = shop.create_order(
        [Buy("RING-S")], address=ADA, paid=False, authorized=True, authorized_until=UNTIL
    )
    order = await world.read(made)
    assert (order.financial_status, order.fully_paid, order.authorized_until) == ("AUTHORIZED", False, UNTIL)
    shop.lapse(made)
    order = await world.read(made)
    assert (order.financial_status, order.fully_paid, order.authorized_until) == ("EXPIRED", False, None)
    shop.lapse(made, "VOIDED")
    assert (await world.read(made)).financial_status == "VOIDED"
    shop.pay(made)
    order = await world.read(made)
    assert (order.financial_status, order.fully_paid) == ("PAID", True)


async def test_an_authorization_whose_end_shopify_does_not_tell_has_none(world: World) -> None:
    made = world.running.shop.create_order([Buy("RING-S")], address=ADA, paid=False, authorized=True)
    assert (await world.read(made)).authorized_until is None


async def test_payment_terms_are_read_where_the_app_may_and_an_order_without_them_where_not(
    world: World,
) -> None:
    shop = world.running.shop
    made = shop.create_order([Buy("RING-S")], address=ADA, paid=False, payment_terms="Net 30")
    order = await world.read(made)
    assert (order.financial_status, order.payment_terms) == ("PENDING", "Net 30")
    shop.grant([scope for scope in ALL_SCOPES if scope != "read_payment_terms"])
    order = await world.read(made)
    assert (order.name, order.financial_status, order.payment_terms) == ("#1001", "PENDING", None)


async def test_part_paid_and_partly_refunded_orders_are_told_apart(world: World) -> None:
    shop = world.running.shop
    part = shop.create_order([Buy("RING-S")], address=ADA, paid=False, deposit=Decimal("5.00"))
    order = await world.read(part)
    assert (order.financial_status, is_paid(order)) == ("PARTIALLY_PAID", False)
    shop.pay(part, Decimal("1.00"))
    assert not is_paid(await world.read(part))
    shop.pay(part)
    assert is_paid(await world.read(part))
    shop.refund(part, amount=Decimal("3.00"))
    order = await world.read(part)
    assert (order.financial_status, order.fully_paid, is_paid(order)) == ("PARTIALLY_REFUNDED", True, True)


async def test_an_order_that_costs_nothing_is_paid(world: World) -> None:
    free = world.running.shop.create_order(
        [Buy("RING-S", price=Decimal(0))], address=ADA, shipping=None, paid=False
    )
    assert is_paid(await world.read(free))


async def test_only_an_order_that_may_be_unpaid_costs_a_second_question(world: World) -> None:
    paid = world.buy("RING-S")
    open_ = world.running.shop.create_order([Buy("RING-S")], address=ADA, paid=False)
    budget = world.running.api.engine.bucket

    async def points(order_id: str) -> float:
        before = budget.available
        assert await ShopifyShop(world.admin, mode=Mode.LIVE).fetch_order(order_id) is not None
        return before - budget.available

    first, second = await points(paid.gid), await points(open_.gid)
    assert second - first < 10


@pytest.mark.parametrize(
    ("levels", "risk"),
    [((), "PENDING"), (("PENDING",), "PENDING"), (("PENDING", "LOW"), "LOW"), (("LOW", "HIGH"), "HIGH"), (("NONE",), "NONE")],
)  # fmt: skip
async def test_the_worst_known_assessment_counts(world: World, levels: tuple[str, ...], risk: str) -> None:
    made = world.running.shop.create_order([Buy("RING-S")], address=ADA, assessments=levels)
    assert (await world.read(made)).risk == risk


async def test_a_line_keeps_its_title_when_the_variant_is_edited_or_deleted(world: World) -> None:
    shop = world.running.shop
    made = world.buy("RING-S", "RING-L")
    shop.edit_variant("RING-S", {"Size": "M"})
    shop.delete_variant("RING-L")
    edited, deleted = (await world.read(made)).lines
    assert (edited.variant_title, edited.options) == ("S", (("Size", "M"),))
    assert (deleted.variant_title, deleted.options, deleted.variant_id, deleted.sku) == (
        "L",
        (),
        None,
        "RING-L",
    )


async def test_a_line_that_was_sold_without_options_says_so(world: World) -> None:
    shop = world.running.shop
    shop.add_product("Vase", [{"sku": "VASE"}])
    made = world.buy("VASE")
    shop.edit_variant("VASE", {"Material": "White"})
    [line] = (await world.read(made)).lines
    assert (line.variant_title, line.options) == ("", (("Material", "White"),))


async def test_expiry_in_the_past_is_read_as_it_is(world: World) -> None:
    past = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    made = world.running.shop.create_order(
        [Buy("RING-S")], address=ADA, paid=False, authorized=True, authorized_until=past
    )
    assert (await world.read(made)).authorized_until == past


async def test_a_customers_orders_are_read_the_oldest_first(world: World) -> None:
    shop = world.running.shop
    first, second = world.buy("RING-S"), world.buy("RING-L")
    shop.create_order([Buy("RING-S")], address=ADA, email="somebody@example.com")
    shop.cancel(first)
    customer = (await world.read(second)).customer_id
    assert customer is not None
    found = await world.port.fetch_customer_orders(customer)
    assert [(one.id, one.cancelled_at is None) for one in found] == [(first.gid, False), (second.gid, True)]
    assert await world.port.fetch_customer_orders("gid://shopify/Customer/1") == []


async def test_what_was_sold_is_printed_whatever_becomes_of_the_variant_in_the_shop(world: World) -> None:
    shop = world.running.shop
    made = world.buy("RING-S", "RING-L")
    shop.edit_variant("RING-S", {"Size": "L"})
    shop.delete_variant("RING-L")
    scale = {"option": "Size", "values": {"S": "0.8", "L": "1.2"}}
    catalog = mapping(products=[{"sku": "RING-*", "uuid": "ring", "scale": scale}])
    small, large = (catalog.match_line("acme", line) for line in (await world.read(made)).lines)
    assert isinstance(small, Printed)
    assert isinstance(large, Printed)
    assert [str(one.designs[0].scale) for one in (small, large)] == ["0.8", "1.2"]
