"""Designs that a person types for one line of one order, read as strictly as those of the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from bridge.config.mapping import build_designs
from bridge.config.settings import Defaults, Item, Product
from bridge.errors import BridgeError
from bridge.order.model import Design


class BadDesign(BridgeError):
    """What was typed is no design; the text names every fault, with its remedy."""


def parse_designs(parts: Sequence[Mapping[str, str | None]], defaults: Defaults) -> tuple[Design, ...]:
    """The designs that are typed as `uuid`, `material`, `scale`, `unit`, `quantity`; what is left out comes
    from the defaults. Raises BadDesign."""
    items, faults = [], []
    for part in parts:
        given = {name: value.strip() for name, value in part.items() if value and value.strip()}
        try:
            item = Item.model_validate(given)
        except ValidationError as error:
            faults += [_describe_error(one) for one in error.errors()]
            continue
        if (item.scale or item.unit) and not (item.material or defaults.material):
            faults.append("scale and unit: Sculpteo takes them only with a material; give one")
        items.append(item)
    if faults:
        raise BadDesign("; ".join(faults))
    return build_designs(Product(sku="one", items=tuple(items)), defaults)


def _describe_error(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"] if not str(part).startswith("<"))
    if error["type"] == "missing":
        return f"{name}: is missing"
    context = error.get("ctx", {})
    what = str(context.get("what") or error["msg"]).replace("{value}", f"“{error['input']}”")
    remedy = context.get("hint") or context.get("remedy")
    return f"{name}: {what}" + (f" ({remedy})" if remedy else "")
