"""What no move tells of: an order that stands for too long, is late, or was forgotten. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from bridge.config.alert_settings import Reminders
from bridge.health.stalled_orders import build_news
from bridge.health.thresholds import DAY, OVERDUE, Finding, collect_findings
from bridge.order.notifications import News
from bridge.store.stalled_orders import StalledOrder


def build_reminders(
    order: StalledOrder,
    now: datetime,
    reminders: Reminders,
    *,
    shops: Collection[str] | None = None,
    running_for: timedelta = timedelta.max,
) -> tuple[News, ...]:
    """What is to be told of an order that stands. Each comes once, and what lasts comes again after twice the
    time, four times the time, and so on. `running_for` = since when the bridge runs: what should have been done
    while it was off is not told in the moment it starts."""
    return tuple(
        build_news(finding, now)
        for finding in collect_findings(order, now, reminders, shops)
        if is_due(finding, now, running_for)
    )


def is_due(finding: Finding, now: datetime, running_for: timedelta) -> bool:
    """Whether it is time to tell. A shop that was taken out is told of as a whole at once, its orders later."""
    if finding.code == "shop_gone":
        return now - finding.since >= finding.limit
    return finding.limit > DAY or finding.code == "late" or running_for >= OVERDUE
