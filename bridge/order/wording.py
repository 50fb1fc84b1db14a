"""Facts of a sentence that are words themselves, in the reader's language: quotation marks, and designs.

Facts are kept in English, as `line_overrides.describe_designs` and the steps word them; here they are told anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bridge.order.reason_codes import AND
from bridge.order.spelling import quote_text

Translate = Callable[[str], str]

IN_MATERIAL = "{design} in {material}"
WITH_SCALE = "{design}, scale {scale}"
WITHOUT_SKU = "{title} (it has no SKU)"

METHODS: Mapping[str, str] = {
    "LOCAL": "delivered locally",
    "NONE": "nothing to deliver",
    "PICK_UP": "picked up in the shop",
    "PICKUP_POINT": "sent to a pickup point",
    "RETAIL": "sold over the counter",
}
"""How an order gets to its customer where not by post.

https://shopify.dev/docs/api/admin-graphql/latest/enums/DeliveryMethodType
"""

DESIGN_FACTS = frozenset({"design", "designs", "before", "after"})
_QUOTED = re.compile("“([^“”]*)”")
_NO_SKU = re.compile(r"(“[^“”]*”) \(it has no SKU\)")
_DESIGN = re.compile(
    r"(?P<design>(?:\d+ x )?[\w.\-]+)(?: in (?P<material>[\w.\-]+))?(?:, scale (?P<scale>[\d.]+(?: \(\w+\))?))?",
    re.ASCII,
)


def translate_facts(facts: Mapping[str, Any], t: Translate) -> dict[str, Any]:
    """The facts as they stand in a sentence in the words of `t`."""
    return {name: _translate_fact(name, value, t) for name, value in facts.items()}


def _translate_fact(name: str, value: object, t: Translate) -> object:
    if not isinstance(value, str):
        return value
    if name == "methods":
        return ", ".join(t(METHODS[word]) if word in METHODS else word for word in value.split(", "))
    if name in DESIGN_FACTS and (designs := translate_designs(value, t)) != value:
        return designs
    without = _NO_SKU.sub(lambda found: t(WITHOUT_SKU).format(title=found[1]), value)
    return _QUOTED.sub(lambda found: quote_text(found[1], t), without)


def translate_designs(text: str, t: Translate) -> str:
    """Designs as `line_overrides.describe_designs` words them; a text that is none stays as it is."""
    told = []
    for part in text.split(" and "):
        found = _DESIGN.fullmatch(part)
        if found is None:
            return text
        design = found["design"]
        if found["material"]:
            design = t(IN_MATERIAL).format(design=design, material=found["material"])
        if found["scale"]:
            design = t(WITH_SCALE).format(design=design, scale=found["scale"])
        told.append(design)
    *some, last = told
    for one in reversed(some):
        last = t(AND).format(some=one, last=last)
    return last
