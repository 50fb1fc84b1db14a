"""`sculpteo-bridge alerts`: who is told when a person is needed."""

from __future__ import annotations

import asyncio
import sys
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
    from bridge.alerts.channels import AlertOutlet


@click.group(cls=CommandGroup)
def command() -> None:
    """Who is told when a person is needed."""


@command.command("test")
@config_option
@json_option
def test_alerts(config: Path, as_json: bool) -> None:
    """Send a test to every target, and tell which failed and why."""
    from bridge.alerts.channels import build_alert_outlets
    from bridge.alerts.message import TEST_BODY, TEST_TITLE
    from bridge.i18n.formatter import build_formatter

    settings = load_or_exit(config).settings
    outlets = build_alert_outlets(settings)
    if not outlets:
        raise click.ClickException("the configuration names nobody: add a URL under `alerts`")
    t = build_formatter("", settings.console.language, None).translate
    whys = asyncio.run(_send_tests(outlets, t(TEST_TITLE), t(TEST_BODY)))
    if as_json:
        print_json([{"target": one.label, "sent": why is None, "why": why} for one, why in whys])
    else:
        print_table(
            ("target", "", "why"), [(one.label, "FAILED" if why else "sent", why) for one, why in whys]
        )
    sys.exit(1 if any(why for _, why in whys) else 0)


async def _send_tests(
    outlets: tuple[AlertOutlet, ...], title: str, body: str
) -> list[tuple[AlertOutlet, str | None]]:
    from bridge.alerts import apprise_client

    whys = await asyncio.gather(*(apprise_client.send_alert(outlet.url, title, body) for outlet in outlets))
    return list(zip(outlets, whys, strict=True))
