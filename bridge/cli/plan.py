"""`sculpteo-bridge plan`: what this configuration means for every variant and every open order."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._context import (
    UpstreamClients,
    resolve_shops,
    shop_option,
    with_upstream_clients,
)
from bridge.cli._options import config_option, json_option, open_progress_bar, print_json
from bridge.mapping_review.catalog_reader import read_shops
from bridge.mapping_review.prices import Prices
from bridge.mapping_review.review import (
    build_review,
    with_prices,
)
from bridge.mapping_review.waiting_orders import (
    WOKEN_FOR,
    MappingChange,
    find_change,
)
from bridge.order.clock import SystemClock
from bridge.order.line_overrides import collect_subjects
from bridge.order.records import OrderRecord
from bridge.order.states import State
from bridge.steps.mapping_overrides import with_overrides

if TYPE_CHECKING:
    from bridge.cli._plan_output import PlanResult
    from bridge.config.loader import Loaded
    from bridge.store import Store

BATCH = 100
MOST = 5_000  # orders of one state that are looked at, newest first


@click.command()
@config_option
@shop_option
@click.option("--no-prices", is_flag=True, help="Do not ask Sculpteo, neither for prices nor materials.")
@click.option("--fresh", is_flag=True, help="Ask for every price anew; else answers of the last day do.")
@json_option
def command(config: Path, shop: str | None, no_prices: bool, fresh: bool, as_json: bool) -> None:
    """Lay the configuration beside the live catalogue and the open orders, before it is applied.

    It shows every variant of each shop with what is printed for it, Sculpteo's price and the margin; what is
    unmapped, dead, duplicate or not to be had; and which orders this configuration would treat otherwise.
    Nothing is changed. Exit code 0: nothing is amiss; 1: something is; 2: the configuration has faults.
    """
    from bridge.cli._plan_output import dump_plan, print_plan

    planned = with_upstream_clients(
        config, lambda outside: _collect_plan(outside, shop, prices=not no_prices, fresh=fresh)
    )
    if as_json:
        print_json(dump_plan(planned))
    else:
        print_plan(planned)
    sys.exit(0 if planned.is_clean else 1)


async def _collect_plan(
    outside: UpstreamClients, shop: str | None, *, prices: bool, fresh: bool
) -> PlanResult:
    from bridge.cli._plan_output import PlanResult
    from bridge.cli._upstream_checks import check_locations
    from bridge.runtime.container import fetch_catalog

    loaded, clock = outside.loaded, SystemClock()
    wanted = resolve_shops(outside, shop)
    with open_progress_bar("Reading the catalogue") as show:
        stocks, failed = await read_shops(
            wanted, lambda name: fetch_catalog(outside.admins[name], on_progress=show)
        )
    unread = [f"The shop {name} could not be read: {why}" for name, why in failed.items()]
    unread += [
        f"{check.sentence} {check.remedy}"
        for name in stocks
        for check in await check_locations(outside.admins[name], loaded.settings.shops[name].locations)
        if check.result == "failed"
    ]
    store = outside.store
    decisions = await store.rules.list_rules() if store else []
    every = len(stocks) == len(outside.admins)
    found = build_review(
        list(stocks.values()), loaded.catalog, clock.now(), decisions=decisions, all_shops=every
    )
    if prices:
        memory = store.memory if store else None
        asked = Prices(outside.printer, memory, clock, loaded.settings.sculpteo.currency)
        with open_progress_bar("Asking Sculpteo") as show:
            found = await with_prices(found, asked, fresh=fresh, on_progress=show)
    orders = [one async for one in _list_changed_orders(store, loaded, wanted, clock.now())] if store else []
    applied = await store.memory.get("mapping") if store else None
    return PlanResult(found, tuple(orders), loaded.catalog.version, applied, tuple(unread))


async def _list_changed_orders(
    store: Store, loaded: Loaded, shops: Collection[str], now: datetime
) -> AsyncIterator[MappingChange]:
    from bridge.runtime.container import build_policy

    policy = build_policy(loaded.settings)
    async for record in _list_unbought_orders(store, now):
        if record.shop in shops and record.snapshot is not None:
            rules = await store.orders.list_line_rules(record.shop, collect_subjects(record.snapshot.lines))
            found = find_change(record, with_overrides(loaded.catalog, rules), policy, now)
            if found:
                yield found


async def _list_unbought_orders(store: Store, now: datetime) -> AsyncIterator[OrderRecord]:
    """Orders that another mapping may concern, complete, the newest of each state first."""
    from bridge.store.queries import OrderFilter

    for state in (State.WAITING, State.ATTENTION, State.IGNORED):
        before: int | None = None
        for _ in range(MOST // BATCH):
            page = await store.queries.list_orders(OrderFilter((state,)), before, BATCH)
            for record in await store.queries.load_orders([record.key for record in page]):
                yield record
            if len(page) < BATCH or (page[-1].first_seen_at < now - WOKEN_FOR and state is State.IGNORED):
                break
            before = page[-1].key
