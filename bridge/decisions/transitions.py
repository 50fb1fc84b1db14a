"""What a person may decide of an order, and what follows: each a pure function from the record to a Change.

The store applies it only while the order is still in the state that the person saw, and fences off a step
that is running, so that pressing a button twice, or in the moment that something else happens, is safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bridge.decisions.refusals import (
    APPROVED,
    NotNow,
    Wish,
    build_refusal,
    format_order_name,
)
from bridge.order.digests import compute_purchase_digest
from bridge.order.model import Mode
from bridge.order.problems import Problem
from bridge.order.records import ClosedPurchase, OrderRecord, TimelineEntry, Transition
from bridge.order.redaction import is_erased
from bridge.order.states import Ignored, State, Wait
from bridge.steps.closed_purchases import find_living_purchase
from bridge.steps.fraud_risk import format_risk_code
from bridge.steps.payment import collect_approval_codes
from bridge.steps.right_to_buy import ABOUT_THE_NOTE, NO_APPROVAL, collect_first_locations, format_note_code

REMAPPABLE = frozenset({State.RECEIVED, State.WAITING, State.ATTENTION, State.IGNORED})
STOPPED = frozenset({Problem.CANCELLED_AT_SCULPTEO, Problem.LIVE_IS_TEST})
APPROVABLE = frozenset(
    {
        *(Problem.LIMIT_ORDER, Problem.ABOVE_DAY_LIMIT, Problem.MOVED),
        *(Problem.LOCATION, Problem.NO_FULFILLMENT_ORDER),
        *(Problem.ADDRESS_WRONG, Problem.ADDRESS_DOUBTFUL, Problem.POSTAL_CODE, Problem.NO_COURIER),
    }
)
CONTENTS = frozenset({Problem.LOCATION, Problem.NO_FULFILLMENT_ORDER})
"""Problems of which an approval says what is printed, so that there must be something."""


def is_bought(record: OrderRecord) -> bool:
    """Whether Sculpteo has it, or may have it."""
    return record.reference is not None or (record.attempt is not None and record.attempt.sent_at is not None)


TAKE_OVER = "Sculpteo has {order} as {reference}: take that order over instead."
NOTHING_TO_PRINT = "{order} cannot be approved: there is nothing that could be printed."
NOT_KNOWN_YET = "{order} cannot be approved: it is not known yet what is printed. Look again in a minute."
NOT_SOLVED = "{order} cannot be approved: an approval does not solve its problem."
AS_WELL = "{order} cannot be printed again: Sculpteo has it as {reference} as well."
LEFT_OUT = "A person decided not to print {order}: reopen it first."
SENTENCES = (TAKE_OVER, NOTHING_TO_PRINT, NOT_KNOWN_YET, NOT_SOLVED, AS_WELL, LEFT_OUT)
"""Why a decision does not fit, beside those of `refusals`; each has a translation."""


def _refuse_bought(record: OrderRecord) -> None:
    """Refuse what would buy again what Sculpteo is known to have. Raises NotNow."""
    living = find_living_purchase(record)
    if living is not None and not is_bought(record):
        raise _build_not_now(record, TAKE_OVER, living.reference)


def _build_not_now(record: OrderRecord, sentence: str, reference: str | None = None) -> NotNow:
    return NotNow(sentence, order=format_order_name(record), reference=reference)


def approve_order(record: OrderRecord, who: str, now: datetime) -> Transition:
    """Order now exactly what the record shows: opens the approval window, a manual approval, a risk hold, a limit,
    a move, an order from before go-live or from a rehearsal; and payment, where that is what it waits for. It
    counts for these contents and this address."""
    approvable = record.state is State.WAITING or (
        record.state is State.ATTENTION and record.problem in APPROVABLE and not is_bought(record)
    )
    if not approvable:
        unsolved = record.state is State.ATTENTION and not is_bought(record)
        raise _build_not_now(record, NOT_SOLVED) if unsolved else build_refusal(record, Wish.APPROVE)
    if record.problem in CONTENTS and not record.items:
        raise _build_not_now(record, NOTHING_TO_PRINT)
    if record.reason == Wait.ROUTING or not record.items:
        raise _build_not_now(record, NOT_KNOWN_YET)
    _refuse_bought(record)
    values = {**_build_approval(record, who, now), "held_at": None, "held_by": None}
    if record.problem == Problem.MOVED and record.snapshot:
        values["first_locations"] = collect_first_locations(record.snapshot, record.items, None)
    return Transition(
        State.WAITING,
        now,
        reason=record.reason,
        facts=record.facts,
        values=values,
        notes=(TimelineEntry("approved"),),
    )


def check_approved_already(record: OrderRecord) -> NotNow | None:
    """What to tell a person who approves once more what somebody has approved as it is."""
    now = _build_approval(record, "", record.updated_at)
    same = record.approved_seen == now["approved_seen"] and record.approved_for == now["approved_for"]
    same = same and record.decided_mode in {None, record.in_force}  # else it was approved in another mode
    if record.state is not State.WAITING or record.approved_at is None or not same:
        return None
    return NotNow(APPROVED, already=True, order=format_order_name(record), who=record.approved_by)


def _build_approval(record: OrderRecord, who: str, now: datetime) -> dict[str, object]:
    """What is kept of an approval: by whom, for which reasons, and of what."""
    codes = [*collect_approval_codes(record), format_risk_code(record.snapshot)]
    if record.problem in ABOUT_THE_NOTE:
        codes.append(format_note_code(record.problem, record.facts.get("note")))
    given = dict.fromkeys([*(record.approved_for or "").split(), *codes])
    return {
        "approved_at": now,
        "approved_by": who,
        "approved_for": " ".join(given).strip(),
        "approved_seen": compute_purchase_digest(record.items, record.snapshot),
    }


def hold_order(record: OrderRecord, who: str, now: datetime) -> Transition:
    """Do not order it until somebody releases or approves it."""
    if record.state not in {State.WAITING, State.RECEIVED} or record.held_at is not None:
        raise build_refusal(record, Wish.HOLD)
    return Transition(
        State.WAITING if record.state is State.WAITING else State.RECEIVED,
        None if record.state is State.WAITING else now,
        reason=Wait.HELD if record.state is State.WAITING else None,
        values={"held_at": now, "held_by": who},
        notes=(TimelineEntry("held"),),
    )


def release_order(record: OrderRecord, who: str, now: datetime) -> Transition:
    """End a hold; everything else that it may wait for is looked at again."""
    if record.state is not State.WAITING or record.held_at is None:
        raise build_refusal(record, Wish.RELEASE)
    _refuse_bought(record)
    return Transition(
        State.WAITING, now, values={"held_at": None, "held_by": None}, notes=(TimelineEntry("released"),)
    )


def retry_order(record: OrderRecord, who: str, now: datetime) -> Transition:
    """Try again what failed; nothing that is bought already is bought anew."""
    note = (TimelineEntry("retried"),)
    _refuse_bought(record)
    if record.state is State.WAITING:
        return Transition(State.WAITING, now, reason=record.reason, facts=record.facts, notes=note)
    if record.state is not State.ATTENTION:
        raise build_refusal(record, Wish.RETRY)
    if not is_bought(record):
        return _restore_before_damage(record, note) or Transition(State.RECEIVED, now, notes=note)
    return Transition(_get_bought_state(record), now, facts={"reference": record.reference}, notes=note)


def _restore_before_damage(record: OrderRecord, notes: tuple[TimelineEntry, ...]) -> Transition | None:
    """An order that was over when its row turned out to be damaged stays over: reopening it is another wish."""
    was = record.facts.get("was") if record.facts.get("damaged") else None
    if was not in {State.IGNORED, State.CANCELLED}:
        return None
    # "reason" is what it was called before: rows that were set aside by then
    reason = record.facts.get("was_reason", record.facts.get("reason"))
    return Transition(State(was), None, reason=reason, notes=notes)


def _get_bought_state(record: OrderRecord) -> State:
    if record.reference is None:
        return State.UNKNOWN
    return State.SHIPPED if record.parcels or record.shipped_at else State.PLACED


def print_again(record: OrderRecord, who: str, now: datetime) -> Transition:
    """Buy an order anew that Sculpteo says it cancelled, or took as a test. What it was bought as before stays
    watched, and is looked at once more before anything is bought."""
    if not _is_stopped(record):
        raise build_refusal(record, Wish.PRINT_AGAIN)
    living = find_living_purchase(record)
    if living is not None:
        raise _build_not_now(record, AS_WELL, living.reference)
    return Transition(
        State.WAITING,
        now,
        values={"reference": None, "mode": None, "print_status": None, "print_words": None},
        notes=(TimelineEntry("print_again", {"reference": record.reference}),),
        void_attempt=f"{who} confirmed that Sculpteo does not make {record.reference}",
    )


def _is_stopped(record: OrderRecord) -> bool:
    return record.state is State.ATTENTION and record.problem in STOPPED


def resend_tracking(record: OrderRecord, who: str, now: datetime) -> Transition:
    """Bring its parcels to the shop again, as far as the shop does not have them: it is read first."""
    shipped = record.state in {State.SHIPPED, State.DONE, State.ATTENTION} and bool(record.parcels)
    erased = any(is_erased(one.parcel) for one in record.parcels)  # there is no number to bring any more
    if not shipped or erased or record.reference is None:
        raise build_refusal(record, Wish.RESEND)
    facts = {"reference": record.reference}
    return Transition(State.SHIPPED, now, facts=facts, notes=(TimelineEntry("resent"),), resend=True)


def mark_handled(record: OrderRecord, who: str, now: datetime) -> Transition:
    """A parcel that the shop cannot take any more was seen to: the order is over."""
    refused = record.state is State.ATTENTION and record.problem == Problem.CANNOT_FULFILL
    if not refused or record.reference is None:
        raise build_refusal(record, Wish.HANDLED)
    facts = {"reference": record.reference}
    return Transition(State.DONE, None, reason="handled", facts=facts, notes=(TimelineEntry("handled"),))


def ignore_order(record: OrderRecord, who: str, now: datetime) -> Transition:
    """Never print it."""
    stopped = _is_stopped(record)
    free = record.state in {State.RECEIVED, State.WAITING, State.ATTENTION} and not is_bought(record)
    if not (stopped or free):
        raise build_refusal(record, Wish.IGNORE)
    attempt = record.attempt
    watches: tuple[ClosedPurchase, ...] = ()
    if record.reference and attempt:
        status, words = record.print_status, record.print_words
        closed = ClosedPurchase(
            record.reference, attempt.token, attempt.mode, now, status, words, look_at=now
        )
        watches = (closed,)
    return Transition(
        State.IGNORED,
        None,
        reason=Ignored.PERSON,
        notes=(TimelineEntry("ignored_by_person"),),
        watches=watches,
    )


def cancel_order(record: OrderRecord, who: str, now: datetime) -> Transition:
    """Stop it before any money is spent."""
    if record.state not in {State.WAITING, State.ATTENTION} or is_bought(record):
        raise build_refusal(record, Wish.CANCEL)
    return Transition(State.CANCELLED, None, reason="person", notes=(TimelineEntry("cancelled_by_person"),))


def reopen_order(record: OrderRecord, who: str, now: datetime) -> Transition:
    """Take an order up again that was ignored or cancelled here."""
    if record.state not in {State.IGNORED, State.CANCELLED}:
        raise build_refusal(record, Wish.REOPEN)
    living = find_living_purchase(record)
    if living is not None:
        raise _build_not_now(record, TAKE_OVER, living.reference)
    return Transition(State.RECEIVED, now, values=NO_APPROVAL, notes=(TimelineEntry("reopened"),))


def remap_order(record: OrderRecord, now: datetime, notes: tuple[TimelineEntry, ...]) -> Transition:
    """Read it anew, since somebody decided what one of its lines means (`notes` say what)."""
    if is_bought(record) or record.state not in REMAPPABLE:
        raise build_refusal(record, Wish.MAP)
    _refuse_bought(record)
    if record.state is State.IGNORED and record.reason == Ignored.PERSON:
        raise _build_not_now(record, LEFT_OUT)
    if record.state is State.WAITING:
        return Transition(State.WAITING, now, reason=record.reason, facts=record.facts, notes=notes)
    return Transition(State.RECEIVED, now, notes=notes)


def _check_outcome_open(record: OrderRecord, wish: Wish) -> None:
    """Whether Sculpteo has the order is a question that only a person can answer now."""
    attention = record.state is State.ATTENTION
    unreadable = attention and record.problem == Problem.LEDGER_UNREADABLE and not is_bought(record)
    taken = attention and record.problem == Problem.REFERENCE_TAKEN
    if not (record.state is State.UNKNOWN or unreadable or taken):
        raise build_refusal(record, wish)


def is_correctable(record: OrderRecord) -> bool:
    """Whether a person gave the reference and Sculpteo never knew it: it may be mistyped."""
    followed = record.state is State.PLACED or (
        record.state is State.ATTENTION and record.problem == Problem.STATUS_WORDS
    )
    unknown = record.print_words is None and record.print_status is None
    return followed and unknown and record.reference is not None and record.reference_by is not None


def resolve_as_placed(record: OrderRecord, who: str, now: datetime, reference: str) -> Transition:
    """A person says: Sculpteo has it, under this reference. It may be one that was closed before.
    What a person said before may be corrected for as long as Sculpteo does not know it."""
    closed = next((one for one in record.closed if one.reference == reference), None)
    if closed is not None and _is_takeover_possible(record):
        mode = closed.mode if closed.alive_at is None else Mode.LIVE
        return _take_over(record, closed.reference, closed.token, who, now, mode)
    if record.state in {State.CANCELLED, State.IGNORED} and not is_bought(record) and record.doubted_token:
        return _take_over(record, reference, record.doubted_token, who, now)
    if not is_correctable(record):
        _check_outcome_open(record, Wish.PLACED_AS)
    attempt = record.attempt
    values: Mapping[str, object] = {
        "reference": reference,
        "reference_by": who,
        "print_status": None,
        "print_words": None,
        "mode": attempt.mode if attempt else Mode.LIVE,
        "placed_at": (attempt.sent_at if attempt else None) or now,
    }
    notes = (TimelineEntry("resolved_placed", {"reference": reference}),)
    return Transition(State.PLACED, now, facts={"reference": reference}, values=values, notes=notes)


def adopt_purchase(record: OrderRecord, who: str, now: datetime) -> Transition:
    """A person takes over what Sculpteo shows that it makes for the order, although it counts as closed."""
    living = find_living_purchase(record)
    if living is None or not _is_takeover_possible(record):
        raise build_refusal(record, Wish.ADOPT)
    return _take_over(record, living.reference, living.token, who, now)


def find_known_reference(record: OrderRecord) -> str | None:
    """The reference that a person who says "Sculpteo has it" most likely means."""
    living = find_living_purchase(record)
    if living is not None:
        return living.reference
    candidate = record.facts.get("candidate")
    return str(candidate) if candidate else next((one.reference for one in record.closed[-1:]), None)


def _is_takeover_possible(record: OrderRecord) -> bool:
    """Whether a closed purchase can be the order's own again: it has no other one that Sculpteo makes."""
    over = record.state in {State.CANCELLED, State.IGNORED, State.UNKNOWN}
    free = record.state in {State.WAITING, State.ATTENTION} and not is_bought(record)
    return over or free or _is_stopped(record)


def _take_over(
    record: OrderRecord, reference: str, token: str, who: str, now: datetime, mode: Mode = Mode.LIVE
) -> Transition:
    """It counts as bought under this reference, for real unless it is a test that Sculpteo does not make, and is
    followed; nothing else of it is."""
    values = {
        "reference": reference,
        "mode": mode,
        "placed_at": now,
        "print_status": None,
        "print_words": None,
        "shipped_at": None,
    }
    own = record.attempt is not None and record.attempt.token == token
    return Transition(
        State.PLACED,
        now,
        facts={"reference": reference},
        values=values,
        notes=(TimelineEntry("resolved_placed", {"reference": reference}),),
        void_attempt=None
        if own or record.attempt is None
        else f"{who} says that Sculpteo has it as {reference}",
        revives=None if own else token,
    )


def resolve_as_not_placed(record: OrderRecord, who: str, now: datetime, *, drop: bool = False) -> Transition:
    """A person says: Sculpteo does not have it. It is ordered again, or with `drop` it is cancelled."""
    _check_outcome_open(record, Wish.DROP if drop else Wish.NOT_PLACED)
    living = find_living_purchase(record)
    if living is not None and not drop:
        raise _build_not_now(record, TAKE_OVER, living.reference)
    void = f"{who} confirmed that Sculpteo does not have it"
    notes = (TimelineEntry("resolved_not_placed"),)
    watches = _collect_candidate(record, now)
    if drop:
        return Transition(
            State.CANCELLED, None, reason="person", notes=notes, void_attempt=void, watches=watches
        )
    values = _build_approval(record, who, now) if record.problem in ABOUT_THE_NOTE else {}
    return Transition(State.WAITING, now, values=values, notes=notes, void_attempt=void, watches=watches)


def _collect_candidate(record: OrderRecord, now: datetime) -> tuple[ClosedPurchase, ...]:
    """What an unclear answer of success named: Sculpteo may know it later, whatever a person says now."""
    candidate, attempt = record.facts.get("candidate"), record.attempt
    status = attempt.answer.status if attempt and attempt.answer else None
    if not candidate or attempt is None or status is None or not 200 <= status < 300:
        return ()
    return (ClosedPurchase(str(candidate), attempt.token, attempt.mode, now, look_at=now),)


def drop_order(record: OrderRecord, who: str, now: datetime) -> Transition:
    """A person says: Sculpteo does not have it, and it is not wanted any more."""
    return resolve_as_not_placed(record, who, now, drop=True)
