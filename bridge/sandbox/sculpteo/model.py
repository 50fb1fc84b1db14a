"""What the sandbox's Sculpteo has in its books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bridge.sandbox.http.strict_json import strict

STATUSES = ("Billed", "New", "In Process", "Shipped", "Blocked", "Cancelled", "API Test")
"""Sculpteo's documented list."""

UNITS = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4, "ft": 304.8, "yd": 914.4}


class Refused(Exception):
    """The order call is answered with this HTTP status and a blank body. `why` is for the sandbox's log."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True, slots=True)
class Item:
    """`uuid:quantity[:scale[:unit[:material]]]` of an order call."""

    uuid: str
    quantity: int
    scale: Decimal = Decimal(1)
    unit: str = "cm"
    material: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    number: str
    carrier: str
    url: str | None
    shipped_on: date
    contents: tuple[tuple[str, int], ...]  # (design uuid, quantity)


@dataclass(slots=True)
class Book:
    """An order that was accepted: it will be made and billed, unless it is a fake one."""

    reference: str
    placed_at: datetime
    items: tuple[Item, ...]
    address: Mapping[str, str]
    comments: tuple[str, ...]
    fake: bool
    status: str
    ship_method: str | None = None
    theme: str | None = None
    notification_url: str | None = None
    invoice: bytes | None = None
    fields: tuple[tuple[str, str], ...] = ()  # the form as it came, without the password
    history: list[tuple[str, datetime]] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    estimated: date | None = None

    def mentions(self, text: str) -> bool:
        """Whether some field of the form holds this text."""
        return any(text in value for _, value in self.fields)


@strict
@dataclass(frozen=True, slots=True)
class ParcelPlan:
    """A parcel of a script: `items` are places in the order's list of items; None = all of them."""

    carrier: str = "UPS"
    items: tuple[int, ...] | None = None
    number: str | None = None


@strict
@dataclass(frozen=True, slots=True)
class Step:
    """`after` so many seconds (from the step before): a new status, a parcel, or both."""

    after: float
    status: str | None = None
    parcel: ParcelPlan | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to the next orders whose form holds `containing`."""

    containing: str
    steps: tuple[Step, ...]
    times: int = 1
