"""From the answers of the tracking address to what they say of the order."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.order.model import Parcel, PrintStatus, RawAnswer
from bridge.sculpteo.tracking import combine, read, report, wants_page
from bridge.sculpteo.tracking_result import Reading
from tests.sculpteo.sample_orders import NOW

S = PrintStatus
REFERENCE = "AB12CD34"
SAMPLES = Path(__file__).parent / "samples"
UPS = "1Z999AA10123456784"
COLISSIMO = "6A12345678901"


def sample(name: str) -> Reading:
    return read((SAMPLES / name).read_text(), REFERENCE)


def numbers(reading: Reading) -> list[str]:
    return [parcel.number for parcel in reading.parcels]


# --- the page --------------------------------------------------------------------------------------------


def test_the_slowest_item_decides_while_an_order_is_made() -> None:
    reading = sample("page__in_production.html")
    assert reading.labels == ("Polishing", "Queuing")
    assert reading.status is S.NEW
    assert reading.estimated_delivery == date(2026, 12, 16)
    assert reading.parcels == ()


def test_a_shipped_page_gives_each_parcel_with_carrier_link_and_date() -> None:
    reading = sample("page__shipped_two_parcels.html")
    assert reading.status is S.SHIPPED
    assert reading.parcels == (
        Parcel(
            UPS,
            "UPS",
            "http://wwwapps.ups.com/WebTracking/processInputRequest"
            f"?TypeOfInquiryNumber=T&InquiryNumber1={UPS}&loc=en_US",
            date(2026, 12, 10),
        ),
        Parcel(
            COLISSIMO,
            "Colissimo",
            f"https://www.laposte.fr/outils/suivre-vos-envois?code={COLISSIMO}",
            date(2026, 12, 10),
        ),
    )


def test_the_sentence_of_a_cancelled_order_is_read() -> None:
    reading = sample("page__cancelled.html")
    assert (reading.status, reading.words) == (S.CANCELLED, "cancelled")


def test_a_french_page_with_entities_and_hard_spaces_is_read() -> None:
    reading = sample("page__french.html")
    assert (reading.status, reading.words) == (S.SHIPPED, "EXPÉDIÉE")
    assert reading.estimated_delivery == date(2026, 12, 14)
    assert numbers(reading) == ["XY123456789FR"]


@pytest.mark.parametrize(
    ("html", "status"),
    [
        ('<span class="order-status">In&nbsp;Process</span>', S.IN_PROCESS),
        ('<div id="order_status"><b>BLOCKED</b></div>', S.BLOCKED),
        ('<div class="box status">Status: Billed</div>', S.BILLED),
        ("<dl><dt>Status</dt><dd>New</dd></dl>", S.NEW),
        ("<table><tr><th>Order status</th><td>API Test</td></tr></table>", S.API_TEST),
        ('<table><tr><td title="Status">Shipped</td></tr></table>', S.SHIPPED),
        ("<p>Statut de la commande : Annul&eacute;e</p>", S.CANCELLED),
        ("<p>Your order has been shipped.</p>", S.SHIPPED),
        ("<p>Your order AB12CD34 is blocked</p>", S.BLOCKED),
        ("<p>This order has been cancelled by our team. Sorry!</p>", S.CANCELLED),
        ("<p>Cette commande a été annulée.</p>", S.CANCELLED),
        ("<h2>In Process</h2>", S.IN_PROCESS),
        ('<i class="step_done">Queuing</i><i class="step_in_progress">Printing</i>', S.IN_PROCESS),
        ('<img class="step_done" alt="Queuing"><img class="step_done" alt="Shipping">', S.SHIPPED),
        ('<img class="step_done" alt="Queuing"><img class="step_in_progress" alt="Shipping">', S.IN_PROCESS),
        ("Shipped", None),
        ("<a href='/'>Shipped</a>", None),
        ("<li>Shipped</li>", None),
        ("<table><tr><td>Shipped</td></tr></table>", None),
        ("<p>If your order is cancelled, we tell you.</p>", None),
        ("<h2>New</h2><p>Shipped</p>", None),
    ],
)
def test_a_status_counts_where_the_page_speaks_of_the_order(html: str, status: PrintStatus | None) -> None:
    assert read(f"<html><body>{html}</body></html>", REFERENCE).status is status


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<p>Status: Teleported</p>", "Teleported"),
        ('<span class="status">Awaiting inspection</span>', "Awaiting inspection"),
        (
            '<b class="step_done" title="Queuing"></b><b class="step_in_progress" title="Etching"></b>',
            "Etching",
        ),
        ('<b class="step_in_progress" title="Shipped"></b><p>This order has been cancelled</p>', None),
    ],
)
def test_a_word_that_is_not_known_is_kept_for_a_person(html: str, said: str | None) -> None:
    reading = read(html, REFERENCE)
    assert reading.status is None
    assert reading.words == (said or "cancelled / Shipped")


def test_one_unknown_word_outweighs_a_known_one() -> None:
    reading = read('<p>Status: Shipped</p><p class="status">Recalled</p>', REFERENCE)
    assert (reading.status, reading.words) == (None, "Shipped / Recalled")


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (f"<p>Tracking number: {UPS}</p>", [UPS]),
        (f'<table><tr><td title="Tracking number">{UPS}, {COLISSIMO}</td></tr></table>', [UPS, COLISSIMO]),
        (f"<dl><dt>Tracking number</dt><dd>{UPS}</dd></dl>", [UPS]),
        (f'<span class="tracking-number"> {UPS} </span>', [UPS]),
        (f"<p>Tracking: <a href='https://www.ups.com/track?tracknum={UPS}'>{UPS}</a></p>", [UPS]),
        (f"<p>{UPS}</p>", []),
        (f"<!-- Tracking number: {UPS} -->", []),
        (f"<script>var tracking = '{UPS}';</script>", []),
        (f"<p>Tracking number: {REFERENCE}</p>", []),
        ("<p>Tracking number: pending</p><p>Phone: 01 23 45 67 89</p>", []),
        ("<h1>Tracking</h1><p>12345678</p>", []),
        ('<div class="tracking">Your order, 12345678, is being made</div>', []),
        ("<a href='https://www.ups.com/'>12345678</a>", []),
    ],
)
def test_a_number_is_taken_only_from_where_the_page_says_so(html: str, found: list[str]) -> None:
    assert numbers(read(f"<body>{html}</body>", REFERENCE)) == found


def test_a_parcel_counts_although_the_status_lags_behind() -> None:
    reading = read(f"<p>Status: In Process</p><p>Tracking number: {UPS}</p>", REFERENCE)
    assert (reading.status, numbers(reading)) == (S.IN_PROCESS, [UPS])


def test_two_shipping_dates_are_not_guessed_onto_parcels() -> None:
    html = f"<td title='Shipped'>2026-12-10</td><td title='Shipped'>2026-12-11</td><p>Tracking: {UPS}</p>"
    assert read(html, REFERENCE).parcels == (Parcel(UPS),)


def test_a_status_beside_another_date_is_no_label_of_it() -> None:
    html = f"<tr><td title='Status'>Shipped</td></tr><tr><td>2026-12-14</td></tr><p>Tracking: {UPS}</p>"
    assert read(html, REFERENCE).parcels == (Parcel(UPS),)


# --- JSON ------------------------------------------------------------------------------------------------


def test_json_with_a_status_is_read_and_the_address_is_not() -> None:
    reading = sample("json__in_process.json")
    assert (reading.status, reading.words) == (S.IN_PROCESS, "In Process")
    assert reading.estimated_delivery == date(2026, 12, 14)
    assert reading.parcels == ()


def test_json_with_an_envelope_and_parcels_is_read() -> None:
    reading = sample("json__shipped_two_parcels.json")
    assert (reading.status, reading.words) == (S.SHIPPED, "Shipped")
    assert reading.parcels == (
        Parcel(
            UPS,
            "UPS",
            f"https://www.ups.com/track?tracknum={UPS}",
            date(2026, 12, 10),
            (("QfGQC4YQ", 3), ("YLXNMztE", 1)),
        ),
        Parcel(COLISSIMO, "Colissimo", None, date(2026, 12, 11)),
    )


def test_french_json_with_accents_in_its_keys_is_read() -> None:
    reading = sample("json__french.json")
    assert (reading.status, reading.words) == (S.BLOCKED, "Bloquée")


@pytest.mark.parametrize(
    ("document", "status", "said"),
    [
        ({"status": "shipped"}, S.SHIPPED, "shipped"),
        ({"order_status": "API_TEST"}, S.API_TEST, "API_TEST"),
        ({"status": "Queuing"}, S.NEW, "Queuing"),
        ({"state": "Billed"}, S.BILLED, "Billed"),
        ({"order": {"status": {"name": "New"}}}, S.NEW, "New"),
        ({"items": [{"status": "Shipped"}, {"status": "New"}]}, S.NEW, "Shipped / New"),
        ({"status": "In Process", "items": [{"status": "Shipped"}]}, S.IN_PROCESS, "In Process"),
        ({"status": "Shipped", "state": "In Process"}, S.IN_PROCESS, "Shipped / In Process"),
        ({"status": "Shipped", "cancelled": True}, None, "cancelled / Shipped"),
        ({"status": "Shipped", "cancelled": False}, S.SHIPPED, "Shipped"),
        ({"status": "success", "data": {"status": "Blocked"}}, S.BLOCKED, "Blocked"),
        ({"status": "Teleported"}, None, "Teleported"),
        ({"status": "Shipped", "order_status": "Teleported"}, None, "Shipped / Teleported"),
        ({"status": "New", "city": "Austin", "state": "TX"}, S.NEW, "New"),
        ({"city": "Austin", "state": "TX"}, None, None),
        ({"payment_status": "Shipped"}, None, None),
        ({"status": 4}, None, None),
        ({"status": None}, None, None),
        ({"status": ""}, None, None),
        ({"success": True}, None, None),
        ({"parcels": [{"status": "Shipped"}]}, None, None),
        ([{"status": "Shipped"}], S.SHIPPED, "Shipped"),
    ],
)
def test_a_status_is_found_where_json_speaks_of_the_order(
    document: object, status: PrintStatus | None, said: str | None
) -> None:
    reading = read(json.dumps(document), REFERENCE)
    assert (reading.status, reading.words) == (status, said)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"tracking_number": UPS}, [UPS]),
        ({"tracking_numbers": [UPS, COLISSIMO]}, [UPS, COLISSIMO]),
        ({"tracking_numbers": ["1ZA1", "TRK-2"]}, ["1ZA1", "TRK-2"]),
        ({"tracking_number": "1234 5678 9012"}, ["123456789012"]),
        ({"tracking_number": "0000"}, []),
        ({"tracking": "1ZA1", "parcels": [{"number": "1ZA1"}]}, []),
        ({"tracking": UPS}, [UPS]),
        ({"tracking": f"{UPS}, {COLISSIMO}"}, [UPS, COLISSIMO]),
        ({"parcel": {"number": 12345678901}}, ["12345678901"]),
        ({"colis": [{"numéro": COLISSIMO}]}, [COLISSIMO]),
        ({"parcels": {UPS: {"carrier": "UPS"}}}, [UPS]),
        ({"shipments": [{"carrier": "UPS", "packages": [{"tracking_number": UPS}]}]}, [UPS]),
        ({"tracking_url": f"https://www.ups.com/track?tracknum={UPS}"}, [UPS]),
        ({"links": [f"https://www.ups.com/track?tracknum={UPS}"]}, [UPS]),
        ({"parcels": [{"number": UPS}, {"number": UPS.lower()}]}, [UPS]),
        ({"tracking": {"number": "12345678", "url": f"https://www.ups.com/track?tracknum={UPS}"}}, [UPS]),
        ({"number": "12345678"}, []),
        ({"id": 12345678, "order_number": "12345678"}, []),
        ({"parcels": [{"id": 12345678, "weight": 12345678}]}, []),
        ({"parcels": 2, "tracking": "In Process"}, []),
        ({"tracking": "2026-12-10"}, []),
        ({"parcels": [{"number": REFERENCE}]}, []),
        ({"tracking_number": None, "parcels": [], "shipment": {}}, []),
        ({"tracking_number": True, "tracking": [False, 1.5e300]}, []),
        ({"shipping_address": {"tracking_number": UPS}}, []),
        ({"tracking_url": "https://example.com/?tracknum=12345678"}, []),
    ],
)
def test_a_number_in_json_comes_with_a_key_that_says_so(document: object, found: list[str]) -> None:
    assert numbers(read(json.dumps(document), REFERENCE)) == found


def test_an_answer_about_several_orders_is_read_for_ours_only() -> None:
    other = {"reference": "ZZ99YY88", "status": "Shipped", "tracking": UPS}
    ours = {"reference": "ab12cd34", "status": "New"}
    reading = read(json.dumps({"orders": [other, ours]}), REFERENCE)
    assert (reading.status, reading.parcels) == (S.NEW, ())
    assert not read(json.dumps({"orders": [other]}), REFERENCE).tells
    assert not read(json.dumps(other), REFERENCE).tells


def test_a_page_wrapped_in_json_is_read_as_a_page() -> None:
    html = (SAMPLES / "page__shipped_two_parcels.html").read_text()
    assert numbers(read(json.dumps({"success": True, "html": html}), REFERENCE)) == [UPS, COLISSIMO]


@pytest.mark.parametrize(
    "text",
    [
        '{"status": "Shipped", "status": "Cancelled"}',
        '{"status": "Shipped"',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"status": ' + "9" * 5000 + "}",
        "{}",
        "[]",
        "",
        " ",
        "\x00\x01",
        "<![odd[ section ]]>",
        "<!DOCTYPE" + "<" * 1000,
        "<td title='Shipped'" * 1000,
        "<div>" * 5000 + "Shipped",
        "<a href='" * 20_000,
        "<!--" * 50_000,
        "<!---->" * 50_000,
        "<" * 200_000,
    ],
)
def test_broken_and_hostile_answers_tell_nothing_and_take_no_time(text: str) -> None:
    began = time.monotonic()
    assert not read(text, REFERENCE).tells
    assert time.monotonic() - began < 3


# --- the report ------------------------------------------------------------------------------------------

RAW = RawAnswer(NOW, 200)


def test_a_report_says_that_an_order_exists_only_by_what_it_read() -> None:
    told = report(REFERENCE, Reading(statuses=(S.NEW,), said=("New",)), RAW)
    assert told is not None
    assert (told.exists, told.status, told.words) == (True, S.NEW, "New")
    denied = report(REFERENCE, Reading(denied=True, mentions=True), RAW)
    assert denied is not None
    assert not denied.exists
    assert report(REFERENCE, Reading(login=True, mentions=True, heading="Sign in"), RAW) is None
    assert report(REFERENCE, Reading(login=True, denied=True), RAW) is None
    assert report(REFERENCE, Reading(heading="Welcome"), RAW) is None


def test_a_page_that_shows_our_reference_and_nothing_known_is_shown_to_a_person() -> None:
    reading = read("<h1>Your prints</h1><p>AB12CD34: all is well</p>", REFERENCE)
    shown = report(REFERENCE, reading, RAW)
    assert shown is not None
    assert (shown.exists, shown.status, shown.words) == (True, None, "Your prints")


def test_the_sign_in_page_is_no_report() -> None:
    assert report(REFERENCE, sample("page__sign_in.html"), RAW) is None


@pytest.mark.parametrize(
    "text",
    ["<p>Order AB12CD34 not found</p>", '{"error": "Order does not exist"}', "<p>Commande introuvable</p>"],
)
def test_an_order_that_is_not_found_does_not_exist(text: str) -> None:
    absent = report(REFERENCE, read(text, REFERENCE), RAW)
    assert absent is not None
    assert not absent.exists


def test_the_page_is_wanted_when_json_says_too_little() -> None:
    assert wants_page(Reading())
    assert wants_page(Reading(statuses=(S.SHIPPED,)))
    assert not wants_page(Reading(statuses=(S.SHIPPED,), parcels=(Parcel(UPS),)))
    assert not wants_page(Reading(statuses=(S.NEW,)))


def test_two_answers_are_joined_and_their_contradiction_stays() -> None:
    one = Reading(statuses=(S.SHIPPED,), said=("Shipped",))
    two = Reading(statuses=(S.CANCELLED,), said=("cancelled",), parcels=(Parcel(UPS, "UPS"),))
    both = combine(one, two)
    assert (both.status, both.words, numbers(both)) == (None, "Shipped / cancelled", [UPS])


# --- whatever comes --------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["Shipped", "New", "Status:", "tracking", UPS, "12345678", "2026-12-10", REFERENCE, "a", " ", "é", "Ⅷ"]
)
KEYS = st.sampled_from(
    ["status", "state", "tracking", "parcels", "number", "url", "date", "items", "reference"]
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
TAGS = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<td title='Shipped'>",
        "<td title='Tracking number'>",
        "</td>",
        "<tr>",
        "<b class='step_done' title='Queuing'>",
        "<b class='step_in_progress'>",
        "</b>",
        "<span class='status tracking'>",
        "</span>",
        "<a href='https://www.ups.com/track?tracknum=1Z999AA10123456784'>",
        "<!--",
        "-->",
        "<![CDATA[",
        "<script>",
        "</script>",
        "&#49;",
        "&nbsp;",
        "<",
    ]
)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    reading = read(data.decode("utf-8", "replace"), REFERENCE)
    assert reading.parcels == ()


@given(DOCUMENTS)
def test_any_json_is_read_and_every_number_is_literally_in_it(document: object) -> None:
    text = json.dumps(document, ensure_ascii=False)
    assert all(number in text for number in numbers(read(text, REFERENCE)))


@given(st.lists(TAGS | WORDS | st.text(max_size=8), max_size=30))
def test_any_page_is_read_and_every_number_is_literally_in_it(pieces: list[str]) -> None:
    text = "".join(pieces)
    for number in numbers(read(text, REFERENCE)):
        assert number in "".join(text.replace("&#49;", "1").replace("&nbsp;", "").split())
