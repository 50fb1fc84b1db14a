"""Which lines a purchase covers: one rule for everyone who asks it of an order that is bought.

What is on record counts. A row that could not be read loses it, and so does a lost database while the mapping lacks
the SKU; then the attempt says it, which keeps what it was opened with; and else the mapping as it is today, as far
as that is what the request asked for. Nothing is guessed: no items means that a person has to say it.

The mapping is asked about the order as it was bought: what is in the shop by now is not left to fulfill any more.
"""

from __future__ import annotations

from bridge.order.model import PrintItem, PrintOrder, ShopOrder
from bridge.order.records import ADOPTED, Attempt, OrderRecord
from bridge.steps.context import StepRun
from bridge.steps.line_selection import select_lines
from bridge.steps.mapping_overrides import apply_line_rules

ITEMS_UNKNOWN = "the bridge's record of what it holds is lost"


def select_printable_items(job: StepRun, order: ShopOrder) -> tuple[PrintItem, ...]:
    """What of the order is printed by today's mapping, whatever else speaks against it."""
    return select_lines(job.record.shop, order, job.world.catalog, job.world.policy).items


def choose_purchased_items(record: OrderRecord, mapped: tuple[PrintItem, ...]) -> tuple[PrintItem, ...]:
    """What a purchase that was found holds; `mapped` = what would be printed by today's mapping."""
    attempt = record.attempt
    if attempt is not None and attempt.items:
        return attempt.items
    if attempt is not None and record.items and attempt.mapping_version == record.mapping_version:
        return record.items
    return mapped or record.items


async def find_purchased_items(job: StepRun, order: ShopOrder) -> tuple[PrintItem, ...]:
    """What the purchase of an order whose record has no items holds; nothing where that cannot be told."""
    attempt = job.record.attempt
    if attempt is not None and attempt.items:
        return attempt.items
    await apply_line_rules(job, order)
    bought = job.record.snapshot or order
    mapped = select_printable_items(job, bought)
    asked = attempt.request.get("items") if attempt is not None else None
    if asked:
        return mapped if mapped and _is_asked_for(job, bought, mapped, asked) else ()
    return mapped if _is_mapping_as_bought(job, attempt) else ()


def _is_asked_for(job: StepRun, order: ShopOrder, items: tuple[PrintItem, ...], asked: object) -> bool:
    """Whether the request of the purchase named these designs, in these numbers."""
    if order.address is None:
        return False
    again = PrintOrder(items, order.address, None, (), fake=False)
    try:
        return job.world.printer.build_summary(again).get("items") == asked
    except ValueError:  # designs that no request can name
        return False


def _is_mapping_as_bought(job: StepRun, attempt: Attempt | None) -> bool:
    """Whether the mapping may speak for a purchase whose request nobody has: of the order as it was bought, while
    it is the very mapping by which that was. A purchase that another database made was taken over by the mapping
    alone, and is once a person has added what it lacked."""
    if job.record.snapshot is None:
        return False
    if attempt is None or attempt.verdict == ADOPTED:
        return True
    return attempt.mapping_version == job.world.catalog.version
