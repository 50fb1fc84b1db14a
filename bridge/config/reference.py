"""The manual of the configuration, made from the settings' own descriptions: Markdown, and a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bridge.config.model import Model
from bridge.config.schema_introspection import (
    find_example,
    format_step,
    list_models,
)
from bridge.config.settings import Settings
from bridge.config.show import to_plain_value


def render_reference() -> str:
    """Every key with its meaning, default and an example, a table for each part of the file."""
    own = [
        (name, field) for name, field in Settings.model_fields.items() if not list_models(field.annotation)
    ]
    parts = ["\n".join(_render_table(own))]
    for name, field in Settings.model_fields.items():
        for model in list_models(field.annotation):
            if name not in dict(own):
                parts.append("\n".join(_render_section(model, f"{name}{format_step(field.annotation)}")))
    return "\n\n".join(parts) + "\n"


def _render_section(model: type[Model], path: str) -> Iterator[str]:
    yield f"## `{path}`"
    yield ""
    yield (model.__doc__ or "").strip()
    yield ""
    yield from _render_table(list(_list_fields(model, "")))


def _list_fields(model: type[Model], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """The keys of a model and of those below it; products of a shop are those of the top level."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", field
        inner = [
            one
            for one in list_models(field.annotation)
            if one.__name__ not in {"Product", "ByOption", "ScaleByOption"}
        ]
        for one in inner:
            yield from _list_fields(one, f"{prefix}{name}{format_step(field.annotation)}.")


def _render_table(rows: list[tuple[str, FieldInfo]]) -> Iterator[str]:
    yield "| key | meaning | default | example |"
    yield "| --- | --- | --- | --- |"
    for path, field in rows:
        cells = (
            f"`{path}`",
            field.description or "",
            _format_default(field),
            _format_code(find_example(field)),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _format_default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = resolve_default(field)
    if value is None or value == [] or value == {} or isinstance(value, Model):
        return ""
    return _format_code(
        {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


def resolve_default(field: FieldInfo) -> Any:
    """The default as it would stand in the file. It comes from the code, so it is no secret."""
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, Model) else to_plain_value(value)


def _format_code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def build_json_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) for editors: completion, descriptions, and most faults while typing."""
    made = Settings.model_json_schema(mode="validation")
    parts = {"Settings": made, **made["$defs"]}
    everywhere: set[type[Model]] = {Settings, *_walk_models(Settings)}
    for model in everywhere:
        part = parts[model.__name__]
        for name, field in model.model_fields.items():
            found = part["properties"][name]
            found.pop("default", None)
            found.pop("title", None)
            found["description"] = field.description
            _put_example(found, find_example(field))
            value = None if field.is_required() else resolve_default(field)
            if value is not None and not isinstance(value, Model):
                found["default"] = value
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "sculpteo-bridge configuration",
    }


def _put_example(found: dict[str, Any], text: str | None) -> None:
    """The example as the value that it stands for; one that uses a ${VARIABLE} is for the eye only."""
    found.pop("examples", None)
    if text is not None and "${" not in text:
        found["examples"] = [yaml.safe_load(text) if text[0] in '[{"' else text]


def _walk_models(model: type[Model]) -> Iterator[type[Model]]:
    for field in model.model_fields.values():
        for inner in list_models(field.annotation):
            yield inner
            yield from _walk_models(inner)
