"""`sculpteo-bridge invoice`: see an order's invoice before a customer does."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from bridge.cli._options import config_option, json_option
from bridge.invoice import SHIPPED


@click.command()
@config_option
@click.argument("order", required=False)
@click.option(
    "-o", "--output", type=click.File("wb", lazy=True), help="Where the PDF goes; - for standard output."
)
@click.option("--sample", is_flag=True, help="An invented order, for designing before any order exists.")
@json_option
@click.option("--language", help="As if the configuration had this `invoice.language`: fr, de, ...")
@click.option(
    "--template", type=click.Choice(sorted(SHIPPED)), help="Use this template of the bridge instead."
)
@click.option("--show-template", is_flag=True, help="Print the bridge's template, to start your own from.")
def command(
    config: Path,
    order: str | None,
    output: BinaryIO | None,
    sample: bool,
    as_json: bool,
    language: str | None,
    template: str | None,
    show_template: bool,
) -> None:
    """Make the invoice of ORDER (its name, as #1001 or acme/#1001) without sending it anywhere.

    The order is the one in the bridge's database, as last read from the shop. With --json, the data that the
    template is given is printed.
    """
    from bridge.cli._invoice_preview import preview_invoice

    preview_invoice(config, order, output, sample, as_json, language, template, show_template)
