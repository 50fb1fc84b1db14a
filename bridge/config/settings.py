"""The settings, typed. Names are those of the YAML file; `loader.py` reads them, with places for faults."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bridge.order.model import Mode, Money

Unit = Literal["mm", "cm", "m", "in", "ft", "yd"]
ShipMethod = Literal["cheapest", "express", "quick"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Server(Model):
    public_url: str
    listen: str = "127.0.0.1:8080"
    trusted_proxies: tuple[str, ...] = ()


class ShopSettings(Model):
    """One Shopify shop: a Dev Dashboard app (client_id, client_secret) or an older custom app (access_token)."""

    domain: str
    client_id: str | None = None
    client_secret: SecretStr | None = None
    access_token: SecretStr | None = None
    webhook_secrets: tuple[SecretStr, ...] = ()  # more secrets that may sign deliveries
    admin_url: str | None = None  # only to point at a sandbox
    locations: tuple[str, ...] = ()  # names or ids of the locations that Sculpteo prints for; empty = all
    products: tuple[Product, ...] = ()  # overrides of the top-level products for this shop
    ignore: tuple[str, ...] = ()
    since: datetime | None = None
    notify_customer: bool = True

    def signing_secrets(self) -> tuple[bytes, ...]:
        own = (self.client_secret,) if self.client_secret else ()
        return tuple(secret.get_secret_value().encode() for secret in (*own, *self.webhook_secrets))


class SculpteoSettings(Model):
    login: str
    password: SecretStr
    theme: str | None = None
    base_url: str = "https://www.sculpteo.com"
    currency: Literal["EUR", "USD", "GBP"] = "EUR"
    requests_per_second: float = Field(default=2.0, gt=0, le=10)
    timeout: timedelta = timedelta(seconds=60)
    poll: timedelta = timedelta(minutes=30)  # how often a placed order is asked for, at most


class Shipping(Model):
    default: ShipMethod = "cheapest"
    by_rate: dict[str, ShipMethod] = {}  # glob over the shipping rate's name


class ByOption(Model):
    """A value that depends on a variant option: {option: Material, values: {White: white_plastic}}."""

    option: str
    values: dict[str, str]


class ScaleByOption(Model):
    option: str
    values: dict[str, Decimal]


class Item(Model):
    """One design of a product. What is not given comes from the product, then from `defaults`."""

    uuid: str
    quantity: Annotated[int, Field(ge=1)] = 1
    material: str | ByOption | None = None
    scale: Decimal | ScaleByOption | None = None
    unit: Unit | None = None


class Product(Model):
    """A SKU, or a pattern of SKUs, and what is printed for one unit of it: `uuid`, or `items` for a bundle."""

    sku: str
    uuid: str | None = None
    items: tuple[Item, ...] = ()
    quantity: Annotated[int, Field(ge=1)] = 1
    material: str | ByOption | None = None
    scale: Decimal | ScaleByOption | None = None
    unit: Unit | None = None


class Defaults(Model):
    material: str | None = None
    unit: Unit = "mm"
    scale: Decimal = Decimal(1)


class Approval(Model):
    """When a person must approve. Any of the `*_by` conditions that fits makes an order wait for a person."""

    mode: Literal["automatic", "manual"] = "automatic"
    delay: timedelta = timedelta(minutes=30)
    tags: tuple[str, ...] = ()  # orders with one of these tags
    above: Money | None = None  # orders whose total is above
    countries: tuple[str, ...] = ()  # orders to these countries
    first_order: bool = False  # a customer's first order
    high_risk: Literal["hold", "allow"] = "hold"


class Limits(Model):
    per_order: Money | None = None
    per_day: Money | None = None


class Seller(Model):
    name: str
    address: tuple[str, ...] = ()
    tax_id: str | None = None
    registration: str | None = None
    email: str | None = None
    phone: str | None = None
    footer: str | None = None
    logo: str | None = None  # a PNG, JPEG or SVG beside the configuration file


class Invoice(Model):
    mode: Literal["template", "url", "none"] = "none"
    template: str | None = None  # the merchant's own Typst file, beside the configuration file
    seller: Seller | None = None
    number: str = "{order}"  # how the invoice number is made from the order's name
    language: str | None = None  # en, fr, de, ...; default: the customer's language, else English
    timezone: str = "UTC"  # of the dates on the invoice: an IANA name such as Europe/Paris
    font: tuple[str, ...] = ()
    font_path: str | None = None  # a folder of font files, for scripts that the shipped fonts do not have
    url: str | None = None  # for mode url: https://.../{order_number}.pdf
    headers: dict[str, SecretStr] = {}
    allow_private_addresses: bool = False
    max_bytes: int = 10_000_000


class Tracking(Model):
    notify_customer: bool = True
    carriers: dict[str, str] = {}  # Sculpteo's spelling -> Shopify's, beyond the built-in table
    without_number_after: timedelta = timedelta(hours=48)


class Logging(Model):
    format: Literal["plain", "json"] = "plain"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Model):
    mode: Mode
    server: Server
    database: SecretStr = SecretStr("sqlite:///bridge.db")
    shops: dict[str, ShopSettings]
    sculpteo: SculpteoSettings
    shipping: Shipping = Shipping()
    defaults: Defaults = Defaults()
    products: tuple[Product, ...] = ()
    ignore: tuple[str, ...] = ()
    unmapped: Literal["hold", "ignore"] = "hold"
    approval: Approval = Approval()
    limits: Limits = Limits()
    invoice: Invoice = Invoice()
    tracking: Tracking = Tracking()
    alerts: tuple[SecretStr, ...] = ()
    logging: Logging = Logging()


ShopSettings.model_rebuild()
Settings.model_rebuild()
