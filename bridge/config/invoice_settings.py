"""The settings of the invoice."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bridge.config.identifiers import (
    InvoiceUrl,
    Language,
    NumberPattern,
    Zone,
)
from bridge.config.model import Model, doc
from bridge.config.types import Flag, Secret, Text, Words, one_of
from bridge.config.value_types import whole


class Seller(Model):
    """Who sells, as the invoice says it."""

    name: Annotated[Text, doc("Name of the company.", "Acme Prints SARL")]
    address: Annotated[
        tuple[Words, ...], doc("Its address, line by line.", '["1 rue des Lilas", "75020 Paris"]')
    ] = ()
    tax_id: Annotated[Text | None, doc("VAT or tax number.", "FR00123456789")] = None
    registration: Annotated[Text | None, doc("Company registration.", "RCS Paris 123 456 789")] = None
    eori: Annotated[Text | None, doc("EORI number, for customs.", "FR12345678900012")] = None
    ioss: Annotated[
        Text | None,
        doc("IOSS number, for parcels into the EU on which VAT is paid at the checkout.", "IM0000000000"),
    ] = None
    email: Annotated[Text | None, doc("E-mail address for questions.", "shop@example.com")] = None
    phone: Annotated[Text | None, doc("Telephone number for questions.", '"+33 1 00 00 00 00"')] = None
    footer: Annotated[Words | None, doc("A line at the foot of each page.", "Thank you!")] = None
    logo: Annotated[Text | None, doc("A PNG, JPEG or SVG in the folder of this file.", "logo.svg")] = None


class Invoice(Model):
    """The invoice that Sculpteo puts into the parcel."""

    mode: Annotated[
        Literal["template", "url", "none"],
        one_of("template", "url", "none"),
        doc("`template`: made here; `url`: fetched from your invoicing service; `none`."),
    ] = "none"
    template: Annotated[
        Text | None,
        doc(
            "One of the bridge's: `invoice` (the default), or `customs` (a commercial invoice, for parcels that pass "
            "customs); or your own Typst template in the folder of this file.",
            "customs",
        ),
    ] = None
    seller: Annotated[Seller | None, doc("Who sells; needed for mode `template`.")] = None
    number: Annotated[
        NumberPattern,
        doc(
            "The invoice number: `{order}`, `{order_name}`, `{order_number}`, `{shop}`, `{year}` are filled. With "
            "several shops it needs `{shop}`, so that no number is there twice."
        ),
    ] = "{order}"
    incoterm: Annotated[
        Text | None, doc("Who pays duties and freight, for the commercial invoice.", "DAP")
    ] = None
    language: Annotated[
        Language | None, doc("Language of the invoice; default: the customer's, else English.", "fr")
    ] = None
    timezone: Annotated[Zone, doc("Time zone of its dates.", "Europe/Paris")] = "UTC"
    font: Annotated[
        tuple[Text, ...], doc("Fonts to use, the preferred one first.", "[Noto Sans CJK JP]")
    ] = ()
    font_path: Annotated[
        Text | None, doc("A folder of font files, for scripts that the built-in fonts do not have.", "fonts")
    ] = None
    url: Annotated[
        InvoiceUrl | None,
        doc(
            "For mode `url`: where the PDF is; `{order_number}`, `{order_name}`, `{order_id}`, `{shop}` are filled.",
            "https://invoices.example.com/{order_number}.pdf",
        ),
    ] = None
    headers: Annotated[
        dict[Text, Secret],
        doc("HTTP headers to send to `url`.", '{Authorization: "Bearer ${INVOICE_TOKEN}"}'),
    ] = Field(default_factory=dict)
    allow_private_addresses: Annotated[Flag, doc("Whether `url` may lie in your own network.")] = False
    max_bytes: Annotated[int, *whole(1000, 50_000_000), doc("The largest PDF that is sent along.")] = (
        10_000_000
    )
