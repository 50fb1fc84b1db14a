"""Since when an order has made no progress, read from its timeline. Pure, standard library only.

Being written to is no progress, nor is a failing try: an order that goes from `waiting` to `placing` and back
because a request fails each time has stood still since the first of these tries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.order.states import State, Wait

DECISIONS = frozenset(
    {
        *("approved", "held", "released", "resent", "print_again", "reopened"),
        *("resolved_placed", "resolved_not_placed", "line_mapped", "line_ignored", "line_as_configured"),
    }
)
"""What a person decided. A mere retry is not among them: when it fails, nothing has changed."""

MOVES = frozenset({"move", "reason"})
KINDS = MOVES | DECISIONS | {"print_status", "parcel"}
"""The lines of a timeline that tell of progress, or of where the order stood."""

TROUBLE = frozenset({Wait.UPSTREAM, Wait.RECHECK})
SETTLED = timedelta(hours=1)  # an order that stood elsewhere for less has not got on by it


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the timeline. `said` = Sculpteo's words, of a line that tells them."""

    kind: str
    at: datetime
    target: State | None = None
    reason: str | None = None
    problem: str | None = None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """Where an order stands, as far as it tells progress from none."""

    state: State
    why: str | None

    @property
    def is_passing(self) -> bool:
        """Whether an order is there only while a step works on it."""
        return self.state is State.RECEIVED or (self.state is State.WAITING and self.why is None)

    @property
    def is_troubled(self) -> bool:
        return self.state is State.WAITING and self.why == "trouble"


def find_stand(state: State, reason: str | None, problem: str | None) -> Stand:
    """All trouble around the purchase is one: going from one to the next, and into the next try, is no progress."""
    if state is State.PLACING:
        return Stand(State.WAITING, "trouble")
    if state is State.WAITING:
        return Stand(state, "trouble" if reason in TROUBLE else reason)
    return Stand(state, problem if state is State.ATTENTION else None)


def find_last_progress(lines: Sequence[Line], stand: Stand, first_seen: datetime) -> datetime:
    """Since when an order stands where it stands now. `lines` are its timeline, oldest first.

    A stand that is passed through, trouble in between, and another stand that lasted for less than an hour do
    not make the time begin anew. What a person decided does, and so does a parcel or a status of Sculpteo that
    is new.
    """
    since: datetime | None = None
    left_at: datetime | None = None  # when the order went on from the line that is looked at
    for line in reversed(list(_filter_telling_lines(lines))):
        if line.kind not in MOVES or line.target is None:
            return since or line.at
        there = find_stand(line.target, line.reason, line.problem)
        if there == stand:
            since = line.at
            if stand.is_passing:
                return since
        elif _is_other_stand(there, stand) and left_at is not None and left_at - line.at >= SETTLED:
            return since or left_at
        left_at = line.at
    return since or first_seen


def _is_other_stand(there: Stand, stand: Stand) -> bool:
    return not there.is_passing and not there.is_troubled and there != stand


def _filter_telling_lines(lines: Iterable[Line]) -> Iterator[Line]:
    """Without what Sculpteo has said before: a status that comes and goes is no progress."""
    heard: set[str] = set()
    for line in lines:
        if line.kind == "print_status":
            if line.said in heard:
                continue
            heard.add(line.said or "")
        if line.kind in KINDS:
            yield line
