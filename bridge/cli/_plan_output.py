"""What `plan` found, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.text import Text

from bridge.cli._options import create_console, format_count, print_table, to_printable
from bridge.mapping_review.findings import Finding
from bridge.mapping_review.review import MappingReview
from bridge.mapping_review.variants import (
    Row,
    format_amount,
    format_figure,
    format_variant_name,
)
from bridge.mapping_review.waiting_orders import (
    MappingChange,
    Outlook,
)
from bridge.order.line_overrides import (
    describe_designs,
    describe_prints,
)
from bridge.order.matching import NotPrinted, Unmapped
from bridge.order.model import Money
from bridge.order.states import State


@dataclass(frozen=True, slots=True)
class PlanResult:
    """`applied` is the version of the mapping that `serve` runs with; None = it never ran. `unread` are the
    shops that could not be read, each as a sentence."""

    look: MappingReview
    orders: tuple[MappingChange, ...]
    version: str
    applied: str | None
    unread: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not (self.look.findings or self.unread or any(map(_is_newly_blocked, self.orders)))


def _is_newly_blocked(order: MappingChange) -> bool:
    """Whether an order that could be printed would need a person."""
    return bool(order.before.items) and order.after.state is State.ATTENTION


# --- for people ------------------------------------------------------------------------------------------


def print_plan(planned: PlanResult) -> None:
    look = planned.look
    for stock in look.stocks:
        taxes = "with taxes" if stock.taxes_included else "without taxes"
        title = f"{stock.shop}: {format_count(len(stock.variants), 'variant')}, prices in {stock.currency} {taxes}"
        rows = [_build_variant_row(row) for row in look.rows if row.shop == stock.shop]
        columns = ("SKU", "Variant", "Prints", "Price", "Cost", "Margin", "")
        print_table(columns, rows, title=title, numbers=(3, 4, 5))
        click.echo()
    if look.incomparable_currencies:
        click.echo(
            f"Prices in {', '.join(look.incomparable_currencies)} are not compared with Sculpteo's, which are in another "
            "currency.\n"
        )
    _print_changed_orders(planned.orders)
    for sentence in planned.unread:
        _print_warning(sentence)
    for finding, count in _group_findings(look.findings):
        _print_warning(
            finding.format_sentence() + (f" ({count} variants)" if count > 1 else ""), finding.format_remedy()
        )
    click.echo(_format_summary(planned))


def _build_variant_row(row: Row) -> Sequence[object]:
    style = "dim" if not row.on_sale else "yellow" if row.findings else ""
    cost, margin = row.cost, row.margin
    share = f" ({row.share:.0%})" if row.share is not None else ""
    comparable = cost is not None and cost.currency == row.price.currency
    cells = (
        row.variant.sku or "-",
        format_variant_name(row.variant),
        _describe_prints(row),
        format_figure(row.price),
        (format_figure(cost) if comparable else format_amount(cost)) if cost else "",
        f"{format_figure(margin)}{share}" if margin else "",
        ", ".join([finding.kind for finding in row.findings] or ([row.warning] if row.warning else [])),
    )
    return [Text(to_printable(cell), style=style) for cell in cells]


def _describe_prints(row: Row) -> str:
    if isinstance(row.match, NotPrinted):
        return f"not printed ({row.match.rule})"
    if not row.on_sale:
        return row.variant.status.lower()
    if isinstance(row.match, Unmapped):
        return "nothing"
    return describe_designs(row.designs)


def _print_changed_orders(orders: Sequence[MappingChange]) -> None:
    if not orders:
        return
    rows = [
        (
            one.order.name or one.order.order_id,
            one.order.shop,
            _describe_outlook(one.before),
            _describe_outlook(one.after),
        )
        for one in orders
    ]
    title = (
        f"{len(orders)} orders would be treated otherwise, as soon as `serve` runs with this configuration"
    )
    print_table(("Order", "Shop", "Now", "Then"), rows, title=title)
    if any(one.approval_ends for one in orders):
        click.echo("Where a person approved other prints than these, the approval is asked for again.")
    click.echo()


def _describe_outlook(outlook: Outlook) -> str:
    if not outlook.items:
        return outlook.format_sentence()
    return describe_prints(outlook.items)


def _group_findings(findings: Sequence[Finding]) -> Iterator[tuple[Finding, int]]:
    """Each sentence once, with how often it holds."""
    counts = Counter(finding.format_sentence() for finding in findings)
    firsts = {finding.format_sentence(): finding for finding in reversed(findings)}
    for sentence, count in counts.items():
        yield firsts[sentence], count


def _print_warning(sentence: str, remedy: str = "") -> None:
    create_console().print(Text(to_printable(sentence), style="yellow"), soft_wrap=True)
    if remedy:
        create_console().print(Text(f"    {to_printable(remedy)}", style="dim"), soft_wrap=True)


def _format_summary(planned: PlanResult) -> str:
    look = planned.look
    printed = sum(bool(row.designs) for row in look.rows)
    said = f"{format_count(len(look.rows), 'variant')}, {printed} printed by Sculpteo"
    said += f", prices as of {look.asked_at.astimezone():%Y-%m-%d %H:%M}" if look.asked_at else ""
    amiss = (
        len(list(_group_findings(look.findings)))
        + len(planned.unread)
        + sum(map(_is_newly_blocked, planned.orders))
    )
    said += f"; {amiss} to be seen to." if amiss else "; nothing is amiss."
    if planned.applied == planned.version:
        return f"{said}\nThis is the mapping that is in use."
    return f"{said}\n`sculpteo-bridge serve` does not run with this mapping yet."


# --- for programs ----------------------------------------------------------------------------------------


def dump_plan(planned: PlanResult) -> dict[str, Any]:
    look = planned.look
    return {
        "result": "clean" if planned.is_clean else "findings",
        "mapping": {"version": planned.version, "in_use": planned.applied},
        "shops": [
            {"shop": one.shop, "currency": one.currency, "taxes_included": one.taxes_included}
            for one in look.stocks
        ],
        "prices_as_of": look.asked_at and look.asked_at.isoformat(),
        "variants": [_dump_variant(row) for row in look.rows],
        "dead": [_dump_finding(finding) for finding in look.dead],
        "orders": [_dump_changed_order(one) for one in planned.orders],
        "unread": list(planned.unread),
    }


def _dump_variant(row: Row) -> dict[str, Any]:
    variant = row.variant
    return {
        "shop": row.shop,
        "variant_id": variant.id,
        "sku": variant.sku,
        "product": variant.product_title,
        "variant": variant.title,
        "status": variant.status,
        "on_sale": row.on_sale,
        "rule": row.rule and row.rule[1],
        "match": _dump_match(row),
        "designs": [_dump_design(design) for design in row.designs],
        "price": _dump_money(row.price),
        "cost": _dump_money(row.cost),
        "margin": _dump_money(row.margin),
        "margin_share": row.share and str(round(row.share, 4)),
        "warning": row.warning,
        "findings": [_dump_finding(finding) for finding in row.findings],
    }


def _dump_match(row: Row) -> str:
    if isinstance(row.match, NotPrinted):
        return "not_printed"
    return "unmapped" if isinstance(row.match, Unmapped) else "printed"


def _dump_design(design: Any) -> dict[str, Any]:
    return {
        "design": design.uuid,
        "quantity": design.quantity,
        "material": design.material,
        "scale": design.scale and str(design.scale),
        "unit": design.unit,
    }


def _dump_money(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}


def _dump_finding(finding: Finding) -> dict[str, Any]:
    return {"kind": finding.kind, "sentence": finding.format_sentence(), "remedy": finding.format_remedy()}


def _dump_changed_order(one: MappingChange) -> dict[str, Any]:
    return {
        "order": one.order.name or one.order.order_id,
        "shop": one.order.shop,
        "state": one.order.state,
        "mapping_version": one.order.mapping_version,
        "before": _dump_outlook(one.before),
        "after": _dump_outlook(one.after),
        "approval_ends": one.approval_ends,
    }


def _dump_outlook(outlook: Outlook) -> dict[str, Any]:
    items = [
        {**_dump_design(item.design), "quantity": item.quantity, "sku": item.sku} for item in outlook.items
    ]
    return {"items": items, "why": outlook.format_sentence()}
