"""Settings as plain values that YAML and JSON can write, with secrets masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import yaml
from pydantic import SecretStr

from bridge.config.database_settings import (
    MASK,
    mask_url,
)
from bridge.config.loader import Loaded
from bridge.config.model import Model
from bridge.config.yaml_tree import join_path
from bridge.order.model import Money


def build_effective_settings(loaded: Loaded) -> dict[str, Any]:
    """The configuration as it holds, defaults included. Secrets, and all that came from the environment, are masked."""
    return _dump_model(loaded.settings, "", loaded.masked)


def dump_yaml(shown: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(shown), sort_keys=False, allow_unicode=True, width=100)


def _dump_value(value: object, path: str, masked: frozenset[str]) -> Any:
    if path == "database" and isinstance(value, SecretStr):
        return mask_url(value.get_secret_value())
    if path in masked and value is not None:
        return MASK
    if isinstance(value, Model):
        return _dump_model(value, path, masked)
    if isinstance(value, Mapping):
        return {str(key): _dump_value(one, join_path(path, str(key)), masked) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_dump_value(one, f"{path}[{index}]", masked) for index, one in enumerate(value)]
    return to_plain_value(value)


def _dump_model(model: Model, path: str, masked: frozenset[str]) -> dict[str, Any]:
    return {
        name: _dump_value(getattr(model, name), join_path(path, name), masked)
        for name in type(model).model_fields
    }


def to_plain_value(value: object) -> Any:
    """One value as it would stand in the file."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, str) and "://" in value:
        return mask_url(value)
    return value


def format_duration(value: timedelta) -> str:
    """1h30m, 90s, 2d: the way durations are written in the file."""
    rest = int(value.total_seconds())
    if rest != value.total_seconds():
        return f"{value.total_seconds()}s"
    text = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0"
