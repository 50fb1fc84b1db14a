"""The shops of a configuration, matched with those that the database knows: a shop is its domain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from bridge.config.loader import Loaded
from bridge.errors import BridgeError, ConfigError, Fault
from bridge.store.shops import ResolvedShops, ShopIdentity, ShopNameTaken, TakenName, UnclaimedShops
from bridge.store.store import Store

log = structlog.get_logger("bridge.runtime.shop_identity")

HasOrder = Callable[[str, str], Awaitable[bool]]
"""The name of a shop in the configuration, the id of an order -> whether the shop has it. Raises as the shop does."""


async def identify_shops(
    store: Store, loaded: Loaded, *, write: bool = True, has_order: HasOrder | None = None
) -> ResolvedShops:
    """Recognise the shops by their domains, whatever they are called now; what is new is kept, unless `write` is
    False. The caller lets it take effect.

    Orders from before domains were kept are known by a name alone. Where the configuration does not have it any
    more, its new shops are asked whether these orders are theirs, by `has_order`; without it nothing is kept that
    would settle the question.

    Raises ConfigError, with the place and the remedy, where a name of the configuration means another shop than
    the one whose orders are on record under that name, or a shop cannot be asked; StoreUnavailable.
    """
    wanted = {
        name: ShopIdentity(shop.domain, shop.former_domain) for name, shop in loaded.settings.shops.items()
    }
    strangers = await store.shops.find_unclaimed(wanted)
    proven = await _find_proven_owners(loaded, strangers, has_order) if strangers and has_order else {}
    write = write and (strangers is None or has_order is not None)
    try:
        found = await store.shops.resolve_shops(wanted, write=write, proven=proven)
    except ShopNameTaken as error:
        raise ConfigError(*(_build_name_fault(loaded, one) for one in error.taken)) from None
    for one in found.renamed if write else ():
        log.info("a shop is recognised", domain=one.domain, before=one.before, now=one.now)
    return found


async def _find_proven_owners(
    loaded: Loaded, strangers: UnclaimedShops, has_order: HasOrder
) -> dict[str, str]:
    """The keys of strangers by the domains of the shops that have their orders. Raises ConfigError where that
    cannot be found out."""
    proven: dict[str, str] = {}
    for key, ids in strangers.orders.items():
        for name in strangers.shops:
            shop = loaded.settings.shops[name]
            try:
                is_theirs = any([await has_order(name, order_id) for order_id in ids])
            except BridgeError as error:
                why = f"{shop.domain} cannot be asked whether these are its orders ({error})"
                raise ConfigError(_build_unclear_fault(loaded, name, key, why)) from None
            if is_theirs and (key in proven.values() or shop.domain in proven):
                raise ConfigError(_build_unclear_fault(loaded, name, key, "several shops have these orders"))
            if is_theirs:
                proven[shop.domain] = key
    return proven


def _build_unclear_fault(loaded: Loaded, name: str, key: str, why: str) -> Fault:
    line, column = loaded.shop_places.get(name) or (0, 0)
    what = f"orders are on record under the name {key}, from before the bridge kept shops by their domains; {why}"
    remedy = (
        f"start again when it answers; or, if it is that shop, call it {key} for one start and rename it then"
    )
    return Fault(str(loaded.path), line, column, f"shops.{name}", what, remedy)


def _build_name_fault(loaded: Loaded, taken: TakenName) -> Fault:
    place = loaded.shop_places.get(taken.name)
    owner = taken.owner or "a shop whose domain is not known any more"
    remedy = f"give {taken.domain} another name in the configuration, such as {taken.free}"
    if taken.owner:
        remedy += (
            f"; or, if it is the same shop and Shopify changed its domain, add `former_domain: {taken.owner}`"
        )
    what = f"is {taken.domain}, but the orders on record under the name {taken.name} are of {owner}"
    line, column = place or (0, 0)
    return Fault(str(loaded.path), line, column, f"shops.{taken.name}.domain", what, remedy)
