"""Since when an order has made no progress: a table of timelines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.order.model import PrintStatus
from bridge.order.problems import Problem
from bridge.order.progress import Line, find_last_progress, find_stand
from bridge.order.states import State, Wait

START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def at(by: timedelta, state: State, why: str | None = None) -> Line:
    problem, reason = (why, None) if state is State.ATTENTION else (None, why)
    return Line("move", START + by, state, reason, problem)


def kind(by: timedelta, kind: str, said: str | None = None) -> Line:
    return Line(kind, START + by, said=said)


def flips(there: Line, *, every: timedelta, times: int) -> list[Line]:
    """The order is placed again and again, and is back at once."""
    return [
        line
        for number in range(times)
        for line in (
            at(there.at - START + number * every, State.PLACING),
            Line("move", there.at + number * every + MINUTE, there.target, there.reason, there.problem),
        )
    ]


UPSTREAM = (State.WAITING, Wait.UPSTREAM)


@pytest.mark.parametrize(
    ("timeline", "stand", "since"),
    [
        ([], (State.RECEIVED, None), timedelta(0)),
        ([at(HOUR, State.PLACED)], (State.PLACED, None), HOUR),
        # the ledger is refused every forty minutes for a month: it stands since the first time
        (
            [at(HOUR, *UPSTREAM), *flips(at(2 * HOUR, *UPSTREAM), every=40 * MINUTE, times=1000)],
            UPSTREAM,
            HOUR,
        ),
        # trouble of one kind and of another, in turns
        (
            [at(HOUR, *UPSTREAM), at(2 * HOUR, State.WAITING, Wait.RECHECK), at(3 * HOUR, *UPSTREAM)],
            UPSTREAM,
            HOUR,
        ),
        # a problem that seems to be gone again and again
        (
            [
                at(HOUR, State.ATTENTION, Problem.NO_PRICE),
                *flips(at(2 * HOUR, State.ATTENTION, Problem.NO_PRICE), every=MINUTE * 2, times=500),
            ],
            (State.ATTENTION, Problem.NO_PRICE),
            HOUR,
        ),
        # an outage while it waits for an approval does not make the person's time begin anew
        (
            [
                at(HOUR, State.WAITING, Wait.APPROVAL),
                at(2 * DAY, *UPSTREAM),
                at(3 * DAY, State.WAITING, Wait.APPROVAL),
            ],
            (State.WAITING, Wait.APPROVAL),
            HOUR,
        ),
        # it was paid for after three days, and then Shopify was down: these are two things
        ([at(HOUR, State.WAITING, Wait.PAYMENT), at(3 * DAY, *UPSTREAM)], UPSTREAM, 3 * DAY),
        # a retry that fails is no progress, a decision is
        (
            [
                at(HOUR, State.ATTENTION, Problem.REFUSED),
                kind(DAY, "retried"),
                at(DAY, State.RECEIVED),
                at(DAY + MINUTE, State.ATTENTION, Problem.REFUSED),
            ],
            (State.ATTENTION, Problem.REFUSED),
            HOUR,
        ),
        (
            [at(HOUR, State.WAITING, Wait.APPROVAL), kind(DAY, "approved"), at(DAY + MINUTE, *UPSTREAM)],
            UPSTREAM,
            DAY + MINUTE,
        ),
        # a new status of Sculpteo, or a parcel, is progress; one that comes and goes is not
        (
            [at(HOUR, State.PLACED), kind(DAY, "print_status", PrintStatus.NEW)],
            (State.PLACED, None),
            DAY,
        ),
        (
            [
                at(HOUR, State.PLACED),
                *(
                    kind(day * DAY, "print_status", (PrintStatus.NEW, PrintStatus.BILLED)[day % 2])
                    for day in range(1, 30)
                ),
            ],
            (State.PLACED, None),
            2 * DAY,
        ),
        ([at(HOUR, State.SHIPPED), kind(DAY, "parcel")], (State.SHIPPED, None), DAY),
        # the next try to place it is no progress either, while it lasts
        ([at(HOUR, *UPSTREAM), at(DAY, State.PLACING)], (State.PLACING, None), HOUR),
        ([at(HOUR, State.WAITING, Wait.WINDOW), at(DAY, State.PLACING)], (State.PLACING, None), DAY),
    ],
)
def test_since_when_an_order_stands_still(
    timeline: list[Line], stand: tuple[State, str | None], since: timedelta
) -> None:
    state, why = stand
    problem, reason = (why, None) if state is State.ATTENTION else (None, why)
    assert find_last_progress(timeline, find_stand(state, reason, problem), START) - START == since
