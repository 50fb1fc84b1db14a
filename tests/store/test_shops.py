"""A shop is its domain: its name may change, be swapped or come back, and what it has on record stays its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.errors import ConfigError, OrderChanged, TryAgain
from bridge.order.line_overrides import (
    LineRule,
    Scope,
)
from bridge.order.records import Transition
from bridge.order.states import State
from bridge.runtime.shop_identity import identify_shops
from bridge.store import Store
from bridge.store.engine import create_engines, parse_url
from bridge.store.queries import OrderFilter
from bridge.store.shops import ShopIdentity, ShopNameTaken
from tests.support.clocks import TurnedClock
from tests.support.store_factories import LEASE, claimed, delivery, get, gid, placing, word
from tests.web.console.conftest import configuration

ACME, BETA, GAMMA = (f"{name}.myshopify.com" for name in ("acme-prints", "beta", "gamma"))


async def called(store: Store, *, former: Mapping[str, str] | None = None, **names: str) -> list[str]:
    """From now on this process calls shops so; gives the names that changed."""
    wanted = {
        name.replace("_", "-"): ShopIdentity(domain, (former or {}).get(domain))
        for name, domain in names.items()
    }
    found = await store.shops.resolve_shops(wanted)
    found.take_effect()
    return [f"{one.before} > {one.now}" for one in found.renamed]


async def cancelled(store: Store, shop: str, number: int = 1001) -> int:
    """An order that a person cancelled."""
    key = await store.orders.receive_signal(word(number, shop=shop))
    await store.orders.apply_decision(await get(store, key), Transition(State.CANCELLED, None), "ada")
    return key


async def shops_of(store: Store) -> list[tuple[str, str | None]]:
    return sorted((one.shop, one.name) for one in await store.queries.list_orders(OrderFilter(), limit=100))


async def test_an_order_of_a_shop_that_has_another_name_is_the_same_order(store: Store) -> None:
    await called(store, acme=ACME)
    key = await cancelled(store, "acme")
    assert await called(store, maison=ACME) == ["acme > maison"]
    assert await store.orders.receive_signal(word(shop="maison")) == key
    assert [
        (order.shop, order.state) for order in await store.queries.list_orders(OrderFilter(), limit=9)
    ] == [("maison", State.CANCELLED)]
    assert await store.orders.load_known_orders("maison", [gid()]) != {}
    assert await store.queries.search_orders("maison/#1001") != []


async def test_all_that_a_shop_has_on_record_follows_its_name(store: Store) -> None:
    await called(store, acme=ACME)
    order = await placing(store)
    rule = LineRule("acme", Scope.VARIANT, "gid://shopify/ProductVariant/1", (), "Ring", None)
    key = await store.orders.receive_signal(word(1002))
    await store.rules.save_rules(await get(store, key), [rule], Transition(State.RECEIVED, None), "ada")
    await store.switch.pause_ordering("acme", "ada")
    await store.inbox.add_delivery(delivery())
    facts = ("go_live", "reconciled", "reconciled_edge", "reconciled_at", "subscribed_at", "webhooks_to")
    for fact in facts:
        await store.memory.set(f"{fact}:acme", "then")
    await called(store, maison=ACME)
    assert [one.shop for one in await store.orders.list_line_rules("maison", [rule.subject])] == ["maison"]
    assert [one.scope for one in await store.switch.list_pauses()] == ["maison"]
    assert await store.orders.is_shop_paused("maison")
    assert [one.shop for one in await store.inbox.list_pending(9)] == ["maison"]
    assert [await store.memory.get(f"{fact}:maison") for fact in facts] == ["then"] * len(facts)
    found = await store.orders.extend_lease(order.lease, LEASE) if order.lease else None
    assert found, "a step that is under way goes on"
    assert await store.orders.receive_signal(word(shop="acme")) == order.key, (
        "and so does what it says by the old name"
    )
    assert {one.shop for one in await store.queries.list_orders(OrderFilter(shop="maison"), limit=9)} == {
        "maison"
    }
    assert await store.switch.resume_ordering("maison")


async def test_two_shops_may_swap_their_names(store: Store) -> None:
    await called(store, a=ACME, b=BETA)
    of_acme = await cancelled(store, "a", 1001)
    of_beta = await store.orders.receive_signal(word(1001, shop="b"))
    await store.memory.set("reconciled:a", "acme's")
    await store.memory.set("reconciled:b", "beta's")
    assert sorted(await called(store, a=BETA, b=ACME)) == ["a > b", "b > a"]
    assert (await get(store, of_acme)).shop == "b"
    assert (await get(store, of_beta)).shop == "a"
    assert await store.orders.receive_signal(word(1001, shop="b")) == of_acme
    assert await store.orders.receive_signal(word(1001, shop="a")) == of_beta
    assert await store.memory.get("reconciled:b") == "acme's"
    assert await store.memory.get("reconciled:a") == "beta's"
    assert sorted(await called(store, a=ACME, b=BETA)) == ["a > b", "b > a"]
    assert (await get(store, of_acme)).shop == "a"


async def test_names_may_move_on_in_a_chain(store: Store) -> None:
    await called(store, a=ACME, b=BETA)
    of_acme, of_beta = await cancelled(store, "a"), await cancelled(store, "b")
    await called(store, b=ACME, c=BETA, a=GAMMA)
    of_gamma = await store.orders.receive_signal(word(shop="a"))
    assert [(await get(store, key)).shop for key in (of_acme, of_beta, of_gamma)] == ["b", "c", "a"]
    assert len({of_acme, of_beta, of_gamma}) == 3
    assert await store.orders.receive_signal(word(shop="b")) == of_acme
    assert await store.orders.receive_signal(word(shop="c")) == of_beta


async def test_a_shop_that_was_away_comes_back_under_another_name(store: Store) -> None:
    await called(store, acme=ACME, beta=BETA)
    key = await cancelled(store, "acme")
    await called(store, beta=BETA)
    assert (await get(store, key)).shop == "acme"
    assert await called(store, beta=BETA, maison=ACME.upper()) == ["acme > maison"]
    assert await store.orders.receive_signal(word(shop="maison")) == key


@pytest.mark.parametrize("also", [{}, {"beta": BETA}])
async def test_a_name_that_means_another_shop_than_its_orders_is_refused(
    store: Store, also: dict[str, Any]
) -> None:
    await called(store, acme=ACME, **also)
    key = await cancelled(store, "acme")
    with pytest.raises(ShopNameTaken) as refused:
        await called(store, acme=GAMMA, **also)
    [taken] = refused.value.taken
    assert (taken.name, taken.domain, taken.owner, taken.free) == ("acme", GAMMA, ACME, "gamma")
    assert await store.orders.receive_signal(word(shop="acme")) == key, "nothing changed"
    await called(store, gamma=GAMMA, **also)
    other = await store.orders.receive_signal(word(shop="gamma"))
    assert other != key
    assert await shops_of(store) == [("acme", "#1001"), ("gamma", "#1001")]


async def test_a_known_shop_cannot_take_the_name_of_one_that_is_gone(store: Store) -> None:
    await called(store, acme=ACME, beta=BETA)
    await cancelled(store, "acme")
    with pytest.raises(ShopNameTaken):
        await called(store, acme=BETA)


async def test_a_name_without_orders_is_free_for_another_shop(store: Store) -> None:
    """As after a domain that was mistyped."""
    await called(store, acme="amce-prints.myshopify.com")
    await store.memory.set("reconciled:acme", "of the wrong one")
    await called(store, acme=ACME)
    assert await store.memory.get("reconciled:acme") is None
    key = await cancelled(store, "acme")
    await called(store, maison=ACME)
    assert (await get(store, key)).shop == "maison"


async def test_a_database_from_before_learns_the_domains_at_the_first_start(store: Store) -> None:
    key = await cancelled(store, "acme")
    assert await called(store, acme=ACME) == []
    assert await called(store, maison=ACME) == ["acme > maison"]
    assert await store.orders.receive_signal(word(shop="maison")) == key


async def test_orders_whose_shop_is_not_known_are_not_given_to_a_shop_that_takes_its_name(
    store: Store,
) -> None:
    await store.orders.receive_signal(word(shop="gone"))
    await called(store, acme=ACME)
    with pytest.raises(ShopNameTaken) as refused:
        await called(store, gone=ACME)
    assert refused.value.taken[0].owner is None


async def test_a_shop_to_which_shopify_gave_another_domain_keeps_its_orders(store: Store) -> None:
    await called(store, acme=ACME)
    key = await cancelled(store, "acme")
    assert await called(store, acme=GAMMA, former={GAMMA: ACME}) == [f"{ACME} > {GAMMA}"]
    assert await store.orders.receive_signal(word(shop="acme")) == key
    assert await called(store, acme=GAMMA, former={GAMMA: ACME}) == []


async def test_replicas_with_the_old_and_the_new_name_work_on_the_same_orders(url: str) -> None:
    clock = TurnedClock()
    async with Store.open(url, clock=clock) as old, Store.open(url, clock=clock) as new:
        await called(old, acme=ACME, beta=BETA)
        await called(new, beta=ACME, acme=BETA)
        key = await old.orders.receive_signal(word(shop="acme"))
        assert await new.orders.receive_signal(word(shop="beta")) == key
        await new.inbox.add_delivery(delivery(shop="beta"))
        await old.inbox.add_delivery(delivery(shop="acme"))
        assert [one.shop for one in await old.inbox.list_pending(9)] == ["acme"], "one delivery, twice"
        order = await claimed(new)
        assert order.shop == "beta"
        clock.forward(LEASE + timedelta(seconds=1))
        assert (await claimed(old)).shop == "acme"
        await old.switch.pause_ordering("acme", "ada")
        assert await new.orders.is_shop_paused("beta")
        assert not await new.orders.is_shop_paused("acme")


async def test_whoever_has_no_configuration_uses_the_last_names(url: str) -> None:
    async with Store.open(url, clock=TurnedClock()) as store:
        await called(store, acme=ACME)
        await cancelled(store, "acme")
        await called(store, maison=ACME)
    async with Store.open(url, clock=TurnedClock()) as store:
        assert await shops_of(store) == [("maison", "#1001")]
        assert [one.shop for one in await store.queries.list_orders(OrderFilter(shop="maison"), limit=9)] == [
            "maison"
        ]


async def test_looking_keeps_nothing(url: str) -> None:
    async with Store.open(url, clock=TurnedClock()) as store:
        await called(store, acme=ACME)
        await cancelled(store, "acme")
        found = await store.shops.resolve_shops({"maison": ShopIdentity(ACME)}, write=False)
        found.take_effect()
        assert await shops_of(store) == [("maison", "#1001")]
    engine = create_engines(parse_url(url))[1]
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT name FROM shops")).scalars().all() == ["acme"]
    engine.dispose()


async def test_a_pause_stops_the_purchase_of_its_shop_whatever_that_is_called_meanwhile(store: Store) -> None:
    await called(store, acme=ACME, b=BETA)
    order = await placing(store)
    await store.switch.pause_ordering("acme", "ada")
    await called(store, acme=BETA, b=ACME)
    with pytest.raises(OrderChanged, match="paused"):
        await store.orders.mark_sent(order, {})


# --- from before domains were kept -------------------------------------------------------------------------


def has_orders(*ids: str, error: Exception | None = None) -> Callable[[str, str], Awaitable[bool]]:
    """A shop that has these orders."""

    async def has_order(name: str, order_id: str) -> bool:
        if error is not None:
            raise error
        return order_id in ids

    return has_order


async def test_a_name_that_changes_in_the_step_from_before_domains_were_kept_keeps_its_orders(
    store: Store,
) -> None:
    key = await cancelled(store, "before")  # as the older release left it: no domain is known
    found = await identify_shops(store, configuration(), has_order=has_orders(gid()))
    found.take_effect()
    assert [(one.before, one.now) for one in found.renamed] == [("before", "acme")]
    assert await store.orders.receive_signal(word(shop="acme")) == key
    assert (await get(store, key)).state is State.CANCELLED
    again = await identify_shops(store, configuration(), has_order=has_orders(error=TryAgain("HTTP 503")))
    assert again.renamed == ()  # it is known from now on: nobody is asked any more


async def test_a_new_shop_beside_one_that_was_taken_out_in_that_step_gets_none_of_its_orders(
    store: Store,
) -> None:
    await cancelled(store, "before")
    (await identify_shops(store, configuration(), has_order=has_orders())).take_effect()
    await store.orders.receive_signal(word(shop="acme"))
    assert await shops_of(store) == [("acme", "#1001"), ("before", "#1001")]


async def test_a_shop_that_cannot_be_asked_stops_the_start_with_the_remedy(store: Store) -> None:
    await cancelled(store, "before")
    with pytest.raises(ConfigError, match="call it before for one start") as caught:
        await identify_shops(store, configuration(), has_order=has_orders(error=TryAgain("HTTP 503")))
    assert "acme" in str(caught.value)
    (await identify_shops(store, configuration(), has_order=has_orders(gid()))).take_effect()
    assert await shops_of(store) == [("acme", "#1001")]


async def test_a_command_settles_nothing_that_the_service_has_to_ask(store: Store) -> None:
    key = await cancelled(store, "before")
    (await identify_shops(store, configuration())).take_effect()
    (await identify_shops(store, configuration(), has_order=has_orders(gid()))).take_effect()
    assert await store.orders.receive_signal(word(shop="acme")) == key
