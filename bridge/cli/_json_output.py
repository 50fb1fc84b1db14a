"""JSON on standard output: what commands answer, and how they fail, with `--json`."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any

import click

JSON = "--json"

TOLD: list[bool] = []
"""Not empty once a command of this process has printed its answer."""


def print_json(value: Any) -> None:
    """JSON for programs, with amounts of money as text and times as RFC 3339 has them."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_to_json_text))
    TOLD.append(True)


def print_error(error: click.ClickException, exit_code: int) -> None:
    """The failure of a command, of one shape for all, unless it has printed its answer already."""
    if not TOLD:
        print_json(dump_error(error.format_message(), exit_code, getattr(error, "faults", ())))


def dump_error(message: str, exit_code: int, faults: Any = ()) -> dict[str, Any]:
    """`faults` are those of the configuration, each with its place."""
    told: dict[str, Any] = {"message": message, "exit_code": exit_code}
    if faults:
        told["faults"] = [dataclasses.asdict(fault) for fault in faults]
    return {"error": told}


def _to_json_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
