"""The shops of a configuration, matched with those that the database knows: a shop is its domain."""

from __future__ import annotations

import structlog

from bridge.config.loader import Loaded
from bridge.errors import ConfigError, Fault
from bridge.store.shops import Identified, ShopIdentity, ShopNameTaken, Taken
from bridge.store.store import Store

log = structlog.get_logger("bridge.identity")


async def identify_shops(store: Store, loaded: Loaded, *, write: bool = True) -> Identified:
    """Recognise the shops by their domains, whatever they are called now; what is new is kept, unless `write` is
    False. The caller lets it take effect.

    Raises ConfigError, with the place and the remedy, where a name of the configuration means another shop than
    the one whose orders are on record under that name; StoreUnavailable.
    """
    wanted = {
        name: ShopIdentity(shop.domain, shop.former_domain) for name, shop in loaded.settings.shops.items()
    }
    try:
        found = await store.shops.identify(wanted, write=write)
    except ShopNameTaken as error:
        raise ConfigError(*(_fault(loaded, one) for one in error.taken)) from None
    for one in found.renamed if write else ():
        log.info("a shop is recognised", domain=one.domain, before=one.before, now=one.now)
    return found


def _fault(loaded: Loaded, taken: Taken) -> Fault:
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
