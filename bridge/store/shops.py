"""Which shop is which. A shop is its myshopify.com domain; its name in the configuration is a name for people.

Rows carry a key of the shop, which is given out once for each domain and never changes: the name that the shop
had first or, where another shop's rows have that, its domain. Each process translates between keys and the names
of its own configuration (`types.ShopKey`). So a name can change, be swapped with another or come back, and
replicas with the old and the new names work side by side on the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import BridgeError
from bridge.store.engine import Database
from bridge.store.row_mapping import build_insert
from bridge.store.tables import line_rules, orders, shops

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class ShopIdentity:
    """A shop of the configuration. `former` is the domain that Shopify had given it before, if it has another
    one now."""

    domain: str
    former: str | None = None


@dataclass(frozen=True, slots=True)
class KnownShop:
    """A shop as the database knows it. `name` None = its last name means another shop by now."""

    domain: str
    key: str
    name: str | None


@dataclass(frozen=True, slots=True)
class RenamedShop:
    """A shop that has another name, or another domain, than when the bridge last ran."""

    domain: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class TakenName:
    """A name that means another shop than the orders which are on record under it. `owner` is that shop's domain;
    None = it is not known, since the orders are from before domains were kept."""

    name: str
    domain: str
    owner: str | None
    free: str  # a name that can be used instead


class ShopNameTaken(BridgeError):
    """Names of the configuration belong to the orders of other shops."""

    def __init__(self, taken: Sequence[TakenName]) -> None:
        super().__init__(
            ", ".join(f"{one.name} is the name of {one.owner or 'another shop'}" for one in taken)
        )
        self.taken = tuple(taken)


@dataclass(frozen=True, slots=True)
class ResolvedShops:
    """The shops of a configuration, recognised. In force in this process once `take_effect` is called."""

    _shops: Shops
    keys: Mapping[str, str]  # name -> key
    names: Mapping[str, str]  # key -> name
    renamed: tuple[RenamedShop, ...] = ()

    def take_effect(self) -> None:
        """Let the names of this process mean these shops, from the next statement on."""
        self._shops.use_names(self.keys, self.names)


@dataclass(frozen=True, slots=True)
class Shops:
    """The shops that the database has rows of."""

    _db: Database

    async def load_names(self) -> None:
        """Use the names that the shops had last, as whoever has no configuration does."""
        known = await self._db.read(_list_known_shops)
        self.use_names(*_build_translation(known, {}))

    async def find_unclaimed(self, wanted: Mapping[str, ShopIdentity]) -> UnclaimedShops | None:
        """What is on record from before domains were kept, under names that the configuration does not have, while it
        has shops of which nothing is on record: one of these may be called otherwise by now. None = there is nothing
        of that kind. Raises StoreUnavailable."""
        wanted = {name: _normalize_identity(shop) for name, shop in wanted.items()}
        return await self._db.read(partial(_find_unclaimed, wanted=wanted))

    async def resolve_shops(
        self,
        wanted: Mapping[str, ShopIdentity],
        *,
        write: bool = True,
        proven: Mapping[str, str] | None = None,
    ) -> ResolvedShops:
        """Recognise the shops of a configuration, given by name, and keep what is new: domains that were not
        known, and names that changed. Without `write` nothing is kept. `proven` = the keys of strangers by the
        domains that they turned out to be of.

        Raises ShopNameTaken, and keeps nothing, when a name means another shop than the one whose orders are on
        record under it; StoreUnavailable.
        """
        wanted = {name: _normalize_identity(shop) for name, shop in wanted.items()}
        proven = proven or {}
        found = await self._db.read(partial(_resolve_shops, wanted=wanted, proven=proven))
        if write and found.changed:
            found = await self._db.write(partial(_save_shops, wanted=wanted, proven=proven))
        keys, names = _build_translation(found.known, {name: shop.domain for name, shop in wanted.items()})
        return ResolvedShops(self, keys, names, tuple(found.renamed))

    def use_names(self, keys: Mapping[str, str], names: Mapping[str, str]) -> None:
        """A name that is not used any more goes on meaning its shop: a step may be at work that knows that one."""
        before = {name: key for name, key in self._db.names.keys.items() if name not in keys}
        self._db.names.replace_names({**before, **keys}, names)


ASKED_ABOUT = 5  # newest orders of a stranger that a shop is asked about


@dataclass(frozen=True, slots=True)
class UnclaimedShops:
    """`orders` = the ids of the newest orders on record, by keys whose shop is not known; `shops` = the names in the
    configuration of shops of which nothing is on record."""

    orders: Mapping[str, Sequence[str]]
    shops: Sequence[str]


def _find_unclaimed(c: Connection, wanted: Mapping[str, ShopIdentity]) -> UnclaimedShops | None:
    known = _list_known_shops(c)
    domains, keys = {one.domain for one in known}, {one.key for one in known}
    new = [
        name
        for name, shop in wanted.items()
        if not {shop.domain, shop.former} & domains and (name in keys or not _has_rows(c, name))
    ]
    if not new:
        return None
    column = sa.type_coerce(orders.c.shop, sa.Text)
    on_record = c.execute(sa.select(column).distinct()).scalars()
    unclaimed = [key for key in on_record if key not in keys | wanted.keys()]
    if not unclaimed:
        return None
    newest = sa.select(orders.c.order_id).order_by(orders.c.id.desc()).limit(ASKED_ABOUT)
    found = {key: c.execute(newest.where(column == key)).scalars().all() for key in sorted(unclaimed)}
    return UnclaimedShops(found, sorted(new))


@dataclass(slots=True)
class _Resolution:
    known: list[KnownShop]
    renamed: list[RenamedShop] = field(default_factory=list)
    changed: bool = False


def _normalize_identity(shop: ShopIdentity) -> ShopIdentity:
    """Domains as they are compared: case, spaces and a final dot do not count."""
    former = shop.former and shop.former.strip().rstrip(".").lower()
    return ShopIdentity(shop.domain.strip().rstrip(".").lower(), former or None)


def _list_known_shops(c: Connection) -> list[KnownShop]:
    if not sa.inspect(c).has_table(shops.name):
        return []  # a database from before domains were kept, opened to be looked at
    query = sa.select(shops.c.domain, shops.c.key, shops.c.name).order_by(shops.c.domain)
    return [KnownShop(*row) for row in c.execute(query)]


def _save_shops(c: Connection, wanted: Mapping[str, ShopIdentity], proven: Mapping[str, str]) -> _Resolution:
    """Under a lock: another process may be starting with other names."""
    if c.dialect.name == "postgresql":
        c.exec_driver_sql("LOCK TABLE shops IN SHARE ROW EXCLUSIVE MODE")
    before = {one.key: one for one in _list_known_shops(c)}
    found = _resolve_shops(c, wanted, proven)
    for one in found.known:
        if before.get(one.key) == one:
            continue
        c.execute(sa.delete(shops).where(shops.c.key == one.key))
        c.execute(build_insert(c, shops).values(domain=one.domain, key=one.key, name=one.name))
    return found


def _resolve_shops(
    c: Connection, wanted: Mapping[str, ShopIdentity], proven: Mapping[str, str]
) -> _Resolution:
    """The shops as they are to be known from now on. Raises ShopNameTaken."""
    recorded = _list_known_shops(c)
    taken_keys = {one.key for one in recorded}
    before = recorded + [KnownShop(*one, one[1]) for one in proven.items() if one[1] not in taken_keys]
    known = {one.domain: one for one in before}
    renamed: list[RenamedShop] = []
    for shop in wanted.values():
        if shop.former in known and shop.domain not in known:
            old = known.pop(shop.former)
            known[shop.domain] = KnownShop(shop.domain, old.key, old.name)
            renamed.append(RenamedShop(shop.domain, shop.former, shop.domain))
    domains = {shop.domain for shop in wanted.values()}
    taken = [
        TakenName(
            name, shop.domain, owner, _find_free_name(name, shop.domain, {*wanted, *_collect_names(known)})
        )
        for name, shop in wanted.items()
        for owner in _find_other_owners(c, name, shop.domain, known, domains)
    ]
    if taken:
        raise ShopNameTaken(taken)
    for one in list(known.values()):
        if one.name is not None and one.name in wanted and wanted[one.name].domain != one.domain:
            known[one.domain] = KnownShop(one.domain, one.key, None)
    keys = {one.key for one in known.values()}
    for name, shop in wanted.items():
        old_name = next((one.name for one in before if one.key == _get_key(known, shop.domain)), None)
        if shop.domain not in known:
            key = shop.domain if name in keys else name
            keys.add(key)
            known[shop.domain] = KnownShop(shop.domain, key, name)
        elif known[shop.domain].name != name:
            known[shop.domain] = KnownShop(shop.domain, known[shop.domain].key, name)
            if old_name and old_name != name:
                renamed.append(RenamedShop(shop.domain, old_name, name))
    now = sorted(known.values(), key=lambda one: one.domain)
    return _Resolution(now, renamed, now != recorded)


def _get_key(known: Mapping[str, KnownShop], domain: str) -> str | None:
    return known[domain].key if domain in known else None


def _collect_names(known: Mapping[str, KnownShop]) -> set[str]:
    return {text for one in known.values() for text in (one.name, one.key) if text}


def _find_other_owners(
    c: Connection, name: str, domain: str, known: Mapping[str, KnownShop], wanted: set[str]
) -> list[str | None]:
    """The domain of the other shop whose orders are on record under this name; in a list, empty = none."""
    for one in known.values():
        if one.name == name and one.domain not in {domain, *wanted} and _has_rows(c, one.key):
            return [one.domain]
    strangers = name not in {one.key for one in known.values()} and domain in known
    return [None] if strangers and known[domain].key != name and _has_rows(c, name) else []


def _has_rows(c: Connection, key: str) -> bool:
    """Whether orders, or a person's decisions, are on record under this key."""
    for table in (orders, line_rules):
        column = sa.type_coerce(table.c.shop, sa.Text)  # the key itself, not a name for it
        if c.execute(sa.select(table.c.id).where(column == key).limit(1)).first() is not None:
            return True
    return False


def _find_free_name(name: str, domain: str, used: set[str]) -> str:
    """A name for the shop that nobody has."""
    first = domain.partition(".")[0]
    candidates = [first] if _NAME.fullmatch(first) else []
    candidates += [f"{name[:36]}-{number}" for number in range(2, 100)]
    return next((one for one in candidates if one not in used), domain)


def _build_translation(
    known: Sequence[KnownShop], wanted: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """name -> key and key -> name, for a process that calls the `wanted` domains by these names."""
    own = {domain: name for name, domain in wanted.items()}
    keys: dict[str, str] = {}
    names: dict[str, str] = {}
    for one in known:
        name = own.get(one.domain) or one.name
        if name is None or (one.domain not in own and name in wanted):
            name = one.domain  # its name means another shop here
        keys[name] = one.key
        names[one.key] = name
    for name, domain in wanted.items():
        if name not in keys:  # not known yet, and not to be kept: what is read may still go by it
            key = domain if name in names else name
            keys[name] = key
            names[key] = name
    return keys, names
