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
from bridge.invoice.labels import ENGLISH, LABELS, Labels, labels
from bridge.invoice.sanitize import (
    clean,
    right_to_left,
)
from bridge.invoice.totals import (
    ZERO,
    Kind,
    LineSum,
    Row,
    Sums,
    paid_in_other_currency,
    sums,
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


def invoice_data(shop: str, order: ShopOrder, settings: Invoice, safety: Safety = no_safety) -> Json:
    """All that a template may print. Raises BadSetting or `totals.Unusable`."""
    locale = choose_locale(settings.language, order.locale)
    words = labels(locale.language)
    zone = _zone(settings.timezone)
    totals = sums(order)
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
        "number": invoice_number(settings.number, order, zone, shop),
        "date": _day(order.created_at, zone, locale),
        "order": {
            "id": order.id,
            "name": clean(order.name),
            "date": _day(order.created_at, zone, locale),
            "paid": order.fully_paid,
            "test": order.test,
            "po_number": clean(papers.po_number),
            "attributes": _pairs(order.attributes),
        },
        "currency": totals.currency,
        "seller": _seller(settings.seller),
        "billing": _address(billing, locale),
        "shipping": _address(order.address, locale),
        "buyer": _buyer(papers),
        "incoterm": settings.incoterm,
        "customer": {"email": clean(order.email), "name": clean(order.customer_name)},
        "lines": [say.line(amounts) for amounts in totals.lines],
        **say.totals(totals),
        "presentment": _presentment(order, totals.total, locale),
        "notes": _notes(order, totals, words, locale),
        "fonts": list(settings.font),
    }


def choose_locale(wanted: str | None, customers: str | None) -> Locale:
    """The merchant's language if set, else the customer's, else English; with the customer's region.

    Of the customers' languages only those with labels are taken: English words with, say, Thai dates would
    be neither. A merchant who sets such a language has it so, for a template with words of its own.
    """
    customer = formats.locale_of(customers)
    if wanted:
        chosen = formats.locale_of(wanted)
        if chosen is None:
            raise BadSetting(f"`invoice.language` {wanted!r} is not a language such as en, fr or pt-BR")
    elif customer is None or customer.language not in LABELS:
        return Locale(ENGLISH)
    else:
        chosen = customer
    if customer is not None and customer.language == chosen.language and chosen.territory is None:
        return customer
    return chosen


def invoice_number(pattern: str, order: ShopOrder, zone: tzinfo, shop: str) -> str:
    """`pattern` with {order} (the name without "#"), {order_name}, {order_number}, {shop} and {year} filled."""
    values = {
        "order": order.name.removeprefix("#"),
        "order_name": order.name,
        "order_number": "" if order.number is None else str(order.number),
        "shop": shop,
        "year": str(order.created_at.astimezone(zone).year),
    }

    def fill(found: re.Match[str]) -> str:
        if found[1] not in values:
            known = ", ".join(f"{{{name}}}" for name in values)
            raise BadSetting(f"`invoice.number` has {found[0]}, which is none of {known}")
        if not values[found[1]]:
            raise BadSetting(f"`invoice.number` has {found[0]}, but this order has none; use {{order}}")
        return values[found[1]]

    return clean(_PLACEHOLDER.sub(fill, pattern))


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # needs no time zone database, which a slim container may lack
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSetting(
            f"`invoice.timezone` {name!r} is not a time zone that this machine knows, such as Europe/Paris"
        ) from None


def _day(moment: datetime, zone: tzinfo, locale: Locale) -> Json:
    local = moment.astimezone(zone).date()
    return {"iso": local.isoformat(), "text": formats.day(local, locale)}


def _pairs(pairs: tuple[tuple[str, str], ...]) -> list[Json]:
    """Custom attributes; names that begin with "_" are by Shopify's custom hidden from customers."""
    shown = ((clean(name), clean(value)) for name, value in pairs if not name.startswith("_"))
    return [{"name": name, "value": value} for name, value in shown if name and value]


def _seller(seller: Seller | None) -> Json | None:
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


def _address(address: Address | None, locale: Locale) -> Json | None:
    if address is None:
        return None
    printed = addresses.lines(address, locale)
    return {
        "lines": [{"text": line, "rtl": right_to_left(line)} for line in printed],
        "name": addresses.person(address),
        "company": clean(address.company),
        "address1": clean(address.address1),
        "address2": clean(address.address2),
        "city": clean(address.city),
        "province": clean(postal.format_province(address)),
        "province_code": clean(address.province_code),
        "postal_code": clean(address.postal_code),
        "country_code": clean(address.country_code),
        "country": clean(formats.country(address.country_code, locale)),
        "phone": clean(address.phone),
    }


def _buyer(papers: Papers) -> Json:
    """Who buys, as far as Shopify tells more than the addresses do."""
    return {
        "company": clean(papers.company),
        "vat_id": clean(papers.vat_id),
        "credentials": _pairs(papers.credentials),
    }


def _presentment(order: ShopOrder, total: Decimal, locale: Locale) -> Json | None:
    """The total in the currency that the customer paid in, where that is not the shop's."""
    paid = paid_in_other_currency(order, total)
    if paid is None:
        return None
    text = formats.money(paid.amount, paid.currency, locale)
    return {"currency": paid.currency, "total": {"amount": str(paid.amount), "text": text}}


def _notes(order: ShopOrder, totals: Sums, words: Labels, locale: Locale) -> list[str]:
    currency = totals.currency
    presentment = _presentment(order, totals.total, locale)
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

    def money(self, amount: Decimal) -> Json:
        return {"amount": str(amount), "text": formats.money(amount, self._currency, self._locale)}

    def line(self, amounts: LineSum) -> Json:
        line = amounts.line
        removed = line.quantity - amounts.quantity
        customs = self._customs.get(line.id, Customs())
        variant = clean(line.variant_title)
        title = clean(line.title)
        return {
            "sku": clean(line.sku),
            "title": title,
            "rtl": right_to_left(title),
            "variant": "" if variant == "Default Title" else variant,
            "options": _pairs(line.options),
            "hs_code": clean(customs.hs_code),
            "origin": self._origin(customs.origin),
            "safety": clean(self._safety(line.sku), LONGEST_SAFETY),
            "attributes": _pairs(line.attributes),
            "quantity": {"amount": amounts.quantity, "text": formats.number(amounts.quantity, self._locale)},
            "removed": self._removed(removed) if removed > 0 else None,
            "unit_price": self.money(line.unit_price.amount),
            "gross": self.money(amounts.gross),
            "discount": self.money(-amounts.discount) if amounts.discount else None,
            "total": self.money(amounts.total),
            "taxes": [
                self.row(Row(Kind.TAX, amounts.share(tax.price.amount), tax.title, tax.rate))
                for tax in line.taxes
            ],
        }

    def _origin(self, code: str | None) -> Json | None:
        if not code:
            return None
        return {"code": clean(code), "name": clean(formats.country(code, self._locale))}

    def _removed(self, count: int) -> Json:
        text = self._words["removed"].format(count=formats.number(count, self._locale))
        return {"amount": count, "text": text}

    def totals(self, totals: Sums) -> Json:
        return {
            "sums": [self.row(row) for row in totals.rows],
            "total": self.money(totals.total),
            "included_taxes": [self.row(row, included=True) for row in totals.included],
            "net": None if totals.net is None else self.money(totals.net),
            "after": [self.row(row) for row in totals.after],
            "final": self.money(totals.final) if totals.after else None,
            "has_discounts": any(line.discount != ZERO for line in totals.lines),
        }

    def row(self, row: Row, *, included: bool = False) -> Json:
        label = self._label(row)
        return {
            "kind": str(row.kind),
            "label": self._words["included"].format(tax=label) if included else label,
            "title": clean(row.title),
            "rate": None if row.rate is None else str(row.rate),
            **self.money(row.amount),
        }

    def _label(self, row: Row) -> str:
        word = {
            Kind.SUBTOTAL: self._words["subtotal"],
            Kind.DISCOUNT: self._words["discount"],
            Kind.SHIPPING: self._words["shipping"],
            Kind.TAX: self._words["tax"],
            Kind.OTHER: self._words["other"],
            Kind.REFUNDED: self._words["refunded"],
        }[row.kind]
        title = clean(row.title, 80)
        if row.kind is Kind.SHIPPING:
            return f"{word} ({title})" if title else word
        if row.kind is Kind.TAX:
            rate = "" if row.rate is None else formats.percent(row.rate, self._locale)
            return " ".join(part for part in (title or word, rate) if part)
        return word
