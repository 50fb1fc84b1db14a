"""What the bridge remembers of each shop: the names of these facts, in one place.

The store keeps them by the shop, not by what it is called: see `bridge.store.shops`.
"""

from __future__ import annotations

from datetime import datetime


def parse_moment(text: str | None) -> datetime | None:
    """A moment that the store remembers; None for none, and for what is no moment with a time zone."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def go_live(shop: str) -> str:
    """When the bridge first looked at the shop."""
    return f"go_live:{shop}"


def go_live_in(mode: str, shop: str) -> str:
    """Since when the bridge works for the shop in this mode."""
    return f"go_live_{mode}:{shop}"


def reconciled_until(shop: str) -> str:
    """Up to which change the shop's orders were compared, in the shop's own time."""
    return f"reconciled:{shop}"


def reconciled_edge(shop: str) -> str:
    """The last second that was compared twice."""
    return f"reconciled_edge:{shop}"


def reconciled_at(shop: str) -> str:
    """When the shop's orders were last compared."""
    return f"reconciled_at:{shop}"


def subscribed_at(shop: str) -> str:
    """When the shop's webhook subscriptions were last looked after."""
    return f"subscribed_at:{shop}"


def webhooks_to(shop: str) -> str:
    """The address to which the subscriptions went then."""
    return f"webhooks_to:{shop}"


UNTRUSTED_PROXY = "untrusted_proxy"
"""The last address, and when, that had forwarding headers without being a trusted proxy: "192.0.2.7 <time>"."""


def privacy_webhook_at(shop: str) -> str:
    """When one of Shopify's privacy webhooks came for the shop last."""
    return f"privacy_webhook_at:{shop}"


BACKUP_CONFIRMED = "backup_confirmed"
"""When an owner of the console said that the database is backed up, and who: "<time> anna"."""
