"""The shipped template through the real compiler, read back from the PDF."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from pypdf import PdfReader

from bridge.config.identifiers import NUMBER_FIELDS
from bridge.config.settings import Invoice
from bridge.invoice import addresses
from bridge.invoice.data import build_invoice_data, format_invoice_number, select_locale
from bridge.invoice.formats import ENGLISH
from bridge.invoice.invoices import Invoices
from bridge.invoice.labels import LABELS
from bridge.invoice.sample import build_sample_order
from bridge.order.model import Address, Money, ShopOrder, TaxLine
from tests.invoice.sample_orders import ADDRESS, SELLER, SETTINGS, line, money, order, pages, text

HOSTILE = [
    '#import "@preview/evil:1.0.0"',
    "$ x^2 $ \\ *bold* _it_ `raw` <label> @ref // gone? /* gone? */",
    '#panic("no") #{ while true {} }',
    '"; } #sys.inputs',
    "= Heading - list + enum ~ -- --- 'quote'",
    "\\u{41} {{order}} {tax} %s {page}",
]


async def rendered(shop_order: ShopOrder, settings: Invoice = SETTINGS, base: Path | None = None) -> bytes:
    pdf = await Invoices(settings, base or Path.cwd()).prepare_invoice("acme", shop_order)
    assert pdf is not None
    return pdf


async def test_the_sample_shows_seller_buyer_lines_taxes_and_totals() -> None:
    shown = text(await rendered(build_sample_order()))
    for expected in (
        "Atelier Example", "VAT no. FR00123456789", "Invoice number 1001", "#1001", "20 November 2026", "Paid",
        "Example & Daughters", "4 Made-up Quay", "69001 Lyon", "12 Invented Street", "Flat 3", "France",
        "Faceted pen holder", "SKU PEN-WHITE", "€24.00", "-€4.80", "€43.20", "€272.20", "Shipping (Standard)",
        "€7.90", "€280.10", "Includes VAT 20%", "€46.68", "Total without tax", "€233.42", "Page 1 of 1",
    ):  # fmt: skip
        assert expected in shown


async def test_taxes_that_come_on_top_are_rows_of_the_sum() -> None:
    shop_order = order(
        (line(1, total=money("100"), unit_price=money("100")),),
        taxes=(TaxLine("TVA", Decimal("0.2"), money("20")), TaxLine("Éco-part", None, money("1.5"))),
        tax_total=money("21.5"),
        total=money("121.5"),
        locale="fr-FR",
    )
    shown = text(await rendered(shop_order)).replace("\xa0", " ").replace("\u202f", " ")
    assert re.search(r"Sous-total\s*100,00 €", shown)
    assert re.search(r"TVA 20 %\s*20,00 €", shown)
    assert re.search(r"Éco-part\s*1,50 €", shown)
    assert re.search(r"Total\s*121,50 €", shown)
    assert "hors taxes" not in shown


async def test_units_that_were_removed_are_told_and_not_counted() -> None:
    item = line(1, quantity=3, current_quantity=2, total=money("30"))
    gone = line(2, title="Lamp", current_quantity=0)
    changed = order((item, gone), total=money("40"), current_total=money("20"), refunded_total=money("20"))
    shown = text(await rendered(changed))
    assert "1 removed or refunded" in shown
    assert re.search(r"Total\s*€20\.00", shown)
    assert "Lamp" not in shown
    assert "Refunded" not in shown


async def test_money_given_back_is_shown_below_the_total_with_what_remains() -> None:
    item = line(1, quantity=3, current_quantity=3, total=money("30"))
    shown = text(await rendered(order((item,), refunded_total=money("10"))))
    assert re.search(r"Total\s*€30\.00", shown)
    assert re.search(r"Refunded\s*-€10\.00", shown)
    assert re.search(r"Total after refund\s*€20\.00", shown)


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_what_a_stranger_typed_prints_literally(hostile: str) -> None:
    shop_order = order(
        (line(1, title=hostile, variant_title=hostile, sku=hostile, attributes=(("Engraving", hostile),)),),
        address=replace(ADDRESS, company=hostile, address1=hostile),
        name=hostile,
        taxes=(TaxLine(hostile, None, money("1")),),
        tax_total=money("1"),
        taxes_included=True,
    )
    shown = re.sub(
        r"\s+",
        "",
        text(await rendered(shop_order, Invoice(mode="template", seller=SELLER, number="{order_number}"))),
    )
    assert (
        shown.count(re.sub(r"\s+", "", hostile)) >= 7
    )  # twice in each address, title, variant, SKU, attribute


async def test_direction_overrides_and_control_characters_are_taken_out() -> None:
    shop_order = order(address=replace(ADDRESS, company="A\u202eB\u0000C\u2066D\ud800E\nF\x1bG"))
    assert "AB CD\ufffdE F G" in text(await rendered(shop_order))


async def test_three_hundred_lines_run_over_pages_with_a_repeated_head() -> None:
    found = pages(await rendered(order(tuple(line(n) for n in range(1, 301)))))
    assert len(found) > 10
    for number, page in enumerate(found, start=1):
        assert "UNIT PRICE" in page
        assert f"Page {number} of {len(found)}" in page
    skus = re.findall(r"SKU-(\d+)", "\n".join(found))
    assert [int(sku) for sku in skus] == list(range(1, 301))
    assert "€3,000.00" in found[-1]


@pytest.mark.parametrize("count", [*range(10, 18), *range(32, 38)])
async def test_totals_never_stand_alone_on_a_page(count: int) -> None:
    items = tuple(line(n) for n in range(1, count + 1))
    last = pages(await rendered(order(items, refunded_total=money("1"))))[-1]
    assert f"SKU-{count}" in last
    assert "UNIT PRICE" in last
    for expected in ("Total", "Refunded", "Total after refund"):
        assert expected in last


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_lines_that_fill_pages_are_printed_whole(count: int) -> None:
    words = tuple((f"Part {n}", f"word{n} " * 40) for n in range(60))
    items = tuple(line(n, attributes=words) for n in range(count))
    found = pages(await rendered(order(items)))
    assert len(found) > 2 * count
    assert "\n".join(found).count("Part 59:") == count
    assert f"€{count * 10}.00" in found[-1]


async def test_an_order_without_lines_still_has_its_total() -> None:
    assert "€5.00" in text(await rendered(order((), total=money("5.00"))))


TEXT = st.text(max_size=40)


@settings_of(max_examples=20, derandomize=True, deadline=None)
@given(st.builds(Address, *[TEXT] * 10), TEXT, TEXT, st.tuples(TEXT, TEXT), st.one_of(st.none(), TEXT))
def test_no_text_that_a_customer_types_breaks_an_invoice(
    address: Address, title: str, name: str, pair: tuple[str, str], locale: str | None
) -> None:
    item = line(1, title=title, sku=name, variant_title=name, attributes=(pair,), options=(pair,))
    shop_order = order((item,), address=address, name=f"#{name}1", locale=locale, customer_name=name)
    assert asyncio.run(rendered(shop_order)).startswith(b"%PDF-")


@settings_of(max_examples=500, derandomize=True, deadline=None)
@given(TEXT)
def test_any_locale_gives_a_language_that_has_labels(locale: str) -> None:
    assert select_locale(None, locale).language in LABELS


@pytest.mark.parametrize(
    ("wanted", "customers", "chosen"),
    [
        (None, "fr-CA", "fr_CA"), (None, "zh-Hant-TW", "en"), (None, None, "en"), (None, "pt-BR", "pt_BR"),
        ("fr", "fr-CA", "fr_CA"), ("fr", "de-DE", "fr"), ("fr-CH", "fr-CA", "fr_CH"), ("de", None, "de"), ("th", "fr-FR", "th"),
    ],
)  # fmt: skip
def test_the_language_is_the_merchants_and_the_region_the_customers(
    wanted: str | None, customers: str | None, chosen: str
) -> None:
    assert str(select_locale(wanted, customers)) == chosen


def test_every_placeholder_of_a_number_that_the_configuration_allows_is_filled() -> None:
    pattern = " ".join(f"{{{name}}}" for name in NUMBER_FIELDS)
    found = format_invoice_number(pattern, order(), UTC, "acme")
    assert sorted(found.split()) == ["#1001", "1001", "1001", "2026", "acme"]


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("US", ["Springfield IL 62701", "United States"]),
        ("GB", ["Springfield", "Illinois", "62701", "United Kingdom"]),
        ("IT", ["62701 Springfield IL", "Italy"]),
        ("DE", ["62701 Springfield", "Illinois", "Germany"]),
        ("XZ", ["62701 Springfield", "Illinois", "XZ"]),
        (None, ["62701 Springfield", "Illinois"]),
    ],
)
def test_an_address_is_written_in_the_order_of_its_country(country: str | None, expected: list[str]) -> None:
    where = Address(
        city="Springfield", province="Illinois", province_code="IL", postal_code="62701", country_code=country
    )
    assert addresses.format_address(where, ENGLISH) == expected


def as_read(written: str) -> str:
    """What a reader sees, whichever space and apostrophe one release of CLDR writes."""
    return "".join(written.replace("’", "'").split())


@pytest.mark.parametrize(
    ("currency", "price", "locale", "expected"),
    [
        ("JPY", "1200", "en", "¥1,200"),
        ("KWD", "1.250", "en", "KWD 1.250"),
        ("USD", "1234.5", "en-US", "$1,234.50"),
        ("CAD", "1234.5", "fr-CA", "1 234,50 $"),
        ("CHF", "1234.5", "de-CH", "CHF 1'234.50"),
        ("EUR", "1234.5", "nl-NL", "€ 1.234,50"),
        ("EUR", "0.3333", "en", "€0.3333"),
        ("TRY", "10", "it", "10,00 TRY"),
        ("INR", "123456.5", "en-IN", "₹1,23,456.50"),
    ],
)
async def test_amounts_are_written_in_the_customers_notation(
    currency: str, price: str, locale: str, expected: str
) -> None:
    item = line(1, unit_price=Money(Decimal(price), currency), total=Money(Decimal(price), currency))
    shown = text(await rendered(order((item,), total=Money(Decimal(price), currency), locale=locale)))
    assert as_read(expected) in as_read(shown)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("fr", ["Facture", "Montant", "20 novembre 2026", "Page 1 sur 1"]),
        ("de-AT", ["Rechnung", "Betrag", "20. November 2026", "Frankreich", "Seite 1 von 1"]),
        ("es", ["Factura", "Importe", "20 de noviembre de 2026", "Página 1 de 1"]),
        ("it", ["Fattura", "Importo", "20 novembre 2026", "Pagina 1 di 1"]),
        ("nl", ["Factuur", "Bedrag", "20 november 2026", "Pagina 1 van 1"]),
        ("pt-BR", ["Fatura", "20 de novembro de 2026", "Página 1 de 1"]),
        ("th-TH", ["Invoice", "November 20, 2026", "Page 1 of 1"]),
        ("not a locale", ["Invoice"]),
        (None, ["Invoice"]),
    ],
)
async def test_the_invoice_speaks_the_customers_language_or_english(
    locale: str | None, words: list[str]
) -> None:
    shown = text(await rendered(order(locale=locale)))
    for word in words:
        assert word.lower() in shown.lower()


async def test_the_same_order_gives_the_same_bytes() -> None:
    shop_order = order()
    first = await rendered(shop_order)
    later = replace(shop_order, read_at=shop_order.read_at.replace(year=2027), tags=("vip",))
    assert await rendered(later) == first


async def test_the_pdf_is_archival_and_dated_by_the_order() -> None:
    pdf = await rendered(order())
    reader = PdfReader(BytesIO(pdf))
    assert reader.metadata is not None
    assert reader.metadata.creation_date == order().created_at
    assert reader.metadata.title == "Invoice 1001"
    xmp = reader.trailer["/Root"]["/Metadata"].get_data()  # type: ignore[index]  # pypdf types objects loosely
    assert b"<pdfaid:part>2</pdfaid:part>" in xmp


@pytest.mark.parametrize("name", ["שלום עולם", "Ελένη", "Наталья", "Nguyễn Thị Ánh", "محمد", "ქეთი"])
async def test_names_in_these_scripts_need_no_further_font(name: str) -> None:
    invoices = Invoices(SETTINGS, Path.cwd())
    result = await invoices.render_invoice("acme", order(address=Address(last_name=name, country_code="FR")))
    assert result.missing == ()


async def test_a_character_that_no_font_has_is_named_with_the_remedy() -> None:
    invoices = Invoices(SETTINGS, Path.cwd())
    result = await invoices.render_invoice(
        "acme", order(address=Address(last_name="山田 太郎", country_code="JP"))
    )
    assert set(result.missing) == set("山田太郎")
    assert result.pdf.startswith(b"%PDF-")
    (remark,) = result.list_remarks()
    assert "U+5C71" in remark
    assert "invoice.font_path" in remark


async def test_the_log_of_missing_characters_names_their_script_and_not_the_customer() -> None:
    with structlog.testing.capture_logs() as logs:
        await rendered(order(address=Address(last_name="山田 太郎", country_code="JP")))
    (entry,) = logs
    assert entry["scripts"] == "CJK"
    assert not set("山田太郎") & set(str(entry))


async def test_the_data_is_json_all_the_way() -> None:
    data = build_invoice_data("acme", build_sample_order(), SETTINGS)
    assert json.loads(json.dumps(data)) == data
    assert data["total"] == {"amount": "280.10", "text": "€280.10"}
