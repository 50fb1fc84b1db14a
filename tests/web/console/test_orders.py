"""The pages of orders: what they show, what they let a person do, and what they never let through."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from bridge.decisions.transitions import drop_order
from bridge.errors import NeedsPerson, TryAgain
from bridge.mapping_review.prices import Prices
from bridge.mapping_review.variants import ShopCatalog
from bridge.order.line_overrides import Scope
from bridge.order.model import (
    Address,
    Design,
    Mode,
    Money,
    Parcel,
    Quote,
    RawAnswer,
    ShopOrder,
    TrackingReport,
    Verdict,
)
from bridge.order.problems import Alarm, Problem
from bridge.order.records import ClosedPurchase, OrderRecord, Transition
from bridge.order.states import State, Wait
from bridge.sculpteo.quotes import Material
from bridge.web.console.context import CONSOLE
from tests.support.clocks import START, RealClock
from tests.support.store_factories import ITEMS, claimed, key_of, receipt, sent, shop_order, word
from tests.web.console.conftest import Site

EVIL = '<script>alert("1")</script>\'"><img src=x onerror=alert(1)>{{7*7}}'


@dataclass
class Sculpteo:
    """What the tracking page says; with `down` it does not answer."""

    known: set[str] = field(default_factory=set)
    down: bool = False
    prices: dict[str, str] = field(default_factory=dict)

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote:
        if self.down:
            raise TryAgain("HTTP 503")
        price = self.prices.get(design.uuid)
        return Quote(Money(Decimal(price) * quantity, currency) if price else None)

    async def track_order(self, reference: str) -> TrackingReport:
        if self.down:
            raise TryAgain("HTTP 503")
        return TrackingReport(reference, reference in self.known, None, None, (), RawAnswer(START, 200))


@dataclass
class Invoicer:
    answer: bytes | Exception | None = b"%PDF-1.7 invented"

    async def prepare_invoice(self, shop: str, order: ShopOrder) -> bytes | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def put(site: Site, number: int, change: Transition, **changes: Any) -> OrderRecord:
    """An order that was read (with `changes` of what was read), and then came to this."""
    line = replace(
        shop_order().lines[0],
        id=f"gid://shopify/LineItem/{number}",
        sku="NEW",
        variant_id="v1",
        product_id="p1",
    )
    snapshot = replace(shop_order(number), **{"lines": (line,), **changes})
    await site.store.orders.receive_signal(word(number))
    values = {"snapshot": snapshot, "items": ITEMS, **change.values}
    order = await claimed(site.store)
    await site.store.orders.record_transition(order, replace(change, values=values))
    return await now_is(site, order.key)


async def now_is(site: Site, key: int) -> OrderRecord:
    found = await site.store.queries.find_order(key)
    assert found is not None
    return found


WAITS = Transition(State.WAITING, None, reason=Wait.APPROVAL)
UNMAPPED = Transition(State.ATTENTION, None, problem=Problem.UNMAPPED, facts={"skus": "“NEW”"})


async def unknown(site: Site, number: int = 1001) -> OrderRecord:
    order = await sent(site.store, number)
    await site.store.orders.keep_answer(key_of(order), receipt(Verdict.UNCLEAR, None))
    await site.store.orders.record_transition(
        order, Transition(State.UNKNOWN, None, facts={"why": "HTTP 502"})
    )
    return await now_is(site, order.key)


async def asked(site: Site, action: str, *keys: int, **more: str) -> tuple[int, str]:
    query = "&".join(
        [f"action={action}", *(f"key={key}" for key in keys), *(f"{n}={v}" for n, v in more.items())]
    )
    return await site.get(f"/orders/decide?{query}")


async def press(site: Site, page: str, button: str, **more: str) -> tuple[int, str]:
    """Press a button of a page, as a browser without scripts does; gives what it answers and where it leads."""
    for form in re.findall(r'<form method="post".*?</form>', page, re.DOTALL):
        if f">{button}</button>" in unescape(form):
            action = re.search(r'action="([^"]*)"', form)
            assert action
            fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
            data = [(name, more.get(name, unescape(value))) for name, value in fields]
            async with site.client.post(site.url + action[1], data=data, allow_redirects=False) as answer:
                return answer.status, answer.headers.get("Location", "")
    raise AssertionError(f"there is no button {button}")


async def decide(site: Site, action: str, button: str, *keys: int, **more: str) -> str:
    """Ask, confirm, and give what the next page says."""
    status, page = await asked(site, action, *keys, **more)
    assert status == 200
    assert (await press(site, page, button))[0] == 303
    return await site.notice()


@pytest.fixture
async def otto(site: Site) -> Site:
    await site.is_signed_in("otto")
    site.use(printer=Sculpteo())
    return site


@pytest.fixture
async def anna(site: Site) -> Site:
    await site.is_signed_in("anna")
    site.use(printer=Sculpteo())
    return site


# --- the list --------------------------------------------------------------------------------------------


def names(page: str) -> list[str]:
    return re.findall(r'href="/orders/\d+">(#\d+)</a>', page)


async def test_orders_are_found_by_all_that_a_merchant_may_know_of_them(otto: Site) -> None:
    address = Address("Ada", "Lovelace", city="Lyon", country_code="FR")
    placed = Transition(
        State.PLACED, None, values={"reference": "ABCD1234"}, parcels=(Parcel("1Z999", "UPS"),)
    )
    await put(otto, 1001, WAITS)
    await put(otto, 1002, placed, customer_name="Ada Lovelace", address=address)
    for text, expected in (
        ("1002", ["#1002"]),
        ("#1001", ["#1001"]),
        ("ABCD1234", ["#1002"]),
        ("1Z999", ["#1002"]),
        ("lovelace", ["#1002"]),
        ("NEW", ["#1002", "#1001"]),
        ("nobody", []),
        ("", ["#1002", "#1001"]),
    ):
        status, page = await otto.get("/orders", params={"q": text})
        assert (status, names(page)) == (200, expected), text


async def test_orders_are_narrowed_by_state_reason_and_shop(otto: Site) -> None:
    await put(otto, 1001, WAITS)
    await put(otto, 1002, Transition(State.WAITING, None, reason=Wait.PAYMENT))
    await put(otto, 1003, UNMAPPED)
    for query, expected in (
        ("state=waiting", ["#1002", "#1001"]),
        ("state=waiting:approval", ["#1001"]),
        ("state=attention&q=1001", []),
        ("state=attention&shop=acme", ["#1003"]),
        ("shop=elsewhere", []),
    ):
        assert names((await otto.get(f"/orders?{query}"))[1]) == expected, query
    for bad in ("state=lost", "state=waiting:godot", "before=x", "before=-1"):
        assert (await otto.get(f"/orders?{bad}"))[0] == 400, bad


async def test_pages_follow_one_another_with_the_same_search(otto: Site) -> None:
    for number in range(1001, 1054):
        await put(otto, number, WAITS)
    _, first = await otto.get("/orders?state=waiting&q=NEW")
    assert names(first) == [f"#{number}" for number in range(1053, 1003, -1)]
    older = re.search(r'href="(/orders\?[^"]*before=\d+)"', first)
    assert older
    _, second = await otto.get(unescape(older[1]))
    assert names(second) == ["#1003", "#1002", "#1001"]


async def test_a_viewer_sees_no_button_and_can_press_none(site: Site) -> None:
    record = await put(site, 1001, UNMAPPED)
    await site.is_signed_in("vera")
    for path in ("/orders", f"/orders/{record.key}", "/rules"):
        status, page = await site.get(path)
        assert status == 200
        assert "/orders/decide" not in page
        assert f"/orders/{record.key}/lines" not in page
        assert 'type="checkbox"' not in page
    for path in ("/orders/decide", f"/orders/{record.key}/lines/1", "/rules/1/remove"):
        assert (await site.press(path, action="retry", order=f"{record.key}:x", what="line")).status == 403
    assert (await asked(site, "retry", record.key))[0] == 403
    assert (await now_is(site, record.key)).state is State.ATTENTION


# --- deciding --------------------------------------------------------------------------------------------


async def test_an_order_is_approved_after_a_page_that_says_what_it_costs(otto: Site) -> None:
    record = await put(otto, 1001, WAITS)
    _, page = await otto.get(f"/orders/{record.key}")
    assert "Approve…" in page
    _, page = await asked(otto, "approve", record.key, back=f"/orders/{record.key}")
    assert "Money may be spent on 1 order." in page
    assert (await now_is(otto, record.key)).approved_at is None
    assert await press(otto, page, "Approve") == (303, f"/orders/{record.key}")
    assert (await now_is(otto, record.key)).approved_by == "otto"
    deed = (await otto.store.sessions.list_audit_entries())[0]
    assert (deed.who, deed.action, deed.outcome, deed.order_name) == ("otto", "approve", "done", "#1001")


async def test_what_is_at_stake_is_asked_of_sculpteo(otto: Site) -> None:
    known = Transition(
        State.WAITING, None, reason=Wait.APPROVAL, values={"cost": Money(Decimal("5.00"), "EUR")}
    )
    records = [await put(otto, 1001, WAITS), await put(otto, 1002, known)]
    sculpteo = Sculpteo(prices={"QfGQC4YQ": "12.50"})
    otto.use(printer=sculpteo)
    _, page = await asked(otto, "approve", *(record.key for record in records))
    for expected in ("€25.00", "€5.00", "Sculpteo asks for €30.00, without shipping."):
        assert expected in page
    sculpteo.down = True
    _, page = await asked(otto, "approve", *(record.key for record in records))
    assert "not known yet" in page
    assert "Sculpteo asks for €5.00" in page
    assert "The price of 1 order is asked when it is bought." in page


async def test_pressed_twice_it_is_done_once(otto: Site) -> None:
    record = await put(otto, 1001, WAITS)
    _, page = await asked(otto, "approve", record.key)
    assert (await press(otto, page, "Approve"))[0] == 303
    assert await otto.notice() == "Approved."
    approved = (await now_is(otto, record.key)).approved_at
    assert (await press(otto, page, "Approve"))[0] == 303
    assert await otto.notice() == "#1001 was approved already, by otto."
    assert (await now_is(otto, record.key)).approved_at == approved
    kinds = [event.kind for event in await otto.store.queries.list_events(record.key)]
    assert kinds.count("approved") == 1


async def test_what_a_page_showed_in_one_mode_is_decided_in_no_other(otto: Site) -> None:
    shown_in = otto.loaded.settings.mode
    await otto.store.wake_for_mode(shown_in)
    record = await put(otto, 1001, WAITS)
    _, page = await asked(otto, "approve", record.key)
    other = Mode.LIVE if shown_in is not Mode.LIVE else Mode.TEST
    await otto.store.wake_for_mode(other)
    await press(otto, page, "Approve")
    assert "#1001 changed after you opened" in await otto.notice()
    _, page = await asked(otto, "approve", record.key)
    await press(otto, page, "Approve")  # this console is late: its pages name the mode of before
    assert "#1001 changed after you opened" in await otto.notice()
    assert (await now_is(otto, record.key)).approved_at is None
    await otto.store.wake_for_mode(shown_in)
    _, page = await asked(otto, "approve", record.key)
    await press(otto, page, "Approve")
    assert (await now_is(otto, record.key)).decided_mode is shown_in


async def test_a_line_that_was_shown_in_one_mode_is_mapped_in_no_other(otto: Site) -> None:
    await otto.store.wake_for_mode(otto.loaded.settings.mode)
    record = await put(otto, 1001, UNMAPPED)
    query = {
        "what": "print",
        "uuid": "QfGQC4YQ",
        "material": "silver",
        "scale": "1",
        "unit": "",
        "quantity": "1",
    }
    _, page = await otto.get(f"/orders/{record.key}/lines/1", params=query)
    await otto.store.wake_for_mode(Mode.PREVIEW)
    await press(otto, page, "Decide so")
    assert "changed after you opened" in await otto.notice()
    assert (await now_is(otto, record.key)).state is State.ATTENTION


async def test_many_orders_are_decided_at_once_and_those_that_moved_on_are_named(otto: Site) -> None:
    records = [await put(otto, number, WAITS) for number in (1001, 1002, 1003)]
    payment = await put(otto, 1004, Transition(State.PLACED, None, values={"reference": "REF1"}))
    _, page = await asked(otto, "approve", *(record.key for record in [*records, payment]))
    assert "Money may be spent on 3 orders." in page
    assert "Sculpteo has #1004 already, as REF1." in page
    await otto.store.orders.apply_decision(
        records[1], Transition(State.CANCELLED, None, reason="person"), "somebody"
    )
    await press(otto, page, "Approve")
    said = await otto.notice()
    assert "2 orders: done." in said
    assert "#1002 is cancelled: reopen it first." in said
    assert [(await now_is(otto, one.key)).approved_by for one in records] == ["otto", None, "otto"]


@pytest.mark.parametrize(
    ("change", "button", "state", "again"),
    [
        (WAITS, "Hold", State.WAITING, "#1001 is on hold already."),
        (WAITS, "Cancel", State.CANCELLED, "#1001 is cancelled already."),
        (UNMAPPED, "Never print it", State.IGNORED, "#1001 is marked as not printed already."),
    ],
)
async def test_what_costs_nothing_is_one_press_and_a_second_says_that_it_is_done(
    otto: Site, change: Transition, button: str, state: State, again: str
) -> None:
    record = await put(otto, 1001, change)
    _, page = await otto.get(f"/orders/{record.key}")
    assert await press(otto, page, button) == (303, f"/orders/{record.key}")
    assert (await now_is(otto, record.key)).state is state
    assert (await press(otto, page, button))[0] == 303
    assert await otto.notice() == again


async def test_what_is_decided_wakes_the_worker(otto: Site) -> None:
    record = await put(otto, 1001, WAITS)
    woken: list[bool] = []
    otto.console.on_news = lambda: woken.append(True)
    await decide(otto, "approve", "Approve", record.key)
    assert woken == [True]


@pytest.mark.parametrize(
    "query",
    [
        "action=explode&key=1",
        "action=approve&key=x",
        "action=approve&key=" + "9" * 18,
        "action=approve&" + "&".join(f"key={number}" for number in range(101)),
    ],
)
async def test_nonsense_is_refused(otto: Site, query: str) -> None:
    await put(otto, 1001, WAITS)
    assert (await otto.get(f"/orders/decide?{query}"))[0] == 400
    assert (await otto.get("/orders/decide?action=approve&key=999"))[0] == 404
    assert (await otto.press("/orders/decide", action="approve", order="1:", back="/")).status == 303
    assert (await otto.press("/orders/decide", action="approve", order="../1:x")).status == 400
    assert (await otto.press("/orders/decide", action="placed_as", order="1:x")).status == 400


async def test_the_way_back_leads_to_no_other_site(otto: Site) -> None:
    record = await put(otto, 1001, WAITS)
    _, page = await asked(otto, "approve", record.key, back="//evil.example")
    assert "evil" not in page
    answer = await otto.press(
        "/orders/decide", action="approve", order=f"{record.key}:x", back="https://evil.example"
    )
    assert answer.headers["Location"] == "/"


# --- outcomes that are not known -------------------------------------------------------------------------


async def test_the_evidence_is_shown_and_its_secrets_are_not(otto: Site) -> None:
    record = await unknown(otto)
    assert record.attempt is not None
    leak = replace(receipt(Verdict.UNCLEAR, None), answer=RawAnswer(START, 502, (), record.attempt.token))
    await otto.store.orders.keep_answer(record.attempt.key, leak)
    _, page = await otto.get(f"/orders/{record.key}")
    for expected in ("Does Sculpteo have it?", "no clear answer", "&#34;item&#34;: 1", "HTTP"):
        assert expected in page
    assert record.attempt.token not in page


async def test_a_reference_is_checked_before_it_is_taken(otto: Site) -> None:
    record = await unknown(otto)
    sculpteo = Sculpteo({"REF1"})
    otto.use(printer=sculpteo)
    _, page = await asked(otto, "placed_as", record.key, reference="REF2")
    assert "does not know REF2" in page
    sculpteo.down = True
    assert "could not be asked" in (await asked(otto, "placed_as", record.key, reference="REF2"))[1]
    sculpteo.down = False
    assert "Type the reference" in (await asked(otto, "placed_as", record.key))[1]
    said = await decide(otto, "placed_as", "Sculpteo has it", record.key, reference="REF1")
    assert said == "It counts as ordered."
    assert ((await now_is(otto, record.key)).state, (await now_is(otto, record.key)).reference) == (
        State.PLACED,
        "REF1",
    )


async def test_a_reference_of_another_order_is_refused(otto: Site) -> None:
    await put(otto, 1002, Transition(State.PLACED, None, values={"reference": "REF1"}))
    record = await unknown(otto)
    otto.use(printer=Sculpteo({"REF1"}))
    _, page = await asked(otto, "placed_as", record.key, reference="REF1")
    assert "belongs to order #1002 already" in page
    assert 'method="post" action="/orders/decide"' not in page
    _, other = await asked(otto, "placed_as", record.key, reference="REF2")
    await press(otto, other, "Sculpteo has it", reference="REF1")
    assert "belongs to order #1002 already" in await otto.notice()
    assert (await now_is(otto, record.key)).state is State.UNKNOWN


async def test_what_sculpteo_does_not_have_is_ordered_again_only_after_a_warning(otto: Site) -> None:
    record = await unknown(otto)
    _, page = await asked(otto, "not_placed", record.key)
    assert "printed and billed twice" in page
    await press(otto, page, "Sculpteo does not have it: order it")
    assert (await now_is(otto, record.key)).state is State.WAITING


async def test_what_sculpteo_makes_after_all_is_taken_over_by_a_button_and_not_reopened(otto: Site) -> None:
    record = await unknown(otto)
    await otto.store.orders.apply_decision(record, drop_order(record, "otto", START), "otto")
    assert record.attempt is not None
    alive = ClosedPurchase("REF1", record.attempt.token, Mode.LIVE, START, "billed", "Billed", alive_at=START)
    await otto.store.orders.receive_signal(word(1001))
    change = Transition(State.CANCELLED, None, reason="person", watches=(alive,))
    await otto.store.orders.record_transition(await claimed(otto.store), change)
    _, page = await otto.get(f"/orders/{record.key}")
    assert f'id="adopt-{record.key}"' in page and f'id="reopen-{record.key}"' not in page
    assert 'value="REF1"' in page  # whoever types it has it there already
    for part in ("Closed order at Sculpteo", "REF1: Billed", "validated by Sculpteo&#39;s commercial team"):
        assert part in page
    assert "as REF1: take that order over instead." in (await asked(otto, "reopen", record.key))[1]
    _, page = await asked(otto, "adopt", record.key)
    assert "REF1" in page
    await press(otto, page, "Take over Sculpteo's order")
    taken = await now_is(otto, record.key)
    assert (taken.state, taken.reference) == (State.PLACED, "REF1")


# --- lines -----------------------------------------------------------------------------------------------


async def test_a_line_is_mapped_for_its_order_with_the_lines_for_the_configuration(otto: Site) -> None:
    record = await put(otto, 1001, UNMAPPED)
    path = f"/orders/{record.key}/lines/1"
    assert "Design (UUID)" in (await otto.get(path))[1]
    query = {
        "what": "print",
        "uuid": "QfGQC4YQ",
        "material": "silver",
        "scale": "0.5",
        "unit": "",
        "quantity": "2",
    }
    _, page = await otto.get(path, params=query)
    lines = '- {sku: "NEW", uuid: "QfGQC4YQ", quantity: 2, material: "silver", scale: 0.5, unit: mm}'
    assert lines in unescape(page)
    assert (await now_is(otto, record.key)).state is State.ATTENTION, "nothing is decided yet"
    assert await press(otto, page, "Decide so") == (303, f"/orders/{record.key}")
    assert (await now_is(otto, record.key)).state is State.RECEIVED
    assert "2 × QfGQC4YQ · silver" in (await otto.get(f"/orders/{record.key}"))[1]
    await press(otto, page, "Decide so")
    assert await otto.notice() == "It is decided so already."


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"uuid": "", "scale": "1"}, "Type the UUID of a design."),
        ({"uuid": "Q", "scale": "big"}, "“big” is not a number"),
        ({"uuid": EVIL}, "uuid"),
    ],
)
async def test_a_design_that_is_none_is_explained(otto: Site, query: dict[str, str], fault: str) -> None:
    record = await put(otto, 1001, UNMAPPED)
    _, page = await otto.get(f"/orders/{record.key}/lines/1", params={"what": "print", **query})
    assert fault in page
    assert "Decide so" not in page
    assert "<script>alert" not in page


class KnowsSilver:
    """A Sculpteo that offers silver, and gives a price for one design."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def stock(self, shop: str) -> ShopCatalog:
        raise AssertionError("no shop is asked")

    def prices(self) -> Prices:
        return Prices(self, self.site.store.memory, RealClock(), "EUR")

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote:
        if design.uuid != "QfGQC4YQ":
            return Quote(None, "Sculpteo answered HTTP 403")
        return Quote(Money(Decimal(5), currency))

    async def fetch_materials(self) -> tuple[Material, ...]:
        return (Material("silver", "", ""),)


@pytest.mark.parametrize(
    ("uuid", "material", "fault"),
    [
        ("QfGQC4YQ", "siver", "Sculpteo does not offer the material siver."),
        ("Unknown1", "silver", "Sculpteo gives no price for Unknown1 in silver"),
    ],
)
async def test_a_design_that_sculpteo_does_not_know_is_not_decided(
    otto: Site, uuid: str, material: str, fault: str
) -> None:
    record = await put(otto, 1001, UNMAPPED)
    path = f"/orders/{record.key}/lines/1"
    query = {"what": "print", "uuid": uuid, "material": material}
    _, page = await otto.get(path, params=query)
    assert "Decide so" in page, "it is not asked here"
    otto.app[CONSOLE].outside = KnowsSilver(otto)
    await press(otto, page, "Decide so")
    assert fault in unescape(await otto.notice())
    _, page = await otto.get(path, params=query)
    assert fault in unescape(page)
    assert "Decide so" not in page
    assert (await now_is(otto, record.key)).state is State.ATTENTION
    _, page = await otto.get(path, params={"what": "print", "uuid": "QfGQC4YQ", "material": "silver"})
    await press(otto, page, "Decide so")
    assert (await now_is(otto, record.key)).state is State.RECEIVED


async def test_only_an_owner_decides_for_all_orders_and_takes_it_back(anna: Site) -> None:
    record = await put(anna, 1001, UNMAPPED)
    path = f"/orders/{record.key}/lines/1"
    _, page = await anna.get(path, params={"what": "variant"})
    await press(anna, page, "Decide so")
    [rule] = await anna.store.rules.list_rules()
    assert (rule.scope, rule.subject, rule.who) == (Scope.VARIANT, "v1", "anna")
    _, page = await anna.get("/rules")
    assert "this variant, in all orders" in page
    assert await press(anna, page, "Remove") == (303, "/rules")
    assert (await press(anna, page, "Remove"))[0] == 303
    assert await anna.notice() == "It was removed already."


async def test_an_operator_decides_for_this_order_only(otto: Site) -> None:
    record = await put(otto, 1001, UNMAPPED)
    path = f"/orders/{record.key}/lines/1"
    assert "in any order" not in (await otto.get(path))[1]
    assert (await otto.get(path, params={"what": "product"}))[0] == 403
    _, page = await otto.get(path, params={"what": "line"})
    assert (await press(otto, page, "Decide so", what="product"))[0] == 403
    assert (await press(otto, page, "Decide so"))[0] == 303
    assert (await now_is(otto, record.key)).state is State.RECEIVED
    _, page = await otto.get(path, params={"what": "undo"})
    assert (await press(otto, page, "Decide so"))[0] == 303
    assert await otto.store.rules.list_rules(lines=True) == []


@pytest.mark.parametrize(
    "path", ["/orders/1/lines/2", "/orders/1/lines/0", "/orders/99", "/orders/99/lines/1"]
)
async def test_what_is_not_there_is_not_there(otto: Site, path: str) -> None:
    await put(otto, 1001, UNMAPPED)
    assert (await otto.get(path))[0] == 404


# --- the order's page ------------------------------------------------------------------------------------


async def test_a_page_tells_where_the_order_stands_and_links_to_both_services(otto: Site) -> None:
    shipped = Transition(
        State.ATTENTION,
        None,
        problem=Problem.BLOCKED,
        values={"reference": "ABCD1234", "print_words": "Shipped"},
        parcels=(
            Parcel("1Z1", "UPS", "https://ups.example/1Z1"),
            Parcel("1Z2", "UPS", "javascript:alert(1)"),
        ),
        alarms=((Alarm.SECOND_REFERENCE, {"reference": "REF9"}),),
    )
    record = await put(otto, 1001, shipped)
    otto.console.tracking_page = lambda reference: f"https://sculpteo.example/track/{reference}"
    _, page = await otto.get(f"/orders/{record.key}")
    for expected in (
        "https://acme.myshopify.com/admin/orders/1001",
        "https://sculpteo.example/track/ABCD1234",
        'href="https://ups.example/1Z1"',
        "second order REF9",
        "Send tracking to the shop again",
        "The bridge heard of the order for the first time",
    ):
        assert expected in page, expected
    assert "javascript:" not in page


async def test_an_alarm_is_cleared_from_the_order_that_it_stands_beside(otto: Site) -> None:
    alarm = (Alarm.SECOND_REFERENCE, {"reference": "REF9"})
    record = await put(otto, 1001, replace(WAITS, alarms=(alarm,)))
    _, page = await otto.get(f"/orders/{record.key}")
    assert await press(otto, page, "I have seen to it") == (303, f"/orders/{record.key}")
    assert await otto.store.queries.list_alarms() == []


async def test_nothing_that_a_customer_or_upstream_wrote_is_more_than_text(otto: Site) -> None:
    line = replace(
        shop_order().lines[0],
        sku=EVIL,
        title=EVIL,
        variant_title=EVIL,
        options=((EVIL, EVIL),),
        attributes=((EVIL, EVIL),),
    )
    address = Address(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, "FR", EVIL)
    record = await put(
        otto,
        1001,
        Transition(State.ATTENTION, None, problem=Problem.UNMAPPED, facts={"skus": EVIL}, answers=(("tracking", RawAnswer(START, 200, (), EVIL)),),
               parcels=(Parcel(EVIL, EVIL, EVIL),)),
        name=EVIL, lines=(line,), address=address, note=EVIL, tags=(EVIL,), email=EVIL, customer_name=EVIL,
    )  # fmt: skip
    for path in (
        "/orders",
        f"/orders?q={EVIL[:8]}",
        f"/orders/{record.key}",
        f"/orders/{record.key}/lines/1",
        f"/orders/{record.key}/lines/1?what=line",
        f"/orders/decide?action=retry&key={record.key}",
    ):
        status, page = await otto.get(path)
        assert status == 200, path
        assert "<script>alert" not in page, path
        assert "<img" not in page.replace('<img src="/static/', ""), path
        assert "49" not in re.findall(r"onerror=alert\(1\)&gt;(..)", page), path


async def test_the_invoice_is_shown_as_it_would_be_sent(otto: Site) -> None:
    record = await put(otto, 1001, WAITS)
    invoicer = Invoicer()
    otto.use(invoicer=invoicer)
    path = f"/orders/{record.key}/invoice.pdf"
    async with otto.client.get(otto.url + path) as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")
        assert answer.headers["Content-Disposition"] == 'inline; filename="1001.pdf"'
        assert await answer.read() == b"%PDF-1.7 invented"
    for failure, status, said in (
        (NeedsPerson(Problem.INVOICE, why="no seller"), 409, "no seller"),
        (TryAgain("HTTP 503"), 503, "HTTP 503"),
        (None, 404, "There is nothing here."),
    ):
        invoicer.answer = failure
        found, page = await otto.get(path)
        assert (found, said in page) == (status, True)


async def test_a_french_reader_reads_french(otto: Site) -> None:
    record = await put(otto, 1001, UNMAPPED)
    headers = {"Accept-Language": "fr-FR,fr;q=0.9"}
    for path, words in (
        ("/orders", "Commandes"),
        (f"/orders/{record.key}", "Ce qui s’est passé"),
        (f"/orders/{record.key}/lines/1?what=line", "n’est pas imprimé"),
        (f"/orders/decide?action=retry&key={record.key}", "De l’argent peut être dépensé"),
    ):
        assert words in unescape((await otto.get(path, headers=headers))[1]), path


async def test_an_order_is_told_in_french_down_to_its_payment_its_country_and_what_told_of_it(
    otto: Site,
) -> None:
    address = Address(None, "Example", country_code="DE")
    record = await put(otto, 1001, WAITS, lines=shop_order().lines, address=address)
    await otto.store.orders.receive_signal(
        word(1001, origin="reconciliation", cause="first look at the shop")
    )
    _, page = await otto.get(f"/orders/{record.key}", headers={"Accept-Language": "fr"})
    text = unescape(" ".join(page.split()))
    assert "(premier regard sur la boutique)" in text
    assert "<dd>payé</dd>" in text
    assert "Allemagne" in text
    assert "échelle" in text
    english = unescape((await otto.get(f"/orders/{record.key}"))[1])
    assert "(first look at the shop)" in english
    assert "Germany" in english


async def test_the_confirmation_says_plainly_that_an_order_is_not_paid_yet(otto: Site) -> None:
    facts = {"payment": "PENDING", "why": "the payment terms are Net 30, and the payment is pending"}
    owes = await put(otto, 1001, Transition(State.WAITING, None, reason=Wait.UNPAID, facts=facts))
    paid = await put(otto, 1002, WAITS)
    _, page = await asked(otto, "approve", owes.key, paid.key)
    assert "#1001 is not paid yet. Sculpteo bills you, whether your customer pays or not." in unescape(page)
    assert "#1002 is not paid yet" not in unescape(page)
    assert "It is not paid yet: the payment terms are Net 30, and the payment is pending." in unescape(page)
    await decide(otto, "approve", "Approve", owes.key)
    assert (await now_is(otto, owes.key)).approved_for == "unpaid unpaid:PENDING risk:none"
