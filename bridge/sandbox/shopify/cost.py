"""What a query costs, and the leaky bucket that pays for it.

Objects cost 1, mutations 10, scalars nothing, and a list grows with the logarithm of its size. Shopify
publishes the parts of the rule (https://shopify.dev/docs/api/usage/limits) but not the curve for lists; the
one here meets the example that its staff discussed in public (25 points for 250 variants with one object).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)

MUTATION_COST = 10
Fragments = Mapping[str, FragmentDefinitionNode]


def requested_cost(
    operation: OperationDefinitionNode, fragments: Fragments, variables: Mapping[str, Any]
) -> int:
    cost = _children(operation.selection_set, fragments, variables)
    return cost + (MUTATION_COST if operation.operation is OperationType.MUTATION else 0)


def _children(selection: SelectionSetNode | None, fragments: Fragments, variables: Mapping[str, Any]) -> int:
    total = 0
    for node in selection.selections if selection else ():
        if isinstance(node, FieldNode):
            total += _field(node, fragments, variables)
        elif isinstance(node, InlineFragmentNode):
            total += _children(node.selection_set, fragments, variables)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            total += _children(fragments[node.name.value].selection_set, fragments, variables)
    return total


def _field(node: FieldNode, fragments: Fragments, variables: Mapping[str, Any]) -> int:
    if node.selection_set is None:
        return 0
    name = node.name.value
    inner = _children(node.selection_set, fragments, variables)
    if name in ("edges", "pageInfo"):
        return inner
    size = _page_size(node, variables)
    if size is None:
        return 1 + inner
    return 2 + max(1, round(2 * math.log(max(size, 1)))) * max(inner, 1)


def _page_size(node: FieldNode, variables: Mapping[str, Any]) -> int | None:
    for argument in node.arguments or ():
        if argument.name.value not in ("first", "last"):
            continue
        if isinstance(argument.value, IntValueNode):
            return int(argument.value.value)
        if isinstance(argument.value, VariableNode):
            size = variables.get(argument.value.name.value)
            return size if isinstance(size, int) else 1
    return None


def count_objects(data: object) -> int:
    """What an answer really cost: its objects."""
    if isinstance(data, dict):
        return 1 + sum(count_objects(value) for value in data.values())
    if isinstance(data, list):
        return sum(count_objects(value) for value in data)
    return 0


class Bucket:
    """Points that leak back in at `rate` a second, up to `size`."""

    def __init__(self, size: float, rate: float, clock: Callable[[], float]) -> None:
        self.size = size
        self.rate = rate
        self._clock = clock
        self._level = size
        self._at = clock()

    @property
    def available(self) -> float:
        now = self._clock()
        self._level = min(self.size, self._level + (now - self._at) * self.rate)
        self._at = now
        return self._level

    def resize(self, size: float, rate: float) -> None:
        """Other limits, as after a change of the shop's plan; the bucket starts full."""
        self.size, self.rate, self._level = size, rate, size

    def take(self, points: float) -> bool:
        """Pay, if the bucket holds enough."""
        if self.available < points:
            return False
        self._level -= points
        return True

    def give_back(self, points: float) -> None:
        self._level = min(self.size, self._level + points)

    def status(self) -> dict[str, float]:
        return {
            "maximumAvailable": float(self.size),
            "currentlyAvailable": int(self.available),
            "restoreRate": float(self.rate),
        }
