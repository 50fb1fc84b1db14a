"""Runs GraphQL documents on the shop: graphql-core on Shopify's schema, errors in Shopify's words."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from bridge.sandbox.shopify.cost import Bucket, count_objects, requested_cost
from bridge.sandbox.shopify.fields import CONNECTION, EDGE, FIELDS, PLAIN
from bridge.sandbox.shopify.mutations import MUTATIONS
from bridge.sandbox.shopify.reading import Context, Resolver
from bridge.sandbox.shopify.shop import Shop

if TYPE_CHECKING:
    from bridge.sandbox.shopify.reading import Info

SCHEMA_FOLDER = Path(__file__).parent.parent / "schema"
MUTATION_COST = 10
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was parsed and validated once."""

    document: DocumentNode | None
    errors: tuple[Json, ...] = ()
    operations: Mapping[str | None, OperationDefinitionNode] = field(default_factory=dict)
    fragments: Mapping[str, FragmentDefinitionNode] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        return self.operations.get(name)


def root_fields(operation: OperationDefinitionNode) -> list[str]:
    return [node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)]


@lru_cache(maxsize=4)
def load_schema(path: Path | None = None) -> GraphQLSchema:
    """The schema with the shop's readers in it. `path` is an SDL file, gzipped or not."""
    if path is None:
        path = next(iter(sorted(SCHEMA_FOLDER.glob("*.graphql*"))), None)
        if path is None:
            raise FileNotFoundError(f"no GraphQL schema in {SCHEMA_FOLDER}; reinstall sculpteo-bridge")
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    schema = build_schema(text, assume_valid=True)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, entry in kind.fields.items():
                entry.resolve = _reader(schema, kind.name, name)
    return schema


def _reader(schema: GraphQLSchema, kind: str, name: str) -> Resolver:
    return reader_of(schema, kind, name) or _unsupported(kind, name)


def reader_of(schema: GraphQLSchema, kind: str, name: str) -> Resolver | None:
    """How a field is read, or None where the sandbox does not model it."""
    if schema.mutation_type and kind == schema.mutation_type.name:
        return MUTATIONS.get(name)
    if kind in FIELDS:
        return FIELDS[kind].get(name)
    for suffix, table in (("Connection", CONNECTION), ("Edge", EDGE)):
        if kind.endswith(suffix):
            return table.get(name)
    if kind in PLAIN or kind.endswith(("Payload", "UserError")):
        return _from_dict(name)
    return None


def _from_dict(name: str) -> Resolver:
    return lambda source, info, **arguments: source[name]


def _unsupported(kind: str, name: str) -> Resolver:
    def resolve(source: object, info: Info, **arguments: Any) -> None:
        raise GraphQLError(
            f"the sandbox does not model {kind}.{name}", extensions={"code": "SANDBOX_UNSUPPORTED"}
        )

    return resolve


LARGEST_INPUT = 250
"""Entries of an array in the input: https://shopify.dev/docs/api/usage/limits"""


class Engine:
    """Executes documents for one shop and pays for them from its bucket."""

    def __init__(self, shop: Shop, bucket: Bucket, schema: GraphQLSchema | None = None) -> None:
        self._shop = shop
        self._schema = schema or load_schema()
        self.bucket = bucket
        self._prepared: dict[str, Prepared] = {}

    def prepare(self, query: str) -> Prepared:
        """Parse and validate, once for each document."""
        if query not in self._prepared:
            self._prepared[query] = _prepare(self._schema, query)
        return self._prepared[query]

    def run(self, query: str, variables: Mapping[str, Any], operation_name: str | None) -> Json:
        """The body of the answer, whatever happens."""
        prepared = self.prepare(query)
        if prepared.document is None:
            return {"errors": list(prepared.errors)}
        operation = prepared.operation(operation_name)
        if operation is None:
            return {"errors": [{"message": "No operation with this name in the document"}]}
        longest = _longest_list(variables)
        if longest > LARGEST_INPUT:
            return {"errors": [_too_long(longest)]}
        cost = requested_cost(operation, prepared.fragments, variables)
        if cost > self._shop.settings.max_query_cost:
            return {"errors": [_too_costly(cost, self._shop.settings.max_query_cost)]}
        if not self.bucket.take(cost):
            return self.throttled(cost)
        return self._execute(prepared.document, operation, variables, cost)

    def throttled(self, cost: int, *, empty: bool = False) -> Json:
        """What Shopify answers, with status 200, when the bucket does not hold `cost` points. With `empty`,
        the answer says that nothing is left, whatever the bucket holds."""
        told = self._cost(cost, None)
        if empty:
            told["throttleStatus"]["currentlyAvailable"] = 0
        return {
            "errors": [
                {
                    "message": "Throttled",
                    "extensions": {
                        "code": "THROTTLED",
                        "documentation": "https://shopify.dev/api/usage/rate-limits",
                    },
                }
            ],
            "extensions": {"cost": told},
        }

    def _execute(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        cost: int,
    ) -> Json:
        result = execute_sync(
            self._schema,
            document,
            context_value=Context(self._shop),
            variable_values=dict(variables),
            operation_name=operation.name.value if operation.name else None,
            type_resolver=_type_name,
        )
        actual = count_objects(result.data) if result.data else 0
        if operation.operation is OperationType.MUTATION:
            actual += MUTATION_COST
        actual = min(cost, actual)
        self.bucket.give_back(cost - actual)
        body: Json = {}
        if result.errors:
            body["errors"] = [_runtime_error(error) for error in result.errors]
        if result.data is not None or not result.errors:
            body["data"] = result.data
        body["extensions"] = {"cost": self._cost(cost, actual)}
        return body

    def _cost(self, requested: int, actual: int | None) -> Json:
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": self.bucket.status(),
        }


def _type_name(value: Any, info: Info, abstract: object) -> str:
    return str(value.kind)


def _prepare(schema: GraphQLSchema, query: str) -> Prepared:
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return Prepared(None, (_located(error, error.message),))
    errors = validate(schema, document)
    if errors:
        return Prepared(None, tuple(_validation_error(error) for error in errors))
    operations: dict[str | None, OperationDefinitionNode] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            operations[node.name.value if node.name else None] = node
        elif isinstance(node, FragmentDefinitionNode):
            fragments[node.name.value] = node
    return Prepared(document, (), operations, fragments)


def _located(error: GraphQLError, message: str, **extensions: str) -> Json:
    shown: Json = {"message": message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if extensions:
        shown["extensions"] = dict(extensions)
    return shown


def _validation_error(error: GraphQLError) -> Json:
    """The commonest of them in Shopify's words; clients look at the code."""
    words = error.message.split("'")
    if error.message.startswith("Cannot query field") and len(words) > 3:
        name, kind = words[1], words[3]
        return _located(
            error,
            f"Field '{name}' doesn't exist on type '{kind}'",
            code="undefinedField",
            typeName=kind,
            fieldName=name,
        )
    if "is required" in error.message and "rgument" in error.message:
        return _located(error, error.message, code="missingRequiredArguments")
    if error.message.startswith("Unknown argument"):
        return _located(error, error.message, code="argumentNotAccepted")
    return _located(error, error.message, code="argumentLiteralsIncompatible")


def _runtime_error(error: GraphQLError) -> Json:
    shown = _located(error, error.message, **(error.extensions or {}))
    if error.path:
        shown["path"] = list(error.path)
    elif error.message.startswith("Variable"):
        shown["extensions"] = {"code": "INVALID_VARIABLE"}
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        # A fault of the sandbox itself: shown in full, because it is met only in development.
        shown["message"] = f"sandbox: {error.original_error!r}"
        shown["extensions"] = {"code": "INTERNAL_SERVER_ERROR"}
    return shown


def _longest_list(value: object) -> int:
    """The length of the longest list anywhere in the variables."""
    inner: Iterable[object] = ()
    if isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    own = len(value) if isinstance(value, list) else 0
    return max((own, *map(_longest_list, inner)))


def _too_long(length: int) -> Json:
    return {
        "message": f"The input array size of {length} is greater than the maximum allowed of {LARGEST_INPUT}.",
        "extensions": {
            "code": "MAX_INPUT_SIZE_EXCEEDED",
            "documentation": "https://shopify.dev/api/usage/limits",
        },
    }


def _too_costly(cost: int, most: int) -> Json:
    return {
        "message": f"Query cost is {cost}, which exceeds the single query max cost limit ({most}).",
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": most,
            "documentation": "https://shopify.dev/api/usage/rate-limits",
        },
    }
