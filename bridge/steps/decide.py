"""What a person may decide of an order, and what follows: each a pure function from the record to a Change.

The store applies it only while the order is still in the state that the person saw, and fences off a step
that is running, so that pressing a button twice, or in the moment that something else happens, is safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bridge.errors import BridgeError
from bridge.order.model import Mode
from bridge.order.problems import Problem
from bridge.order.states import Ignored, State, Wait
from bridge.ports import Change, Note, OrderRecord

REMAPPABLE = frozenset({State.RECEIVED, State.WAITING, State.ATTENTION, State.IGNORED})
APPROVABLE = frozenset({Problem.LIMIT_ORDER, Problem.MOVED})


class NotNow(BridgeError):
    """The decision does not fit the order as it is; the text says why, and what can be done instead."""


def bought(record: OrderRecord) -> bool:
    """Whether Sculpteo has it, or may have it."""
    return record.reference is not None or (record.attempt is not None and record.attempt.sent_at is not None)


def _refuse(record: OrderRecord, wish: str, instead: str) -> NotNow:
    name = record.name or record.order_id
    return NotNow(f"{name} is {record.state} and cannot be {wish}: {instead}")


def approve(record: OrderRecord, who: str, now: datetime) -> Change:
    """Order it now: opens the approval window, a manual approval, a risk hold, a limit, a move."""
    approvable = record.state is State.WAITING or (
        record.state is State.ATTENTION and record.problem in APPROVABLE and not bought(record)
    )
    if not approvable:
        raise _refuse(record, "approved", "only an order that waits, or is over a limit, can be")
    if record.reason == Wait.ROUTING:
        raise _refuse(record, "approved", "it is not known yet what is printed; look again in a minute")
    given = dict.fromkeys([*(record.approved_for or "").split(), record.reason or record.problem or ""])
    values = {
        "approved_at": now,
        "approved_by": who,
        "approved_for": " ".join(given).strip(),
        "held_at": None,
        "held_by": None,
    }
    return Change(
        State.WAITING, now, reason=record.reason, facts=record.facts, values=values, notes=(Note("approved"),)
    )


def hold(record: OrderRecord, who: str, now: datetime) -> Change:
    """Do not order it until somebody releases or approves it."""
    if record.state not in {State.WAITING, State.RECEIVED}:
        raise _refuse(record, "held", "only an order that is not placed yet can be")
    if record.held_at is not None:
        raise _refuse(record, "held", "it is on hold already")
    return Change(
        State.WAITING if record.state is State.WAITING else State.RECEIVED,
        None if record.state is State.WAITING else now,
        reason=Wait.HELD if record.state is State.WAITING else None,
        values={"held_at": now, "held_by": who},
        notes=(Note("held"),),
    )


def release(record: OrderRecord, who: str, now: datetime) -> Change:
    """End a hold; everything else that it may wait for is looked at again."""
    if record.state is not State.WAITING or record.held_at is None:
        raise _refuse(record, "released", "it is not on hold")
    return Change(State.WAITING, now, values={"held_at": None, "held_by": None}, notes=(Note("released"),))


def retry(record: OrderRecord, who: str, now: datetime) -> Change:
    """Try again what failed; nothing that is bought already is bought anew."""
    note = (Note("retried"),)
    if record.state is State.WAITING:
        return Change(State.WAITING, now, reason=record.reason, facts=record.facts, notes=note)
    if record.state is not State.ATTENTION:
        raise _refuse(record, "retried", "only an order that waits or needs attention can be")
    if not bought(record):
        return Change(State.RECEIVED, now, notes=note)
    return Change(_as_bought(record), now, facts={"reference": record.reference}, notes=note)


def _as_bought(record: OrderRecord) -> State:
    if record.reference is None:
        return State.UNKNOWN
    return State.SHIPPED if record.parcels or record.shipped_at else State.PLACED


def print_again(record: OrderRecord, who: str, now: datetime) -> Change:
    """Buy an order anew that Sculpteo says it cancelled."""
    stopped = record.state is State.ATTENTION and record.problem == Problem.CANCELLED_AT_SCULPTEO
    if not stopped:
        raise _refuse(record, "printed again", "only an order that Sculpteo cancelled can be")
    return Change(
        State.WAITING,
        now,
        values={"reference": None, "mode": None, "print_status": None, "print_words": None},
        notes=(Note("print_again", {"reference": record.reference}),),
        void_attempt=f"{who} confirmed that Sculpteo cancelled {record.reference}",
    )


def resend(record: OrderRecord, who: str, now: datetime) -> Change:
    """Bring its parcels to the shop again, as far as the shop does not have them: it is read first."""
    shipped = record.state in {State.SHIPPED, State.DONE, State.ATTENTION} and bool(record.parcels)
    if not shipped or record.reference is None:
        raise _refuse(record, "told to the shop again", "no parcel of it is known")
    facts = {"reference": record.reference}
    return Change(State.SHIPPED, now, facts=facts, notes=(Note("resent"),), resend=True)


def ignore(record: OrderRecord, who: str, now: datetime) -> Change:
    """Never print it."""
    stopped = record.state is State.ATTENTION and record.problem == Problem.CANCELLED_AT_SCULPTEO
    free = record.state in {State.RECEIVED, State.WAITING, State.ATTENTION} and not bought(record)
    if not (stopped or free):
        raise _refuse(record, "ignored", "Sculpteo may have it: only its support can stop it")
    return Change(State.IGNORED, None, reason=Ignored.PERSON, notes=(Note("ignored_by_person"),))


def cancel(record: OrderRecord, who: str, now: datetime) -> Change:
    """Stop it before any money is spent."""
    if record.state not in {State.WAITING, State.ATTENTION} or bought(record):
        raise _refuse(
            record, "cancelled", "Sculpteo may have it: only its support can stop it, while it is queuing"
        )
    return Change(State.CANCELLED, None, reason="person", notes=(Note("cancelled_by_person"),))


def reopen(record: OrderRecord, who: str, now: datetime) -> Change:
    """Take an order up again that was ignored or cancelled here."""
    if record.state not in {State.IGNORED, State.CANCELLED}:
        raise _refuse(record, "reopened", "only an ignored or cancelled order can be")
    return Change(State.RECEIVED, now, notes=(Note("reopened"),))


def remap(record: OrderRecord, now: datetime, notes: tuple[Note, ...]) -> Change:
    """Read it anew, since somebody decided what one of its lines means (`notes` say what)."""
    if bought(record) or record.state not in REMAPPABLE:
        raise _refuse(record, "mapped", "only an order that is not bought yet can be")
    if record.state is State.IGNORED and record.reason == Ignored.PERSON:
        raise _refuse(record, "mapped", "a person decided not to print it: reopen it first")
    if record.state is State.WAITING:
        return Change(State.WAITING, now, reason=record.reason, facts=record.facts, notes=notes)
    return Change(State.RECEIVED, now, notes=notes)


def _must_be_open(record: OrderRecord) -> None:
    """Whether Sculpteo has the order is a question that only a person can answer now."""
    attention = record.state is State.ATTENTION
    unreadable = attention and record.problem == Problem.LEDGER_UNREADABLE and not bought(record)
    taken = attention and record.problem == Problem.REFERENCE_TAKEN
    if not (record.state is State.UNKNOWN or unreadable or taken):
        raise _refuse(record, "resolved", "only an order whose outcome is unknown can be")


def may_be_corrected(record: OrderRecord) -> bool:
    """Whether a person gave the reference and Sculpteo never knew it: it may be mistyped."""
    followed = record.state is State.PLACED or (
        record.state is State.ATTENTION and record.problem == Problem.STATUS_WORDS
    )
    unknown = record.print_words is None and record.print_status is None
    return followed and unknown and record.reference is not None and record.reference_by is not None


def placed_as(record: OrderRecord, who: str, now: datetime, reference: str) -> Change:
    """A person says: Sculpteo has it, under this reference. What a person said before may be corrected for as
    long as Sculpteo does not know it."""
    if not may_be_corrected(record):
        _must_be_open(record)
    attempt = record.attempt
    values: Mapping[str, object] = {
        "reference": reference,
        "reference_by": who,
        "print_status": None,
        "print_words": None,
        "mode": attempt.mode if attempt else Mode.LIVE,
        "placed_at": (attempt.sent_at if attempt else None) or now,
    }
    notes = (Note("resolved_placed", {"reference": reference}),)
    return Change(State.PLACED, now, facts={"reference": reference}, values=values, notes=notes)


def not_placed(record: OrderRecord, who: str, now: datetime, *, drop: bool = False) -> Change:
    """A person says: Sculpteo does not have it. It is ordered again, or with `drop` it is cancelled."""
    _must_be_open(record)
    void = f"{who} confirmed that Sculpteo does not have it"
    notes = (Note("resolved_not_placed"),)
    if drop:
        return Change(State.CANCELLED, None, reason="person", notes=notes, void_attempt=void)
    values = {}
    if record.problem in {Problem.LEDGER_UNREADABLE, Problem.REFERENCE_TAKEN}:
        values = {"approved_at": now, "approved_by": who, "approved_for": record.problem}
    return Change(State.WAITING, now, values=values, notes=notes, void_attempt=void)


def drop(record: OrderRecord, who: str, now: datetime) -> Change:
    """A person says: Sculpteo does not have it, and it is not wanted any more."""
    return not_placed(record, who, now, drop=True)
