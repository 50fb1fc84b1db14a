"""What commands share by which a person looks at orders and decides: the store, and finding what is meant."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bridge.cli._options import load_or_exit, locate_or_exit, to_click_exception
from bridge.cli._running_services import print_config_faults
from bridge.decisions.line_overrides import (
    Line,
    build_lines,
)
from bridge.errors import BridgeError, ConfigError, StaleDecision
from bridge.order.clock import SystemClock
from bridge.order.explanations import describe_state
from bridge.order.line_overrides import collect_subjects
from bridge.order.records import OrderRecord
from bridge.steps.mapping_overrides import with_overrides

if TYPE_CHECKING:
    from bridge.config.database_location import Located
    from bridge.config.loader import Loaded
    from bridge.store.store import Store

T = TypeVar("T")

LONG_NUMBER = 10  # digits of an id, which no name of an order has
MOST_CHOICES = 20  # orders of one name that are listed

CHANGED = "{order} is not as it was when you looked at it: nothing was done. Look at the order again."

as_option = click.option("--as", "as_name", metavar="NAME", help="Who decides, for the record; default: you.")
seen_option = click.option(
    "--seen",
    metavar="DIGEST",
    help="Only if the order is still as you saw it: `seen` of `orders show --json`, or of the question.",
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask before money may be spent.")


class NotFound(BridgeError):
    """No order, or more than one, is meant."""


@dataclass(frozen=True, slots=True)
class OrderContext:
    """The store and the configuration, opened for a person."""

    located: Located
    store: Store
    clock: SystemClock

    @property
    def loaded(self) -> Loaded:
        """The configuration. Raises ConfigError, with its faults, where it has some."""
        if self.located.loaded is None:
            raise self.located.faults or ConfigError(f"{self.located.path} has faults")
        return self.located.loaded

    async def load_order(self, text: str) -> OrderRecord:
        """The one order that is called so. Raises NotFound."""
        return require_single_order(await self.store.queries.search_orders(text), text)

    async def load_order_if_unchanged(self, text: str, seen: str | None) -> OrderRecord:
        """The one order that is called so, as the person saw it who gives the digest `seen`. Raises NotFound, and
        StaleDecision when it is otherwise by now."""
        record = await self.load_order(text)
        refuse_if_changed(record, seen)
        return record

    async def load_lines(self, record: OrderRecord) -> list[Line]:
        """The order's lines, judged by the configuration and by what people decided about them; none as long as
        the configuration has faults."""
        if self.located.loaded is None:
            return []
        subjects = collect_subjects(record.snapshot.lines if record.snapshot else ())
        rules = await self.store.orders.list_line_rules(record.shop, subjects)
        return build_lines(record, with_overrides(self.loaded.catalog, rules))


def refuse_if_changed(record: OrderRecord, seen: str | None) -> None:
    """Raises StaleDecision when the order is not as the person saw it who gives the digest `seen`."""
    if seen is not None and seen != record.decision_digest:
        raise StaleDecision(CHANGED.format(order=get_order_name(record)))


def require_single_order(found: Sequence[OrderRecord], text: str) -> OrderRecord:
    """The one order among those that are called so. Raises NotFound, which lists several with what each of them
    is called by alone."""
    if not found:
        raise NotFound(f"no order is called {text}; `sculpteo-bridge orders list` shows those that there are")
    if len(found) == 1:
        return found[0]
    called = Counter(f"{order.shop}/{get_order_name(order)}" for order in found)
    several = [
        f"  {format_unique_name(order, called)}  ({_describe_for_choice(order)})"
        for order in found[:MOST_CHOICES]
    ]
    if len(found) > MOST_CHOICES:
        several.append(f"  and {len(found) - MOST_CHOICES} more")
    listed = "\n".join(several)
    raise NotFound(
        f"several orders are called {text}. Name the one that you mean by what stands first here, or by its "
        f"reference at Sculpteo:\n{listed}"
    )


def format_unique_name(order: OrderRecord, called: Mapping[str, int]) -> str:
    """What names this order and no other: its shop and name, where no other one there is called so; else its shop
    and Shopify's id, whole where a number alone may be a name."""
    name = f"{order.shop}/{get_order_name(order)}"
    if called[name] == 1 and order.name:
        return name
    number = order.order_id.rpartition("/")[2]
    return f"{order.shop}/{number if len(number) >= LONG_NUMBER else order.order_id}"


def _describe_for_choice(order: OrderRecord) -> str:
    made = order.created_at or order.first_seen_at
    parts = [
        f"{get_order_name(order)}, id {order.order_id.rpartition('/')[2]}",
        str(order.state),
        f"reference {order.reference}" if order.reference else "",
    ]
    return ", ".join([*filter(None, parts), f"ordered {format_local_time(made)}"])


def with_order_context(config: Path, work: Callable[[OrderContext], Awaitable[T]]) -> T:
    """Open the store of the configuration and work with it; errors become one line, exit code 1. A database
    that is not there yet is not made, and one of another version of the program is left as it is."""
    from bridge.config.database_location import build_located

    return _run_in_context(build_located(load_or_exit(config)), work)


def with_context_despite_faults(config: Path, work: Callable[[OrderContext], Awaitable[T]]) -> T:
    """As `with_order_context`, for commands that look: they work with a configuration that has faults too, as long as it
    tells where the database is. Its faults, and what the running services have in force, go to standard error."""
    located = locate_or_exit(config)

    async def print_faults_and_work(desk: OrderContext) -> T:
        if located.faults is not None:
            print_config_faults(located, await desk.store.processes.list_running())
        return await work(desk)

    return _run_in_context(located, print_faults_and_work)


def _run_in_context(located: Located, work: Callable[[OrderContext], Awaitable[T]]) -> T:
    from bridge.runtime.shop_identity import identify_shops
    from bridge.store.store import Store

    async def run_with_store() -> T:
        clock = SystemClock()
        async with Store.open(located.database, clock=clock, create=False) as store:
            if located.loaded is not None:
                (await identify_shops(store, located.loaded)).take_effect()
            return await work(OrderContext(located, store, clock))

    try:
        return asyncio.run(run_with_store())
    except BridgeError as error:
        raise to_click_exception(error) from None


def get_order_name(order: OrderRecord) -> str:
    return order.name or order.order_id


def describe_record(order: OrderRecord) -> str:
    until = format_local_time(order.window_until)
    return describe_state(order.state, order.reason, order.problem, order.facts, window_until=until)


def format_local_time(at: datetime | None) -> str:
    """A moment in the time zone of this terminal."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def format_iso_time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def format_order_total(order: OrderRecord) -> str:
    """What the customer pays for the whole order."""
    paid = order.snapshot.total if order.snapshot else None
    return f"{paid.amount} {paid.currency}" if paid else "?"


def format_total_cost(orders: Sequence[OrderRecord]) -> str:
    """What orders cost together, as far as it is known: "25.00 EUR; the cost of 1 is not known yet"."""
    sums: dict[str, Decimal] = {}
    for cost in (order.cost for order in orders if order.cost):
        sums[cost.currency] = sums.get(cost.currency, Decimal(0)) + cost.amount
    known = " and ".join(f"{amount} {currency}" for currency, amount in sums.items())
    missing = sum(order.cost is None for order in orders)
    untold = f"the cost of {missing} is not known yet" if missing else ""
    return "; ".join(filter(None, (known and f"{known} without shipping", untold)))
