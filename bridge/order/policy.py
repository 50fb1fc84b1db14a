"""The merchant's settings as the steps need them, and since when an order is the bridge's to buy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.order.model import (
    Mode,
    Money,
    ShopOrder,
)


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """When a person must approve before anything is bought; any condition that fits asks for one."""

    manual: bool = False
    delay: timedelta = timedelta(0)
    tags: frozenset[str] = frozenset()  # in lower case
    above: Money | None = None
    countries: frozenset[str] = frozenset()
    first_order: bool = False
    hold_high_risk: bool = True
    hold_unrated: bool = True  # for as long as Shopify's fraud analysis says nothing


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """Which payment is enough to buy. `rule`: paid, authorized or approve; `ships_within`: for how long after
    the purchase an authorization has to last."""

    rule: str = "paid"
    ships_within: timedelta = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """What an order is judged by: the mode, and versions of the rules and of the mapping."""

    mode: Mode
    rules: str
    mapping: str

    def __str__(self) -> str:
        return f"{self.mode}:{self.rules}:{self.mapping}"


@dataclass(frozen=True, slots=True)
class Policy:
    """The merchant's settings as the steps need them."""

    mode: Mode
    notification_url: Callable[[str], str | None]  # secret token -> URL that Sculpteo calls
    ship_method: Callable[[ShopOrder], str | None]
    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    needs_papers: bool = False  # whether an invoice is made here, which says more than the order itself
    ask_about_warnings: bool = True  # whether a warning of Shopify's address check asks a person
    theme: str | None = None
    currency: str = "EUR"  # in which Sculpteo prices and limits are read
    per_order: Money | None = None
    per_day: Money | None = None
    since: Mapping[str, datetime] = field(default_factory=dict)  # shop -> instead of its go-live
    locations: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # shop -> names and ids; empty = all
    payment: Mapping[str, PaymentPolicy] = field(default_factory=dict)  # by shop; none = its defaults
    unknown_locations: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # shop -> of these, what means no location that is known in the shop
    notify_customer: Mapping[str, bool] = field(default_factory=dict)
    version: str = ""  # tells these rules from others
    poll: timedelta = timedelta(minutes=30)
    without_number_after: timedelta = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class GoLive:
    """Since when the bridge works for a shop in the mode that is in force; and how it came to this mode.

    `at` None = not limited. `mode_since` is the last change of the mode, `mode_before` the mode before that.
    """

    at: datetime | None = None
    mode_since: datetime | None = None
    mode_before: Mode | None = None

    def has_missed_rehearsal(self, created_at: datetime, first_seen_at: datetime) -> bool:
        """Whether an order was made before the last change of the mode and the bridge heard of it only after:
        in the mode before, it would have been a rehearsal."""
        if self.mode_since is None or self.mode_before in {None, Mode.LIVE}:
            return False
        return created_at < self.mode_since <= first_seen_at
