"""The data of an invoice: all that a template may print, as one JSON object (described in README.md here).

Pure. The same order and settings give the same data, so the same PDF. Amounts come twice: as digits for a
template that reckons, and as text in the customer's own notation for one that prints.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale

from bridge.config.settings import Invoice, Seller
from bridge.i18n import postal
from bridge.invoice import addresses, formats
from bridge.invoice.labels import ENGLISH, LABELS, Labels, select_labels
from bridge.invoice.sanitize import (
    clean_text,
    is_right_to_left,
)
from bridge.invoice.totals import (
    ZERO,
    LineSum,
    Row,
    RowKind,
    Sums,
    compute_sums,
    find_presentment_total,
)
from bridge.order.model import Address, Customs, Papers, ShopOrder

VERSION = 1
"""Grows when something in the data is renamed or removed; additions leave it."""

Json = dict[str, Any]

LONGEST_SAFETY = 2_000  # characters: a merchant's own text, and some laws ask for many words

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class BadSetting(ValueError):
    """A setting under `invoice` cannot be used; the text names it and the remedy."""


Safety = Callable[[str, str | None], str | None]
"""By shop and SKU: the safety text of a product, None for none."""


def no_safety(shop: str, sku: str | None) -> None:
    """The safety texts of a merchant who has none."""


def build_invoice_data(shop: str, order: ShopOrder, settings: Invoice, safety: Safety = no_safety) -> Json:
    """All that a template may print. Raises BadSetting or `totals.Unusable`."""
    locale = select_locale(settings.language, order.locale)
    words = select_labels(locale.language)
    zone = _resolve_time_zone(settings.timezone)
    totals = compute_sums(order)
    papers = order.papers or Papers()
    say = _Writer(totals.currency, locale, words, dict(papers.customs), partial(safety, shop))
    billing = order.billing_address or order.address
    return {
        "version": VERSION,
        "shop": shop,
        "language": locale.language,
        "locale": str(locale),
        "labels": dict(words),
        "title": words["commercial_invoice" if settings.template == "customs" else "invoice"],
        "number": format_invoice_number(settings.number, order, zone, shop),
        "date": _build_date(order.created_at, zone, locale),
        "order": {
            "id": order.id,
            "name": clean_text(order.name),
            "date": _build_date(order.created_at, zone, locale),
            "paid": order.fully_paid,
            "test": order.test,
            "po_number": clean_text(papers.po_number),
            "attributes": _build_attributes(order.attributes),
        },
        "currency": totals.currency,
        "seller": _build_seller(settings.seller),
        "billing": _build_address(billing, locale),
        "shipping": _build_address(order.address, locale),
        "buyer": _build_buyer(papers),
        "incoterm": settings.incoterm,
        "customer": {"email": clean_text(order.email), "name": clean_text(order.customer_name)},
        "lines": [say.build_line(amounts) for amounts in totals.lines],
        **say.build_totals(totals),
        "presentment": _build_presentment(order, totals.total, locale),
        "notes": _build_notes(order, totals, words, locale),
        "fonts": list(settings.font),
    }


def select_locale(wanted: str | None, customers: str | None) -> Locale:
    """The merchant's language if set, else the customer's, else English; with the customer's region.

    Of the customers' languages only those with labels are taken: English words with, say, Thai dates would
    be neither. A merchant who sets such a language has it so, for a template with words of its own.
    """
    customer = formats.parse_locale(customers)
    if wanted:
        chosen = formats.parse_locale(wanted)
        if chosen is None:
            raise BadSetting(f"`invoice.language` {wanted!r} is not a language such as en, fr or pt-BR")
    elif customer is None or customer.language not in LABELS:
        return Locale(ENGLISH)
    else:
        chosen = customer
    if customer is not None and customer.language == chosen.language and chosen.territory is None:
        return customer
    return chosen


def format_invoice_number(pattern: str, order: ShopOrder, zone: tzinfo, shop: str) -> str:
    """`pattern` with {order} (the name without "#"), {order_name}, {order_number}, {shop} and {year} filled."""
    values = {
        "order": order.name.removeprefix("#"),
        "order_name": order.name,
        "order_number": "" if order.number is None else str(order.number),
        "shop": shop,
        "year": str(order.created_at.astimezone(zone).year),
    }

    def fill_placeholder(found: re.Match[str]) -> str:
        if found[1] not in values:
            known = ", ".join(f"{{{name}}}" for name in values)
            raise BadSetting(f"`invoice.number` has {found[0]}, which is none of {known}")
        if not values[found[1]]:
            raise BadSetting(f"`invoice.number` has {found[0]}, but this order has none; use {{order}}")
        return values[found[1]]

    return clean_text(_PLACEHOLDER.sub(fill_placeholder, pattern))


def _resolve_time_zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # needs no time zone database, which a slim container may lack
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSetting(
            f"`invoice.timezone` {name!r} is not a time zone that this machine knows, such as Europe/Paris"
        ) from None


def _build_date(moment: datetime, zone: tzinfo, locale: Locale) -> Json:
    local = moment.astimezone(zone).date()
    return {"iso": local.isoformat(), "text": formats.format_day(local, locale)}


def _build_attributes(pairs: tuple[tuple[str, str], ...]) -> list[Json]:
    """Custom attributes; names that begin with "_" are by Shopify's custom hidden from customers."""
    shown = ((clean_text(name), clean_text(value)) for name, value in pairs if not name.startswith("_"))
    return [{"name": name, "value": value} for name, value in shown if name and value]


def _build_seller(seller: Seller | None) -> Json | None:
    if seller is None:
        return None
    return {
        "name": seller.name,
        "address": list(seller.address),
        "tax_id": seller.tax_id,
        "registration": seller.registration,
        "eori": seller.eori,
        "ioss": seller.ioss,
        "email": seller.email,
        "phone": seller.phone,
        "footer": seller.footer,
        "logo": f"/{seller.logo}" if seller.logo else None,
    }


def _build_address(address: Address | None, locale: Locale) -> Json | None:
    if address is None:
        return None
    printed = addresses.format_address(address, locale)
    return {
        "lines": [{"text": line, "rtl": is_right_to_left(line)} for line in printed],
        "name": addresses.format_person(address),
        "company": clean_text(address.company),
        "address1": clean_text(address.address1),
        "address2": clean_text(address.address2),
        "city": clean_text(address.city),
        "province": clean_text(postal.format_province(address)),
        "province_code": clean_text(address.province_code),
        "postal_code": clean_text(address.postal_code),
        "country_code": clean_text(address.country_code),
        "country": clean_text(formats.format_country(address.country_code, locale)),
        "phone": clean_text(address.phone),
    }


def _build_buyer(papers: Papers) -> Json:
    """Who buys, as far as Shopify tells more than the addresses do."""
    return {
        "company": clean_text(papers.company),
        "vat_id": clean_text(papers.vat_id),
        "credentials": _build_attributes(papers.credentials),
    }


def _build_presentment(order: ShopOrder, total: Decimal, locale: Locale) -> Json | None:
    """The total in the currency that the customer paid in, where that is not the shop's."""
    paid = find_presentment_total(order, total)
    if paid is None:
        return None
    text = formats.format_money(paid.amount, paid.currency, locale)
    return {"currency": paid.currency, "total": {"amount": str(paid.amount), "text": text}}


def _build_notes(order: ShopOrder, totals: Sums, words: Labels, locale: Locale) -> list[str]:
    currency = totals.currency
    presentment = _build_presentment(order, totals.total, locale)
    if presentment is not None:
        paid = f"{presentment['currency']} ({presentment['total']['text']})"
    elif order.presentment_currency and order.presentment_currency != currency:
        paid = order.presentment_currency
    else:
        return []
    return [words["paid_in"].format(paid=paid, shown=currency)]


class _Writer:
    """Writes amounts and rows in one currency, locale and language."""

    def __init__(
        self,
        currency: str,
        locale: Locale,
        words: Labels,
        customs: Mapping[str, Customs],
        safety: Callable[[str | None], str | None],
    ) -> None:
        self._currency = currency
        self._customs = customs
        self._safety = safety
        self._locale = locale
        self._words = words

    def build_money(self, amount: Decimal) -> Json:
        return {"amount": str(amount), "text": formats.format_money(amount, self._currency, self._locale)}

    def build_line(self, amounts: LineSum) -> Json:
        line = amounts.line
        removed = line.quantity - amounts.quantity
        customs = self._customs.get(line.id, Customs())
        variant = clean_text(line.variant_title)
        title = clean_text(line.title)
        return {
            "sku": clean_text(line.sku),
            "title": title,
            "rtl": is_right_to_left(title),
            "variant": "" if variant == "Default Title" else variant,
            "options": _build_attributes(line.options),
            "hs_code": clean_text(customs.hs_code),
            "origin": self._build_origin(customs.origin),
            "safety": clean_text(self._safety(line.sku), LONGEST_SAFETY),
            "attributes": _build_attributes(line.attributes),
            "quantity": {
                "amount": amounts.quantity,
                "text": formats.format_number(amounts.quantity, self._locale),
            },
            "removed": self._build_removed(removed) if removed > 0 else None,
            "unit_price": self.build_money(line.unit_price.amount),
            "gross": self.build_money(amounts.gross),
            "discount": self.build_money(-amounts.discount) if amounts.discount else None,
            "total": self.build_money(amounts.total),
            "taxes": [
                self.build_row(Row(RowKind.TAX, amounts.compute_share(tax.price.amount), tax.title, tax.rate))
                for tax in line.taxes
            ],
        }

    def _build_origin(self, code: str | None) -> Json | None:
        if not code:
            return None
        return {"code": clean_text(code), "name": clean_text(formats.format_country(code, self._locale))}

    def _build_removed(self, count: int) -> Json:
        text = self._words["removed"].format(count=formats.format_number(count, self._locale))
        return {"amount": count, "text": text}

    def build_totals(self, totals: Sums) -> Json:
        return {
            "sums": [self.build_row(row) for row in totals.rows],
            "total": self.build_money(totals.total),
            "included_taxes": [self.build_row(row, included=True) for row in totals.included],
            "net": None if totals.net is None else self.build_money(totals.net),
            "after": [self.build_row(row) for row in totals.after],
            "final": self.build_money(totals.final) if totals.after else None,
            "has_discounts": any(line.discount != ZERO for line in totals.lines),
        }

    def build_row(self, row: Row, *, included: bool = False) -> Json:
        label = self._format_label(row)
        return {
            "kind": str(row.kind),
            "label": self._words["included"].format(tax=label) if included else label,
            "title": clean_text(row.title),
            "rate": None if row.rate is None else str(row.rate),
            **self.build_money(row.amount),
        }

    def _format_label(self, row: Row) -> str:
        word = {
            RowKind.SUBTOTAL: self._words["subtotal"],
            RowKind.DISCOUNT: self._words["discount"],
            RowKind.SHIPPING: self._words["shipping"],
            RowKind.TAX: self._words["tax"],
            RowKind.OTHER: self._words["other"],
            RowKind.REFUNDED: self._words["refunded"],
        }[row.kind]
        title = clean_text(row.title, 80)
        if row.kind is RowKind.SHIPPING:
            return f"{word} ({title})" if title else word
        if row.kind is RowKind.TAX:
            rate = "" if row.rate is None else formats.format_rate(row.rate, self._locale)
            return " ".join(part for part in (title or word, rate) if part)
        return word
