"""What can be found amiss between mapping and catalogue: a closed list, each with a sentence and a remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bridge.order.explanations import (
    Translate,
    to_english,
)
from bridge.order.problems import Text, fill_sentence
from bridge.order.spelling import describe_near
from bridge.order.wording import translate_facts


class FindingKind(StrEnum):
    UNMAPPED = "unmapped"
    OPTION = "option"
    NO_OPTION = "no_option"
    NO_SKU = "no_sku"
    DUPLICATE = "duplicate"
    DEAD = "dead"
    MATERIAL = "material"
    DESIGN = "design"
    UNANSWERED = "unanswered"
    LOSS = "loss"


FINDINGS: dict[FindingKind, Text] = {
    FindingKind.UNMAPPED: Text(
        "No rule of the configuration fits {sku}: an order with it waits for you.",
        "Add the SKU to `products`, or to `ignore` if Sculpteo does not print it.",
    ),
    FindingKind.OPTION: Text(
        "The mapping of {sku} has no value for {option} = {value}: an order with it waits for you.",
        "Add this value under the product in the configuration.",
    ),
    FindingKind.NO_OPTION: Text(
        "The mapping of {sku} chooses by {option}, which the variant does not have: unless an order brings it "
        "as a custom attribute, it waits for you.",
        "Correct the option's name in the configuration, if customers do not type or choose it themselves.",
    ),
    FindingKind.NO_SKU: Text(
        "“{title}” has no SKU, so nothing can be mapped to it.",
        "Give the variant a SKU in Shopify, then add it to `products` or `ignore`.",
    ),
    FindingKind.DUPLICATE: Text(
        "{count} variants of the shop share the SKU {sku}: {titles}.",
        "Give each variant a SKU of its own in Shopify, unless they are the same thing.",
    ),
    FindingKind.DEAD: Text(
        "{rule} is mapped, but decides on no variant of {shops}.",
        "Correct the SKU, or remove the product from the configuration.",
    ),
    FindingKind.MATERIAL: Text(
        "Sculpteo does not offer the material {material}.",
        "Choose a material that `sculpteo-bridge designs materials` lists.",
    ),
    FindingKind.DESIGN: Text(
        "Sculpteo gives no price for {design}: {why}.",
        "Check uuid, material and scale in the configuration, and that your account may print the design.",
    ),
    FindingKind.UNANSWERED: Text(
        "Sculpteo gave no answer for {design}, so neither price nor design is proven.",
        "Try again later.",
    ),
    FindingKind.LOSS: Text(
        "{sku} costs {cost} without shipping, and sells at {price}.",
        "Raise the price in Shopify, or choose another material or scale.",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`facts` fill the sentence: what the merchant, never a customer, wrote."""

    kind: FindingKind
    facts: Mapping[str, Any] = field(default_factory=dict)

    def format_sentence(self, t: Translate = to_english) -> str:
        sentence = fill_sentence(t(FINDINGS[self.kind].sentence), translate_facts(self.facts, t))
        return " ".join(filter(None, (sentence, describe_near(self.facts, t))))

    def format_remedy(self, t: Translate = to_english) -> str:
        return t(FINDINGS[self.kind].remedy)
