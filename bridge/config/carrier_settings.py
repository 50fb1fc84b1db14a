"""The merchant's own table of carriers, held against the names that Shopify knows."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from bridge.config.cross_validation import (
    Says,
    find_node,
    find_text,
    list_entries,
)
from bridge.config.error_messages import format_value
from bridge.config.yaml_tree import (
    Node,
    Scalar,
    SourcePosition,
    Table,
    join_path,
)
from bridge.errors import Fault
from bridge.i18n.carriers import (
    LISTED,
    find_carrier,
    fold_name,
)

PATH = "tracking.carriers"
ALIKE = 0.85  # one or two letters apart: a slip of the pen, and not another carrier


def check_carriers(root: Table, says: Says) -> Iterator[Fault]:
    """Names that are meant for one of Shopify's and spelled otherwise, which would have no link; and keys that mean
    the same."""
    first: dict[str, str] = {}
    for key, place, value, node in _list_carriers(root):
        path = join_path(PATH, key)
        same = fold_name(key, "*?")
        if not same:
            yield says(path, place, "names no carrier", "write the carrier's name as Sculpteo does")
        elif same in first:
            what = f"means the same carrier as {first[same]}: case, accents and signs do not count"
            yield says(path, place, what, "keep one of them")
        first.setdefault(same, key)
        meant = _find_meant_carrier(value) if value not in LISTED else None
        if meant is not None:
            remedy = f"write {meant}: for other spellings Shopify makes no tracking link"
            yield says(path, node.place, f"{format_value(node)} is not spelled as Shopify does", remedy)


def collect_carrier_remarks(root: Table, says: Says) -> Iterator[Fault]:
    """Names that Shopify does not know at all, and keys that take a known carrier for another."""
    for key, place, value, node in _list_carriers(root):
        path = join_path(PATH, key)
        if value not in LISTED and _find_meant_carrier(value) is None:
            what = f"{format_value(node)} is no carrier that Shopify knows, so that it makes no tracking link of its own"
            yield says(path, node.place, what, "take a name of Shopify's list, if the carrier is on it")
        known = find_carrier(key, None, None)
        if known in LISTED and value in LISTED and known != value:
            what = f"is {known} for Shopify, and its parcels would be told as those of {value}"
            yield says(path, place, what, "remove the line, unless that is meant")


def _list_carriers(root: Table) -> Iterator[tuple[str, SourcePosition, str, Node]]:
    table = find_node(root, "tracking", "carriers")
    for key, node in list_entries(table):
        value = find_text(node) if isinstance(node, Scalar) else None
        if value and isinstance(table, Table):
            yield key, table.keys[key], value, node


def _find_meant_carrier(value: str) -> str | None:
    """The name on Shopify's list that a value which is not on it stands for, or looks like; None for none."""
    folded = {fold_name(name): name for name in sorted(LISTED)}
    if fold_name(value) in folded:
        return folded[fold_name(value)]
    close = get_close_matches(fold_name(value), folded, n=1, cutoff=ALIKE)
    return folded[close[0]] if close else None
