"""Metafields with compare-and-set, as `metafieldsSet` does it.

https://shopify.dev/docs/api/admin-graphql/latest/mutations/metafieldsSet
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.sandbox.shopify.model import Installation, Metafield, MetafieldOwner, Order, metafield_of
from bridge.sandbox.shopify.state import APP_ID, ShopError, ShopState

MOST_AT_ONCE = 25
LONGEST_JSON = 128_000  # bytes
_KEY = re.compile(r"[\w-]{2,64}")


def resolve_namespace(namespace: str | None) -> str:
    """The app's own namespace for `$app`, `$app:name` and for none at all."""
    own = f"app--{APP_ID}"
    if namespace is None or namespace == "$app":
        return own
    if namespace.startswith("$app:"):
        return f"{own}--{namespace.removeprefix('$app:')}"
    return namespace


class Metafields(ShopState):
    def set_metafields(self, inputs: Sequence[Mapping[str, Any]]) -> list[Metafield]:
        """All or none of them are written. Raises ShopError for the first that cannot be.

        `compareDigest`: absent = no check; null = it must not exist; a digest = it must still be that.
        """
        if len(inputs) > MOST_AT_ONCE:
            raise ShopError(
                f"Exceeded the maximum metafields input limit of {MOST_AT_ONCE}.",
                ["metafields"],
                "LESS_THAN_OR_EQUAL_TO",
            )
        planned = [self._plan(index, entry) for index, entry in enumerate(inputs)]
        written = []
        orders: dict[int, Order] = {}
        for owner, known, fresh in planned:
            if known is None:
                owner.metafields.append(self.register(fresh))
            else:
                known.type, known.value, known.updated_at = fresh.type, fresh.value, fresh.updated_at
            written.append(known or fresh)
            if isinstance(owner, Order):
                orders[owner.id] = owner
        for order in orders.values():
            self.touch(order)
            self.announce_order(order)
        return written

    def metafield_owner(self, gid: str) -> MetafieldOwner | None:
        return self.find(Order, gid) or self.find(Installation, gid)

    def _plan(
        self, index: int, entry: Mapping[str, Any]
    ) -> tuple[MetafieldOwner, Metafield | None, Metafield]:
        path = ["metafields", str(index)]
        owner = self.metafield_owner(entry["ownerId"])
        if owner is None:
            raise ShopError("Owner does not exist.", [*path, "ownerId"], "INVALID", index)
        namespace, key, value = resolve_namespace(entry.get("namespace")), entry["key"], entry["value"]
        if not _KEY.fullmatch(key):
            raise ShopError(
                "Key must be 2 to 64 letters, digits, hyphens or underscores.",
                [*path, "key"],
                "INVALID",
                index,
            )
        known = metafield_of(owner, namespace, key)
        kind = entry.get("type") or (known.type if known else None)
        if kind is None:
            raise ShopError("Type can't be blank", [*path, "type"], "BLANK", index)
        _check_value(kind, value, [*path, "value"], index)
        if "compareDigest" in entry and entry["compareDigest"] != (known.digest if known else None):
            raise ShopError("The resource has been updated since it was loaded.", path, "STALE_OBJECT", index)
        number = known.id if known else self.next_id(Metafield)
        now = self.now()
        return owner, known, Metafield(number, namespace, key, kind, value, now, now, owner.gid)


def _check_value(kind: str, value: str, path: list[str], index: int) -> None:
    if not value:
        raise ShopError("Value can't be blank", path, "BLANK", index)
    if kind == "json":
        if len(value.encode()) > LONGEST_JSON:
            raise ShopError(f"Value is too long (maximum is {LONGEST_JSON} bytes).", path, "TOO_LONG", index)
        try:
            json.loads(value)
        except ValueError:
            raise ShopError("Value is invalid JSON.", path, "INVALID_VALUE", index) from None
    elif kind == "single_line_text_field" and "\n" in value:
        raise ShopError("Value can't have more than one line.", path, "INVALID_VALUE", index)
