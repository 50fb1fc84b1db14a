"""The rules that hold between products and ignore rules: no SKU may mean two things."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.config.cross_validation import (
    Says,
    find_node,
    find_text,
    get_position,
    list_entries,
    list_items,
)
from bridge.config.error_messages import format_value
from bridge.config.patterns import find_overlaps, is_pattern, normalize_pattern
from bridge.config.yaml_tree import (
    Node,
    SourcePosition,
    Table,
    join_path,
)
from bridge.errors import Fault
from bridge.order.spelling import describe_difference, normalize_text


@dataclass(frozen=True, slots=True)
class Entry:
    """A SKU or pattern of the file: one of `products`, or one of `ignore`."""

    sku: str
    shown: str  # for faults; what came from the environment as its ${VARIABLE}
    path: str
    place: SourcePosition
    ignored: bool


def check_products(root: Table, says: Says) -> Iterator[Fault]:
    """What contradicts among the products and ignore rules of each level, and products that say too little."""
    defaults = find_node(root, "defaults")
    for path, level in list_levels(root):
        yield from _check_conflicts(_list_sku_entries(path, level), says)
        for index, product in enumerate(list_items(find_node(level, "products"))):
            if isinstance(product, Table):
                yield from _check_product(f"{path}products[{index}]", product, defaults, says)


def list_levels(root: Table) -> Iterator[tuple[str, Node]]:
    """The top level, and each shop with the rules of its own; each with the path before its keys."""
    yield "", root
    for name, shop in list_entries(find_node(root, "shops")):
        yield join_path("shops", name) + ".", shop


def _list_sku_entries(path: str, level: Node) -> list[Entry]:
    found: list[Entry] = []
    for index, product in enumerate(list_items(find_node(level, "products"))):
        node, spot = find_node(product, "sku"), get_position(product, "sku")
        if sku := find_text(node):
            found.append(Entry(sku, format_value(node), f"{path}products[{index}].sku", spot, ignored=False))
    for index, node in enumerate(list_items(find_node(level, "ignore"))):
        if sku := find_text(node):
            found.append(Entry(sku, format_value(node), f"{path}ignore[{index}]", node.place, ignored=True))
    return found


def _check_conflicts(found: list[Entry], says: Says) -> Iterator[Fault]:
    firsts: dict[str, Entry] = {}
    for entry in found:
        spelled = normalize_text(entry.sku)
        first = firsts.setdefault(normalize_pattern(spelled) if is_pattern(spelled) else spelled, entry)
        if first is entry:
            continue
        kind = "pattern" if is_pattern(entry.sku) else "SKU"
        if first.ignored != entry.ignored:
            what = (
                f"{entry.shown} is to be printed by {first.path} on line {first.place.line}, and ignored here"
            )
            yield says(entry.path, entry.place, what, "keep one of them")
        else:
            what = f"the {kind} {entry.shown} is there twice; the first is on line {first.place.line}"
            if entry.sku != first.sku and not is_pattern(spelled):
                what += ". The two look the same: " + describe_difference(entry.shown, first.shown)
            yield says(entry.path, entry.place, what, "keep one of them")
    distinct = [(normalize_text(entry.sku), entry) for entry in firsts.values()]
    for one, other in find_overlaps(distinct):
        if one.ignored and other.ignored:
            continue  # whichever decides, the line is not printed
        first, second = sorted((one, other), key=lambda entry: entry.place)
        what = f"{second.shown} and {first.shown} (line {first.place.line}) can fit the same SKU equally well"
        yield says(second.path, second.place, what, "make one of them longer, or list those SKUs one by one")


def _check_product(path: str, product: Table, defaults: Node | None, says: Says) -> Iterator[Fault]:
    items = find_node(product, "items")
    if find_node(product, "uuid") is None and items is None:
        remedy = "add `uuid:` (or `items:` for a bundle); a SKU that is not printed belongs into `ignore`"
        yield says(path, product.place, "names no design", remedy)
    elif find_node(product, "uuid") is not None and (list_items(items) or isinstance(items, Table)):
        what = "has both uuid and items"
        yield says(path, get_position(product, "items"), what, "keep uuid for one design, items for a bundle")
    elif find_node(product, "uuid") is None and not list_items(items) and not isinstance(items, Table):
        yield says(
            f"{path}.items", get_position(product, "items"), "is empty", "list the designs of the bundle"
        )
    if find_node(product, "material") or find_node(defaults, "material"):
        return
    parts = [(f"{path}.items[{index}]", item) for index, item in enumerate(list_items(items))] or [
        (path, product)
    ]
    for where, part in parts:
        yield from _check_material(where, part, [part, product, defaults], says)


def _check_material(path: str, part: Node, sources: list[Node | None], says: Says) -> Iterator[Fault]:
    """Sculpteo's items have scale and unit only together with a material."""
    if find_node(part, "material"):
        return
    named = next((key for key in ("scale", "unit") for source in sources if find_node(source, key)), None)
    if named:
        remedy = "add `material:` here or in `defaults`"
        what = f"has a {named} but no material, and Sculpteo takes the one only with the other"
        yield says(path, part.place, what, remedy)


def collect_product_remarks(root: Table, says: Says) -> Iterator[Fault]:
    """What works, but is hardly meant."""
    if not any(list_items(find_node(level, "products")) for _, level in list_levels(root)):
        yield says(
            "products", get_position(root, "products"), "is empty, so nothing is printed", "add your SKUs"
        )
    for path, level in list_levels(root):
        folded: dict[str, Entry] = {}
        for entry in _list_sku_entries(path, level):
            first = folded.setdefault(normalize_text(entry.sku).casefold(), entry)
            if normalize_text(first.sku) != normalize_text(entry.sku):
                what = f"{entry.shown} differs from {first.shown} (line {first.place.line}) in case only"
                yield says(entry.path, entry.place, what, "check that Shopify has both; case counts in SKUs")
        for index, product in enumerate(list_items(find_node(level, "products"))):
            if _has_no_material(product, root):
                what = "has no material, so Sculpteo uses the design's own material, unit and scale"
                yield says(f"{path}products[{index}]", product.place, what, "add `material:` to be sure")


def _has_no_material(product: Node, root: Table) -> bool:
    if find_node(product, "material") or find_node(root, "defaults", "material"):
        return False
    parts = list_items(find_node(product, "items")) or [product]
    return any(find_node(part, "material") is None for part in parts)
