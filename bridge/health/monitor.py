"""What is wrong with the bridge as a whole, found and told: silent upstreams, shops that are not compared or
refuse access, lost subscriptions, a configuration that is not taken up; and orders that stand for too long."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bridge.config.settings import Settings
from bridge.errors import BridgeError, NeedsPerson, StoreUnavailable, Upstream, shopify_upstream
from bridge.health.reminders import is_due
from bridge.health.stalled_orders import (
    build_news,
    list_stalled_orders,
)
from bridge.net.circuit_breaker import CircuitBreaker
from bridge.order import stored_keys
from bridge.order.notifications import News
from bridge.order.problems import Problem
from bridge.order.records import Facts
from bridge.ports import Clock
from bridge.steps.locations import Resolved
from bridge.store.incidents import Incident
from bridge.store.store import Store

LOOK_EVERY = 20.0  # seconds between looks at this process's own upstreams
SILENT = timedelta(minutes=15)  # after which a process that saw something wrong counts as gone
DESIGNS_TOLD = 3  # sentences about designs that one message holds
SHOPIFY = shopify_upstream("")
SHOPS = "shops"  # remembers which the configuration had that was taken up last
SHARED = "bridge"  # owner of what every process sees alike

log = structlog.get_logger("bridge.health.monitor")


def format_upstream_name(upstream: Upstream) -> str:
    """ "shopify:acme" -> "Shopify (acme)", as sentences for people have it."""
    service, _, shop = upstream.partition(":")
    return f"{service.capitalize()} ({shop})" if shop else service.capitalize()


def find_shop(condition: Incident) -> str | None:
    """The shop that a condition is about; None = it is about no single shop."""
    told = condition.facts.get("shop")
    name = condition.name.removeprefix("upstream:")
    if name.startswith(SHOPIFY):
        return name.removeprefix(SHOPIFY)
    return str(told) if told else None


def _quote_names(names: Collection[str]) -> str:
    return ", ".join(f"“{name}”" for name in sorted(names))


class HealthMonitor:
    """One per process. `settings` and `breakers` are what is in force now."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        owner: str,
        *,
        settings: Callable[[], Settings],
        breakers: Mapping[Upstream, CircuitBreaker],
    ) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._settings = settings
        self._breakers = breakers
        self._began = clock.now()
        self._host = socket.gethostname()

    # --- orders ------------------------------------------------------------------------------------------

    async def check_orders(self) -> None:
        """Remind of orders that stand for too long; a chore of one process."""
        now, told = self._clock.now(), 0
        async for finding in list_stalled_orders(self._store, self._settings(), now):
            if is_due(finding, now, now - self._began):
                told += await self._store.outbox.add_news(build_news(finding, now))
        if told:
            log.info("orders that stand are told of", count=told)
        await self._check_reconciliation(now)
        await self._close_removed_shops()
        await self._check_gone_shops()
        await self._store.outbox.purge_old_news()

    async def _check_reconciliation(self, now: datetime) -> None:
        limit = self._settings().reminders.reconciliation
        for name in self._settings().shops:
            known = stored_keys.parse_moment(await self._store.memory.get(stored_keys.reconciled_at(name)))
            last = known or self._began
            silent = now - max(last, self._began)  # while it was off, it had no chance to
            facts = {"shop": name, "minutes": int(silent.total_seconds() // 60)}
            await self._set_incident(f"reconciliation:{name}", "reconciliation", silent > limit, facts)

    async def record_shops(self) -> None:
        """These are the shops of the newest configuration, from the start or an edit on. Raises
        StoreUnavailable."""
        await self._store.memory.set(SHOPS, self._join_shop_names())
        await self._close_removed_shops()

    def _join_shop_names(self) -> str:
        return ",".join(sorted(self._settings().shops))

    async def _close_removed_shops(self) -> None:
        """What was wrong with shops that are not in the configuration any more is not watched any more: it ends,
        and that is told as what it is. A process that is late with the newest configuration says nothing."""
        if await self._store.memory.get(SHOPS) not in {None, self._join_shop_names()}:
            return
        gone: dict[str, list[Incident]] = {}
        for condition in await self._store.conditions.list_incidents():
            shop = find_shop(condition)
            if condition.code == "shop_gone":
                continue  # told of such a shop's open orders, and ends with them
            if shop is not None and shop not in self._settings().shops:
                gone.setdefault(shop, []).append(condition)
        for shop, found in gone.items():
            key = f"shop_removed:{shop}:{found[0].since.isoformat()}"
            names = [condition.name for condition in found]
            news = News(key, "shop_removed", self._clock.now(), {"shop": shop})
            if await self._store.conditions.drop_incidents(names, news):
                log.info("a shop is not watched any more", shop=shop, conditions=", ".join(names))

    async def _check_gone_shops(self) -> None:
        """Shops that were taken out of the configuration while they have open orders, which nobody can read any
        more."""
        shops = self._settings().shops
        still_open = {
            shop: count
            for shop, count in (await self._store.watching.count_by_shop()).items()
            if shop not in shops
        }
        for one in await self._store.conditions.list_incidents():
            if one.code == "shop_gone" and one.facts.get("shop") not in still_open:
                await self._set_incident(one.name, "shop_gone", False, one.facts)
        for shop, count in still_open.items():
            await self._set_incident(f"shop_gone:{shop}", "shop_gone", True, {"shop": shop, "count": count})

    async def check_locations(self, shop: str, found: Resolved, known: Collection[str]) -> bool | None:
        """Whether the configured locations of a shop are locations that it has. Gives True when it is new that
        some are not, and False when it is new that all are; None = nothing is new."""
        facts = {
            "shop": shop,
            "locations": _quote_names(found.unknown),
            "known": _quote_names(known),
        }
        name, wrong = f"location:{shop}", bool(found.unknown and known)
        before = {one.name for one in await self._store.conditions.list_incidents()}
        new = await self._set_incident(name, "location", wrong, facts, before=before)
        renamed = ", ".join(f"“{word}” → “{name}”" for word, name in sorted(found.renamed.items()))
        told = {"shop": shop, "renamed": renamed}
        await self._set_incident(
            f"renamed:{shop}", "location_renamed", bool(found.renamed), told, before=before
        )
        return True if new else False if name in before and not wrong else None

    # --- upstreams ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look at this process's own upstreams until cancelled."""
        while True:
            try:
                await self.check_upstreams()
            except StoreUnavailable as error:
                log.warning("the database is not available", error=str(error))
            except Exception:
                log.exception("the upstreams could not be looked at")
            await asyncio.sleep(LOOK_EVERY)

    async def check_upstreams(self) -> None:
        limit = self._settings().reminders.upstream.total_seconds()
        for breaker in list(self._breakers.values()):
            facts = {
                "upstream": format_upstream_name(breaker.upstream),
                "minutes": int(breaker.open_for // 60),
                "why": breaker.last_failure or "?",
            }
            name = f"upstream:{breaker.upstream}"
            await self._set_incident(name, "upstream", breaker.open_for > limit, facts, owner=self._owner)

    # --- chores and the configuration --------------------------------------------------------------------

    async def record_task_outcome(self, name: str, error: BridgeError | None) -> None:
        """What became of a chore: a shop that refuses access is told of."""
        refused = isinstance(error, NeedsPerson) and error.problem == Problem.SHOP_ACCESS
        if error is None or refused:
            why = str(error.facts.get("why", error)) if isinstance(error, NeedsPerson) else ""
            await self._set_incident(
                f"access:{name}", "access", refused, {"shop": name.partition(":")[2], "why": why}
            )

    async def record_subscriptions(self, shop: str, repaired: int, refused: Mapping[str, str]) -> None:
        """What became of a shop's webhook subscriptions. `repaired` counts those that were lost."""
        now = self._clock.now()
        if repaired:
            facts = {"shop": shop, "count": repaired}
            key = f"repaired:{shop}:{now.isoformat()}"
            await self._store.outbox.add_news(News(key, "subscriptions_repaired", now, facts))
        told = {"shop": shop, "topics": ", ".join(sorted(refused)), "why": next(iter(refused.values()), "")}
        await self._set_incident(f"subscription:{shop}", "subscription", bool(refused), told)

    async def record_configuration(self, faults: tuple[str, ...], restart: tuple[str, ...] = ()) -> None:
        """Whether this machine's bridge has taken up its configuration. Never raises for the database."""
        with contextlib.suppress(StoreUnavailable):
            name, now = f"configuration:{self._host}", self._clock.now()
            facts = {"host": self._host, "fault": faults[0] if faults else ""}
            await self._set_incident(name, "configuration", bool(faults), facts, owner=name)
            if restart:
                keys = ", ".join(restart)
                news = News(
                    f"restart:{self._host}:{now.date()}:{keys}",
                    "restart",
                    now,
                    {"host": self._host, "keys": keys},
                )
                await self._store.outbox.add_news(news)

    async def record_designs(self, unknown: Sequence[str]) -> None:
        """Whether the configuration of this machine names designs and materials that Sculpteo does not know: a
        sentence for each. Raises StoreUnavailable."""
        name = f"designs:{self._host}"
        more = len(unknown) - DESIGNS_TOLD
        what = " ".join(unknown[:DESIGNS_TOLD]) + (f" (+{more})" if more > 0 else "")
        await self._set_incident(
            name, "designs", bool(unknown), {"host": self._host, "what": what}, owner=name
        )

    async def has_unknown_designs(self) -> bool:
        """Whether that was so when a configuration was last read on this machine."""
        return f"designs:{self._host}" in {one.name for one in await self._store.conditions.list_incidents()}

    async def _set_incident(
        self,
        name: str,
        code: str,
        wrong: bool,
        facts: Facts,
        owner: str = SHARED,
        *,
        before: Collection[str] | None = None,
    ) -> bool:
        """Begin or end a condition, where that is new. Gives True when it began. `before` = the names of those that
        are open, where they were read already."""
        if wrong:
            new = await self._store.conditions.open_incident(name, code, owner, facts)
            if new and code != "configuration":  # whose faults were logged when the file was read
                log.warning("something is wrong", condition=name, facts=dict(facts))
            return new
        if before is None:
            before = {one.name for one in await self._store.conditions.list_incidents()}
        if name in before and (await self._store.conditions.close_incident(name, owner, silent_for=SILENT)):
            log.info("it is right again", condition=name)
        return False
