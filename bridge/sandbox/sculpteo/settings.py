"""What can be chosen about the sandbox's Sculpteo, above all where the real one is undocumented."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class JsonNames:
    """Field names of the JSON tracking answer. Sculpteo documents that there is such an answer, and nothing
    of what is in it: these are inventions, and a client must not depend on them."""

    reference: str = "reference"
    status: str = "status"
    estimated: str = "estimated_delivery"
    parcels: str = "parcels"
    number: str = "tracking_number"
    carrier: str = "carrier"
    url: str = "tracking_url"
    shipped_on: str = "shipped_on"
    contents: str = "items"
    wrap: str | None = None  # put it all under this key


@dataclass(frozen=True, slots=True)
class Material:
    id: str
    name: str
    price_per_cm3: Decimal


MATERIALS = (
    Material("white_plastic", "White plastic", Decimal("1.10")),
    Material("black_plastic", "Black plastic", Decimal("1.25")),
    Material("color_plastic", "Multicolor", Decimal("2.40")),
    Material("alumide", "Alumide", Decimal("1.80")),
    Material("resin_white", "White resin", Decimal("2.90")),
    Material("silver", "Sterling silver", Decimal("38.00")),
    Material("brass", "Brass", Decimal("14.50")),
)


@dataclass(slots=True)
class SculpteoSettings:
    """An account at the sandbox's Sculpteo. Its password opens nothing but this sandbox."""

    login: str = "acme"
    password: str = "sandbox-password"  # noqa: S105 - see above
    invoice_payment: bool = True  # the account may pay by invoice; the order call needs it
    themes: tuple[str, ...] | None = None  # packing slips agreed upon; None = any name is taken
    materials: tuple[Material, ...] = MATERIALS
    default_material: str = "white_plastic"
    any_design: bool = True  # every well-formed design id exists, with a volume made up from its letters
    first_status: str = "New"
    automatic: bool = False  # orders go through production by themselves, as `pace` says
    pace: tuple[tuple[str, float], ...] = (("In Process", 6 * 3600), ("Shipped", 3 * 86400))
    speed: float = 1.0  # how many seconds of production pass in one
    notify: bool = True
    page_language: str = "en"  # of the tracking page: en or fr
    page_status: bool = True  # whether the page says the status in words, besides its steps
    json_tracking: bool = True  # False: the page, whatever is asked for
    json_names: JsonNames = field(default_factory=JsonNames)
