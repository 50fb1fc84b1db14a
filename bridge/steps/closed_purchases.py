"""Purchases that a person closed, or that Sculpteo named beside the order's own: they stay watched.

"Sculpteo does not have it" and "Sculpteo cancelled it" are what a person believed at that time. Sculpteo's call on
the order's secret URL, or its tracking page, can show later that such an order is made all the same. Its page is
read again for some weeks, less and less often, and once more before anything is bought for the same order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from bridge.errors import TryAgain
from bridge.net.backoff import add_jitter
from bridge.order.model import PRODUCED, Mode, PrintStatus, TrackingReport
from bridge.order.records import ClosedPurchase, OrderRecord
from bridge.order.states import State
from bridge.steps.context import StepRun

DAY = timedelta(days=1)
SCHEDULE = ((DAY, timedelta(hours=1)), (7 * DAY, timedelta(hours=6)), (60 * DAY, DAY))
"""How long after it was closed its page is read how often."""
TEST_SCHEDULE = ((28 * DAY, DAY),)
FAILED_RETRY = timedelta(hours=1)
FRESH = timedelta(minutes=1)  # before anything is bought, what was seen longer ago is looked at again
MUST_BE_ASKED_FOR = DAY  # how long a page that cannot be read keeps another purchase back

BUYING = frozenset({State.RECEIVED, State.WAITING, State.PLACING})


def find_living_purchase(record: OrderRecord) -> ClosedPurchase | None:
    """What Sculpteo makes for this order although it counts as closed; the surest first. None = nothing known."""
    alive = [one for one in record.closed if one.alive_at is not None]
    return min(alive, key=lambda one: one.mode is not Mode.LIVE, default=None)


def compute_next_look(one: ClosedPurchase, now: datetime, random: Random) -> datetime | None:
    """When the page of a closed purchase is to be read next; None = it was watched for long enough."""
    for until, every in SCHEDULE if one.mode is Mode.LIVE else TEST_SCHEDULE:
        if now - one.closed_at < until:
            return now + add_jitter(every, random)
    return None


def is_alive(one: ClosedPurchase, report: TrackingReport) -> bool | None:
    """Whether Sculpteo shows it as an order that is made. None = the report tells nothing new of that: an
    unknown word does not make alive what was seen cancelled, nor the other way round."""
    if not report.exists:
        return None
    if one.mode is not Mode.LIVE:
        return True if report.parcels else None if report.status is None else report.status in PRODUCED
    if report.status is None:
        # that it exists at all is news of one that a person said does not
        return True if one.status is None else None
    return report.status not in {PrintStatus.CANCELLED, PrintStatus.API_TEST}


def apply_tracking_report(job: StepRun, one: ClosedPurchase, report: TrackingReport) -> ClosedPurchase:
    """The closed purchase as it is known after this look."""
    alive, now = is_alive(one, report), job.now
    one = replace(one, looked_at=now, look_at=compute_next_look(one, now, job.world.random))
    if report.exists and report.status is not None:
        one = replace(one, status=report.status, words=report.words)
    if alive is None:
        return one
    return replace(one, alive_at=(one.alive_at or now) if alive else None)


def is_due(job: StepRun, one: ClosedPurchase) -> bool:
    """Whether its page is to be read now."""
    if job.record.state in BUYING and (one.looked_at is None or abs(job.now - one.looked_at) >= FRESH):
        return True
    return one.look_at is not None and one.look_at <= job.now


async def refresh_closed_purchase(job: StepRun, one: ClosedPurchase) -> ClosedPurchase | None:
    """Read its page and tell what is known now. None = the page cannot be read just now, which is noted.

    Raises TryAgain where something else would be bought for the order, for as long as the page may yet answer.
    """
    try:
        report = await job.world.printer.track_order(one.reference)
    except TryAgain:
        if job.record.state in BUYING and abs(job.now - one.closed_at) < MUST_BE_ASKED_FOR:
            raise
        later = replace(one, look_at=job.now + FAILED_RETRY, looked_at=job.now)
        job.record = await job.world.orders.keep_look(job.record, later)
        return None
    return apply_tracking_report(job, one, report)
