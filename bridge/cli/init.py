"""`sculpteo-bridge init`: a first configuration, by asking or by flags."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("config.yaml"),
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
@click.option("--yes", is_flag=True, help="Ask nothing: what no flag says is left to be filled in.")
@click.option("--name", help="A short name for the shop; default: from its domain.")
@click.option("--domain", help="The shop's domain that ends in .myshopify.com.")
@click.option("--client-id", help="Client ID of the app in Shopify's Dev Dashboard.")
@click.option("--older-app", is_flag=True, help="Use the access token of a custom app made before 2026.")
@click.option("--public-url", help="Address under which the internet reaches the bridge.")
@click.option("--login", help="Login at Sculpteo.")
@click.option("--theme", help="Packing-slip theme agreed with Sculpteo.")
@click.option("--currency", help="Currency in which Sculpteo bills, and of the limits: EUR, USD or GBP.")
@click.option("--database", help="sqlite:///... or postgresql://...")
@click.option("--material", help="Sculpteo material of most products.")
@click.option("--unit", help="Unit of the designs.")
@click.option("--sku", help="SKU of a first product.")
@click.option("--uuid", help="UUID of its design at Sculpteo.")
@click.option("--sandbox", is_flag=True, help="Begin with the simulated shop and Sculpteo of `sandbox`.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs. Implies --yes.")
def command(
    output: Path,
    force: bool,
    yes: bool,
    older_app: bool,
    sandbox: bool,
    as_json: bool,
    **flags: str | None,
) -> None:
    """Write a commented configuration, by asking or by flags. Secrets go into files of their own, or stay out."""
    from bridge.cli._init_plan import write_configuration

    write_configuration(output, force, yes, older_app, sandbox, as_json, **flags)
