"""Each variant of the shops beside its mapping. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from bridge.mapping_review.findings import (
    Finding,
    FindingKind,
)
from bridge.mapping_review.prices import Priced
from bridge.order.line_overrides import (
    LineRule,
    describe_designs,
)
from bridge.order.matching import Match, NotPrinted, Printed, Unmapped
from bridge.order.model import Design, LineItem, Money, Variant
from bridge.order.spelling import mark_unseen_characters, normalize_text
from bridge.ports import Catalog
from bridge.steps.mapping_overrides import with_overrides

ON_SALE = frozenset({"ACTIVE", "UNLISTED"})
"""Statuses of products that a customer can buy; drafts and archived ones are shown and not complained of."""

TITLES = 5  # variants that share a SKU and are named
RuleName = tuple[str | None, str]
"""A rule of the mapping: the shop whose own it is, or None for the top level; its SKU or pattern."""


class Mapped(Catalog, Protocol):
    """The mapping, which also names its rules."""

    def find_rule_name(self, shop: str, sku: str) -> RuleName | None: ...

    def list_printed_rules(self) -> Sequence[RuleName]: ...


@dataclass(frozen=True, slots=True)
class ShopCatalog:
    """What one shop sells. `taxes_included` = its prices are with taxes."""

    shop: str
    currency: str
    taxes_included: bool
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A variant and what is printed for it. `cost` is Sculpteo's price for one unit, without shipping; None =
    not printed, not asked, or not told. `warning` is Sculpteo's."""

    shop: str
    variant: Variant
    match: Match
    price: Money
    rule: RuleName | None = None
    cost: Money | None = None
    warning: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def on_sale(self) -> bool:
        return self.variant.status in ON_SALE

    @property
    def designs(self) -> tuple[Design, ...]:
        return self.match.designs if isinstance(self.match, Printed) else ()

    @property
    def margin(self) -> Money | None:
        """Price less cost, before taxes and shipping; None also where they are in different currencies."""
        if self.cost is None or self.cost.currency != self.price.currency:
            return None
        return Money(self.price.amount - self.cost.amount, self.price.currency)

    @property
    def share(self) -> Decimal | None:
        """The margin as a part of the price: 0.4 is 40 %."""
        margin = self.margin
        return margin.amount / self.price.amount if margin and self.price.amount else None


def build_review_rows(
    stocks: Sequence[ShopCatalog], mapping: Mapped, decisions: Iterable[LineRule] = ()
) -> list[Row]:
    """A row for each variant, in the order of the shops, with what is amiss without asking Sculpteo.

    `decisions` are those of people about variants and products, which count where the mapping has no answer.
    """
    catalog = with_overrides(mapping, decisions)
    return [row for stock in stocks for row in _build_rows(stock, mapping, catalog)]


def _build_rows(stock: ShopCatalog, mapping: Mapped, catalog: Catalog) -> list[Row]:
    alike: dict[str, list[Variant]] = defaultdict(list)
    for variant in stock.variants:
        if variant.sku:
            alike[normalize_text(variant.sku)].append(variant)
    rows = []
    for variant in stock.variants:
        price = Money(variant.price, stock.currency)
        match = catalog.match_line(stock.shop, build_line(variant, price))
        row = Row(stock.shop, variant, match, price, mapping.find_rule_name(stock.shop, variant.sku or ""))
        twins = alike[normalize_text(variant.sku)] if variant.sku else []
        rows.append(replace(row, findings=tuple(_check_row(row, twins))))
    return rows


def _check_row(row: Row, twins: Sequence[Variant]) -> Iterable[Finding]:
    if not row.on_sale or isinstance(row.match, NotPrinted):
        return
    variant = row.variant
    if isinstance(row.match, Unmapped):
        if not variant.sku:
            yield Finding(FindingKind.NO_SKU, {"title": format_variant_name(variant)})
        elif row.match.option is not None:
            kind = FindingKind.NO_OPTION if row.match.value is None else FindingKind.OPTION
            yield Finding(kind, {"sku": variant.sku, "option": row.match.option, "value": row.match.value})
        else:
            near = row.match.near
            told_near = {"near": [near.build_facts(variant.sku)]} if near else {}
            yield Finding(FindingKind.UNMAPPED, {"sku": mark_unseen_characters(variant.sku), **told_near})
    if len(twins) > 1:
        titles = ", ".join(format_variant_name(twin) for twin in twins[:TITLES])
        more = ", …" if len(twins) > TITLES else ""
        yield Finding(
            FindingKind.DUPLICATE, {"sku": variant.sku, "count": len(twins), "titles": f"{titles}{more}"}
        )


def format_variant_name(variant: Variant) -> str:
    """What people call it: the product, and the variant where there are several."""
    if variant.title in ("", "Default Title", variant.product_title):
        return variant.product_title
    return f"{variant.product_title} / {variant.title}"


def build_line(variant: Variant, price: Money) -> LineItem:
    """A line of an order for one unit of it.

    Whether a variant is shipped at all is not asked: Shopify tells it only to apps that may read inventory.
    """
    return LineItem(
        id=variant.id,
        sku=variant.sku,
        title=variant.product_title,
        quantity=1,
        current_quantity=1,
        unit_price=price,
        total=price,
        variant_id=variant.id,
        product_id=variant.product_id,
        options=variant.options,
        gift_card=variant.gift_card,
    )


def find_unused_rules(
    rows: Sequence[Row], shops: Sequence[str], mapping: Mapped, *, all_shops: bool
) -> list[Finding]:
    """The products of the mapping that decide on no variant of these shops, whatever its status. Unless these
    are all shops, nothing is said of rules of the top level, which may be for the others."""
    used = {row.rule for row in rows}
    found = []
    for rule in mapping.list_printed_rules():
        shop, sku = rule
        looked_at = list(shops) if shop is None and all_shops else [shop] if shop in shops else []
        if looked_at and rule not in used:
            found.append(Finding(FindingKind.DEAD, {"rule": sku, "shops": ", ".join(map(str, looked_at))}))
    return found


def collect_designs(rows: Iterable[Row], offered: Collection[str] | None) -> list[Design]:
    """The designs to ask a price for, each once: those of variants on sale, in materials that are offered.
    `offered` None = the list of materials is not known."""
    wanted: dict[Design, None] = {}
    for row in rows:
        if row.on_sale:
            wanted.update((design, None) for design in row.designs if is_offered(design.material, offered))
    return list(wanted)


def is_offered(material: str | None, offered: Collection[str] | None) -> bool:
    """Whether Sculpteo offers the material, as far as is known. `offered` None = its list is not known."""
    return material is None or offered is None or material in offered


def add_prices(
    rows: Sequence[Row], prices: Mapping[Design, Priced | None], offered: Collection[str] | None
) -> list[Row]:
    """The rows with costs, and with what Sculpteo's answers show to be amiss. Of a design that is not among
    them nothing is said: it was not asked for."""
    return [_add_price(row, prices, offered) if row.on_sale and row.designs else row for row in rows]


def _add_price(row: Row, prices: Mapping[Design, Priced | None], offered: Collection[str] | None) -> Row:
    findings, costs = list(row.findings), []
    warnings: dict[str, None] = {}
    for design in row.designs:
        if not is_offered(design.material, offered):
            findings.append(Finding(FindingKind.MATERIAL, {"material": design.material}))
            continue
        if design not in prices:
            continue
        answer = prices[design]
        if answer is None:
            findings.append(Finding(FindingKind.UNANSWERED, {"design": describe_designs((design,))}))
        elif answer.total is None:
            facts = {"design": describe_designs((design,)), "why": answer.problem or "it names none"}
            findings.append(Finding(FindingKind.DESIGN, facts))
        else:
            costs.append(answer.total)
            if answer.warning:
                warnings[answer.warning] = None
    cost = _sum_costs(costs) if len(costs) == len(row.designs) else None
    row = replace(row, cost=cost, warning="; ".join(warnings) or None)
    if cost and row.margin and row.margin.amount < 0:
        findings.append(
            Finding(
                FindingKind.LOSS,
                {"sku": row.variant.sku, "cost": format_amount(cost), "price": format_amount(row.price)},
            )
        )
    distinct = (finding for index, finding in enumerate(findings) if finding not in findings[:index])
    return replace(row, findings=tuple(distinct))


def _sum_costs(costs: Sequence[Money]) -> Money | None:
    if len({cost.currency for cost in costs}) != 1:
        return None
    return Money(sum((cost.amount for cost in costs), Decimal(0)), costs[0].currency)


def format_amount(money: Money) -> str:
    """Money with the decimals of its currency."""
    return f"{format_figure(money)} {money.currency}"


def format_figure(money: Money) -> str:
    """The amount alone."""
    from babel.numbers import get_currency_precision  # takes a while to load; most commands show no money

    return format(money.amount, f".{get_currency_precision(money.currency)}f")
