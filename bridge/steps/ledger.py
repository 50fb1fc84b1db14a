"""The note on the Shopify order: what it says of an attempt, what it proves, and who may write over it.

The note says "intent" from the moment before the first byte on: the request may have left. It is taken back
only by whoever knows that nothing was sent, which is the run that opened the attempt. Everybody else, and this
database is one of them if it was restored from a copy, has to take the note's word. A note that cannot be read
may say anything: it is never written over without a person's word.
"""

from __future__ import annotations

from bridge.errors import LedgerConflict, NeedsPerson, TryAgain
from bridge.order.model import Ledger, LedgerEntry, ShopOrder, Verdict
from bridge.order.records import Attempt, OrderRecord, TimelineEntry
from bridge.steps.context import StepRun


def build_ledger_entry(
    job: StepRun, attempt: Attempt, state: str, reference: str | None = None
) -> LedgerEntry:
    """What the ledger on the Shopify order says of an attempt."""
    return LedgerEntry(
        attempt=attempt.id,
        token=attempt.token,
        state=state,
        mode=attempt.mode,
        mapping_version=attempt.mapping_version,
        at=job.now,
        reference=reference,
        cost=attempt.cost,
    )


def is_disproved(record: OrderRecord, entry: LedgerEntry) -> bool:
    """Whether this record proves that what a note tells of was not bought, or is known here to be over.

    That its attempt is void here is no proof by itself: the note may be newer than a restored database.
    """
    own = record.attempt
    if own is not None and own.id == entry.attempt:
        return own.verdict == Verdict.NOT_SENT and entry.reference is None
    for closed in record.closed_attempts:
        if closed.id == entry.attempt:
            return closed.reference == entry.reference if entry.reference else closed.proven
    return False


def is_purchase_noted(record: OrderRecord, ledger: Ledger) -> bool:
    """Whether the note says that something was, or may have been, bought, and nothing here proves otherwise."""
    entry = ledger.entry
    return entry is not None and entry.state != "void" and not is_disproved(record, entry)


def is_note_overwritable(record: OrderRecord, ledger: Ledger, attempt: Attempt) -> bool:
    """Whether word of this attempt may take the place of the note: of none, of its own, and of one that says
    nothing of a purchase. A note that cannot be read may say anything."""
    if ledger.raw is not None:
        return False
    own = ledger.entry is not None and ledger.entry.attempt == attempt.id
    return own or not is_purchase_noted(record, ledger)


async def void_in_shop(job: StepRun, order: ShopOrder, attempt: Attempt) -> None:
    """Take the note of an attempt back on the Shopify order, if it got there: it is proven that it bought
    nothing. Raises TryAgain."""
    entry = order.ledger.entry
    if entry is None or entry.attempt != attempt.id or entry.state == "void":
        return
    try:
        await job.shop.write_ledger(order.id, build_ledger_entry(job, attempt, "void"), order.ledger.digest)
    except NeedsPerson:
        return  # the scope is gone; the local record still knows that the attempt is void
    except LedgerConflict as error:
        raise TryAgain(f"the note on the Shopify order was written in the same moment ({error})") from None


async def take_back_note(
    job: StepRun, attempt: Attempt, order: ShopOrder | None = None
) -> tuple[TimelineEntry, ...]:
    """Void the note in the shop after all, as far as the shop can be reached. Only for whoever knows that the
    attempt bought nothing. `order` = as it was just read, where it was.

    Where the shop cannot be reached, the local record proves it, and a retry writes over the note.
    """
    try:
        order = order or await job.fetch_order()
        if order is not None:
            await void_in_shop(job, order, attempt)
    except (TryAgain, NeedsPerson) as error:
        return (TimelineEntry("ledger_not_voided", {"why": getattr(error, "why", str(error))}),)
    return ()
