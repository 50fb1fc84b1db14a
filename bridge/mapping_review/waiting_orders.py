"""What another mapping would change for orders that are not bought yet. Pure.

An order is judged by the same `select_lines` that matches it, on what was last read of it from the shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bridge.order.explanations import (
    Translate,
    describe_state,
    to_english,
)
from bridge.order.model import PrintItem
from bridge.order.policy import Policy
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import Ignored, State
from bridge.ports import Catalog
from bridge.steps.line_selection import (
    Blocked,
    Skipped,
    select_lines,
)

BY_MAPPING = frozenset({Problem.UNMAPPED, Problem.OPTION})
"""Problems that say that the mapping lacks something."""

WOKEN = frozenset({Ignored.NOTHING_TO_PRINT, Ignored.NOT_SHIPPED, Ignored.OTHER_LOCATION})
WOKEN_FOR = timedelta(days=30)
"""A new mapping has ignored orders of so many days looked at again, as `Store.wake_for_mapping` does."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of an order: prints, or the state that it is in instead."""

    items: tuple[PrintItem, ...] = ()
    state: State = State.WAITING
    reason: str | None = None
    problem: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def format_sentence(self, t: Translate = to_english) -> str:
        """Why it is not printed; "" where it is."""
        return "" if self.items else describe_state(self.state, self.reason, self.problem, self.facts, t)

    def is_alike(self, other: Outlook) -> bool:
        """Whether the mapping comes to the same."""
        if self.items or other.items:
            return self.items == other.items
        if State.ATTENTION not in (self.state, other.state):
            return self.state is other.state
        return (self.problem, dict(self.facts)) == (other.problem, dict(other.facts))


@dataclass(frozen=True, slots=True)
class MappingChange:
    """An order that another mapping treats otherwise. `approval_ends` = a person's approval was for other
    prints, and is asked for again."""

    order: OrderRecord
    before: Outlook
    after: Outlook
    approval_ends: bool = False


def is_affected(record: OrderRecord, now: datetime) -> bool:
    """Whether another mapping can change what becomes of the order: nothing is bought, and it is looked at."""
    if record.snapshot is None or record.reference is not None or record.attempt is not None:
        return False
    match record.state:
        case State.WAITING:
            return True
        case State.ATTENTION:
            return bool(record.items) or record.problem in BY_MAPPING
        case State.IGNORED:
            return record.reason in WOKEN and record.first_seen_at > now - WOKEN_FOR
        case _:
            return False


def find_change(record: OrderRecord, catalog: Catalog, policy: Policy, now: datetime) -> MappingChange | None:
    """What this mapping would change for the order, or None."""
    if record.snapshot is None or not is_affected(record, now):
        return None
    before = Outlook(record.items, record.state, record.reason, record.problem, record.facts)
    found = select_lines(record.shop, record.snapshot, catalog, policy)
    match found.verdict:
        case Blocked(problem, facts):
            after = Outlook((), State.ATTENTION, problem=problem, facts=facts)
        case Skipped(reason, facts):
            after = Outlook((), State.IGNORED, reason, facts=facts)
        case _:
            after = Outlook(found.items)
    if before.is_alike(after):
        return None
    return MappingChange(record, before, after, record.approved_at is not None and bool(record.items))
