"""A shop's catalogue made up from a mapping: for each SKU of the configuration something that can be bought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product as combinations
from typing import Any

from bridge.config.settings import ByOption, Item, Product, ScaleByOption

Variant = dict[str, Any]
STAND_IN = "1"  # what stands where a pattern leaves characters open


def build_sample_catalog(
    products: Sequence[Product], ignore: Sequence[str]
) -> list[tuple[str, list[Variant]]]:
    """(title, variants) for each rule: mapped ones with a variant for each value of the options that decide
    material or scale, ignored ones with one variant. SKU patterns are filled in."""
    made = [(_build_title(rule.sku), _build_variants(rule)) for rule in products]
    return [*made, *((_build_title(pattern), [{"sku": fill_pattern(pattern)}]) for pattern in ignore)]


def fill_pattern(pattern: str, *parts: str) -> str:
    """A SKU that a pattern fits: its first `*` becomes `parts`, joined."""
    text = "-".join(part.upper().replace(" ", "") for part in parts) or STAND_IN
    return pattern.replace("*", text, 1).replace("*", STAND_IN).replace("?", STAND_IN)


def _build_title(sku: str) -> str:
    return sku.replace("*", "").replace("?", "").strip("-_ .").capitalize() or "Anything"


def _build_variants(rule: Product) -> list[Variant]:
    options = _collect_options(rule)
    return [
        {
            "sku": fill_pattern(rule.sku, *chosen),
            "price": "40.00",
            "options": dict(zip(options, chosen, strict=True)),
        }
        for chosen in combinations(*options.values())
    ]


def _collect_options(rule: Product) -> dict[str, tuple[str, ...]]:
    """The options that decide material or scale, each with the values that the mapping knows."""
    found: dict[str, dict[str, None]] = {}
    for part in _list_parts(rule):
        for choice in (part.material, part.scale):
            if isinstance(choice, ByOption | ScaleByOption):
                found.setdefault(choice.option, {}).update(dict.fromkeys(choice.values))
    return {option: tuple(values) for option, values in found.items()}


def _list_parts(rule: Product) -> Iterable[Product | Item]:
    return (rule, *rule.items)
