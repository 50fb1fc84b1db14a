"""What the app must be allowed to do, and what is lost without each permission.

https://shopify.dev/docs/api/usage/access-scopes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.shopify.client import Admin


@dataclass(frozen=True, slots=True)
class Scope:
    """A permission. `others` do as well; `needed` = the main job stops without it."""

    handle: str
    lost: str
    needed: bool
    others: tuple[str, ...] = ()

    def given(self, granted: Iterable[str]) -> bool:
        """Whether it is among the granted ones. A write permission includes the read permission."""
        held = set(granted)
        held |= {handle.replace("write_", "read_", 1) for handle in held if handle.startswith("write_")}
        return any(handle in held for handle in (self.handle, *self.others))


FULFILLMENT_ORDERS = Scope(
    "write_merchant_managed_fulfillment_orders",
    "Fulfillment orders cannot be seen, so nothing can be printed, and no tracking number comes back.",
    needed=True,
    others=("write_assigned_fulfillment_orders", "write_third_party_fulfillment_orders"),
)
SCOPES: tuple[Scope, ...] = (
    Scope("read_orders", "Orders cannot be read, so nothing can be printed.", needed=True),
    Scope(
        "read_products",
        "Variants cannot be read, so orders cannot be matched and `plan` cannot look at the catalogue.",
        needed=True,
    ),
    FULFILLMENT_ORDERS,
    Scope(
        "write_orders",
        "The second ledger on the Shopify order is off: a lost or restored database, or a second bridge, "
        "could order a print again, and would order what a person cancelled, ignored or held. Nor are the state "
        "and the reference shown on the order.",
        needed=False,
    ),
    Scope(
        "read_locations",
        "Locations can be told apart by their names only, not by their ids: a renamed one is not recognised.",
        needed=False,
        others=("read_inventory", "read_markets_home"),
    ),
    Scope(
        "read_customers",
        "The approval rule for a customer's first order asks a person for every order, and invoices lack company and "
        "VAT id of buyers who buy for a company.",
        needed=False,
    ),
    Scope(
        "read_payment_terms",
        "Payment terms (“Net 30”) are not shown with orders that are not paid yet.",
        needed=False,
    ),
)
WANTED = ",".join(scope.handle for scope in SCOPES)
"""As the app's configuration in the Dev Dashboard takes them."""


def missing(granted: Iterable[str]) -> list[Scope]:
    """The permissions that are not granted, the needed ones first."""
    held = frozenset(granted)
    return sorted((scope for scope in SCOPES if not scope.given(held)), key=lambda scope: not scope.needed)


async def granted(admin: Admin) -> frozenset[str]:
    """The permissions that the app has in this shop. Raises as `Admin.run` does."""
    reply = await admin.run("installation")
    with admin.reading("installation", reply):
        scopes = reply.data["currentAppInstallation"]["accessScopes"].each()
        return frozenset(scope["handle"].text() for scope in scopes)
