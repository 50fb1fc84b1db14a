"""What pydantic found, said to a merchant: each fault with its place in the file and its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as Steps
from itertools import islice
from typing import Any, NamedTuple

from pydantic import ValidationError

from bridge.config.schema_introspection import (
    KEY,
    TAGS,
    extract_first_sentence,
    find_example,
    resolve_field,
    walk_keys,
)
from bridge.config.types import find_nearest
from bridge.config.yaml_tree import (
    Node,
    Scalar,
    Sequence,
    SourcePosition,
    Table,
    join_path,
)
from bridge.errors import Fault
from bridge.order.spelling import mark_unseen_characters

MAX_SHOWN = 60  # characters of a wrong value
MAX_EXPLAINED = 1000  # of pydantic's errors; a file with more is of another kind
_STRUCTURE = {
    "dict_type": ("a mapping", "write keys below it, indented: `key: value`"),
    "model_type": ("a mapping", "write keys below it, indented: `key: value`"),
    "model_attributes_type": ("a mapping", "write keys below it, indented: `key: value`"),
    "tuple_type": ("a list", "put it in [ ], or on lines that begin with -"),
}
_ELSEWHERE = {
    # words of other tools, and the keys that they stand for here
    "user": "login", "username": "login", "email": "login", "pass": "password", "secret": "client_secret",
    "api_key": "client_id", "api_secret": "client_secret", "token": "access_token", "url": "public_url",
    "base": "base_url", "host": "listen", "port": "listen", "bind": "listen", "shop": "domain", "store": "domain",
    "design": "uuid", "id": "uuid", "qty": "quantity", "count": "quantity", "size": "scale", "units": "unit",
    "environment": "mode", "env": "mode", "stores": "shops", "db": "database", "rates": "by_rate",
    "skip": "ignore", "exclude": "ignore", "notify": "notify_customer", "vat": "tax_id", "lang": "language",
}  # fmt: skip


class FieldLocation(NamedTuple):
    path: str
    place: SourcePosition
    node: Node | None  # None = the key is missing


def resolve_location(root: Node, location: Steps[int | str]) -> FieldLocation:
    """The path and place of one of pydantic's locations; of a missing key, the place of its mapping."""
    path, place, node = "", root.place, root
    for step in location:
        if isinstance(node, Table) and step in node.entries:
            key_place, child = node.keys[str(step)], node.entries[str(step)]
            # behind the key on its line; else, and where an alias leads elsewhere, the key itself
            place = child.place if child.place.line == key_place.line else key_place
            path, node = join_path(path, str(step)), child
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            path, place = f"{path}[{step}]", node.place
        elif step not in TAGS and step != KEY:
            return FieldLocation(join_path(path, str(step)), place, None)
    return FieldLocation(path, place, node)


def build_faults(error: ValidationError, root: Node, file: str) -> Iterator[Fault]:
    """A fault for each of pydantic's errors, but none for a value that is known to be broken."""
    for found in islice(error.errors(include_url=False), MAX_EXPLAINED):
        location = found["loc"]
        spot = resolve_location(root, location)
        if isinstance(spot.node, Scalar) and spot.node.broken:
            continue
        place = spot.place
        if location[-1:] == (KEY,) or found["type"] == "extra_forbidden":
            place = _find_key_position(root, location) or place
        what, remedy = _describe_error(found, location, spot)
        yield Fault(file, place.line, place.column, spot.path, what, remedy)


def _find_key_position(root: Node, location: Steps[int | str]) -> SourcePosition | None:
    *above, key = [step for step in location if step != KEY]
    parent = resolve_location(root, above).node
    return parent.keys.get(str(key)) if isinstance(parent, Table) else None


def _describe_error(found: Any, location: Steps[int | str], spot: FieldLocation) -> tuple[str, str]:
    kind, context = found["type"], found.get("ctx") or {}
    field = resolve_field(location).field
    if kind == "missing":
        hint = find_example(field)
        add = f"add `{location[-1]}: {hint}`" if hint else f"add `{location[-1]}:`"
        return "is missing", f"{add} ({extract_first_sentence(field)})" if field else add
    if kind == "extra_forbidden":
        return _describe_unknown_key(str(location[-1]), location)
    if kind == "placeholder":
        what = str(context["what"]).replace("{value}", format_value(spot.node))
        about = extract_first_sentence(field)
        return what, f"fill it in: {about}" if about else "fill it in"
    if kind == "bad":
        text = format_key(location) if location[-1:] == (KEY,) else format_value(spot.node)
        secret = isinstance(spot.node, Scalar) and spot.node.secret
        remedy = context["remedy"] if secret else context["hint"] or context["remedy"]
        return str(context["what"]).replace("{value}", text), str(remedy)
    if kind in _STRUCTURE:
        return _describe_structure_error(kind, spot)
    return str(found["msg"]).lower(), "correct it"


def _describe_structure_error(kind: str, spot: FieldLocation) -> tuple[str, str]:
    wanted, remedy = _STRUCTURE[kind]
    if isinstance(spot.node, Scalar) and spot.node.value is None:
        return f"has no value, where {wanted} is needed", remedy
    given = {Scalar: "one value", Sequence: "a list", Table: "a mapping"}.get(type(spot.node), "that")
    return f"must be {wanted}, not {given}", remedy


def _describe_unknown_key(key: str, location: Steps[int | str]) -> tuple[str, str]:
    """An unknown key: the nearest that could be meant here, or the place where it belongs."""
    model = resolve_field(location).model
    known = list(model.model_fields) if model else []
    word = key.lower().replace("-", "_")
    close = word if word in known else _ELSEWHERE.get(word) if _ELSEWHERE.get(word) in known else None
    close = close or find_nearest(word, known)
    if close:
        return "is not a known key", f'did you mean "{close}"?'
    homes = [path for name, path in walk_keys() if name == word]
    if homes:
        return "is not a known key here", f"it belongs to {' or '.join(homes[:3])}"
    return "is not a known key", f"the keys here are {', '.join(known)}" if known else "remove it"


def format_value(node: Node | None) -> str:
    """A wrong value, in quotes. What came from the environment is shown as its ${VARIABLE}."""
    if isinstance(node, Table) and set(node.entries) == {"file"}:
        node = node.entries["file"]
    if not isinstance(node, Scalar):
        return "it"
    text = node.raw if node.secret else (node.value or "")
    text = re.sub(r"(?<=://)[^/\s]*@", "***@", text)
    text = mark_unseen_characters(text)
    text = "".join(char if char.isprintable() else "?" for char in text)
    return f'"{text}"' if len(text) <= MAX_SHOWN else f'"{text[: MAX_SHOWN - 1]}…"'


def format_key(location: Steps[int | str]) -> str:
    key = next(str(step) for step in reversed(location) if step != KEY)
    return format_value(Scalar(key, False, SourcePosition(0, 0), value=key))
