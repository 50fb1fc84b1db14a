"""The settings, typed. Names are those of the YAML file; `loader.py` reads them, with places for faults.

The descriptions are the merchant's manual: `config schema`, the reference in the README and the remedies of
faults are made of them. An example stands where a value's form is not plain from its type.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Discriminator, Field, SecretStr, Tag

from bridge.config.account_settings import (
    AccessToken,
    ClientId,
    ClientSecret,
    Login,
    PublicUrl,
    Theme,
)
from bridge.config.alert_settings import (
    Alert,
    Reminders,
    Webhook,
)
from bridge.config.console_settings import Console as Console
from bridge.config.identifiers import (
    Country,
    DatabaseUrl,
    Domain,
    Listen,
    Material,
    Network,
    ShopName,
    Sku,
    UpstreamUrl,
    Uuid,
)
from bridge.config.invoice_settings import Invoice as Invoice
from bridge.config.invoice_settings import Seller as Seller
from bridge.config.model import Model, doc
from bridge.config.types import (
    Flag,
    ModeName,
    Secret,
    ShipMethod,
    Text,
    Unit,
    Words,
    build_value_error,
    one_of,
)
from bridge.config.value_types import (
    Amount,
    Count,
    Duration,
    Interval,
    Moment,
    Rate,
    Scale,
)

V = TypeVar("V")


class Server(Model):
    """The web side of the bridge."""

    public_url: Annotated[
        PublicUrl,
        doc(
            "The address under which Shopify and Sculpteo reach the bridge, without a path; https in `live` mode.",
            "https://bridge.example.com",
        ),
    ]
    listen: Annotated[Listen, doc("Where the bridge listens; a reverse proxy with TLS stands before it.")] = (
        "127.0.0.1:8080"
    )
    open_metrics: Annotated[
        Flag, doc("Whether /metrics answers other machines, too; else this one only, and through no proxy.")
    ] = False
    trusted_proxies: Annotated[
        tuple[Network, ...],
        doc(
            "Proxies whose X-Forwarded-For is believed: addresses or networks. By default those on this machine.",
            "[127.0.0.1, 10.0.0.0/8]",
        ),
    ] = ("127.0.0.0/8", "::1/128")


class ShopSettings(Model):
    """One Shopify shop: a Dev Dashboard app (client_id, client_secret) or an older custom app (access_token)."""

    domain: Annotated[Domain, doc("The shop's own Shopify domain.", "acme.myshopify.com")]
    former_domain: Annotated[
        Domain | None,
        doc(
            "The domain that it had before, where Shopify gave the same shop another one: its orders stay its own.",
            "old-name.myshopify.com",
        ),
    ] = None
    client_id: Annotated[
        ClientId | None, doc("Client ID of the Dev Dashboard app.", "9c2f6a1e0b7d4c35a8e1f0b2d4c6e8a0")
    ] = None
    client_secret: Annotated[
        ClientSecret | None,
        doc(
            "Client secret of the app. It also proves that webhooks come from Shopify.",
            "${SHOPIFY_CLIENT_SECRET}",
        ),
    ] = None
    access_token: Annotated[
        AccessToken | None,
        doc(
            "Instead of `client_id`: the token of a custom app made in the shop's admin before 2026.",
            "${TOKEN}",
        ),
    ] = None
    webhook_secrets: Annotated[
        tuple[Secret, ...],
        doc(
            "More secrets that may sign webhooks: the old one while it is being replaced, or the key shown under "
            "Settings, Notifications.",
            "[${OLD_SECRET}]",
        ),
    ] = ()
    admin_url: Annotated[UpstreamUrl | None, doc("Only to point at a sandbox.", "http://127.0.0.1:9001")] = (
        None
    )
    locations: Annotated[
        tuple[Words, ...],
        doc("Names or ids of the locations that Sculpteo prints for; empty means all.", "[Sculpteo]"),
    ] = ()
    products: Annotated[
        tuple[Product, ...],
        doc("As the top-level `products`, for this shop only; they win over the same SKU or pattern there."),
    ] = ()
    ignore: Annotated[tuple[Sku, ...], doc("As the top-level `ignore`, for this shop only.")] = ()
    since: Annotated[
        Moment | None,
        doc(
            "Orders made before it wait for your approval; default: when the bridge went live in the shop.",
            "2026-11-01",
        ),
    ] = None
    notify_customer: Annotated[Flag, doc("Whether Shopify tells this shop's customers of each parcel.")] = (
        True
    )
    payment: Annotated[
        Literal["paid", "authorized", "approve"],
        one_of("paid", "authorized", "approve"),
        doc(
            "Which orders are bought by themselves. `paid`: those paid in full. `authorized`: also those whose "
            "payment is authorized for longer than `ships_within`; a shorter authorization asks a person. "
            "`approve`: as `paid`, and a person is asked at once about each other order. Where Shopify captures "
            "payments when an order is fulfilled, take `authorized`: with `paid`, each waits for the other.",
            "authorized",
        ),
    ] = "paid"
    ships_within: Annotated[
        Interval,
        doc(
            "With `payment: authorized`: how long Sculpteo likely takes from the order to shipping, in days of the "
            "calendar. Sculpteo names no date before it has the order.",
        ),
    ] = timedelta(days=5)

    def signing_secrets(self) -> tuple[bytes, ...]:
        own = (self.client_secret,) if self.client_secret else ()
        return tuple(secret.get_secret_value().encode() for secret in (*own, *self.webhook_secrets))


class SculpteoSettings(Model):
    """The merchant's account at Sculpteo; it must be enabled for invoice payment."""

    login: Annotated[Login, doc("Login of the account that is billed.", "prints@example.com")]
    password: Annotated[Secret, doc("Its password.", "${SCULPTEO_PASSWORD}")]
    theme: Annotated[
        Theme | None, doc("Packing-slip theme, as agreed with Sculpteo (contact@sculpteo.com).", "acme")
    ] = None
    base_url: Annotated[UpstreamUrl, doc("Only to point at a sandbox.")] = "https://www.sculpteo.com"
    currency: Annotated[
        Literal["EUR", "USD", "GBP"],
        one_of("EUR", "USD", "GBP"),
        doc("Currency in which Sculpteo bills, and in which limits count."),
    ] = "EUR"
    requests_per_second: Annotated[Rate, doc("Politeness: the most requests a second, of all processes.")] = (
        2.0
    )
    timeout: Annotated[Interval, doc("How long one request may take.")] = timedelta(seconds=60)
    poll: Annotated[Interval, doc("How often a placed order is asked for, at most.")] = timedelta(minutes=30)


class Shipping(Model):
    """How Sculpteo ships. `quick` (Colissimo) goes to France only; elsewhere `cheapest` takes its place."""

    default: Annotated[
        ShipMethod,
        doc("For shipping rates that `by_rate` does not name: `cheapest`, `express` (UPS) or `quick`."),
    ] = "cheapest"
    by_rate: Annotated[
        dict[Words, ShipMethod],
        doc(
            "By the name of the rate that the customer chose; `*` stands for any characters, case does not count.",
            '{"Express*": express}',
        ),
    ] = Field(default_factory=dict)


def _check_not_empty(values: dict[str, V]) -> dict[str, V]:
    """A choice without any value prints nothing, and would say so of each order only."""
    if values:
        return values
    raise build_value_error("is empty", "list the option's values, each with what it stands for")


class ByOption(Model):
    """A material that depends on a variant option or, where there is none of that name, a custom attribute."""

    option: Annotated[Words, doc("Name of the variant option; case and spaces do not count.", "Material")]
    values: Annotated[
        dict[Words, Material],
        AfterValidator(_check_not_empty),
        doc("The option's values, each with its material.", "{White: white_plastic}"),
    ]


class ScaleByOption(Model):
    """A scale that depends on a variant option or, where there is none of that name, a custom attribute."""

    option: Annotated[Words, doc("Name of the variant option; case and spaces do not count.", "Size")]
    values: Annotated[
        dict[Words, Scale],
        AfterValidator(_check_not_empty),
        doc("The option's values, each with its scale.", "{S: 0.8, L: 1.2}"),
    ]


def _select_form(value: object) -> str:
    """Which member of a union is meant: a mapping stands for the choice by option."""
    return "<by option>" if isinstance(value, (dict, ByOption, ScaleByOption)) else "<one>"


MaterialRule = Annotated[
    Annotated[Material, Tag("<one>")] | Annotated[ByOption, Tag("<by option>")], Discriminator(_select_form)
]
ScaleRule = Annotated[
    Annotated[Scale, Tag("<one>")] | Annotated[ScaleByOption, Tag("<by option>")], Discriminator(_select_form)
]

_UUID = "UUID of the Sculpteo design, as its page shows it."
_MATERIAL = "Sculpteo's material id; or `{option: ..., values: {...}}` to choose it by a variant option."
_SCALE = (
    "Factor on the design as uploaded; or `{option: ..., values: {...}}` to choose it by a variant option."
)
_UNIT = "Unit of the design: mm, cm, m, in, ft or yd."


class Item(Model):
    """One design of a product. What is not given comes from the product, then from `defaults`."""

    uuid: Annotated[Uuid, doc(_UUID, "QfGQC4YQ")]
    quantity: Annotated[Count, doc("Copies of it in one unit of the product.")] = 1
    material: Annotated[MaterialRule | None, doc(_MATERIAL, "silver")] = None
    scale: Annotated[ScaleRule | None, doc(_SCALE, "0.87")] = None
    unit: Annotated[Unit | None, doc(_UNIT, "cm")] = None


class Product(Model):
    """A SKU, or a pattern of SKUs, and what is printed for one unit of it: `uuid`, or `items` for a bundle."""

    sku: Annotated[
        Sku,
        doc(
            "A SKU as in Shopify, case included, characters that cannot be seen left out; or a pattern with `*` (any characters) and `?` (one character). "
            "A SKU wins over patterns, and the pattern with more other characters wins.",
            '"MUG-*"',
        ),
    ]
    uuid: Annotated[Uuid | None, doc(_UUID, "QfGQC4YQ")] = None
    items: Annotated[
        tuple[Item, ...],
        doc("Instead of `uuid`: the designs of a bundle.", "[{uuid: QfGQC4YQ, quantity: 16}]"),
    ] = ()
    quantity: Annotated[
        Count, doc("Copies that one unit of the product stands for; multiplies all items.")
    ] = 1
    material: Annotated[MaterialRule | None, doc(_MATERIAL, "silver")] = None
    scale: Annotated[ScaleRule | None, doc(_SCALE, "0.87")] = None
    unit: Annotated[Unit | None, doc(_UNIT, "cm")] = None
    safety: Annotated[
        Text | None,
        doc(
            "Safety information that the law wants with the product, for the invoice: warnings, and who is responsible.",
            '"Not for children under 3: small parts."',
        ),
    ] = None


class Defaults(Model):
    """What products use that do not say otherwise."""

    material: Annotated[Material | None, doc("Sculpteo's material id.", "white_plastic")] = None
    unit: Annotated[Unit, doc(_UNIT)] = "mm"
    scale: Annotated[Scale, doc("Factor on the design as uploaded.")] = Decimal(1)


class Approval(Model):
    """When a person must approve an order before it is bought: any condition that fits asks for one."""

    mode: Annotated[
        Literal["automatic", "manual"],
        one_of("automatic", "manual"),
        doc("`automatic`: after `delay`; `manual`: a person approves each order."),
    ] = "automatic"
    delay: Annotated[Duration, doc("How long an order can still be cancelled before it is bought.")] = (
        timedelta(minutes=30)
    )
    tags: Annotated[tuple[Words, ...], doc("Orders with one of these tags.", "[wholesale]")] = ()
    above: Annotated[
        Amount | None, doc("Orders whose total is above, or is in another currency.", "500 EUR")
    ] = None
    countries: Annotated[tuple[Country, ...], doc("Orders to these countries.", "[US, NO]")] = ()
    first_order: Annotated[Flag, doc("A customer's first order, or one of a customer who is not known.")] = (
        False
    )
    high_risk: Annotated[
        Literal["hold", "allow"],
        one_of("hold", "allow"),
        doc("Orders that Shopify's fraud analysis rates high. `allow` also buys what it has not rated yet."),
    ] = "hold"
    unrated: Annotated[
        Literal["hold", "allow"],
        one_of("hold", "allow"),
        doc(
            "Orders that Shopify's fraud analysis has not rated an hour after they were made: `hold` asks a person, "
            "`allow` buys them, for shops whose orders Shopify does not rate."
        ),
    ] = "hold"


class AddressCheck(Model):
    """What follows from Shopify's own check of the shipping address. One that it finds wrong always asks a person."""

    warning: Annotated[
        Literal["pass", "ask"],
        one_of("pass", "ask"),
        doc(
            "An address of which Shopify says that something may be wrong: `ask` a person, or let it `pass`. One that "
            "Shopify has not checked passes."
        ),
    ] = "ask"


class Limits(Model):
    """Spending limits on Sculpteo's prices, without its shipping. Above them an order waits."""

    per_order: Annotated[Amount | None, doc("The most that one order may cost.", "300 EUR")] = None
    per_day: Annotated[
        Amount | None, doc("The most that the orders of one day (UTC) may cost.", "2000 EUR")
    ] = None


class Tracking(Model):
    """How parcels are told to the shop."""

    notify_customer: Annotated[Flag, doc("Whether Shopify tells customers of each parcel.")] = True
    carriers: Annotated[
        dict[Words, Words],
        doc(
            "Sculpteo's name of a carrier, or a pattern with `*` and `?`, and the name that Shopify has on its list, where "
            "the built-in table lacks it. Case, accents and signs of the first do not count; the second counts letter by letter.",
            '{"DHL EU*": DHL Express}',
        ),
    ] = Field(default_factory=dict)
    without_number_after: Annotated[
        Duration,
        doc(
            "When Sculpteo says “shipped” without a tracking number, the shop is told after this time all the same."
        ),
    ] = timedelta(hours=48)


class Retention(Model):
    """How long data is kept. The proof of each purchase (sums, items, references, times) stays for good."""

    deliveries: Annotated[
        Interval,
        doc("Webhook deliveries as they came, compressed: for `deliveries replay`.", "14d"),
    ] = timedelta(days=30)
    personal_data: Annotated[
        Interval,
        doc(
            "Names, addresses, e-mails and what customers wrote, counted from when an order is over. Earlier where a "
            "customer asks Shopify for it.",
            "90d",
        ),
    ] = timedelta(days=90)


class Logging(Model):
    """The log, on standard error."""

    format: Annotated[
        Literal["plain", "json"],
        one_of("plain", "json"),
        doc("`plain`: sentences on a terminal, key=value in files and pipes; `json` for programs."),
    ] = "plain"
    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        one_of("debug", "info", "warning", "error"),
        doc("The least severe line that is written."),
    ] = "info"


class Settings(Model):
    """The whole configuration."""

    mode: Annotated[
        ModeName,
        doc(
            "`preview`: nothing is sent to Sculpteo; `test`: orders with fake=1, never made or billed; `live`: real orders.",
            "test",
        ),
    ]
    server: Annotated[Server, doc("The web side of the bridge.")]
    database: Annotated[
        DatabaseUrl,
        doc(
            "`sqlite:///file`, relative to the folder of this file, or `postgresql://user:password@host/name` for "
            "several processes."
        ),
    ] = SecretStr("sqlite:///bridge.db")
    shops: Annotated[dict[ShopName, ShopSettings], doc("Each Shopify shop under a short name of your own.")]
    sculpteo: Annotated[SculpteoSettings, doc("Your account at Sculpteo.")]
    shipping: Annotated[Shipping, doc("How Sculpteo ships.")] = Shipping()
    defaults: Annotated[Defaults, doc("What products use that do not say otherwise.")] = Defaults()
    products: Annotated[tuple[Product, ...], doc("What is printed for each SKU.")] = ()
    ignore: Annotated[
        tuple[Sku, ...],
        doc(
            "SKUs and patterns that are not printed: your own stock. They stay yours to fulfill.",
            '["GIFT-*"]',
        ),
    ] = ()
    unmapped: Annotated[
        Literal["hold", "ignore"],
        one_of("hold", "ignore"),
        doc("An order with a SKU that is in neither list: `hold` it for you, or `ignore` that line."),
    ] = "hold"
    approval: Annotated[Approval, doc("When a person must approve.")] = Approval()
    address_check: Annotated[AddressCheck, doc("What follows from Shopify's check of the address.")] = (
        AddressCheck()
    )
    limits: Annotated[Limits, doc("Spending limits.")] = Limits()
    invoice: Annotated[Invoice, doc("The invoice in the parcel.")] = Invoice()
    tracking: Annotated[Tracking, doc("How parcels are told to the shop.")] = Tracking()
    alerts: Annotated[
        tuple[Alert, ...], doc("Who is told when a person is needed: Apprise URLs.", '["mailto://..."]')
    ] = ()
    webhooks: Annotated[tuple[Webhook, ...], doc("Other systems that are told of orders.")] = ()
    reminders: Annotated[Reminders, doc("When something that does not move is told.")] = Reminders()
    retention: Annotated[Retention, doc("How long data is kept.")] = Retention()
    logging: Annotated[Logging, doc("The log.")] = Logging()
    console: Annotated[Console, doc("The console in the browser.")] = Console()


ShopSettings.model_rebuild()
Settings.model_rebuild()
