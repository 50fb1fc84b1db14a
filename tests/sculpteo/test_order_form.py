"""The form of the order call."""

from __future__ import annotations

import email
import email.policy
import json
from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.order.model import PrintOrder
from bridge.sculpteo.order_form import encode, fields, item_text, mask_url, masked, scale_text, token_of
from tests.sculpteo.sample_orders import ADDRESS, item, print_order


def form_of(order: PrintOrder) -> list[tuple[str, str]]:
    return fields(order, "me@example.com", "p&ss wörd")


def test_every_documented_field_of_a_full_order_is_sent() -> None:
    order = print_order(items=(item(), item("YLXNMztE", 1, None, None, None)), ship_method="express")
    assert form_of(order) == [
        ("login", "me@example.com"),
        ("password", "p&ss wörd"),
        ("ship_addressee", "Atelier Brume, Odile Varenne"),
        ("ship_street1", "14 rue des Tilleuls"),
        ("ship_street2", "Bâtiment C"),
        ("ship_city", "Lyon"),
        ("ship_state", "Rhône"),
        ("ship_postal_code", "69003"),
        ("ship_country", "FR"),
        ("ship_method", "express"),
        ("item[0]", "QfGQC4YQ:4:0.8697:in:color_plastic"),
        ("item[1]", "YLXNMztE:1"),
        ("notification_url", "https://bridge.example.com/sculpteo/notify/s3cr3t-t0ken"),
        ("comment", "acme #1001"),
        ("comment", "sculpteo-bridge 0011aabb"),
        ("theme", "acme"),
        ("fake", "1"),
    ]


def test_a_live_order_has_no_fake_field_and_optional_fields_stay_away() -> None:
    form = dict(form_of(print_order(fake=False, theme=None, notification_url=None, comments=())))
    assert not form.keys() & {"fake", "theme", "notification_url", "comment", "ship_method"}


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("0.8697", "0.8697"),
        ("0.870", "0.87"),
        ("100", "100"),
        ("1E+2", "100"),
        ("1E-7", "0.0000001"),
        ("2.50E1", "25"),
        ("12345678901234567890.5", "12345678901234567890.5"),
    ],
)
def test_a_scale_is_written_plainly(scale: str, text: str) -> None:
    assert scale_text(Decimal(scale)) == text


@given(st.decimals(min_value="0.000001", max_value=10**6, allow_nan=False, allow_infinity=False))
def test_a_written_scale_is_the_same_number(scale: Decimal) -> None:
    text = scale_text(scale)
    assert Decimal(text) == scale
    assert "E" not in text.upper()
    assert text == text.strip("+ ")


@pytest.mark.parametrize("scale", ["0", "-1", "NaN", "Infinity"])
def test_a_scale_that_is_no_size_is_refused(scale: str) -> None:
    with pytest.raises(ValueError, match="scale"):
        scale_text(Decimal(scale))


@pytest.mark.parametrize(
    "wrong",
    [
        item(uuid="ab:cd"),
        item(uuid=""),
        item(uuid="ab cd"),
        item(material="white:plastic"),
        item(material="white plastic"),
        item(quantity=0),
        item(quantity=-2),
    ],
)
def test_an_item_that_would_change_its_meaning_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"item|quantity"):
        form_of(print_order(items=(wrong,)))


@pytest.mark.parametrize("partial", [item(material=None), item(unit=None), item(material=None, unit=None)])
def test_an_item_is_never_sent_with_a_part_missing_in_the_middle(partial: object) -> None:
    with pytest.raises(ValueError, match="unit and material"):
        form_of(print_order(items=(partial,)))


def test_a_scale_that_is_not_named_is_the_design_as_uploaded() -> None:
    one = item(scale=None)
    assert item_text(one.design, one.quantity) == "QfGQC4YQ:4:1:in:color_plastic"


def test_an_order_without_items_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one item"):
        form_of(print_order(items=()))


def test_colissimo_is_asked_for_in_france_only() -> None:
    assert dict(form_of(print_order(ship_method="quick")))["ship_method"] == "quick"
    abroad = print_order(ship_method="quick", address=replace(ADDRESS, country_code="BE"))
    assert "ship_method" not in dict(form_of(abroad))
    with pytest.raises(ValueError, match="drone"):
        form_of(print_order(ship_method="drone"))


def test_comments_are_one_line_each_and_can_always_be_sent() -> None:
    order = print_order(comments=("two\nlines\x00", "half \ud800 character", "", " "))
    assert [value for name, value in form_of(order) if name == "comment"] == [
        "two lines",
        "half character",
    ]


def test_without_an_invoice_the_form_is_urlencoded_utf8() -> None:
    form = form_of(print_order(address=replace(ADDRESS, city="Łódź & 東京")))
    content_type, body = encode(form, None)
    assert content_type == "application/x-www-form-urlencoded"
    assert parse_qsl(body.decode("ascii"), strict_parsing=True) == form


def parts_of(content_type: str, body: bytes) -> list[tuple[str, str | None, str, bytes]]:
    """The parts as Python's own MIME reader sees them: name, file name, type, content."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    found = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(content, bytes)
        found.append((name, part.get_filename(), part.get_content_type(), content))
    return found


def test_an_invoice_travels_as_a_pdf_in_a_multipart_form() -> None:
    form = form_of(print_order(address=replace(ADDRESS, city="Łódź")))
    pdf = b"%PDF-1.7\r\n--\r\n\x00\xff"
    parts = parts_of(*encode(form, pdf))
    assert [(name, content.decode()) for name, _, _, content in parts[:-1]] == form
    assert parts[-1] == ("ship_invoice", "invoice.pdf", "application/pdf", pdf)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), max_size=4))
def test_no_text_can_add_a_field_to_either_form(texts: list[str]) -> None:
    address = replace(ADDRESS, address1='x"\r\nContent-Disposition: form-data; name="fake"\r\n\r\n0')
    order = print_order(comments=tuple(texts), address=address, invoice=b"%PDF")
    form = form_of(order)
    assert parse_qsl(encode(form, None)[1].decode(), keep_blank_values=True) == form
    names = [name for name, *_ in parts_of(*encode(form, b"%PDF"))]
    assert names == [*(name for name, _ in form), "ship_invoice"]


def test_a_value_that_holds_the_boundary_gets_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["same", "same", "other"])
    monkeypatch.setattr("secrets.token_hex", lambda size: next(tokens))
    content_type, body = encode([("comment", "----bridgesame")], b"%PDF ----bridgesame")
    assert content_type.endswith("----bridgeother")
    assert body.count(b"--" + b"----bridgeother") == 3


def test_the_evidence_has_neither_secret_nor_person() -> None:
    order = print_order(invoice=b"%PDF-1.7", ship_method="express")
    shown = masked(form_of(order), order)
    text = json.dumps(shown, ensure_ascii=False)
    for private in (
        "me@example.com",
        "p&ss",
        "s3cr3t",
        "Odile",
        "Varenne",
        "Brume",
        "Tilleuls",
        "Lyon",
        "69003",
    ):
        assert private not in text
    assert shown["items"] == ["QfGQC4YQ:4:0.8697:in:color_plastic"]
    assert shown["comments"] == ["acme #1001", "sculpteo-bridge 0011aabb"]
    assert shown["password"] == shown["login"] == "***"
    assert shown["notification_url"] == "https://bridge.example.com/sculpteo/notify/***"
    assert shown["fake"] == "1"
    assert shown["ship_method"] == "express"
    assert isinstance(shown["address"], dict)
    assert shown["address"]["country"] == "FR"


@pytest.mark.parametrize(
    ("url", "shown", "token"),
    [
        ("https://a.example/n/tok", "https://a.example/n/***", "tok"),
        ("https://a.example/n/tok?x=1", "https://a.example/n/***", "tok"),
        ("tok", "***", "tok"),
    ],
)
def test_the_token_of_a_notification_url_is_masked(url: str, shown: str, token: str) -> None:
    assert mask_url(url) == shown
    assert token_of(url) == token
