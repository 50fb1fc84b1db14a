"""The settings' own shape, read from their types: what a path leads to, and which keys exist where."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bridge.config.model import Model
from bridge.config.settings import Settings

TAGS = frozenset({"<one>", "<by option>"})
"""What pydantic puts into a location for the members of a union; not part of the file."""

KEY = "[key]"
"""What pydantic puts at the end of a location where the key itself is wrong."""


class ResolvedField(NamedTuple):
    """What a location leads to: the model it lies in, and the field of that model."""

    model: type[Model] | None
    field: FieldInfo | None


def list_alternatives(annotation: Any) -> list[Any]:
    """The members of a union without None, each without its Annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return list_alternatives(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [one for member in get_args(annotation) for one in list_alternatives(member)]
    return [] if annotation is type(None) else [annotation]


def list_models(annotation: Any) -> list[type[Model]]:
    """The models that a value of this type, or its members, can be."""
    found: list[type[Model]] = []
    for one in list_alternatives(annotation):
        if isinstance(one, type) and issubclass(one, Model):
            found.append(one)
        elif get_origin(one) is tuple:
            found += list_models(get_args(one)[0])
        elif get_origin(one) is dict:
            found += list_models(get_args(one)[1])
    return found


def is_secret(annotation: Any) -> bool:
    """Whether a value of this type, or one of its members, is never to be shown."""
    for one in list_alternatives(annotation):
        if one is SecretStr:
            return True
        if get_origin(one) in (tuple, dict) and any(
            is_secret(part) for part in get_args(one) if part is not ...
        ):
            return True
    return False


def resolve_field(location: Sequence[int | str]) -> ResolvedField:
    """The field that a location leads to; of a location that ends in an unknown key, the model only."""
    annotation: Any = Settings
    spot = ResolvedField(None, None)
    for name in location:
        if name in TAGS or name == KEY:
            continue
        inside = [
            one for one in list_alternatives(annotation) if isinstance(one, type) and issubclass(one, Model)
        ]
        if inside:
            model = next((one for one in inside if name in one.model_fields), inside[0])
            field = model.model_fields.get(str(name))
            spot = ResolvedField(model, field)
            if field is None:
                return spot
            annotation = field.annotation
        else:
            annotation = next(
                (part for one in list_alternatives(annotation) for part in _list_member_types(one)), None
            )
    return spot


def _list_member_types(annotation: Any) -> list[Any]:
    if get_origin(annotation) is tuple:
        return [get_args(annotation)[0]]
    return [get_args(annotation)[1]] if get_origin(annotation) is dict else []


def walk_keys(model: type[Model] = Settings, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key with the path under which it stands: ("unit", "products[].unit")."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        yield name, path
        for inner in list_models(field.annotation):
            yield from walk_keys(inner, f"{path}{format_step(field.annotation)}.")


def format_step(annotation: Any) -> str:
    """What stands between a key and those of its members: "[]" for a list, ".<name>" for names of one's own."""
    for one in list_alternatives(annotation):
        if get_origin(one) is tuple:
            return "[]"
        if get_origin(one) is dict:
            return ".<name>"
    return ""


def extract_first_sentence(field: FieldInfo | None) -> str:
    """What a field is, in a few words, for the remedy of a fault."""
    text = (field.description or "") if field else ""
    return text.split(". ")[0].split("; ")[0].rstrip(".").replace("`", "")


def find_example(field: FieldInfo | None) -> str | None:
    return str(field.examples[0]) if field and field.examples else None
