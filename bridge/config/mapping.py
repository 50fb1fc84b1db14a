"""From a line of an order to the designs that are printed for it. Pure.

A line is matched by its SKU as a person sees it (see `order/spelling.py`); case counts, and a SKU is one text,
whatever is in it. The most
specific rule decides (see `patterns.py`), be it a product or an ignore rule; of equally specific ones, the
shop's own wins over the top level's, and a product over an ignore rule.

Gift cards, and lines that Shopify does not ship, are printed only if their exact SKU is a product: a pattern
such as `MUG-*` was not written with the service `MUG-ENGRAVING` in mind. A line without a SKU is unmapped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeAlias, TypeVar

from bridge.config.as_sold import resolve_sold_value
from bridge.config.patterns import Specificity, compute_specificity, is_match, is_pattern, normalize_pattern
from bridge.config.settings import ByOption, Defaults, Item, Product, ScaleByOption, Settings
from bridge.order.matching import Match, NotPrinted, Printed, Unmapped
from bridge.order.model import Design, LineItem
from bridge.order.spelling import Near, find_nearest, fold_case, normalize_text

V = TypeVar("V", str, Decimal)

REMEMBERED = 1000  # SKUs without a rule whose nearest one is remembered


@dataclass(frozen=True, slots=True)
class Choice(Generic[V]):
    """A value that depends on a variant option as it was sold, or on a custom attribute where there is no
    such option."""

    option: str
    values: Dict[str, V]

    def select_value(self, line: LineItem, others: Collection[AnyChoice]) -> V | Unmapped:
        """`others` are the product's choices, this one among them."""
        beside = [one for one in others if fold_case(one.option) != fold_case(self.option)]
        return resolve_sold_value(
            line, self.option, self._find_value, lambda text: any(one.has_value(text) for one in beside)
        )

    def has_value(self, text: str) -> bool:
        """Whether it is a value of this option."""
        return self._find_value(text) is not None

    def _find_value(self, text: str) -> V | None:
        """The exact value; else the one that differs in case and spaces only, if there is just one."""
        if text in self.values:
            return self.values[text]
        meant = {value for name, value in self.values.items() if fold_case(name) == fold_case(text)}
        return meant.pop() if len(meant) == 1 else None

    def to_canonical(self) -> list[object]:
        return [
            fold_case(self.option),
            sorted((name, _format_plain(value)) for name, value in self.values.items()),
        ]


AnyChoice: TypeAlias = Choice[str] | Choice[Decimal]


@dataclass(frozen=True, slots=True)
class Part:
    """One design of a product, with all that it gets from the product and the defaults."""

    uuid: str
    quantity: int
    material: str | Choice[str] | None
    scale: Decimal | Choice[Decimal] | None
    unit: str | None

    @property
    def choices(self) -> list[AnyChoice]:
        return [one for one in (self.material, self.scale) if isinstance(one, Choice)]

    def build_design(self, line: LineItem, choices: Collection[AnyChoice]) -> Design | Unmapped:
        """`choices` are those of the whole product."""
        material = (
            self.material.select_value(line, choices) if isinstance(self.material, Choice) else self.material
        )
        if isinstance(material, Unmapped):
            return material
        scale = self.scale.select_value(line, choices) if isinstance(self.scale, Choice) else self.scale
        if isinstance(scale, Unmapped):
            return scale
        return Design(self.uuid, self.quantity, material, scale, self.unit)

    def to_canonical(self) -> list[object]:
        return [self.uuid, self.quantity, _to_canonical(self.material), _to_canonical(self.scale), self.unit]


@dataclass(frozen=True, slots=True)
class Rule:
    """A SKU or pattern and what it means: the parts to print, or None = not printed."""

    sku: str
    parts: tuple[Part, ...] | None
    safety: str | None = None  # for the invoice; it decides no match

    def match_line(self, line: LineItem) -> Match:
        if self.parts is None:
            return NotPrinted(f"ignore: {self.sku}")
        choices = [choice for part in self.parts for choice in part.choices]
        designs: list[Design] = []
        for part in self.parts:
            design = part.build_design(line, choices)
            if isinstance(design, Unmapped):
                return design
            designs.append(design)
        return Printed(tuple(designs))

    def to_canonical(self) -> list[object]:
        parts = None if self.parts is None else [part.to_canonical() for part in self.parts]
        return [normalize_pattern(self.sku), parts]


class Rules:
    """The rules of one level: the top level's, or a shop's own."""

    def __init__(self, products: Iterable[Product], ignore: Iterable[str], defaults: Defaults) -> None:
        rules = [Rule(normalize_text(sku), None) for sku in ignore]
        rules += [
            Rule(normalize_text(product.sku), _build_parts(product, defaults), product.safety)
            for product in products
        ]
        self._exact = {rule.sku: rule for rule in rules if not is_pattern(rule.sku)}
        patterns = {normalize_pattern(rule.sku): rule for rule in rules if is_pattern(rule.sku)}
        ranked = ((compute_specificity(spelled), spelled, rule) for spelled, rule in patterns.items())
        # the spelling makes the order the same in every process, even for settings that nobody checked
        self._patterns = sorted(ranked, key=lambda entry: entry[:2], reverse=True)

    def __bool__(self) -> bool:
        return bool(self._exact or self._patterns)

    def find_rule(self, sku: str) -> tuple[Specificity, Rule] | None:
        """The rule of this level that decides on a SKU."""
        if sku in self._exact:
            return compute_specificity(""), self._exact[sku]
        for rank, spelled, rule in self._patterns:
            if is_match(spelled, sku):
                return rank, rule
        return None

    def list_rules(self) -> list[Rule]:
        return [*self._exact.values(), *(rule for *_, rule in self._patterns)]

    def to_canonical(self) -> list[list[object]]:
        return sorted((rule.to_canonical() for rule in self.list_rules()), key=lambda one: str(one[0]))


class Mapping:
    """The merchant's mapping; implements `bridge.ports.Catalog`."""

    def __init__(self, settings: Settings) -> None:
        defaults = settings.defaults
        self._hold = settings.unmapped == "hold"
        self._common = Rules(settings.products, settings.ignore, defaults)
        own = {name: Rules(shop.products, shop.ignore, defaults) for name, shop in settings.shops.items()}
        self._own = {name: rules for name, rules in own.items() if rules}
        self._version = self._compute_hash()
        self._nearest: dict[tuple[str, str], Near | None] = {}

    @property
    def version(self) -> str:
        """A hash of all that decides a match. The order of rules, and how a value is spelled, do not count."""
        return self._version

    def _compute_hash(self) -> str:
        content = {
            "hold": self._hold,
            "common": self._common.to_canonical(),
            "own": {name: rules.to_canonical() for name, rules in self._own.items()},
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def match_line(self, shop: str, line: LineItem) -> Match:
        """What is printed for one unit of the line."""
        sku = normalize_text(line.sku or "")
        found = self._find_deciding_rule(shop, sku) if sku else None
        rule = found[1] if found else None
        named = rule is not None and not is_pattern(rule.sku)
        if not named and line.gift_card:
            return NotPrinted("a gift card")
        if not named and not line.requires_shipping:
            return NotPrinted("it needs no shipping")
        if rule is not None:
            return rule.match_line(line)
        if not self._hold:
            return NotPrinted("unmapped: ignore")
        return Unmapped(near=self._find_nearest_rule(shop, sku) if sku else None)

    def find_rule_name(self, shop: str, sku: str) -> tuple[str | None, str] | None:
        """The rule that decides on a SKU, be it a product or to be ignored: (shop, or None for the top
        level; its SKU or pattern)."""
        found = self._find_deciding_rule(shop, normalize_text(sku))
        return (found[0], found[1].sku) if found else None

    def find_safety_text(self, shop: str, sku: str | None) -> str | None:
        """The safety text of the product that a SKU is; None for none."""
        found = self._find_deciding_rule(shop, normalize_text(sku)) if sku else None
        return found[1].safety if found else None

    def list_printed_rules(self) -> list[tuple[str | None, str]]:
        """Every rule that prints something, as `find_rule_name` names them."""
        levels: list[tuple[str | None, Rules]] = [(None, self._common), *self._own.items()]
        return [
            (shop, rule.sku)
            for shop, rules in levels
            for rule in rules.list_rules()
            if rule.parts is not None
        ]

    def _find_deciding_rule(self, shop: str, sku: str) -> tuple[str | None, Rule] | None:
        own = self._own[shop].find_rule(sku) if shop in self._own else None
        common = self._common.find_rule(sku)
        if own and (common is None or own[0] >= common[0]):
            return shop, own[1]
        return (None, common[1]) if common else None

    def _find_nearest_rule(self, shop: str, sku: str) -> Near | None:
        """The rule that was probably meant; looked for once for each SKU."""
        key = (shop, sku)
        if key not in self._nearest:
            if len(self._nearest) >= REMEMBERED:
                self._nearest.clear()
            levels = [rules for rules in (self._own.get(shop), self._common) if rules]
            known = [rule.sku for rules in levels for rule in rules.list_rules()]
            self._nearest[key] = find_nearest(sku, known, is_match)
        return self._nearest[key]

    def list_designs(self) -> list[tuple[str, Design]]:
        """Every design that can be ordered, with each of its materials and scales, and a SKU that names it."""
        found: dict[Design, str] = {}
        for rules in (self._common, *self._own.values()):
            for rule in rules.list_rules():
                for part in rule.parts or ():
                    for material in _list_values(part.material):
                        for scale in _list_values(part.scale):
                            design = Design(part.uuid, 1, material, scale, part.unit)
                            found.setdefault(design, rule.sku)
        return [(sku, design) for design, sku in found.items()]


def build_designs(product: Product, defaults: Defaults) -> tuple[Design, ...]:
    """The designs of a product that depends on no option."""
    return tuple(
        Design(part.uuid, part.quantity, part.material, part.scale, part.unit)
        for part in _build_parts(product, defaults)
        if not isinstance(part.material, Choice) and not isinstance(part.scale, Choice)
    )


def _build_parts(product: Product, defaults: Defaults) -> tuple[Part, ...]:
    items = product.items or ((Item(uuid=product.uuid),) if product.uuid else ())
    return tuple(_build_part(product, item, defaults) for item in items)


def _build_part(product: Product, item: Item, defaults: Defaults) -> Part:
    """Sculpteo takes scale and unit only with a material; without one, the design goes as it was uploaded."""
    quantity = item.quantity * product.quantity
    material = item.material or product.material or defaults.material
    if material is None:
        return Part(item.uuid, quantity, None, None, None)
    scale = item.scale if item.scale is not None else product.scale
    return Part(
        item.uuid,
        quantity,
        Choice(material.option, material.values) if isinstance(material, ByOption) else material,
        Choice(scale.option, scale.values) if isinstance(scale, ScaleByOption) else scale or defaults.scale,
        item.unit or product.unit or defaults.unit,
    )


def _format_plain(value: str | Decimal) -> str:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def _to_canonical(value: str | Decimal | Choice[str] | Choice[Decimal] | None) -> object:
    if isinstance(value, Choice):
        return value.to_canonical()
    return None if value is None else _format_plain(value)


def _list_values(value: V | Choice[V] | None) -> list[V] | list[None]:
    if isinstance(value, Choice):
        return list(value.values.values())
    return [None] if value is None else [value]
