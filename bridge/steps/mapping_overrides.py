"""The merchant's mapping together with what people decided about single lines, variants and products.

What was decided about a line of an order holds for it, whatever the configuration says. A variant or product
that is not to be printed is so only while the configuration has no answer of its own: a product that is
mapped there later is printed, and a rule that is written there is not contradicted from the database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.order.line_overrides import (
    LineRule,
    Scope,
    collect_subjects,
    find_subject,
)
from bridge.order.matching import Match, NotPrinted, Printed, Unmapped
from bridge.order.model import LineItem, Money, ShopOrder
from bridge.ports import Catalog
from bridge.steps.context import StepRun


@dataclass(frozen=True, slots=True)
class Judged:
    """What is done with a line, by which decision, and which decision the configuration overrules."""

    match: Match
    rule: LineRule | None = None
    overruled: LineRule | None = None


@dataclass(frozen=True, slots=True)
class OverriddenCatalog:
    """A catalog with decisions over it; itself a `Catalog`. `rules` are by what they are about."""

    catalog: Catalog
    rules: Mapping[str, LineRule]

    @property
    def version(self) -> str:
        """The configuration's version, and a hash of the decisions where there are any."""
        if not self.rules:
            return self.catalog.version
        said = sorted((rule.subject, repr(rule.designs)) for rule in self.rules.values())
        return f"{self.catalog.version}+{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:8]}"

    def match_line(self, shop: str, line: LineItem) -> Match:
        return self.judge_line(shop, line).match

    def judge_line(self, shop: str, line: LineItem) -> Judged:
        """`match_line`, with the reason."""
        own = self._find_rule(shop, line, Scope.LINE)
        if own is not None:
            return Judged(_match_by_rule(own), own)
        found = self.catalog.match_line(shop, line)
        wide = self._find_rule(shop, line, Scope.VARIANT) or self._find_rule(shop, line, Scope.PRODUCT)
        if wide is None:
            return Judged(found)
        if isinstance(found, Unmapped):
            return Judged(_match_by_rule(wide), wide)
        return Judged(found, overruled=wide if isinstance(found, Printed) else None)

    def _find_rule(self, shop: str, line: LineItem, scope: Scope) -> LineRule | None:
        subject = find_subject(line, scope)
        rule = self.rules.get(subject) if subject else None
        return rule if rule is not None and rule.shop == shop and rule.scope is scope else None


def _match_by_rule(rule: LineRule) -> Match:
    if rule.damaged:
        return Unmapped()
    if rule.designs:
        return Printed(rule.designs)
    return NotPrinted(f"{rule.who} decided so for this {rule.scope}")


def with_overrides(catalog: Catalog, rules: Iterable[LineRule]) -> OverriddenCatalog:
    """The catalog with these decisions over it, instead of any that were over it before."""
    plain = catalog.catalog if isinstance(catalog, OverriddenCatalog) else catalog
    return OverriddenCatalog(plain, {rule.subject: rule for rule in rules})


def is_overruled(catalog: Catalog, rule: LineRule) -> bool:
    """Whether the configuration maps by now what a person decided not to print, as far as the line on which
    it was decided tells."""
    nothing = Money(Decimal(0), "XXX")
    line = LineItem("", rule.sku, rule.title, 1, 1, nothing, nothing, options=rule.options)
    return rule.scope is not Scope.LINE and isinstance(catalog.match_line(rule.shop, line), Printed)


def strip_override_hash(version: str | None) -> str | None:
    """The configuration's part of a version of the mapping: without the decisions of people over it."""
    return version and version.partition("+")[0]


async def apply_line_rules(job: StepRun, order: ShopOrder) -> None:
    """Let the job's world judge this order's lines as people decided about them."""
    rules = await job.world.orders.list_line_rules(job.record.shop, collect_subjects(order.lines))
    job.world = replace(job.world, catalog=with_overrides(job.world.catalog, rules))
