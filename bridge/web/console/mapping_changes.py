"""What another mapping makes of an order that is still to be bought: told at once, in the words of `plan`."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.i18n.formatter import mark
from bridge.mapping_review.waiting_orders import (
    Changed,
    Outlook,
    changed,
)
from bridge.order.line_overrides import (
    prints_told,
    subjects_of,
)
from bridge.order.records import OrderRecord
from bridge.order.states import State
from bridge.order.timeline import tell
from bridge.order.wording import designs_told
from bridge.steps.mapping_overrides import (
    configured_version,
    overlaid,
)
from bridge.store.queries import Event
from bridge.web.console.request_context import Visit

CHANGED = mark("The mapping changed, and the order is looked at anew. So far: {before} From now on: {after}")
STILL_OPEN = frozenset({State.WAITING, State.ATTENTION})


async def pending_change(visit: Visit, record: OrderRecord) -> Changed | None:
    """What the mapping in force changes for an order that was not looked at since; None = nothing."""
    in_force, judged_by = visit.world.catalog, configured_version(record.mapping_version)
    if record.snapshot is None or judged_by in {None, in_force.version}:
        return None
    rules = await visit.world.orders.line_rules(record.shop, subjects_of(record.snapshot.lines))
    return changed(record, overlaid(in_force, rules), visit.world.policy, visit.now)


def change_told(visit: Visit, change: Changed) -> str:
    return visit.t(CHANGED, before=_told(visit, change.before), after=_told(visit, change.after))


def _told(visit: Visit, outlook: Outlook) -> str:
    if not outlook.items:
        return outlook.sentence(visit.reader.said)
    return f"{designs_told(prints_told(outlook.items), visit.reader.said)}."


def last_change(visit: Visit, record: OrderRecord, events: Iterable[Event]) -> str | None:
    """How the mapping last changed what would be bought, for as long as the order is not bought."""
    if record.state not in STILL_OPEN or record.reference or record.attempt:
        return None
    found = [event for event in events if event.kind == "remapped"]
    return tell("remapped", found[-1].facts, t=visit.reader.said) if found else None
