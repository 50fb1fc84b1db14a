"""What can be chosen about a sandbox shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

API_VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
"""The stable versions that Shopify serves at the time of writing, oldest first."""

ALL_SCOPES = (
    "read_customers",
    "read_locations",
    "read_payment_terms",
    "read_products",
    "write_assigned_fulfillment_orders",
    "write_fulfillments",
    "write_merchant_managed_fulfillment_orders",
    "write_orders",
    "write_third_party_fulfillment_orders",
)


@dataclass(slots=True)
class ShopSettings:
    """A shop of the sandbox. Its credentials open nothing but this sandbox.

    `bucket_size` and `restore_rate` are the points and points per second of Shopify's Standard plan:
    https://shopify.dev/docs/api/usage/limits
    """

    domain: str = "acme.myshopify.com"
    name: str = "Acme Prints"
    currency: str = "EUR"
    client_id: str = "sandbox-client-id"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - see above
    access_token: str | None = "shpat_sandbox"  # noqa: S105 - see above
    scopes: tuple[str, ...] = ALL_SCOPES
    token_lifetime: timedelta = timedelta(hours=24)
    location: str = "Workshop Lyon"
    routing_delay: timedelta = timedelta(0)
    bucket_size: float = 2000
    restore_rate: float = 100
    max_query_cost: int = 1000
    first_order_number: int = 1001
    order_name: str = "#{number}"
    port: int | None = None  # where it listens, instead of the port that the sandbox chooses

    def granted(self, scope: str) -> bool:
        """Whether the app holds `scope`; a write scope holds the read scope of the same name."""
        return scope in self.scopes or (
            scope.startswith("read_") and f"write_{scope.removeprefix('read_')}" in self.scopes
        )
