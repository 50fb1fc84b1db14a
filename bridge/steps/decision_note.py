"""A person's "no" on the Shopify order itself: written there soon after it was decided, and obeyed by a database
that does not know of it.

Cancelling, ignoring and holding an order are decisions that no shop and no Sculpteo tells again. Kept in the
bridge's own database alone, they would be lost with it, and the orders bought.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bridge.errors import LedgerConflict, NeedsPerson, TryAgain
from bridge.order.authors import NOT_KEPT
from bridge.order.model import Choice, Decision, LedgerEntry, PrintItem, ShopOrder
from bridge.order.problems import Alarm
from bridge.order.records import Facts, OrderRecord, TimelineEntry, Transition
from bridge.order.states import Ignored, State, Wait
from bridge.steps.context import StepRun
from bridge.steps.ledger import is_purchase_noted

OVER = frozenset({State.CANCELLED, State.IGNORED})
BEFORE_BUYING = frozenset({State.RECEIVED, State.WAITING, State.PLACING, State.ATTENTION})


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of writing the decision: what to record with the step's change, and `instead`, the change that
    takes the step's place."""

    values: Facts = field(default_factory=dict)
    notes: tuple[TimelineEntry, ...] = ()
    alarms: tuple[tuple[Alarm, Facts], ...] = ()
    instead: Transition | None = None

    def with_change(self, change: Transition) -> Transition:
        """The step's change with what is to be recorded beside it."""
        return replace(
            change,
            values={**self.values, **change.values},
            notes=self.notes + change.notes,
            alarms=self.alarms + change.alarms,
        )


DONE: Facts = {"decision_noted": True}


async def write_decision_note(job: StepRun) -> Noted:
    """Bring the person's last word onto the Shopify order, if it is not there yet.

    Before every step, so that nothing is bought, and nothing obeyed, by an older word. Raises TryAgain until
    it is written: the step waits for it.
    """
    record = job.record
    decision = record.decision or _find_earlier_decision(record)
    if record.decision_noted is not False or decision is None:
        return Noted()
    if record.state in OVER and not job.is_configured:
        return Noted()  # it is not bought, and is woken when its shop is configured again
    order = await job.fetch_order(
        note_of=job.world.policy.mode
    )  # it forbids what would be bought from now on
    if order is None:
        return Noted(DONE)  # deleted, or too old to be seen: it cannot be bought any more
    ledger, entry = order.ledger, order.ledger.entry
    if ledger.raw is not None:
        return Noted(DONE, alarms=((Alarm.NOTE_UNREADABLE, {"why": ledger.why or "?"}),))
    if is_purchase_noted(record, ledger) and record.attempt is None:
        # it was bought by a database that knew better: that is looked at, not written over
        taken_up = Transition(State.RECEIVED, job.now) if record.state in OVER else None
        return Noted(DONE, instead=taken_up)
    there = entry.decision if entry else None
    if there is not None and there.at >= decision.at:
        return Noted(DONE)
    if there is None and not decision.is_forbidding:
        return Noted(DONE)  # nothing is there to be taken back
    return await _write_note(job, order, decision)


async def _write_note(job: StepRun, order: ShopOrder, decision: Decision) -> Noted:
    entry = order.ledger.entry or _build_blank_entry(job)
    try:
        await job.shop.write_ledger(order.id, replace(entry, decision=decision), order.ledger.digest)
    except LedgerConflict as error:
        raise TryAgain(f"the note on the Shopify order was written in the same moment ({error})") from None
    except NeedsPerson as error:
        return Noted(DONE, notes=(TimelineEntry("decision_not_noted", {"why": error.facts.get("why", "?")}),))
    return Noted(DONE, notes=(TimelineEntry("decision_noted"),))


def _build_blank_entry(job: StepRun) -> LedgerEntry:
    """A note of an order for which nothing was tried yet."""
    return LedgerEntry("", "", "void", job.world.policy.mode, job.record.mapping_version or "", job.now)


def _find_earlier_decision(record: OrderRecord) -> Decision | None:
    """The decision of an order that was decided on before decisions were kept as such."""
    if record.state is State.CANCELLED and record.reason == "person":
        return Decision(Choice.CANCELLED, NOT_KEPT, record.updated_at)
    if record.state is State.IGNORED and record.reason == Ignored.PERSON:
        return Decision(Choice.IGNORED, NOT_KEPT, record.updated_at)
    if record.held_at is not None:
        return Decision(Choice.HELD, record.held_by or NOT_KEPT, record.held_at)
    return None


def apply_decision_note(job: StepRun, order: ShopOrder, items: tuple[PrintItem, ...]) -> Transition | None:
    """What a person's no in the note asks for, where this record does not know of it. None = nothing."""
    record, entry = job.record, order.ledger.entry
    decision = entry.decision if entry else None
    if entry is None or decision is None or not decision.is_forbidding:
        return None
    # who cancelled an order whose outcome was not known said that Sculpteo does not have it
    denied = record.state is State.UNKNOWN and decision.choice is Choice.CANCELLED
    if record.state not in BEFORE_BUYING and not denied:
        return None
    bought_since = entry.reference is not None or decision.at < entry.at
    if bought_since and is_purchase_noted(record, order.ledger):
        return None
    if record.decision is not None and record.decision.at >= decision.at:
        return None  # this database has a later word, or this very one
    return _build_decision_change(job, order, items, decision)


def _build_decision_change(
    job: StepRun, order: ShopOrder, items: tuple[PrintItem, ...], decision: Decision
) -> Transition:
    values: dict[str, object] = {
        "snapshot": order,
        "name": order.name,
        "items": items,
        "mapping_version": job.world.catalog.version,
        "decision": decision,
        **DONE,
    }
    told = {"who": decision.who, "at": decision.at.isoformat(), "choice": str(decision.choice)}
    notes = (TimelineEntry("decision_found", told),)
    attempt = job.record.attempt
    why = "nothing was sent: a person had decided that it must not be bought"
    unsent = why if attempt is not None and attempt.sent_at is None else None
    match decision.choice:
        case Choice.CANCELLED:
            return Transition(
                State.CANCELLED, None, reason="person", values=values, notes=notes, void_attempt=unsent
            )
        case Choice.IGNORED:
            return Transition(
                State.IGNORED, None, reason=Ignored.PERSON, values=values, notes=notes, void_attempt=unsent
            )
        case _:
            values |= {"held_at": decision.at, "held_by": decision.who}
            return Transition(
                State.WAITING, job.now, reason=Wait.HELD, values=values, notes=notes, void_attempt=unsent
            )
