"""Tracking, prices and materials over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.errors import SCULPTEO_TRACKING, TryAgain, UnreadableAnswer
from bridge.order.model import Design, Money, PrintStatus
from bridge.sculpteo.client import SculpteoPrinter, retry_after
from tests.sculpteo.raw_server import Respond, answer, is_silent, resets, serving
from tests.sculpteo.test_place import BRIEF, PASSWORD, PATIENCE, printer, unused_port
from tests.support.clocks import TurnedClock

SAMPLES = Path(__file__).parent / "samples"
UPS = "1Z999AA10123456784"
PATH = "/shop/tracking/reference/AB12CD34"
JSON = "Content-Type: application/json"
DESIGN = Design("QfGQC4YQ", 1, "silver", Decimal("0.870"), "cm")


def page(name: str) -> Respond:
    return answer((SAMPLES / name).read_bytes(), "200 OK", "Content-Type: text/html; charset=utf-8")


def said(document: object) -> Respond:
    return answer(json.dumps(document).encode(), "200 OK", JSON)


@pytest.mark.parametrize("status", ["408 Request Timeout", "425 Too Early", "429 Too Many Requests"])
async def test_a_price_call_that_may_be_repeated_is_no_missing_price(status: str) -> None:
    async with serving(answer(b"", status)) as server, printer(server.url) as client:
        with pytest.raises(TryAgain):
            await client.fetch_price(DESIGN, 1, "EUR")


# --- tracking --------------------------------------------------------------------------------------------


async def test_json_is_asked_for_first_with_the_header_that_the_page_names() -> None:
    async with serving(said({"status": "In Process"})) as server, printer(server.url) as client:
        report = await client.track_order("AB12CD34")
    assert (report.exists, report.status, report.words) == (True, PrintStatus.IN_PROCESS, "In Process")
    assert server.lines == [f"POST {PATH} HTTP/1.1"]
    assert b"X-Requested-With: XMLHttpRequest\r\n" in server.requests[0]
    assert PASSWORD.encode() not in server.requests[0]


async def test_a_page_in_answer_to_the_post_is_read_as_well() -> None:
    async with serving(page("page__shipped_two_parcels.html")) as server, printer(server.url) as client:
        report = await client.track_order("AB12CD34")
    assert report.status is PrintStatus.SHIPPED
    assert [parcel.carrier for parcel in report.parcels] == ["UPS", "Colissimo"]
    assert len(server.lines) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        answer(b"CSRF", "403 Forbidden"),
        answer(b"", "405 Method Not Allowed"),
        answer(b"", "404 Not Found"),
        answer(b"", "302 Found", f"Location: {PATH}"),
        answer(b"", "500 Internal Server Error"),
        answer(b"", "200 OK"),
        said({"success": True}),
    ],
)
async def test_where_the_post_is_refused_the_page_is_read(refusal: Respond) -> None:
    async with serving(refusal, page("page__cancelled.html")) as server, printer(server.url) as client:
        report = await client.track_order("AB12CD34")
    assert report.status is PrintStatus.CANCELLED
    assert server.lines == [f"POST {PATH} HTTP/1.1", f"GET {PATH} HTTP/1.1"]
    assert b"Accept-Language: en\r\n" in server.requests[1]


async def test_the_page_is_read_too_when_json_says_shipped_without_a_parcel() -> None:
    responses = said({"status": "Shipped"}), page("page__shipped_two_parcels.html")
    async with serving(*responses) as server, printer(server.url) as client:
        report = await client.track_order("AB12CD34")
    assert report.status is PrintStatus.SHIPPED
    assert report.parcels[0].number == UPS
    assert '"Shipped"' in report.answer.body
    assert "InquiryNumber1" in report.answer.body


@pytest.mark.parametrize("failure", [resets, answer(b"", "404 Not Found"), answer(b"", "503 Busy")])
async def test_shipped_by_json_stands_when_the_page_cannot_be_read(failure: Respond) -> None:
    async with serving(said({"status": "Shipped"}), failure) as server, printer(server.url) as client:
        report = await client.track_order("AB12CD34")
    assert (report.exists, report.status, report.parcels) == (True, PrintStatus.SHIPPED, ())


async def test_json_and_page_that_contradict_each_other_go_to_a_person() -> None:
    async with (
        serving(said({"status": "Shipped"}), page("page__cancelled.html")) as server,
        printer(server.url) as client,
    ):
        report = await client.track_order("AB12CD34")
    assert (report.status, report.words) == (None, "Shipped / cancelled")


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_a_reference_that_the_page_does_not_know_does_not_exist(status: str) -> None:
    async with serving(answer(b"", status)) as server, printer(server.url) as client:
        report = await client.track_order("AB12CD34")
    assert (report.exists, report.status, report.answer.status) == (False, None, int(status[:3]))


@pytest.mark.parametrize("reference", ["", "..", "a/b", "AB12CD34?x=1", "é", "x" * 65])
async def test_a_text_that_is_no_reference_is_not_asked_for(reference: str) -> None:
    async with serving(answer(b"")) as server, printer(server.url) as client:
        report = await client.track_order(reference)
    assert not report.exists
    assert server.connections == 0


async def test_the_page_may_have_moved_within_the_site() -> None:
    moved = answer(b"", "301 Moved Permanently", f"Location: /en{PATH}")
    async with (
        serving(answer(b"", "405 No"), moved, page("page__cancelled.html")) as server,
        printer(server.url) as client,
    ):
        report = await client.track_order("AB12CD34")
    assert report.status is PrintStatus.CANCELLED
    assert server.lines[-1] == f"GET /en{PATH} HTTP/1.1"


async def test_a_redirect_to_another_site_or_in_a_circle_is_not_followed() -> None:
    async with serving(page("page__cancelled.html")) as elsewhere:
        away = answer(b"", "302 Found", f"Location: {elsewhere.url}{PATH}")
        async with serving(answer(b"", "405 No"), away) as server, printer(server.url) as client:
            with pytest.raises(TryAgain, match="302"):
                await client.track_order("AB12CD34")
        assert elsewhere.connections == 0
    circle = answer(b"", "302 Found", f"Location: {PATH}")
    async with serving(circle) as server, printer(server.url) as client:
        with pytest.raises(TryAgain):
            await client.track_order("AB12CD34")
        assert server.connections <= 6


@pytest.mark.parametrize(
    ("respond", "why", "kind"),
    [
        (is_silent, "the time was over", TryAgain),
        (resets, "connection", TryAgain),
        (answer(b"", "500 Internal Server Error"), "HTTP 500", TryAgain),
        (answer(b"", "503 Busy", "Retry-After: 120"), "HTTP 503", TryAgain),
        (answer(b"", "429 Too Many Requests", "Retry-After: 120"), "HTTP 429", TryAgain),
        (answer(b"", "403 Forbidden"), "HTTP 403", UnreadableAnswer),
        (page("page__sign_in.html"), "a page to sign in", UnreadableAnswer),
        (answer(b"<h1>Welcome to our new site</h1>"), "nothing about an order", UnreadableAnswer),
        (answer(b"x" * 1_200_000), "too long", UnreadableAnswer),
        (answer(b"{", "200 OK", JSON), "nothing about an order", UnreadableAnswer),
        (answer(b"AB12CD34", "200 OK", "Content-Encoding: gzip"), "Sculpteo cannot be asked", TryAgain),
    ],
)
async def test_what_says_nothing_of_the_order_is_tried_again(
    respond: Respond, why: str, kind: type[TryAgain]
) -> None:
    timeout = BRIEF if respond is is_silent else PATIENCE
    async with serving(respond) as server, printer(server.url, timeout) as client:
        with pytest.raises(TryAgain, match=why) as raised:
            await client.track_order("AB12CD34")
    assert type(raised.value) is kind
    assert raised.value.upstream == SCULPTEO_TRACKING
    if "HTTP 503" in why or "HTTP 429" in why:
        assert raised.value.after == timedelta(minutes=2)


async def test_a_server_that_is_down_is_tried_again() -> None:
    async with printer(f"http://127.0.0.1:{unused_port()}") as client:
        with pytest.raises(TryAgain, match="cannot be asked"):
            await client.track_order("AB12CD34")


async def test_each_request_waits_for_its_turn() -> None:
    turns: list[int] = []
    async with serving(answer(b"", "405 No"), page("page__cancelled.html")) as server:

        async def take() -> None:
            turns.append(server.connections)

        client = SculpteoPrinter(printer(server.url)._settings, TurnedClock(), take)
        async with client:
            await client.track_order("AB12CD34")
    assert turns == [0, 1]


async def test_our_secrets_are_taken_out_of_tracking_answers() -> None:
    async with (
        serving(said({"status": "New", "account": "me@example.com", "note": PASSWORD})) as server,
        printer(server.url) as client,
    ):
        report = await client.track_order("AB12CD34")
    assert "me@example.com" not in report.answer.body
    assert "s3kr" not in report.answer.body


async def test_a_page_in_latin_1_is_read() -> None:
    html = "<p>Statut : Expédiée</p>".encode("latin-1")
    latin = answer(html, "200 OK", "Content-Type: text/html; charset=ISO-8859-1")
    async with serving(latin) as server, printer(server.url) as client:
        assert (await client.track_order("AB12CD34")).status is PrintStatus.SHIPPED


async def test_an_unknown_charset_is_read_as_utf8() -> None:
    html = "<p>Statut : Expédiée</p>".encode()
    odd = answer(html, "200 OK", "Content-Type: text/html; charset=klingon")
    async with serving(odd) as server, printer(server.url) as client:
        assert (await client.track_order("AB12CD34")).status is PrintStatus.SHIPPED


# --- prices ----------------------------------------------------------------------------------------------


def priced(**body: object) -> dict[str, object]:
    price = {"unit_price_raw": "12.50", "total_cost_raw": "50.00", "has_tax": False}
    inner = {"success": True, "scale": 0.87, "currency": "EUR", "price": price, **body}
    return {"error": {"id": 0, "description": ""}, "warning": None, "body": inner}


async def test_the_total_is_asked_for_with_scale_unit_material_and_currency() -> None:
    async with serving(said(priced())) as server, printer(server.url) as client:
        quote = await client.fetch_price(DESIGN, 4, "EUR")
    assert (quote.total, quote.problem) == (Money(Decimal("50.00"), "EUR"), None)
    url = urlsplit(server.lines[0].split()[1])
    assert server.lines[0].startswith("GET /en/api/design/3D/price_by_uuid/?")
    assert parse_qs(url.query) == {
        "uuid": ["QfGQC4YQ"],
        "quantity": ["4"],
        "scale": ["0.87"],
        "unit": ["cm"],
        "currency": ["EUR"],
        "productname": ["silver"],
    }


async def test_what_a_design_leaves_open_is_not_asked() -> None:
    async with serving(said(priced())) as server, printer(server.url) as client:
        await client.fetch_price(Design("QfGQC4YQ"), 1, "EUR")
    assert parse_qs(urlsplit(server.lines[0].split()[1]).query).keys() == {"uuid", "quantity", "currency"}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"error": {"id": 12, "description": "Unknown  design"}}, "Unknown design"),
        ({"error": {"id": 12}}, "error 12"),
        (priced(success=False), "Sculpteo cannot price it"),
        (priced(currency="USD"), "it is priced in USD, not in EUR"),
        (priced(price={}), "the answer holds no price"),
        (priced(price={"total_cost_raw": "NaN"}), "the answer holds no price"),
        (priced(price={"total_cost_raw": "-1"}), "the answer holds no price"),
        (priced(price={"total_cost_raw": "free"}), "the answer holds no price"),
        (priced(price={"total_cost_raw": True}), "the answer holds no price"),
        (priced(price={"total_cost_raw": None}), "the answer holds no price"),
    ],
)
async def test_why_there_is_no_price_is_said(document: object, problem: str) -> None:
    async with serving(said(document)) as server, printer(server.url) as client:
        quote = await client.fetch_price(DESIGN, 4, "EUR")
    assert (quote.total, quote.problem) == (None, problem)
    assert quote.answer is not None


async def test_a_number_instead_of_a_string_is_a_price_to_the_cent() -> None:
    async with (
        serving(answer(b'{"body": {"price": {"total_cost_raw": 0.10}}, "warning": "thin walls"}')) as server,
        printer(server.url) as client,
    ):
        quote = await client.fetch_price(DESIGN, 4, "EUR")
    assert quote.total == Money(Decimal("0.10"), "EUR")
    assert quote.warning == "thin walls"


async def test_a_refused_price_is_a_problem_and_a_broken_one_is_tried_again() -> None:
    async with serving(answer(b"", "404 Not Found")) as server, printer(server.url) as client:
        assert (await client.fetch_price(DESIGN, 4, "EUR")).problem == "Sculpteo answered HTTP 404"
    for broken in (answer(b"<html>"), answer(b"{}"), answer(b"[]"), answer(b"", "302 Found"), is_silent):
        timeout = BRIEF if broken is is_silent else PATIENCE
        async with serving(broken) as server, printer(server.url, timeout) as client:
            with pytest.raises(TryAgain):
                await client.fetch_price(DESIGN, 4, "EUR")


# --- materials -------------------------------------------------------------------------------------------


async def test_materials_are_listed_in_either_language() -> None:
    listed = [{"id": "white_plastic", "name": "Plastique blanc", "description": "PA12", "dimensions_mm": [1]}]
    async with serving(said(listed)) as server, printer(server.url) as client:
        materials = await client.fetch_materials("fr")
        await client.fetch_materials()
    assert [(one.id, one.name, one.description) for one in materials] == [
        ("white_plastic", "Plastique blanc", "PA12")
    ]
    assert [line.split()[1] for line in server.lines] == ["/fr/api/material/list/", "/en/api/material/list/"]


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>", b'[{"name": "x"}]', b'["x"]'])
async def test_what_is_no_list_of_materials_is_tried_again(body: bytes) -> None:
    async with serving(answer(body)) as server, printer(server.url) as client:
        with pytest.raises(TryAgain):
            await client.fetch_materials()


# --- Retry-After -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(0)),
        ("-5", timedelta(0)),
        ("999999999", timedelta(days=1)),
        ("Mon, 01 Jan 2001 00:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_within_reason(value: str | None, after: timedelta | None) -> None:
    assert retry_after(value) == after


def test_retry_after_as_a_date_counts_from_now() -> None:
    after = retry_after(format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True))
    assert after is not None
    assert timedelta(minutes=9) < after <= timedelta(minutes=10)
