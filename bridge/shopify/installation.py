"""Small values that the app keeps with its own installation in the shop, where no merchant sees them.

They outlive the bridge's database: when it went live, for one. https://shopify.dev/docs/apps/build/metafields
"""

from __future__ import annotations

from datetime import datetime

from bridge.errors import TryAgain
from bridge.order.model import Mode
from bridge.shopify.client import Admin
from bridge.shopify.json_value import Value
from bridge.shopify.scopes import granted

GO_LIVE = "go_live"
LEDGER_GAP = "ledger_gap"  # since when the bridge ran without being able to write the ledger on orders
LEDGER_SCOPE = "write_orders"
STALE = frozenset({"STALE_OBJECT", "INVALID_COMPARE_DIGEST", "TAKEN"})


async def went_live(admin: Admin, now: datetime) -> datetime | None:
    """When the bridge first ran in live mode on this shop; `now` is kept if it is the first time.

    None when that must not be relied on: the ledger on orders could not always be written since, so an order
    without one may have been bought all the same. Raises as `Admin.run` does.
    """
    if LEDGER_SCOPE not in await granted(admin):
        await keep_first(admin, LEDGER_GAP, now.isoformat())
        return None
    kept = await keep_first(admin, GO_LIVE, now.isoformat())
    if await recall(admin, LEDGER_GAP) is not None:
        return None
    return _moment(admin, kept)


async def first_started(admin: Admin, mode: Mode, now: datetime) -> datetime | None:
    """When the bridge first ran in this mode on this shop; `now` is kept if it is the first time. For live mode
    None may come, as `went_live` says. Raises as `Admin.run` does."""
    if mode is Mode.LIVE:
        return await went_live(admin, now)
    return _moment(admin, await keep_first(admin, f"{GO_LIVE}_{mode}", now.isoformat()))


def _moment(admin: Admin, kept: str) -> datetime:
    try:
        return datetime.fromisoformat(kept)
    except ValueError:
        why = f"the app's note “{GO_LIVE}” in the shop is not a time"
        raise TryAgain(why, upstream=admin.upstream) from None


async def recall(admin: Admin, key: str) -> str | None:
    """The value kept under `key`, or None. Raises as `Admin.run` does."""
    _, metafield = await _read(admin, key)
    return metafield["value"].text_or_none() if metafield else None


async def keep_first(admin: Admin, key: str, value: str) -> str:
    """Keep `value` unless there is one; gives what is kept then, by whomever. Raises as `Admin.run` does."""
    owner, metafield = await _read(admin, key)
    if metafield:
        return metafield["value"].text()
    written = {
        "ownerId": owner,
        "key": key,
        "type": "single_line_text_field",
        "value": value,
        "compareDigest": None,
    }
    _, errors = await admin.write("metafields_set", "metafieldsSet", {"metafields": [written]})
    if not errors:
        return value
    if any(error.code in STALE for error in errors):
        _, metafield = await _read(admin, key)
        if metafield:
            return metafield["value"].text()
    why = f"Shopify does not keep “{key}” for the app: {errors[0].message}"
    raise TryAgain(why, upstream=admin.upstream)


async def _read(admin: Admin, key: str) -> tuple[str, Value]:
    reply = await admin.run("app_metafield", {"key": key})
    installation = reply.data["currentAppInstallation"]
    with admin.reading("app_metafield", reply):
        if installation["metafield"]:
            installation["metafield"]["value"].text()
        return installation["id"].text(), installation["metafield"]
