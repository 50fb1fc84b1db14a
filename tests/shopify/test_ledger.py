"""The ledger on the Shopify order: compare-and-set, live and test apart, never taken for empty."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import LedgerConflict, NeedsPerson, TryAgain
from bridge.order.model import Choice, Decision, Ledger, LedgerEntry, Mode, Money
from bridge.shopify import ledger
from bridge.shopify.json_value import Value
from bridge.shopify.orders import ShopifyShop
from tests.shopify import sample_order
from tests.shopify.fake_shopify import Fault, Shop, connection, denied
from tests.shopify.sample_order import ORDER

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
ENTRY = LedgerEntry("a77e", "t0ken", "intent", "live", "m4pping", AT)
PLACED = LedgerEntry("a77e", "t0ken", "placed", "live", "m4pping", AT, "QX3B9K2M")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ENTRIES = st.builds(
    LedgerEntry,
    attempt=TEXT,
    token=TEXT,
    state=st.sampled_from(["intent", "void"]),
    mode=st.sampled_from(["live", "test", "preview"]),
    mapping_version=TEXT,
    at=st.datetimes(timezones=st.just(UTC)),
    reference=st.none() | st.text("ABC123", min_size=1),
    cost=st.none() | st.builds(Money, st.decimals(0, 10**6, places=2), st.sampled_from(["EUR", "JPY"])),
    decision=st.none()
    | st.builds(Decision, st.sampled_from(Choice), TEXT, st.datetimes(timezones=st.just(UTC))),
)


def metafield(value: str, digest: str = "d1") -> Value:
    return Value({"value": value, "compareDigest": digest})


class Metafields:
    """Shopify's compare-and-set, as far as these tests need it."""

    def __init__(self, shop: Shop) -> None:
        self.kept: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        shop.stub.root["metafieldsSet"] = self.set
        shop.stub.root["order"] = lambda info, id: sample_order.order(metafield=self.get)

    def get(self, info: Any, key: str, namespace: str | None = None) -> dict[str, str] | None:
        assert namespace is None, "the namespace that only this app sees"
        return {"value": self.kept[key], "compareDigest": self.digests[key]} if key in self.kept else None

    def set(self, info: Any, metafields: list[dict[str, Any]]) -> dict[str, Any]:
        (entry,) = metafields
        key = entry["key"]
        assert entry["type"] == "json"
        assert "namespace" not in entry
        if entry["compareDigest"] != self.digests.get(key):
            error = {
                "message": "The metafield has changed",
                "code": "STALE_OBJECT",
                "field": ["metafields", "0"],
            }
            return {"metafields": None, "userErrors": [error]}
        self.kept[key] = entry["value"]
        self.digests[key] = f"digest-{len(self.digests)}-{hash(entry['value'])}"
        return {"metafields": [{"key": key, "compareDigest": self.digests[key]}], "userErrors": []}


@pytest.fixture
def metafields(shop: Shop) -> Metafields:
    return Metafields(shop)


def live(shop: Shop) -> ShopifyShop:
    return ShopifyShop(shop.admin, mode=Mode.LIVE, now=lambda: AT)


def trial(shop: Shop) -> ShopifyShop:
    return ShopifyShop(shop.admin, mode=Mode.TEST, now=lambda: AT)


async def ledger_of(shop: ShopifyShop) -> Ledger:
    order = await shop.fetch_order(ORDER)
    assert order is not None
    return order.ledger


async def test_what_is_written_is_read_again_and_can_be_replaced(shop: Shop, metafields: Metafields) -> None:
    digest = await live(shop).write_ledger(ORDER, ENTRY, None)
    assert await ledger_of(live(shop)) == Ledger(ENTRY, digest)
    second = await live(shop).write_ledger(ORDER, PLACED, digest)
    assert second != digest
    assert await ledger_of(live(shop)) == Ledger(PLACED, second)


async def test_no_entry_means_that_none_may_exist_and_this_is_said(
    shop: Shop, metafields: Metafields
) -> None:
    await live(shop).write_ledger(ORDER, ENTRY, None)
    (sent,) = shop.stub.of("MetafieldsSet")[0]["metafields"]
    assert sent["compareDigest"] is None
    assert "compareDigest" in sent, "left out, it would overwrite anything"
    with pytest.raises(LedgerConflict):
        await live(shop).write_ledger(ORDER, PLACED, None)


async def test_of_two_who_read_the_same_only_one_writes(shop: Shop, metafields: Metafields) -> None:
    digest = await live(shop).write_ledger(ORDER, ENTRY, None)
    await live(shop).write_ledger(ORDER, PLACED, digest)
    with pytest.raises(LedgerConflict, match="changed"):
        await live(shop).write_ledger(ORDER, ENTRY, digest)
    assert (await ledger_of(live(shop))).entry == PLACED


async def test_what_is_tried_out_and_what_is_bought_never_meet(shop: Shop, metafields: Metafields) -> None:
    tried = LedgerEntry("a1", "t", "placed", "test", "m", AT, "FAKE1234")
    await trial(shop).write_ledger(ORDER, tried, None)
    assert (await ledger_of(live(shop))).entry is None
    await live(shop).write_ledger(ORDER, ENTRY, None)
    assert (await ledger_of(trial(shop))).entry == tried
    assert set(metafields.kept) == {"print", "print_test"}


async def test_what_was_bought_in_one_mode_is_read_and_written_in_its_own_note_whatever_the_mode_is_now(
    shop: Shop, metafields: Metafields
) -> None:
    digest = await live(shop).write_ledger(ORDER, ENTRY, None)
    found = await trial(shop).fetch_order(ORDER, note_of=Mode.LIVE)
    assert found is not None
    assert found.ledger == Ledger(ENTRY, digest)
    await trial(shop).write_ledger(ORDER, PLACED, digest)
    assert (await ledger_of(live(shop))).entry == PLACED
    assert set(metafields.kept) == {"print"}


async def test_an_entry_is_not_written_by_a_digest_of_the_note_of_another_mode(
    shop: Shop, metafields: Metafields
) -> None:
    tried = LedgerEntry("a1", "t", "placed", "test", "m", AT, "FAKE1234")
    digest = await trial(shop).write_ledger(ORDER, tried, None)
    with pytest.raises(LedgerConflict):
        await trial(shop).write_ledger(ORDER, ENTRY, digest)
    assert set(metafields.kept) == {"print_test"}


async def test_without_write_orders_a_person_is_told(shop: Shop) -> None:
    shop.stub.root["metafieldsSet"] = denied("metafieldsSet", "write_orders")
    with pytest.raises(NeedsPerson) as caught:
        await live(shop).write_ledger(ORDER, ENTRY, None)
    assert caught.value.problem == "shop_access"
    assert "write_orders" in str(caught.value.facts["why"])


@pytest.mark.parametrize("code", ["APP_NOT_AUTHORIZED"])
async def test_a_metafield_that_is_not_ours_to_write_is_a_missing_permission(shop: Shop, code: str) -> None:
    error = {"message": "Not yours", "code": code, "field": None}
    shop.stub.root["metafieldsSet"] = {"metafields": None, "userErrors": [error]}
    with pytest.raises(NeedsPerson):
        await live(shop).write_ledger(ORDER, ENTRY, None)


@pytest.mark.parametrize(
    "code", ["INVALID_VALUE", "TOO_LONG", "INVALID_TYPE", "CAPABILITY_VIOLATION", "INTERNAL_ERROR", None]
)
async def test_any_other_refusal_is_tried_again_and_never_passed_over(shop: Shop, code: str | None) -> None:
    error = {"message": "It is too something", "code": code, "field": ["metafields", "0", "value"]}
    shop.stub.root["metafieldsSet"] = {"metafields": None, "userErrors": [error]}
    with pytest.raises(TryAgain, match="It is too something"):
        await live(shop).write_ledger(ORDER, ENTRY, None)


@pytest.mark.parametrize("status", [401, 402, 403, 423, 400])
async def test_a_shop_that_is_shut_is_not_a_missing_permission(shop: Shop, status: int) -> None:
    shop.stub.faults.append(Fault(status))
    with pytest.raises(TryAgain, match="cannot be written"):
        await live(shop).write_ledger(ORDER, ENTRY, None)


@given(ENTRIES)
def test_every_entry_survives_the_way_there_and_back(entry: LedgerEntry) -> None:
    assert ledger.read(metafield(ledger.write(entry))) == Ledger(entry, "d1")


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    body = json.loads(ledger.write(PLACED))
    change(body)
    return json.dumps(body)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"v": 1}',
        changed(lambda body: body.update(v=2)),
        changed(lambda body: body.update(state="sold")),
        changed(lambda body: body.update(mode="lively")),
        changed(lambda body: body.update(at="yesterday")),
        changed(lambda body: body.pop("attempt")),
        changed(lambda body: body.update(reference="")),
    ],
)
def test_a_value_that_is_not_understood_is_kept_and_not_taken_for_none(value: str) -> None:
    found = ledger.read(metafield(value, "d9"))
    assert found.entry is None
    assert found.digest == "d9"
    assert found.raw is not None
    assert len(found.raw) <= 2000


def test_no_metafield_is_no_entry() -> None:
    assert ledger.read(Value(None)) == Ledger(None, None, None)


# --- the note and the last look, in one request ---


def looked(shop: Shop, metafields: Metafields, **changes: Any) -> None:
    """The shop sends the order along with what was written on it."""
    plain = shop.stub.root["metafieldsSet"]

    def write(info: Any, metafields: list[dict[str, Any]]) -> dict[str, Any]:
        payload: dict[str, Any] = plain(info, metafields)
        if payload["metafields"]:
            payload["metafields"][0]["owner"] = owner(**changes)
        return payload

    def owner(**changes: Any) -> dict[str, Any]:
        return {"__typename": "Order", **sample_order.order(metafield=metafields.get, **changes)}

    shop.stub.root["metafieldsSet"] = write


async def test_the_order_comes_with_the_answer_to_the_note(shop: Shop, metafields: Metafields) -> None:
    looked(shop, metafields, note="call me")
    order = await live(shop).write_ledger_and_read(ORDER, ENTRY, None)
    assert shop.stub.operations() == ["LedgerSetAndOrder"]
    assert (order.id, order.note, order.ledger.entry) == (ORDER, "call me", ENTRY)
    assert order.ledger.digest == metafields.digests["print"]
    with pytest.raises(LedgerConflict):
        await live(shop).write_ledger_and_read(ORDER, PLACED, None)


async def test_an_order_of_several_pages_is_completed_after_the_note(
    shop: Shop, metafields: Metafields
) -> None:
    lines = [sample_order.line(number) for number in range(1, 4)]

    def page(info: Any, first: int, after: str | None = None, **_: Any) -> dict[str, Any]:
        start = int(after or 0)
        return connection(*lines[start : start + 2], after="2" if start == 0 else None)

    looked(shop, metafields, lineItems=page)
    shop.stub.root["order"] = lambda info, id: sample_order.order(metafield=metafields.get, lineItems=page)
    order = await live(shop).write_ledger_and_read(ORDER, ENTRY, None)
    assert len(order.lines) == 3
    assert shop.stub.operations() == ["LedgerSetAndOrder", "OrderLines"]


async def test_an_order_that_changes_between_the_note_and_its_further_pages_is_read_as_a_whole(
    shop: Shop, metafields: Metafields
) -> None:
    lines = [sample_order.line(number) for number in range(1, 4)]

    def page(info: Any, first: int, after: str | None = None, **_: Any) -> dict[str, Any]:
        start = int(after or 0)
        return connection(*lines[start : start + 2], after="2" if start == 0 else None)

    looked(shop, metafields, lineItems=page)
    newer = {"lineItems": page, "updatedAt": "2026-11-23T09:00:59Z", "note": "newer"}
    shop.stub.root["order"] = lambda info, id: sample_order.order(metafield=metafields.get, **newer)
    order = await live(shop).write_ledger_and_read(ORDER, ENTRY, None)
    assert (len(order.lines), order.note, order.ledger.entry) == (3, "newer", ENTRY)
    assert shop.stub.operations() == ["LedgerSetAndOrder", "OrderLines", "Order", "OrderLines"]


async def test_a_shop_that_does_not_send_the_order_along_is_asked_for_it(
    shop: Shop, metafields: Metafields
) -> None:
    plain = shop.stub.root["metafieldsSet"]

    def without(info: Any, metafields: list[dict[str, Any]]) -> dict[str, Any]:
        payload: dict[str, Any] = plain(info, metafields)
        payload["metafields"][0]["owner"] = {"__typename": "AppInstallation"}
        return payload

    shop.stub.root["metafieldsSet"] = without
    order = await live(shop).write_ledger_and_read(ORDER, ENTRY, None)
    assert order.ledger.entry == ENTRY
    assert shop.stub.operations() == ["LedgerSetAndOrder", "Order"]


async def test_without_write_orders_nothing_is_written_with_the_last_look(shop: Shop) -> None:
    shop.stub.root["metafieldsSet"] = denied("metafieldsSet", "write_orders")
    with pytest.raises(NeedsPerson):
        await live(shop).write_ledger_and_read(ORDER, ENTRY, None)


# --- a person's decision ---


NO = Decision(Choice.CANCELLED, "anna", AT)


def test_a_no_survives_the_way_there_and_back_and_stops_a_release_that_does_not_know_of_it() -> None:
    entry = LedgerEntry("", "", "void", "live", "m", AT, decision=NO)
    assert ledger.read(metafield(ledger.write(entry))) == Ledger(entry, "d1")
    assert json.loads(ledger.write(entry))["v"] == 2, "releases that read version 1 stop at it"


@pytest.mark.parametrize("decision", [None, replace(NO, choice=Choice.OPEN)])
def test_what_forbids_nothing_is_readable_by_every_release(decision: Decision | None) -> None:
    entry = replace(ENTRY, decision=decision)
    body = json.loads(ledger.write(entry))
    assert (body["v"], body["state"]) == (1, "intent")
    assert ledger.read(metafield(json.dumps(body))) == Ledger(entry, "d1")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"v": 3}, "it is of version 3, and this release reads versions up to 2"),
        ({"v": 2}, "its version and its decision do not fit"),
        ({"state": "sold"}, "its state is unknown"),
        ({"mode": "lively"}, "its mode is unknown"),
        ({"decision": {"choice": "perhaps", "who": "x", "at": AT.isoformat()}}, "its decision is unknown"),
    ],
)
def test_a_note_that_cannot_be_read_says_why(changes: dict[str, Any], why: str) -> None:
    assert ledger.read(metafield(changed(lambda body: body.update(changes)))).why == why
    assert ledger.read(metafield("{")).why == "it is not JSON"
