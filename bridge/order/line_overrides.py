"""What a person decided about lines of orders, beside the configuration: these designs, or not printed.

A decision about a line holds for that line of that order. One about a variant or a product says that it is
not printed, for all orders, as long as the configuration has no answer of its own. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bridge.order.model import Design, LineItem, PrintItem
from bridge.order.spelling import normalize_text


class Scope(StrEnum):
    LINE = "line"
    VARIANT = "variant"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class LineRule:
    """`subject` is Shopify's id of the line item, variant or product. Without `designs` it is not printed; of a
    `damaged` one the designs cannot be read any more, so a person must decide again.

    `sku`, `title` and `options` are those of the line on which it was decided, `order` is that order's key.
    """

    shop: str
    scope: Scope
    subject: str
    designs: tuple[Design, ...]
    title: str
    sku: str | None
    options: tuple[tuple[str, str], ...] = ()
    key: int = 0
    order: int | None = None
    order_name: str | None = None
    who: str = ""
    at: datetime | None = None
    damaged: bool = False

    @property
    def is_printed(self) -> bool:
        return bool(self.designs)


def find_subject(line: LineItem, scope: Scope) -> str | None:
    """What a decision of this scope about the line is about; None = Shopify does not say."""
    return {Scope.LINE: line.id, Scope.VARIANT: line.variant_id, Scope.PRODUCT: line.product_id}[scope]


def collect_subjects(lines: Iterable[LineItem]) -> frozenset[str]:
    """All that a decision about one of these lines can be about."""
    found = {find_subject(line, scope) for line in lines for scope in Scope}
    return frozenset(subject for subject in found if subject)


def format_line_name(sku: str | None, title: str) -> str:
    """What a person calls a line: its SKU, else its title."""
    return f"“{sku}”" if sku else f"“{title}” (it has no SKU)"


def describe_designs(designs: Sequence[Design]) -> str:
    """Designs in a few words: "2 x QfGQC4YQ in silver, scale 0.87 (cm)"."""
    return " and ".join(_describe_design(design) for design in designs)


def describe_prints(items: Iterable[PrintItem]) -> str:
    """What is printed of an order in a few words, as `describe_designs` has them."""
    return describe_designs([replace(item.design, quantity=item.quantity) for item in items])


def _describe_design(design: Design) -> str:
    copies = f"{design.quantity} x " if design.quantity > 1 else ""
    material = f" in {design.material}" if design.material else ""
    scale = f", scale {design.scale}" + (f" ({design.unit})" if design.unit else "") if design.scale else ""
    return f"{copies}{design.uuid}{material}{scale}"


def render_config_lines(sku: str, designs: Sequence[Design]) -> str:
    """The lines for config.yaml that decide the same for good; without designs, that it is not printed."""
    sku = normalize_text(sku)
    if not designs:
        return f"ignore:\n  - {_quote_text(sku)}"
    if len(designs) == 1:
        return f"products:\n  - {{sku: {_quote_text(sku)}, {_format_keys(designs[0])}}}"
    items = "".join(f"\n      - {{{_format_keys(design)}}}" for design in designs)
    return f"products:\n  - sku: {_quote_text(sku)}\n    items:{items}"


def _format_keys(design: Design) -> str:
    keys = [("uuid", _quote_text(design.uuid))]
    keys += [("quantity", str(design.quantity))] if design.quantity != 1 else []
    keys += [("material", _quote_text(design.material))] if design.material else []
    keys += [("scale", format(design.scale, "f"))] if design.scale is not None else []
    keys += [("unit", design.unit)] if design.unit else []
    return ", ".join(f"{key}: {value}" for key, value in keys)


def _quote_text(text: str) -> str:
    """JSON text, which YAML reads alike."""
    return json.dumps(text, ensure_ascii=False)
