"""The configured locations, laid beside those that the shop has, or was seen to have.

A location is configured by its name or its id. A name that the shop does not have any more still means the
location that was called so, by its id. What means no location at all hides nothing: see `select_lines`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bridge.errors import BridgeError
from bridge.order.model import FulfillmentOrder, ShopOrder
from bridge.order.records import KnownLocation
from bridge.steps.allocation import is_location_named, is_ours
from bridge.steps.context import StepRun

SEEN_AGAIN = timedelta(days=1)  # so often it is noted that a location is still there


@dataclass(frozen=True, slots=True)
class Resolved:
    """`ids` of the locations that are meant, `unknown` words that mean none, and `renamed` words, each with the
    name that its location has now."""

    ids: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)


def resolve_locations(words: Iterable[str], known: Sequence[KnownLocation]) -> Resolved:
    """What the configured words mean among the locations that are known of a shop. Pure."""
    now = _collect_current(known)
    ids: set[str] = set()
    unknown: set[str] = set()
    renamed: dict[str, str] = {}
    for word in words:
        hits = [one for one in now.values() if is_location_named([word], one.id, one.name)]
        if any(_is_still_there(one, now.values()) for one in hits):
            ids |= {one.id for one in hits}
            continue
        former = {one.id for one in known if one.has_id and one.id in now and _is_called(word, one)}
        if former and not hits:
            ids |= former
            renamed[word] = ", ".join(sorted(now[one].name for one in former))
        else:
            unknown.add(word)
    return Resolved(frozenset(ids), frozenset(unknown), renamed)


def _is_called(word: str, one: KnownLocation) -> bool:
    return is_location_named([word], None, one.name)


def _collect_current(known: Iterable[KnownLocation]) -> dict[str, KnownLocation]:
    """By id: each location that is there, under the name that it has now."""
    newest: dict[str, KnownLocation] = {}
    for one in known:
        if one.id not in newest or one.seen_at > newest[one.id].seen_at:
            newest[one.id] = one
    return {key: one for key, one in newest.items() if one.gone_at is None}


def _is_still_there(one: KnownLocation, others: Iterable[KnownLocation]) -> bool:
    """Without the permission to read locations they have no ids: one that was not seen since another one
    appeared may be that one, under a new name."""
    return one.has_id or all(other.has_id or other.first_seen_at <= one.seen_at for other in others)


async def apply_locations(job: StepRun, order: ShopOrder) -> None:
    """Let the job's world know which locations are meant; the shop is asked where a word means none of them and
    the order would be left to another location."""
    world, shop = job.world, job.record.shop
    words = world.policy.locations.get(shop)
    if not words:
        return
    found = resolve_locations(words, await _load_known_locations(job, order.fulfillment_orders))
    meant = words | found.ids
    if found.unknown and any(
        is_ours(one, None) and not is_ours(one, meant) for one in order.fulfillment_orders
    ):
        listed = None
        with contextlib.suppress(BridgeError):  # then those that were seen on orders have to do
            listed = await job.shop.fetch_locations()
        if listed is not None:
            await world.orders.update_locations(shop, listed, complete=True)
            found = resolve_locations(words, await world.orders.list_locations(shop))
    policy = replace(
        world.policy,
        locations={**world.policy.locations, shop: words | found.ids},
        unknown_locations={**world.policy.unknown_locations, shop: found.unknown},
    )
    job.world = replace(world, policy=policy)


async def _load_known_locations(job: StepRun, units: Collection[FulfillmentOrder]) -> Sequence[KnownLocation]:
    """What is known of the shop's locations, with those that this order names."""
    orders, shop = job.world.orders, job.record.shop
    known = await orders.list_locations(shop)
    current = _collect_current(known)
    newest = max((one.first_seen_at for one in current.values()), default=None)
    fresh: dict[str, str] = {}
    for unit in units:
        if unit.location_id and unit.location_name:
            there = current.get(unit.location_id)
            stale = there is None or there.name != unit.location_name or job.now - there.seen_at > SEEN_AGAIN
            if stale or (newest is not None and there is not None and there.seen_at < newest):
                fresh[unit.location_id] = unit.location_name
    if not fresh:
        return known
    await orders.update_locations(shop, fresh, complete=False)
    return await orders.list_locations(shop)
