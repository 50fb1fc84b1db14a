"""`sculpteo-bridge webhooks`: other systems that are told of orders."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._options import (
    CommandGroup,
    config_option,
    json_option,
    load_or_exit,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from bridge.alerts import webhook_client
    from bridge.alerts.channels import HookOutlet


@click.group(cls=CommandGroup)
def command() -> None:
    """Other systems that are told of orders by signed requests."""


@command.command("test")
@config_option
@json_option
def test_webhooks(config: Path, as_json: bool) -> None:
    """Send a signed `test` event to every one, and tell which failed and why."""
    from bridge.alerts.channels import build_hook_outlets

    outlets = build_hook_outlets(load_or_exit(config).settings)
    if not outlets:
        raise click.ClickException("the configuration names none: add `webhooks` with url and secret")
    answers = asyncio.run(_send_tests(outlets))
    if as_json:
        print_json(
            [{"webhook": one.label, "sent": answer.why is None, "why": answer.why} for one, answer in answers]
        )
    else:
        rows = [(one.label, "FAILED" if answer.why else "taken", answer.why) for one, answer in answers]
        print_table(("webhook", "", "why"), rows)
    sys.exit(1 if any(answer.why for _, answer in answers) else 0)


async def _send_tests(outlets: tuple[HookOutlet, ...]) -> list[tuple[HookOutlet, webhook_client.Answer]]:
    from bridge.alerts import webhook_client

    now = datetime.now(UTC)
    body = json.dumps({"type": "test", "version": 1, "timestamp": now.isoformat(), "data": {}})
    id = f"msg_test_{secrets.token_hex(6)}"
    answers = await asyncio.gather(
        *(webhook_client.send_webhook(outlet.hook, id, body, now) for outlet in outlets)
    )
    return list(zip(outlets, answers, strict=True))
