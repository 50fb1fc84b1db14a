"""The orders that have stood for longer than the table of thresholds allows, read from the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import datetime

from bridge.config.settings import Settings
from bridge.health.thresholds import Finding, collect_findings, compute_shortest
from bridge.order.notifications import News
from bridge.order.states import State
from bridge.store.store import Store

LISTED_ELSEWHERE = frozenset({State.ATTENTION, State.UNKNOWN})
"""States whose orders `status` and Today name at once, however young: they need no second mention."""


async def list_stalled_orders(store: Store, settings: Settings, now: datetime) -> AsyncIterator[Finding]:
    """Everything that there is to tell of orders that stand, by the numbers of the orders. Raises
    StoreUnavailable."""
    rules, after = settings.reminders, 0
    while found := await store.watching.list_stalled(
        now, for_at_least=compute_shortest(rules), bought_for=rules.placed, shops=settings.shops, after=after
    ):
        for order in found:
            for finding in collect_findings(order, now, rules, settings.shops):
                yield finding
        after = found[-1].key


async def list_orders_to_name(
    store: Store, settings: Settings, now: datetime, *, but: Collection[str] = (), most: int
) -> tuple[list[Finding], int]:
    """One finding for each order that stalls, as far as it is not named for its state, or for what it waits for
    (`but`), already; at most so many, and how many more there are."""
    named: list[Finding] = []
    last, more = 0, 0
    async for finding in list_stalled_orders(store, settings, now):
        order = finding.order
        elsewhere = order.state in LISTED_ELSEWHERE or order.reason in but
        if order.key == last or (elsewhere and finding.code != "shop_gone"):
            continue
        last = order.key
        if len(named) < most:
            named.append(finding)
        else:
            more += 1
    return named, more


def build_news(finding: Finding, now: datetime) -> News:
    """A finding as it is told: once for each occurrence."""
    order = finding.order
    return News(f"{finding.code}:{order.key}:{finding.which}", finding.code, now, finding.facts, order.key)
