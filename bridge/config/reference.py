"""The manual of the configuration, made from the settings' own descriptions: Markdown, and a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bridge.config.model import Model
from bridge.config.schema_introspection import (
    example,
    models,
    step,
)
from bridge.config.settings import Settings
from bridge.config.show import plain


def reference() -> str:
    """Every key with its meaning, default and an example, a table for each part of the file."""
    own = [(name, field) for name, field in Settings.model_fields.items() if not models(field.annotation)]
    parts = ["\n".join(_table(own))]
    for name, field in Settings.model_fields.items():
        for model in models(field.annotation):
            if name not in dict(own):
                parts.append("\n".join(_section(model, f"{name}{step(field.annotation)}")))
    return "\n\n".join(parts) + "\n"


def _section(model: type[Model], path: str) -> Iterator[str]:
    yield f"## `{path}`"
    yield ""
    yield (model.__doc__ or "").strip()
    yield ""
    yield from _table(list(_flat(model, "")))


def _flat(model: type[Model], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """The keys of a model and of those below it; products of a shop are those of the top level."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", field
        inner = [
            one
            for one in models(field.annotation)
            if one.__name__ not in {"Product", "ByOption", "ScaleByOption"}
        ]
        for one in inner:
            yield from _flat(one, f"{prefix}{name}{step(field.annotation)}.")


def _table(rows: list[tuple[str, FieldInfo]]) -> Iterator[str]:
    yield "| key | meaning | default | example |"
    yield "| --- | --- | --- | --- |"
    for path, field in rows:
        cells = (f"`{path}`", field.description or "", _default(field), _code(example(field)))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = default(field)
    if value is None or value == [] or value == {} or isinstance(value, Model):
        return ""
    return _code(
        {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )


def default(field: FieldInfo) -> Any:
    """The default as it would stand in the file. It comes from the code, so it is no secret."""
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, Model) else plain(value)


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) for editors: completion, descriptions, and most faults while typing."""
    made = Settings.model_json_schema(mode="validation")
    parts = {"Settings": made, **made["$defs"]}
    everywhere: set[type[Model]] = {Settings, *_all_models(Settings)}
    for model in everywhere:
        part = parts[model.__name__]
        for name, field in model.model_fields.items():
            found = part["properties"][name]
            found.pop("default", None)
            found.pop("title", None)
            found["description"] = field.description
            _put_example(found, example(field))
            value = None if field.is_required() else default(field)
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


def _all_models(model: type[Model]) -> Iterator[type[Model]]:
    for field in model.model_fields.values():
        for inner in models(field.annotation):
            yield inner
            yield from _all_models(inner)
