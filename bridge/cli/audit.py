"""`sculpteo-bridge audit`: the proof that no order of the shop is missing."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._context import (
    DateTimeParam,
    resolve_shops,
    shop_option,
    with_bridge,
)
from bridge.cli._options import config_option, format_count, json_option, print_json, print_table
from bridge.order import stored_keys
from bridge.order.explanations import describe_state
from bridge.steps.order_audit import (
    Entry,
    Gap,
    audit_orders,
    find_gaps,
)

if TYPE_CHECKING:
    from bridge.runtime.container import Bridge

Row = dict[str, object]

DELETED, NOT_THERE = "deleted", "not there"
ABSENT = (DELETED, NOT_THERE)
LONGEST_GAP = 1_000  # numbers of a gap that are looked up one by one; shops can begin to count elsewhere


@click.command()
@config_option
@shop_option
@click.option("--since", type=DateTimeParam(), help="From this date on; default: since the bridge first ran.")
@json_option
def command(config: Path, shop: str | None, since: datetime | None, as_json: bool) -> None:
    """List every order of the shop with where it stands; exit code 1 if one is not accounted for.

    Order numbers that the shop does not list are named as well.
    """
    rows = with_bridge(config, lambda bridge: _collect_rows(bridge, shop, since))
    missing = [row for row in rows if not row["known"]]
    gone = sum(int(str(row["orders"])) for row in rows if row["state"] in ABSENT)
    if as_json:
        print_json({"orders": rows, "missing": len(missing), "not_in_shop": gone})
    else:
        print_table(
            ("shop", "order", "state", "why"),
            [(row["shop"], row["order"], row["state"], row["why"]) for row in rows],
        )
        said = (
            "all of them are accounted for."
            if not missing
            else f"{len(missing)} WERE NOT KNOWN to the bridge."
        )
        listed = sum(row["state"] not in ABSENT for row in rows)
        click.echo(f"\n{format_count(listed, 'order')}; {said}")
        if gone:
            click.echo(f"{format_count(gone, 'order number')} between them not in the shop, as shown.")
        if missing:
            click.echo(
                "They are noticed now: `sculpteo-bridge serve` reads them, and they will show with their reason."
            )
    sys.exit(1 if missing else 0)


async def _collect_rows(bridge: Bridge, shop: str | None, since: datetime | None) -> list[Row]:
    rows: list[Row] = []
    for name in resolve_shops(bridge, shop):
        start = since or await _load_go_live(bridge, name)
        found = [entry async for entry in audit_orders(name, bridge.shops[name], bridge.store.orders, start)]
        for entry in sorted(found, key=lambda entry: entry.order.created_at):
            rows.append(await _build_row(bridge, name, entry))
        for gap in find_gaps([str(row["order"]) for row in rows if row["shop"] == name]):
            rows += await _build_unlisted_rows(bridge, name, gap)
    return rows


async def _build_unlisted_rows(bridge: Bridge, shop: str, gap: Gap) -> list[Row]:
    """A row for each of these numbers that the bridge knows, and one for all that it does not."""
    rows: list[Row] = []
    for name in gap.missing_names if len(gap) <= LONGEST_GAP else ():
        for record in await bridge.store.queries.search_orders(f"{shop}/{name}"):
            if record.name == name:
                stood = describe_state(record.state, record.reason, record.problem, record.facts)
                said = f"The shop does not list it any more. The bridge had it as {record.state}: {stood}"
                row = {"shop": shop, "order": name, "id": record.order_id, "known": True, "orders": 1}
                rows.append({**row, "state": DELETED, "why": said, "reference": record.reference})
    unknown = len(gap) - len(rows)
    if unknown:
        said = (
            "The shop has no such order: it was deleted before the bridge heard of it, or never came about."
        )
        row = {"shop": shop, "order": str(gap), "id": None, "known": True, "orders": unknown}
        rows.append({**row, "state": NOT_THERE, "why": said})
    return rows


async def _load_go_live(bridge: Bridge, name: str) -> datetime:
    """Since when the orders are the bridge's, as this database knows it, or as the shop does if that is longer:
    the database may be younger than the bridge."""
    from bridge.shopify import installation

    told = [
        await bridge.store.memory.get(stored_keys.go_live(name)),
        await installation.recall(bridge.admins[name], installation.GO_LIVE),
    ]
    known = [at for one in told if (at := stored_keys.parse_moment(one))]
    if not known:
        raise click.ClickException(f"the bridge has not run for {name} yet: say --since when to look at")
    return min(known)


async def _build_row(bridge: Bridge, name: str, entry: Entry) -> Row:
    found = await bridge.store.queries.search_orders(entry.order.id)
    record = next((one for one in found if one.shop == name), None)
    row: Row = {"shop": name, "order": entry.order.name, "id": entry.order.id, "known": entry.known}
    if record is None or not entry.known:
        return {**row, "state": "not known", "why": "The bridge had not heard of it until now."}
    said = describe_state(record.state, record.reason, record.problem, record.facts)
    return {**row, "state": record.state, "why": said, "reference": record.reference}
