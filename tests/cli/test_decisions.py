"""The commands by which a person decides, on a database with orders in every kind of trouble."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.errors import SCULPTEO, TryAgain
from bridge.order.model import Address, Design, Mode, Money, Quote, RawAnswer, TrackingReport, Verdict
from bridge.order.problems import Alarm, Problem
from bridge.order.records import ClosedPurchase, OrderRecord, Transition
from bridge.order.states import State, Wait
from bridge.sculpteo.client import SculpteoPrinter
from bridge.sculpteo.quotes import Material
from bridge.store import Store
from tests.cli.test_orders import CONFIG
from tests.support.clocks import START, RealClock
from tests.support.store_factories import ITEMS, claimed, get, key_of, receipt, sent, shop_order, word

Run = Callable[..., Result]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'bridge.db'}"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `sculpteo-bridge COMMAND ...`; what is typed at questions is `typed`."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG % (tmp_path / "bridge.db"))

    def invoke(*arguments: str, typed: str = "") -> Result:
        environment = {"SCULPTEO_BRIDGE_CONFIG": str(config)}
        return CliRunner().invoke(main, list(arguments), input=typed, env=environment)

    return invoke


def with_store(url: str, work: Callable[[Store], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Store.open(url, clock=RealClock()) as store:
            return await work(store)

    return asyncio.run(run())


async def _in(store: Store, number: int, change: Transition, **shown: Any) -> OrderRecord:
    """An order that was read, and then came to this."""
    line = replace(shop_order().lines[0], id=f"gid://shopify/LineItem/{number}", sku="NEW", variant_id="v1")
    snapshot = replace(shop_order(number), lines=(line,), **shown)
    await store.orders.receive_signal(word(number))
    values = {"snapshot": snapshot, "items": ITEMS}
    await store.orders.record_transition(await claimed(store), replace(change, values=values))
    return (await store.queries.search_orders(f"#{number}"))[0]


@pytest.fixture(autouse=True)
def story(url: str) -> None:
    """#1001 and #1002 wait for approval, #1003 for payment; #1004 is unmapped; of #1005 nobody knows."""

    async def play(store: Store) -> None:
        for number in (1001, 1002):
            await _in(store, number, Transition(State.WAITING, None, reason=Wait.APPROVAL))
        await _in(store, 1003, Transition(State.WAITING, None, reason=Wait.PAYMENT))
        await _in(
            store, 1004, Transition(State.ATTENTION, None, problem=Problem.UNMAPPED, facts={"skus": "“NEW”"})
        )
        order = await sent(store, 1005)
        await store.orders.keep_answer(key_of(order), receipt(Verdict.UNCLEAR, None))
        await store.orders.record_transition(
            order, Transition(State.UNKNOWN, None, facts={"why": "HTTP 502"})
        )

    with_store(url, play)


def now_is(url: str, number: int) -> OrderRecord:
    async def find(store: Store) -> OrderRecord:
        return (await store.queries.search_orders(f"#{number}"))[0]

    record: OrderRecord = with_store(url, find)
    return record


def test_orders_are_approved_after_a_look_at_what_they_cost(run: Run, url: str) -> None:
    refused = run("orders", "approve", "1001", "1002", typed="n\n")
    assert refused.exit_code == 1
    assert "Approve 2 orders: the cost of 2 is not known yet." in refused.stdout
    assert now_is(url, 1001).approved_at is None
    result = run("orders", "approve", "1001", "1001", "#1002", "--as", "Zoë", typed="y\n")
    assert result.exit_code == 0
    assert result.stdout.endswith("#1001: Approved.\n#1002: Approved.\n")
    assert now_is(url, 1002).approved_by == "Zoë (terminal)"


def test_all_that_wait_for_approval_are_approved_at_once_and_no_others(run: Run, url: str) -> None:
    result = run("orders", "approve", "--all-waiting", "--yes", "--json")
    assert {one["order"]: one["done"] for one in json.loads(result.stdout)} == {"#1002": True, "#1001": True}
    assert now_is(url, 1003).approved_at is None
    assert "No order waits for that." in run("orders", "approve", "--all-waiting", "--reason", "risk").stderr
    assert run("orders", "approve", "--all-waiting", "--shop", "other").exit_code == 0


def test_a_decision_that_does_not_fit_is_told_and_the_others_are_done(run: Run, url: str) -> None:
    result = run("orders", "hold", "1005", "1001", "4711")
    assert result.exit_code == 1
    assert "#1001: On hold." in result.stdout
    assert "Sculpteo may have #1005: say first whether they have it." in result.stderr
    assert "no order is called 4711" in result.stderr
    assert now_is(url, 1001).reason == Wait.HELD


def test_pressing_twice_changes_nothing_and_says_so(run: Run, url: str) -> None:
    assert run("orders", "cancel", "1001").exit_code == 0
    again = run("orders", "cancel", "1001", "--json", "--yes")
    assert again.exit_code == 1
    assert "#1001 is cancelled" in json.loads(again.stdout)[0]["error"]
    assert now_is(url, 1001).state is State.CANCELLED
    assert run("orders", "reopen", "1001", "--yes").exit_code == 0
    assert now_is(url, 1001).state is State.RECEIVED


def test_an_order_that_moves_on_while_a_person_thinks_is_told_plainly(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def think(*_: object, **__: object) -> bool:
        async def moves(store: Store) -> None:
            record = (await store.queries.search_orders("#1001"))[0]
            await store.orders.apply_decision(
                record, Transition(State.CANCELLED, None, reason="cancelled"), "shop"
            )

        thread = threading.Thread(target=with_store, args=(url, moves))
        thread.start()
        thread.join()
        return True

    monkeypatch.setattr("click.confirm", think)
    result = run("orders", "approve", "1001")
    assert result.exit_code == 1
    assert "#1001 was waiting and is cancelled now; look again" in result.stderr


def test_what_stopped_is_retried_by_problem(run: Run, url: str) -> None:
    assert run("orders", "retry", "--all-stopped", "--problem", "address", "--yes").exit_code == 0
    assert now_is(url, 1004).state is State.ATTENTION
    assert run("orders", "retry", "--all-stopped", "--yes").stdout == "#1004: It is tried again.\n"
    assert now_is(url, 1004).state is State.RECEIVED


def test_json_never_asks(run: Run) -> None:
    for command in (("approve", "1001"), ("resolve", "1005", "--not-placed")):
        result = run("orders", *command, "--json")
        assert result.exit_code == 2
        assert "--yes" in result.stderr


def test_every_decision_is_in_the_log_of_deeds(run: Run, url: str) -> None:
    run("orders", "hold", "1001", "--as", "Zoë")
    run("orders", "hold", "1001", "--as", "Zoë")

    async def deeds(store: Store) -> list[tuple[str, str, str | None, str]]:
        return [
            (one.who, one.action, one.order_name, one.outcome)
            for one in await store.sessions.list_audit_entries()
        ]

    assert with_store(url, deeds) == [
        ("Zoë (terminal)", "hold", "#1001", "refused"),
        ("Zoë (terminal)", "hold", "#1001", "done"),
    ]


# --- outcomes that are not known -------------------------------------------------------------------------


@pytest.fixture
def knows(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The references that Sculpteo's tracking page knows; with "down" it does not answer."""
    known: set[str] = set()

    async def track(self: SculpteoPrinter, reference: str) -> TrackingReport:
        if "down" in known:
            raise TryAgain("HTTP 503")
        return TrackingReport(reference, reference in known, None, None, (), RawAnswer(START, 200))

    monkeypatch.setattr(SculpteoPrinter, "track_order", track)
    return known


def test_the_evidence_comes_before_the_question(run: Run, url: str) -> None:
    result = run("orders", "resolve", "1005")
    assert result.exit_code == 2
    for expected in ("Attempt 1 (live", '"item": 1', "unclear: Sculpteo answered", "HTTP       200"):
        assert expected in result.stdout
    assert "--placed-as REFERENCE, --not-placed, or --not-placed --drop" in result.stderr
    key = now_is(url, 1005).key
    token = with_store(url, lambda store: store.queries.list_attempts(key))[0].token
    assert token not in result.output


def test_a_reference_that_sculpteo_knows_is_taken(run: Run, url: str, knows: set[str]) -> None:
    knows.add("REF1")
    result = run("orders", "resolve", "1005", "--placed-as", "REF1", typed="y\n")
    assert result.exit_code == 0
    assert "Warning" not in result.stderr
    assert (now_is(url, 1005).state, now_is(url, 1005).reference) == (State.PLACED, "REF1")


@pytest.mark.parametrize(("down", "warning"), [(False, "does not know REF1"), (True, "could not be asked")])
def test_a_reference_in_doubt_is_warned_of(
    run: Run, url: str, knows: set[str], down: bool, warning: str
) -> None:
    knows |= {"down"} if down else set()
    assert warning in run("orders", "resolve", "1005", "--placed-as", "REF1", typed="n\n").stderr
    assert now_is(url, 1005).state is State.UNKNOWN


def test_a_reference_of_another_order_is_refused(run: Run, url: str, knows: set[str]) -> None:
    async def bought(store: Store) -> None:
        record = (await store.queries.search_orders("#1001"))[0]
        change = Transition(State.WAITING, None, reason=record.reason, values={"reference": "REF1"})
        await store.orders.apply_decision(record, change, "test")

    with_store(url, bought)
    result = run("orders", "resolve", "1005", "--placed-as", "REF1", "--yes")
    assert result.exit_code == 1
    assert "belongs to order #1001 already" in result.stderr


def test_what_sculpteo_does_not_have_is_ordered_again_or_dropped(run: Run, url: str) -> None:
    assert run("orders", "resolve", "1005", "--not-placed", "--drop", "--yes", "--json").exit_code == 0
    assert now_is(url, 1005).state is State.CANCELLED
    again = run("orders", "resolve", "1005", "--not-placed", "--yes")
    assert again.exit_code == 1
    assert "#1005 is cancelled: reopen it first." in again.stderr


def test_not_placed_warns_that_it_may_print_twice(run: Run, url: str) -> None:
    result = run("orders", "resolve", "1005", "--not-placed", typed="y\n")
    assert "it is printed and billed twice" in result.stdout
    assert now_is(url, 1005).state is State.WAITING


@pytest.mark.parametrize(
    "options", [("--placed-as", "R", "--not-placed"), ("--placed-as", "R", "--drop"), ("--drop",)]
)
def test_answers_that_contradict_are_refused(run: Run, options: tuple[str, ...]) -> None:
    assert run("orders", "resolve", "1005", *options).exit_code == 2


# --- lines -----------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def refuses(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The designs that Sculpteo gives no price for; with "down" it does not answer. It offers two materials."""
    unknown: set[str] = set()

    async def price(self: SculpteoPrinter, design: Design, quantity: int, currency: str) -> Quote:
        if "down" in unknown:
            raise TryAgain("HTTP 503", upstream=SCULPTEO)
        if design.uuid in unknown:
            return Quote(None, "Sculpteo answered HTTP 403")
        return Quote(Money(Decimal(5), currency))

    async def materials(self: SculpteoPrinter, language: str = "en") -> tuple[Material, ...]:
        if "down" in unknown:
            raise TryAgain("HTTP 503", upstream=SCULPTEO)
        return (Material("white_plastic", "", ""), Material("silver", "", ""))

    monkeypatch.setattr(SculpteoPrinter, "fetch_price", price)
    monkeypatch.setattr(SculpteoPrinter, "fetch_materials", materials)
    return unknown


@pytest.mark.parametrize(
    ("options", "unknown", "error"),
    [
        (("--material", "siver"), "", "Sculpteo does not offer the material siver."),
        ((), "QfGQC4YQ", "Sculpteo gives no price for QfGQC4YQ in white_plastic"),
    ],
)
def test_what_sculpteo_does_not_know_is_not_mapped(
    run: Run, url: str, refuses: set[str], options: tuple[str, ...], unknown: str, error: str
) -> None:
    refuses.add(unknown)
    result = run("orders", "map", "1004", "NEW", "--uuid", "QfGQC4YQ", *options, "--yes")
    assert result.exit_code == 1
    assert error in result.stderr
    assert now_is(url, 1004).state is State.ATTENTION


def test_a_sculpteo_that_is_away_keeps_nobody_from_mapping(run: Run, url: str, refuses: set[str]) -> None:
    refuses.add("down")
    assert run("orders", "map", "1004", "NEW", "--uuid", "QfGQC4YQ", "--yes").exit_code == 0
    assert now_is(url, 1004).state is State.RECEIVED


def test_an_unmapped_line_is_mapped_for_its_order_with_the_lines_for_the_configuration(
    run: Run, url: str
) -> None:
    listed = run("orders", "map", "1004")
    assert "no design is mapped" in listed.stdout
    result = run("orders", "map", "1004", "NEW", "--uuid", "QfGQC4YQ", "--scale", "0.5", typed="y\n")
    assert result.exit_code == 0
    line = '- {sku: "NEW", uuid: "QfGQC4YQ", material: "white_plastic", scale: 0.5, unit: mm}'
    assert line in result.stdout
    assert now_is(url, 1004).state is State.RECEIVED
    shown = json.loads(run("orders", "show", "1004", "--json").stdout)["lines"]
    assert "QfGQC4YQ in white_plastic, scale 0.5 (mm)" in shown[0]["what"]
    assert shown[0]["decided_by"]
    assert "no design is mapped" in run("orders", "show", "1001").stdout, "only this order's line is mapped"


def test_a_bundle_is_typed_design_by_design(run: Run, url: str) -> None:
    designs = ("--uuid", "AAAA1111", "--uuid", "BBBB2222", "--quantity", "16", "--quantity", "2")
    assert run("orders", "map", "1004", "--line", "1", *designs, "--yes").exit_code == 0
    what = json.loads(run("orders", "show", "1004", "--json").stdout)["lines"][0]["what"]
    assert "16 x AAAA1111 in white_plastic" in what
    assert "2 x BBBB2222" in what


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("NEW", "--uuid", "Q", "--scale", "big"), "scale: “big” is not a number"),
        (("NEW", "--uuid", "Q", "--unit", "mn"), 'did you mean "m'),
        (("NEW", "--uuid", "Q", "--quantity", "0"), "quantity"),
        (("OLD", "--uuid", "Q"), "no line with the SKU OLD; say which: line 1 “NEW”"),
        (("--line", "2", "--ignore", "order"), "the order has no line 2"),
        (("NEW", "--ignore", "product"), "Shopify names no product"),
        (("NEW", "--uuid", "Q", "--ignore", "order"), "say either --uuid or --ignore"),
        (("NEW", "--uuid", "Q", "--scale", "1", "--scale", "2"), "once for each --uuid"),
    ],
)
def test_a_line_that_is_mapped_wrongly_says_what_is_wrong(
    run: Run, url: str, options: tuple[str, ...], error: str
) -> None:
    result = run("orders", "map", "1004", *options, "--yes")
    assert result.exit_code != 0
    assert error in result.stderr
    assert now_is(url, 1004).state is State.ATTENTION


def test_a_variant_that_is_not_printed_is_listed_and_taken_back(run: Run, url: str) -> None:
    assert run("orders", "map", "1004", "NEW", "--ignore", "variant", "--yes", "--json").exit_code == 0
    assert "decided so for this variant" in run("orders", "show", "1001").stdout
    [rule] = json.loads(run("rules", "list", "--json").stdout)
    assert (rule["sku"], rule["scope"], rule["overruled"]) == ("NEW", "variant", False)
    assert run("rules", "remove", str(rule["key"])).exit_code == 0
    again = run("rules", "remove", str(rule["key"]), "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (1, [{"key": rule["key"], "removed": False}])
    assert json.loads(run("rules", "list", "--json").stdout) == []


def test_a_product_that_the_configuration_maps_later_is_printed_and_said_so(run: Run, tmp_path: Path) -> None:
    run("orders", "map", "1004", "NEW", "--ignore", "variant", "--yes")
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text() + "  - {sku: NEW, uuid: YLXNMztE}\n")
    assert "none: the configuration maps it" in run("rules", "list").stdout
    assert "but the configuration maps it now" in run("orders", "show", "1004").stdout


def test_a_decision_about_a_line_is_taken_back(run: Run, url: str) -> None:
    run("orders", "map", "1004", "NEW", "--ignore", "order", "--yes")
    told = json.loads(run("orders", "unmap", "1004", "NEW", "--json").stdout)
    assert told["order"] == "#1004"
    again = run("orders", "unmap", "1004", "NEW", "--yes")
    assert again.exit_code == 1
    assert "Nothing was decided about this line" in again.stderr


# --- why, and alarms -------------------------------------------------------------------------------------


def test_why_tells_what_is_next_and_what_one_can_do(run: Run) -> None:
    unmapped = run("why", "1004").stdout
    for expected in (
        "#1004 of acme is attention.",
        "No design is mapped to “NEW”.",
        "Nothing happens by itself, until there is news",
        "orders map 1004 --line 1",
        "orders retry 1004",
        "heard of the order for the first time",
    ):
        assert expected in unmapped
    told = json.loads(run("why", "1005", "--json").stdout)
    assert [one["action"] for one in told["can"]] == ["placed_as", "not_placed", "drop"]
    assert "resolve 1005 --placed-as REFERENCE" in told["to_do"][0], "a shell drops what follows a #"


def test_why_tells_what_shopifys_check_says_of_the_address_and_how_to_let_it_go(run: Run, url: str) -> None:
    async def doubt(store: Store) -> None:
        lyon = Address("Ada", city="Lyon", country_code="FR")
        change = Transition(State.ATTENTION, None, problem=Problem.ADDRESS_DOUBTFUL)
        await claimed(store)  # of #1005 there is news
        await _in(store, 1006, change, address=lyon, address_verdict="WARNING")

    with_store(url, doubt)
    shown = run("why", "1006").stdout
    assert "Shopify has checked it and says that something in it may be wrong." in shown
    assert "orders approve 1006" in shown
    told = json.loads(run("why", "1006", "--json").stdout)
    assert told["address_check"] == "Shopify has checked it and says that something in it may be wrong."
    assert json.loads(run("why", "1001", "--json").stdout)["address_check"] is None


def test_alarms_are_listed_with_their_remedy_and_cleared_once(run: Run, url: str) -> None:
    async def raise_two(store: Store) -> None:
        for number, reference in ((1001, "R1"), (1002, "R2")):
            record = await get(store, (await store.queries.search_orders(f"#{number}"))[0].key)
            alarm = (Alarm.SECOND_REFERENCE, {"reference": reference})
            change = Transition(State.WAITING, None, reason=record.reason, alarms=(alarm,))
            await store.orders.apply_decision(record, change, "test")

    with_store(url, raise_two)
    listed = run("alarms", "list").stdout
    assert "Sculpteo told of a second order R1" in listed
    assert "call Sculpteo's support now" in listed
    assert run("alarms", "clear", "--order", "1001").exit_code == 0
    assert [one["order"] for one in json.loads(run("alarms", "list", "--json").stdout)] == ["#1002"]
    assert "has no open alarm" in run("alarms", "clear", "--order", "1001").stdout
    unknown = run("alarms", "clear", "99", "--json")
    assert (unknown.exit_code, json.loads(unknown.stdout)) == (1, [{"key": 99, "cleared": False}])
    assert run("alarms", "clear").exit_code == 2
    assert len(json.loads(run("alarms", "list", "--all", "--json").stdout)) == 2


def test_an_order_is_shown_with_a_digest_and_approved_only_while_it_is_what_was_shown(
    run: Run, url: str
) -> None:
    seen = json.loads(run("orders", "show", "1001", "--json").stdout)["seen"]
    wrong = run("orders", "approve", "1001", "--yes", "--seen", "0123456789abcdef")
    assert wrong.exit_code == 1
    assert "not as it was when you looked at it" in wrong.stderr
    assert now_is(url, 1001).approved_at is None
    assert run("orders", "approve", "1001", "--yes", "--seen", seen).exit_code == 0
    assert now_is(url, 1001).approved_at is not None
    assert run("orders", "approve", "1001", "1002", "--yes", "--seen", seen).exit_code == 2


def test_an_order_that_changes_while_the_question_is_open_is_not_approved(
    run: Run, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer_late(*_: object, **__: object) -> bool:
        async def edit(store: Store) -> None:
            async with asyncio.timeout(10):
                await store.orders.receive_signal(word(1001))
                edited = tuple(replace(item, quantity=item.quantity * 50) for item in ITEMS)
                for record in await store.orders.claim_orders(
                    "worker", limit=9, lease_for=timedelta(seconds=9)
                ):
                    if record.name == "#1001":
                        change = Transition(
                            State.WAITING, None, reason=Wait.APPROVAL, values={"items": edited}
                        )
                        await store.orders.record_transition(record, change)

        thread = threading.Thread(target=with_store, args=(url, edit))
        thread.start()
        thread.join()
        return True

    monkeypatch.setattr("click.confirm", answer_late)
    result = run("orders", "approve", "1001")
    assert result.exit_code == 1
    assert "changed since you looked at it" in result.stderr
    assert now_is(url, 1001).approved_at is None


def test_the_question_shows_what_is_printed_and_where_it_goes(run: Run) -> None:
    asked = run("orders", "approve", "1001", typed="n\n").stdout
    assert ITEMS[0].sku in asked
    assert "Seen" in asked


def test_an_order_that_sculpteo_makes_after_all_is_taken_over_and_not_reopened(run: Run, url: str) -> None:
    """#1005 was dropped, and Sculpteo's own call names it."""
    assert run("orders", "resolve", "1005", "--not-placed", "--drop", "--yes").exit_code == 0

    async def named(store: Store) -> None:
        dropped = (await store.queries.search_orders("#1005"))[0]
        (attempt,) = await store.queries.list_attempts(dropped.key)
        alive = ClosedPurchase("LIVE1234", attempt.token, Mode.LIVE, START, "new", "New", alive_at=START)
        await store.orders.receive_signal(word(1005))
        order = next(
            one
            for one in await store.orders.claim_orders("w", limit=9, lease_for=timedelta(seconds=9))
            if one.key == dropped.key
        )
        alarm = (Alarm.CLOSED_ALIVE, {"reference": "LIVE1234", "name": "#1005", "order": "1005"})
        change = Transition(State.CANCELLED, None, reason="person", watches=(alive,), alarms=(alarm,))
        await store.orders.record_transition(order, change)

    with_store(url, named)
    refused = run("orders", "reopen", "1005", "--yes")
    assert refused.exit_code == 1 and "LIVE1234" in refused.output
    told = run("why", "1005").output
    assert "orders adopt 1005" in told and "LIVE1234" in told
    assert (
        "LIVE1234 at Sculpteo, New (the order is ready to be produced)"
        in run("orders", "show", "1005").output
    )
    taken = run("orders", "adopt", "1005")
    assert taken.exit_code == 0, taken.output
    order = now_is(url, 1005)
    assert (order.state, order.reference, order.closed) == (State.PLACED, "LIVE1234", ())
    assert order.attempt is not None and order.attempt.reference == "LIVE1234"


def test_an_order_that_was_dropped_wrongly_can_be_given_its_reference(
    run: Run, url: str, knows: set[str]
) -> None:
    knows.add("LATE1234")
    assert run("orders", "resolve", "1005", "--not-placed", "--drop", "--yes").exit_code == 0
    said = run("orders", "resolve", "1005", "--placed-as", "LATE1234", "--yes")
    assert said.exit_code == 0, said.output
    order = now_is(url, 1005)
    assert (order.state, order.reference) == (State.PLACED, "LATE1234")
    assert order.attempt is not None and order.attempt.voided_at is None


def test_the_question_says_plainly_which_orders_are_not_paid_yet(run: Run, url: str) -> None:
    refused = run("orders", "approve", "1001", "1003", typed="n\n")
    assert "Not paid yet: #1003. Sculpteo bills you, whether your customer pays or not." in refused.stdout
    assert now_is(url, 1003).approved_at is None
    assert "Not paid yet" not in run("orders", "approve", "1001", typed="n\n").stdout
    run("orders", "approve", "1003", typed="y\n")
    assert now_is(url, 1003).approved_for == "payment unpaid:PENDING risk:none"


MAPS = ("orders", "map", "1004", "NEW", "--uuid", "QfGQC4YQ")


@pytest.mark.parametrize(
    "command",
    [
        ("orders", "approve", "1001"),
        ("orders", "retry", "1004"),
        ("orders", "resolve", "1005", "--not-placed"),
        MAPS,
    ],
)
def test_what_was_seen_in_test_mode_is_not_decided_in_live_mode(
    run: Run, url: str, knows: set[str], command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def knows_all(*_: object) -> list[Any]:
        return []

    monkeypatch.setattr("bridge.cli.orders.mapping.find_unknown_designs", knows_all)
    with_store(url, lambda store: store.wake_for_mode(Mode.TEST))
    number = next(part for part in command if part.isdigit())
    seen = json.loads(run("orders", "show", number, "--json").stdout)["seen"]
    before = now_is(url, int(number))
    with_store(url, lambda store: store.wake_for_mode(Mode.LIVE))
    refused = run(*command, "--yes", "--seen", seen)
    assert refused.exit_code == 1
    assert "not as it was when you looked at it" in refused.stderr
    assert now_is(url, int(number)).state is before.state
    again = json.loads(run("orders", "show", number, "--json").stdout)["seen"]
    assert run(*command, "--yes", "--seen", again).exit_code == 0


def test_the_question_says_whether_it_is_for_real(run: Run, url: str) -> None:
    for mode, said in ((Mode.TEST, "neither makes nor bills"), (Mode.LIVE, "makes and bills")):
        with_store(url, methodcaller("wake_for_mode", mode))
        assert said in run("orders", "approve", "1001", typed="n\n").stdout
