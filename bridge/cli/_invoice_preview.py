"""What `invoice` makes: an order's invoice as the customer would get it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO

import click

from bridge.cli._options import load_or_exit, print_json
from bridge.cli._order_context import (
    NotFound,
    require_single_order,
)
from bridge.config.loader import Loaded
from bridge.config.settings import Invoice, Seller
from bridge.errors import BridgeError, NeedsPerson, TryAgain
from bridge.invoice.data import BadSetting, Safety, build_invoice_data, no_safety
from bridge.invoice.invoices import Invoices
from bridge.invoice.sample import build_sample_order
from bridge.invoice.template import read_shipped_template
from bridge.invoice.totals import Unusable
from bridge.order.clock import SystemClock
from bridge.order.model import ShopOrder

SAMPLE_SELLER = Seller(
    name="Sample Company",
    address=("1 Sample Street", "Sample Town"),
    tax_id="FR00 000000000",
    email="hello@example.com",
    footer="The footer: your bank, your terms, your register entry.",
)


def preview_invoice(
    config: Path,
    order: str | None,
    output: BinaryIO | None,
    sample: bool,
    as_json: bool,
    language: str | None,
    template: str | None,
    show_template: bool,
) -> None:
    """Write the invoice of an order, or of the sample, or what its template is given."""
    if show_template:
        click.echo(read_shipped_template(template or "invoice"), nl=False)
        return
    if sample == bool(order):
        raise click.UsageError("name an order, or use --sample")
    if not as_json and output is None:
        raise click.UsageError("say where the PDF goes: -o invoice.pdf")
    try:
        settings, base, shop, found, safety = _load_inputs(config, order)
        if language:
            settings = settings.model_copy(update={"language": language})
        if template:
            settings = settings.model_copy(update={"template": template})
        if as_json:
            print_json(build_invoice_data(shop, found, settings, safety))
        if output is not None:
            pdf = asyncio.run(_render_invoice(settings, base, shop, found, safety, sample=order is None))
            output.write(pdf)  # a file that cannot be made anew keeps what it had
    except NeedsPerson as error:
        raise click.ClickException(str(error.facts.get("why", error))) from None
    except TryAgain as error:
        raise click.ClickException(f"{error.why}; try again later") from None
    except (BridgeError, BadSetting, Unusable) as error:
        raise click.ClickException(str(error)) from None


def _load_inputs(config: Path, order: str | None) -> tuple[Invoice, Path, str, ShopOrder, Safety]:
    """The settings, their folder, the shop, the order and safety texts. A sample needs no configuration."""
    if order is None and not config.exists():
        return (
            Invoice(mode="template", seller=SAMPLE_SELLER),
            config.absolute().parent,
            "sample",
            build_sample_order(),
            no_safety,
        )
    loaded = load_or_exit(config)
    invoice, base = loaded.settings.invoice, loaded.path.parent
    if order is None:
        return (
            invoice,
            base,
            next(iter(loaded.settings.shops)),
            build_sample_order(),
            loaded.catalog.find_safety_text,
        )
    shop, found = asyncio.run(load_order(loaded, order))
    return invoice, base, shop, found, loaded.catalog.find_safety_text


async def load_order(loaded: Loaded, text: str) -> tuple[str, ShopOrder]:
    """The shop and the order of that name, as last read. Raises ClickException when there is not just one."""
    from bridge.runtime.shop_identity import identify_shops
    from bridge.store import Store

    database = loaded.settings.database.get_secret_value()

    async with Store.open(database, clock=SystemClock(), create=False) as store:
        (await identify_shops(store, loaded, write=False)).take_effect()
        found = await store.queries.search_orders(text)
    try:
        record = require_single_order(found, text)
    except NotFound as error:
        raise click.ClickException(str(error)) from None
    if record.snapshot is None:
        raise click.ClickException(
            f"the order {text} has not been read from the shop yet; try again in a minute"
        )
    return record.shop, record.snapshot


async def _render_invoice(
    settings: Invoice, base: Path, shop: str, order: ShopOrder, safety: Safety, *, sample: bool
) -> bytes:
    if settings.mode == "url" and sample:
        raise click.ClickException("`invoice.mode` is url: a sample has no invoice there; name an order")
    invoices = Invoices(settings, base, safety=safety)
    if settings.mode == "url":
        return await invoices.prepare_invoice(shop, order) or b""
    if settings.mode == "none":
        click.echo(
            "`invoice.mode` is none: no invoice is sent. This is what `template` would send.", err=True
        )
    rendered = await invoices.render_invoice(shop, order)
    for remark in rendered.list_remarks():
        click.echo(f"warning: {remark}", err=True)
    return rendered.pdf
