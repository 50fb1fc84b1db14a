"""`sculpteo-bridge serve`: the service."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from bridge.cli._options import config_option, describe_os_error, load_or_exit, to_click_exception
from bridge.errors import BridgeError

if TYPE_CHECKING:
    from bridge.runtime.service import Role


@click.command()
@config_option
@click.option(
    "--role",
    type=click.Choice(["all", "web", "worker"]),
    default="all",
    show_default=True,
    help="Take deliveries (web), work on orders (worker), or both.",
)
def command(config: Path, role: str) -> None:
    """Run the bridge until it is told to stop."""
    gc.disable()  # what loading makes stays: to look through it for garbage takes a tenth of the start
    try:
        from bridge.runtime import logging as logs
        from bridge.runtime.service import serve
    finally:
        gc.enable()
    gc.freeze()  # nor is it looked through later
    loaded = load_or_exit(config)
    logging = loaded.settings.logging
    logs.configure_logging(logging.format, logging.level)
    try:
        asyncio.run(serve(loaded, cast("Role", role)))
    except BridgeError as error:
        raise to_click_exception(error) from None
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {loaded.settings.server.listen}: {describe_os_error(error)}; stop what listens there, or "
            "change `server.listen`"
        ) from None
