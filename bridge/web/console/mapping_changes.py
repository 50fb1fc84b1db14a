"""What another mapping makes of an order that is still to be bought: told at once, in the words of `plan`."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.i18n.formatter import mark
from bridge.mapping_review.waiting_orders import (
    MappingChange,
    Outlook,
    find_change,
)
from bridge.order.line_overrides import (
    collect_subjects,
    describe_prints,
)
from bridge.order.records import OrderRecord
from bridge.order.states import State
from bridge.order.timeline import describe_event
from bridge.order.wording import translate_designs
from bridge.steps.mapping_overrides import (
    strip_override_hash,
    with_overrides,
)
from bridge.store.queries import EventRecord
from bridge.web.console.request_context import Visit

CHANGED = mark("The mapping changed, and the order is looked at anew. So far: {before} From now on: {after}")
STILL_OPEN = frozenset({State.WAITING, State.ATTENTION})


async def pending_change(visit: Visit, record: OrderRecord) -> MappingChange | None:
    """What the mapping in force changes for an order that was not looked at since; None = nothing."""
    in_force, judged_by = visit.world.catalog, strip_override_hash(record.mapping_version)
    if record.snapshot is None or judged_by in {None, in_force.version}:
        return None
    rules = await visit.world.orders.list_line_rules(record.shop, collect_subjects(record.snapshot.lines))
    return find_change(record, with_overrides(in_force, rules), visit.world.policy, visit.now)


def change_told(visit: Visit, change: MappingChange) -> str:
    return visit.t(CHANGED, before=_told(visit, change.before), after=_told(visit, change.after))


def _told(visit: Visit, outlook: Outlook) -> str:
    if not outlook.items:
        return outlook.format_sentence(visit.reader.translate)
    return f"{translate_designs(describe_prints(outlook.items), visit.reader.translate)}."


def last_change(visit: Visit, record: OrderRecord, events: Iterable[EventRecord]) -> str | None:
    """How the mapping last changed what would be bought, for as long as the order is not bought."""
    if record.state not in STILL_OPEN or record.reference or record.attempt:
        return None
    found = [event for event in events if event.kind == "remapped"]
    return describe_event("remapped", found[-1].facts, t=visit.reader.translate) if found else None
