"""Every GraphQL document is valid on Shopify's schema and cheap enough to be run."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    parse,
    validate,
)

from bridge.shopify.documents import API_VERSION, document, names
from tests.tools.trim_schema import documents, trim

ROOT = Path(__file__).parents[2]
TRIMMED = ROOT / f"bridge/sandbox/schema/admin_{API_VERSION}.graphql"
WHOLE = Path(__file__).with_name("schema") / f"admin_{API_VERSION}.graphql.gz"
MOST_POINTS = 1000
"""A dearer single query is refused: https://shopify.dev/docs/api/usage/limits"""


def full_schema_text() -> str:
    return gzip.decompress(WHOLE.read_bytes()).decode()


@cache
def trimmed_schema() -> GraphQLSchema:
    return build_schema(TRIMMED.read_text("utf-8"), assume_valid=True)


@cache
def full_schema() -> GraphQLSchema:
    return build_schema(full_schema_text(), assume_valid=True)


@pytest.mark.parametrize("name", names())
def test_a_document_is_valid_on_the_schema_of_the_project(name: str) -> None:
    assert validate(trimmed_schema(), parse(document(name))) == []


@pytest.mark.parametrize("name", names())
def test_a_document_is_valid_on_the_whole_schema(name: str) -> None:
    assert validate(full_schema(), parse(document(name))) == []


def test_a_wrong_field_is_found_on_both_schemas() -> None:
    wrong = parse(document("order").replace("fullyPaid", "fullyPayed"))
    for schema in (trimmed_schema(), full_schema()):
        assert "fullyPayed" in str(validate(schema, wrong))


def test_the_schema_of_the_project_is_what_the_documents_need_today() -> None:
    assert trim(full_schema_text(), documents()) == TRIMMED.read_text("utf-8"), (
        f"run: python tests/tools/trim_schema.py {WHOLE.relative_to(ROOT)} {TRIMMED.relative_to(ROOT)}"
    )


def test_the_notice_of_each_schema_lies_beside_it() -> None:
    for folder in (TRIMMED.parent, WHOLE.parent):
        assert "ISC License" in (folder / "NOTICE.txt").read_text("utf-8")


def dearest(text: str) -> int:
    """The points of a query by the strictest reading of Shopify's rule: each entry that a page may hold
    counts in full, a list adds two, a mutation ten."""
    tree = parse(text)
    fragments = {
        node.name.value: node for node in tree.definitions if isinstance(node, FragmentDefinitionNode)
    }

    def children(selection: SelectionSetNode | None) -> int:
        return sum(points(node) for node in selection.selections) if selection else 0

    def points(node: Any) -> int:
        if isinstance(node, FragmentSpreadNode):
            return children(fragments[node.name.value].selection_set)
        if isinstance(node, InlineFragmentNode):
            return children(node.selection_set)
        assert isinstance(node, FieldNode)
        inner = children(node.selection_set)
        if node.selection_set is None:
            return 0
        if node.name.value == "pageInfo":
            return 0
        if node.name.value == "nodes":
            return 1 + inner
        sizes = [one.value for one in node.arguments or () if one.name.value == "first"]
        if not sizes:
            return 1 + inner
        assert isinstance(sizes[0], IntValueNode), "the size of a page is written in the document"
        per_entry = inner if _has_nodes(node) else inner + 1
        return 2 + int(sizes[0].value) * per_entry

    def _has_nodes(node: FieldNode) -> bool:
        selections = node.selection_set.selections if node.selection_set else ()
        return any(isinstance(one, FieldNode) and one.name.value == "nodes" for one in selections)

    operation = next(node for node in tree.definitions if isinstance(node, OperationDefinitionNode))
    return children(operation.selection_set) + (10 if operation.operation.value == "mutation" else 0)


@pytest.mark.parametrize("name", names())
def test_a_document_costs_less_than_shopify_allows(name: str) -> None:
    assert 0 < dearest(document(name)) < MOST_POINTS


def test_what_runs_for_each_order_again_and_again_is_cheap() -> None:
    assert dearest(document("order")) < 300


def test_the_cost_grows_with_the_size_of_the_page() -> None:
    assert dearest(document("order").replace("first: 10", "first: 100")) > MOST_POINTS
