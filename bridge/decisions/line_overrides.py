"""What a person may decide about single lines of an order: print these designs, or do not print it.

Lines are numbered from 1 in the order in which the shop lists them, since two may have the same SKU, or none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.decisions import transitions
from bridge.decisions.refusals import NotNow
from bridge.errors import BridgeError
from bridge.order.line_overrides import (
    LineRule,
    Scope,
    describe_designs,
    find_subject,
    format_line_name,
)
from bridge.order.matching import NotPrinted, Printed, Unmapped
from bridge.order.model import Design, LineItem
from bridge.order.records import OrderRecord, TimelineEntry, Transition
from bridge.order.spelling import normalize_text
from bridge.steps.mapping_overrides import (
    Judged,
    OverriddenCatalog,
)

SCOPES = {
    Scope.LINE: "in this order",
    Scope.VARIANT: "this variant, in all orders",
    Scope.PRODUCT: "this product, in all orders",
}

NOT_DECIDED = "Nothing was decided about this line in this order."
NO_SUBJECT: dict[Scope, str] = {
    Scope.LINE: "Shopify names no line for {line}; decide about the line in this order only.",
    Scope.VARIANT: "Shopify names no variant for {line}; decide about the line in this order only.",
    Scope.PRODUCT: "Shopify names no product for {line}; decide about the line in this order only.",
}


class NoSuchLine(BridgeError):
    """The order has no such line, or several that could be meant; the text lists them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order with what is done with it."""

    number: int
    item: LineItem
    judged: Judged

    @property
    def is_unmapped(self) -> bool:
        return isinstance(self.judged.match, Unmapped)

    @property
    def designs(self) -> tuple[Design, ...]:
        return self.judged.match.designs if isinstance(self.judged.match, Printed) else ()

    @property
    def name(self) -> str:
        return format_line_name(self.item.sku, self.item.title)


def build_lines(record: OrderRecord, catalog: OverriddenCatalog) -> list[Line]:
    """The lines of the order as it was last read; none if it was not read yet. What is bought is told as it was
    bought, whatever the mapping says since."""
    items = record.snapshot.lines if record.snapshot else ()
    judged = _judge_as_bought if transitions.is_bought(record) and record.items else _judge_as_mapped
    return [Line(number, item, judged(record, item, catalog)) for number, item in enumerate(items, start=1)]


def _judge_as_mapped(record: OrderRecord, item: LineItem, catalog: OverriddenCatalog) -> Judged:
    return catalog.judge_line(record.shop, item)


def _judge_as_bought(record: OrderRecord, item: LineItem, catalog: OverriddenCatalog) -> Judged:
    judged = catalog.judge_line(record.shop, item)
    designs = tuple(one.design for one in record.items if one.line_item_id == item.id)
    if designs:
        return replace(judged, match=Printed(designs), overruled=None)
    return judged if isinstance(judged.match, NotPrinted) else Judged(NotPrinted(""))


def select_lines(lines: Sequence[Line], sku: str | None, numbers: Collection[int]) -> list[Line]:
    """The lines that are meant, by number or else by SKU. Raises NoSuchLine."""
    if numbers:
        found = [line for line in lines if line.number in set(numbers)]
        missing = sorted(set(numbers) - {line.number for line in found})
        if missing:
            raise NoSuchLine(f"the order has no line {missing[0]}; it has {_format_lines(lines)}")
        return found
    wanted = normalize_text(sku or "")
    found = [line for line in lines if wanted and normalize_text(line.item.sku or "") == wanted]
    if not found:
        asked = f"no line with the SKU {sku}" if sku else "several lines"
        raise NoSuchLine(f"the order has {asked}; say which: {_format_lines(lines)}")
    if len({_get_sale_key(line.item) for line in found}) > 1:
        raise NoSuchLine(f"several lines have the SKU {sku} and differ; say which: {_format_lines(found)}")
    return found


def _get_sale_key(item: LineItem) -> tuple[object, ...]:
    """What tells lines with one SKU apart."""
    return (item.variant_id, item.variant_title, item.options, item.attributes)


def _format_lines(lines: Sequence[Line]) -> str:
    return ", ".join(f"line {line.number} {line.name}" for line in lines) or "no lines yet"


def map_lines(
    record: OrderRecord, lines: Sequence[Line], designs: tuple[Design, ...], now: datetime
) -> tuple[list[LineRule], Transition]:
    """Print these lines of this order as these designs. Raises NotNow."""
    rules = [_build_rule(record, line.item, Scope.LINE, designs) for line in lines]
    facts = [{"line": line.name, "designs": describe_designs(designs)} for line in lines]
    return rules, transitions.remap_order(
        record, now, tuple(TimelineEntry("line_mapped", fact) for fact in facts)
    )


def ignore_lines(
    record: OrderRecord, lines: Sequence[Line], scope: Scope, now: datetime
) -> tuple[list[LineRule], Transition]:
    """Do not print these lines, or their variants or products in all orders. Raises NotNow."""
    rules = {rule.subject: rule for rule in (_build_rule(record, line.item, scope, ()) for line in lines)}
    facts = [{"line": line.name, "scope": SCOPES[scope]} for line in lines]
    change = transitions.remap_order(
        record, now, tuple(TimelineEntry("line_ignored", fact) for fact in facts)
    )
    return list(rules.values()), change


def reset_lines(record: OrderRecord, lines: Sequence[Line], now: datetime) -> tuple[list[int], Transition]:
    """Take back what was decided about these lines of this order. Raises NotNow."""
    decided = [line for line in lines if line.judged.rule and line.judged.rule.scope is Scope.LINE]
    if not decided:
        raise NotNow(NOT_DECIDED)
    notes = tuple(TimelineEntry("line_as_configured", {"line": line.name}) for line in decided)
    return [line.judged.rule.key for line in decided if line.judged.rule], transitions.remap_order(
        record, now, notes
    )


def _build_rule(record: OrderRecord, item: LineItem, scope: Scope, designs: tuple[Design, ...]) -> LineRule:
    subject = find_subject(item, scope)
    if subject is None:
        name = format_line_name(item.sku, item.title)
        raise NotNow(NO_SUBJECT[scope], line=name)
    return LineRule(record.shop, scope, subject, designs, item.title, item.sku, item.options)
