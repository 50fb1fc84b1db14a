"""What lists say of an order at a glance: products, amount, since when, and what is bought next and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
import sqlalchemy as sa

from bridge.i18n.formatter import build_formatter
from bridge.order.model import Address, Mode, Money
from bridge.order.problems import Problem
from bridge.order.records import Transition
from bridge.order.states import State, Wait
from bridge.store.tables import events
from tests.support.store_factories import placing, shop_order
from tests.web.console.conftest import Site
from tests.web.console.orders import needing
from tests.web.console.test_orders import UNMAPPED, WAITS, now_is, put

TOTAL = Money(Decimal("199.80"), "EUR")
LEFT = Money(Decimal("99.90"), "EUR")


async def page(site: Site, path: str, language: str = "en") -> str:
    status, text = await site.get(path, headers={"Accept-Language": language})
    assert status == 200
    return unescape(" ".join(text.split()))


@pytest.mark.parametrize("path", ["/", "/orders"])
async def test_a_list_says_what_was_bought_for_how_much_and_what_is_bought_next(
    site: Site, path: str
) -> None:
    await site.is_signed_in("vera")
    lines = tuple(
        replace(
            shop_order().lines[0], id=f"gid://shopify/LineItem/{n}", title=f"Lamp {n}", variant_title=name
        )
        for n, name in ((1, "Moon"), (2, "Default Title"), (3, ""), (4, None), (5, "Sun"))
    )
    taken_off = replace(lines[2], current_quantity=0)
    costs = Transition(
        State.WAITING, None, reason=Wait.APPROVAL, values={"cost": Money(Decimal("12.50"), "EUR")}
    )
    seen = {"lines": (*lines[:2], taken_off, *lines[3:]), "total": TOTAL, "current_total": LEFT}
    await put(site, 1001, costs, customer_name="Zélie Brindille", **seen)
    text = await page(site, path)
    for told in (
        "2 × Lamp 1 · Moon",
        "2 × Lamp 2<",
        "2 × Lamp 4<",
        "and 1 product more",
        "Zélie Brindille",
        "€99.90",
        "Bought next: 2 × RING-S for €12.50, once you approve it.",
    ):
        assert told in text, told
    assert "Lamp 3" not in text  # it was taken off the order
    assert "€199.80" not in text
    assert "Prochain achat : 2 × RING-S" in (await page(site, path, "fr")).replace("\xa0", " ")


async def test_an_order_from_which_all_was_taken_shows_what_was_ordered(site: Site) -> None:
    await site.is_signed_in("vera")
    line = replace(shop_order().lines[0], current_quantity=0, title="Moon lamp")
    gone = Transition(State.CANCELLED, None, reason="cancelled")
    await put(site, 1001, gone, lines=(line,), total=TOTAL, current_total=Money(Decimal("4.90"), "EUR"))
    text = await page(site, "/orders")
    assert "2 × Moon lamp" in text
    assert "€199.80" in text
    assert "€4.90" not in text


async def test_the_time_at_which_an_order_is_bought_is_told(site: Site) -> None:
    await site.is_signed_in("vera")
    until = datetime.now(UTC) + timedelta(minutes=90)
    window = Transition(State.WAITING, until, reason=Wait.WINDOW, values={"window_until": until})
    record = await put(site, 1001, window)
    at = build_formatter("en", None, None).format_short_moment(until)
    for path in ("/orders", f"/orders/{record.key}"):
        text = await page(site, path)
        assert f"it is ordered on {at}, unless somebody stops it." in text
        assert f"Bought next: 2 × RING-S, on {at}." in text
        assert "at the time shown" not in text


@pytest.mark.parametrize(
    ("change", "when"),
    [
        (UNMAPPED, "once its problem is solved"),
        (Transition(State.WAITING, None, reason=Wait.HELD), "once somebody releases or approves it"),
        (Transition(State.WAITING, None, reason=Wait.PAUSED), "once placing goes on"),
        (Transition(State.WAITING, None), "within minutes, if nothing speaks against it"),
    ],
)
async def test_what_has_to_happen_before_it_is_bought_is_told(
    site: Site, change: Transition, when: str
) -> None:
    await site.is_signed_in("vera")
    await put(site, 1001, change)
    assert f", {when}." in await page(site, "/orders")


async def test_of_what_is_bought_or_over_nothing_is_bought_next(site: Site) -> None:
    await site.is_signed_in("vera")
    await put(site, 1001, Transition(State.PLACED, None, values={"reference": "REF1"}))
    await put(site, 1002, Transition(State.CANCELLED, None, reason="person"))
    assert "Bought next" not in await page(site, "/orders")


async def test_every_reason_to_wait_says_when_it_is_bought(site: Site) -> None:
    await site.is_signed_in("vera")
    for number, reason in enumerate(Wait):
        await put(site, 1001 + number, Transition(State.WAITING, None, reason=reason, facts={"why": "-"}))
    assert (await page(site, "/orders")).count("Bought next: ") == len(Wait)


async def test_for_how_long_it_is_so_counts_from_its_state_and_not_from_the_last_look(site: Site) -> None:
    await site.is_signed_in("vera")
    record = await put(site, 1001, Transition(State.ATTENTION, None, problem=Problem.BLOCKED))
    three_days = datetime.now(UTC) - timedelta(days=3)
    await site.store._db.write(lambda c: c.execute(sa.update(events).values(at=three_days)))
    assert (await now_is(site, record.key)).updated_at > three_days  # it was looked at since
    for path in ("/", "/orders", f"/orders/{record.key}"):
        text = await page(site, path)
        assert ">for 3 days</time>" in text, path
        assert "seconds ago</time>" not in text.split('id="story"')[0]


async def test_nothing_ticked_is_told_and_not_a_fault(site: Site) -> None:
    await site.is_signed_in("otto")
    await put(site, 1001, WAITS)
    for action in ("approve", "retry", "hold"):
        answer = await site.client.get(
            f"{site.url}/orders/decide?action={action}&back=/orders?state=waiting", allow_redirects=False
        )
        assert (answer.status, answer.headers["Location"]) == (303, "/orders?state=waiting")
        assert await site.notice() == (
            "No order is ticked. Tick the orders that you mean, then press the button again."
        )


async def test_the_list_is_made_afresh_with_each_box_by_its_order(site: Site) -> None:
    """What `console.js` replaces, and by which ids it knows the boxes that are ticked."""
    await site.is_signed_in("otto")
    assert '<div id="list" data-fresh>' in await page(site, "/orders")
    record = await put(site, 1001, WAITS)
    text = await page(site, "/orders")
    assert f'id="choose-{record.key}" value="{record.key}"' in text
    assert (
        text.index('id="list" data-fresh') < text.index(f"choose-{record.key}") < text.index('"all-approve"')
    )


async def test_an_unknown_order_says_what_to_look_for_at_sculpteo(site: Site) -> None:
    await site.is_signed_in("otto")
    order = await placing(site.store, 1001)
    request = {"comments": ["acme #1001", "sculpteo-bridge 12ab"], "items": ["QfGQC4YQ:2:0.87:cm:silver"]}
    address = Address(
        "Zélie", "<Brindille>", address1="1 rue X", city="Lyon", postal_code="69001", country_code="FR"
    )
    await site.store.orders.mark_sent(order, request)
    facts = {"why": "HTTP 502", "candidate": "WXYZ9876"}
    values = {"snapshot": replace(shop_order(), address=address)}
    await site.store.orders.record_transition(
        order, Transition(State.UNKNOWN, None, facts=facts, values=values)
    )
    order = await now_is(site, order.key)
    assert order.attempt and order.attempt.sent_at
    text = (await site.get(f"/orders/{order.key}"))[1]
    shown = text[text.index('<pre id="lookup"') :]
    assert unescape(shown[shown.index("<code>") + 6 : shown.index("</code>")]).split("\n") == [
        "Reference: WXYZ9876",
        "Comment: acme #1001",
        "Comment: sculpteo-bridge 12ab",
        "Name: Zélie <Brindille>, 69001 Lyon, France",
        f"Sent: {order.attempt.sent_at:%Y-%m-%d %H:%M:%S} UTC",
        "Item: QfGQC4YQ:2:0.87:cm:silver",
    ]
    assert 'data-copy="lookup"' in text
    assert "<Brindille>" not in text
    assert 'id="lookup"' not in (await site.get(f"/orders/{(await put(site, 1002, WAITS)).key}"))[1]


async def test_numbers_of_one_page_that_differ_say_why(site: Site) -> None:
    """What was spent counts what Sculpteo may have; what was placed counts only what it has."""
    await site.is_signed_in("vera")
    now = datetime.now(UTC)
    for number, cost in ((1001, "885.98"), (1002, "25.02")):
        order = await placing(
            site.store, number, created_at=now, mode=Mode.TEST, cost=Money(Decimal(cost), "EUR")
        )
        await site.store.orders.mark_sent(order, {})
        change = Transition(State.UNKNOWN, None, facts={"why": "HTTP 502"})
        if number == 1001:
            values = {
                "reference": "REF1",
                "mode": "test",
                "placed_at": now,
                "cost": order.attempt and order.attempt.cost,
            }
            change = Transition(State.PLACED, None, values=values)
        await site.store.orders.record_transition(order, change)
    await needing(site.store, 1003)
    text = await page(site, "/")
    for told in (
        "€911.00",
        "€25.02 of it is for 1 order that Sculpteo may or may not have.",
        "Cost: €885.98",
        "1 order that Sculpteo may or may not have is not among them.",
        'aria-label="Orders placed: 1"',
    ):
        assert told in text, told
    heading = text[text.index("2 orders need you") :][:400]
    assert heading.index("Needs you") < heading.index("Unknown")
    await page(site, "/", "fr")


async def test_numbers_that_agree_say_nothing_more(site: Site) -> None:
    await site.is_signed_in("vera")
    cost = Money(Decimal("885.98"), "EUR")
    order = await placing(site.store, 1001, created_at=datetime.now(UTC), mode=Mode.TEST, cost=cost)
    await site.store.orders.mark_sent(order, {})
    values = {"reference": "REF1", "mode": "test", "placed_at": datetime.now(UTC), "cost": cost}
    await site.store.orders.record_transition(order, Transition(State.PLACED, None, values=values))
    text = await page(site, "/")
    assert text.count("€885.98") >= 2
    assert "may or may not" not in text
