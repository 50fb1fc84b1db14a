"""`sculpteo-bridge designs`: upload designs to Sculpteo, ask their price, see the materials."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli._context import (
    UpstreamClients,
    with_upstream_clients,
)
from bridge.cli._options import (
    CommandGroup,
    config_option,
    json_option,
    open_progress_bar,
    print_json,
    print_table,
    to_printable,
)
from bridge.errors import BridgeError
from bridge.mapping_review.catalog_reader import describe_error
from bridge.mapping_review.variants import (
    format_amount,
    format_figure,
)
from bridge.order.line_overrides import render_config_lines
from bridge.order.model import Design, Quote

if TYPE_CHECKING:
    from bridge.sculpteo.quotes import Material
    from bridge.sculpteo.uploads import NewDesign, Uploaded

UNITS = ("mm", "cm", "m", "in", "ft", "yd")


class ScaleParam(click.ParamType[Decimal]):
    """A factor above zero."""

    name = "factor"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            scale = Decimal(str(value))
        except ArithmeticError:
            scale = Decimal(0)
        if not (scale.is_finite() and scale > 0):
            self.fail(f"“{value}” is not a scale; write a number above 0, as 0.87", param, ctx)
        return scale


unit_option = click.option(
    "--unit", type=click.Choice(UNITS), help="Unit of the design; default: that of `defaults`."
)
scale_option = click.option("--scale", type=ScaleParam(), help="Factor on it; default: that of `defaults`.")


@click.group(cls=CommandGroup)
def command() -> None:
    """Upload designs to Sculpteo, ask their price, see the materials."""


# --- upload ----------------------------------------------------------------------------------------------


@command.command("upload")
@config_option
@click.argument(
    "files", type=click.Path(path_type=Path, exists=True, dir_okay=False), nargs=-1, required=True
)
@click.option("--name", help="What Sculpteo calls it; default: the file's name. For one file only.")
@unit_option
@scale_option
@click.option("--public", is_flag=True, help="Let everybody see and print it; else it is yours alone.")
@json_option
def upload_files(
    config: Path,
    files: tuple[Path, ...],
    name: str | None,
    unit: str | None,
    scale: Decimal | None,
    public: bool,
    as_json: bool,
) -> None:
    """Upload FILES (STL, OBJ, ...) to your account at Sculpteo, and print the YAML lines to add.

    Designs are private unless --public is given. Exit code 1 if one was not taken.
    """
    from bridge.sculpteo.uploads import NewDesign

    if name is not None and len(files) > 1:
        raise click.UsageError("--name is for one file; several take the names of their files")
    empty = [str(file) for file in files if not file.stat().st_size]
    if empty:
        raise click.UsageError(f"{', '.join(empty)} is empty")

    async def upload_designs(outside: UpstreamClients) -> list[tuple[NewDesign, Uploaded | str]]:
        defaults = outside.loaded.settings.defaults
        designs = [
            NewDesign(file, name or file.stem, unit or defaults.unit, scale or defaults.scale, public)
            for file in files
        ]
        return [(design, await _try_upload(outside, design)) for design in designs]

    done = with_upstream_clients(config, upload_designs)
    if as_json:
        print_json([_dump_upload(design, answer) for design, answer in done])
    else:
        _print_uploads(done)
    sys.exit(1 if any(isinstance(answer, str) for _, answer in done) else 0)


async def _try_upload(outside: UpstreamClients, design: NewDesign) -> Uploaded | str:
    """Sculpteo's answer, or why there is none."""
    from bridge.sculpteo.uploads import upload

    try:
        with open_progress_bar(f"Uploading {design.file.name}") as show:
            return await upload(design, outside.loaded.settings.sculpteo, outside.pace, show)
    except BridgeError as error:
        return describe_error(error)
    except OSError as error:
        return f"{design.file} cannot be read: {error.strerror or error}"


def _print_uploads(done: Sequence[tuple[NewDesign, Uploaded | str]]) -> None:
    from bridge.sculpteo.uploads import Uploaded

    taken = [(design, answer) for design, answer in done if isinstance(answer, Uploaded)]
    for design, answer in done:
        if isinstance(answer, str):
            click.echo(f"{to_printable(design.file)}: {to_printable(answer)}.", err=True)
    for design, answer in taken:
        size = (
            f", {' x '.join(map(_format_number, answer.size))} as Sculpteo measures it" if answer.size else ""
        )
        click.echo(
            f"{to_printable(design.file)} is design {to_printable(answer.uuid)}{to_printable(size)}.",
            err=True,
        )
    if taken:
        click.echo("Check the size there; then add to `products`, with the SKU that your shop has:", err=True)
    for design, answer in taken:
        click.echo(f"  {_format_yaml(design, answer)}")


def _format_number(number: str) -> str:
    try:
        return f"{float(number):.4g}"
    except ValueError:
        return number


def _format_yaml(design: NewDesign, answer: Uploaded) -> str:
    sku = re.sub(r"\W+", "-", design.file.stem).strip("-").upper() or "SKU"
    design_of = Design(answer.uuid, scale=design.scale, unit=design.unit)
    return render_config_lines(sku, [design_of]).partition("\n")[2].strip()


def _dump_upload(design: NewDesign, answer: Uploaded | str) -> dict[str, Any]:
    told: dict[str, Any] = {"file": str(design.file), "uuid": None, "error": None}
    if isinstance(answer, str):
        return {**told, "error": answer}
    return {
        **told,
        "uuid": answer.uuid,
        "name": answer.name or design.name,
        "unit": design.unit,
        "scale": str(design.scale),
        "size": list(answer.size),
        "public": design.public,
        "yaml": _format_yaml(design, answer),
    }


# --- price -----------------------------------------------------------------------------------------------


@command.command("price")
@config_option
@click.argument("uuids", metavar="UUID...", nargs=-1, required=True)
@click.option(
    "--material",
    "materials",
    multiple=True,
    help="May be given several times; default: that of `defaults`.",
)
@click.option("--quantity", type=click.IntRange(min=1), default=1, show_default=True, help="Copies.")
@unit_option
@scale_option
@json_option
def ask_prices(
    config: Path,
    uuids: tuple[str, ...],
    materials: tuple[str, ...],
    quantity: int,
    unit: str | None,
    scale: Decimal | None,
    as_json: bool,
) -> None:
    """Ask what Sculpteo takes for designs, without shipping. Exit code 1 if it names no price for one."""

    async def fetch_quotes(outside: UpstreamClients) -> list[tuple[Design, Quote | str]]:
        settings = outside.loaded.settings
        defaults = settings.defaults
        wanted = [
            Design(uuid, quantity, material, scale or defaults.scale, unit or defaults.unit)
            for uuid in uuids
            for material in materials or (defaults.material,)
        ]
        found: list[tuple[Design, Quote | str]] = []
        with open_progress_bar("Asking Sculpteo") as show:
            for index, design in enumerate(wanted):
                show(index, len(wanted))
                found.append((design, await _fetch_quote(outside, design, settings.sculpteo.currency)))
        return found

    found = with_upstream_clients(config, fetch_quotes)
    if as_json:
        print_json([_dump_quote(design, quote) for design, quote in found])
    else:
        columns = ("Design", "Material", "Scale", "Copies", "Each", "Total", "")
        print_table(columns, [_build_quote_row(design, quote) for design, quote in found], numbers=(3, 4, 5))
    sys.exit(0 if all(isinstance(quote, Quote) and quote.total for _, quote in found) else 1)


async def _fetch_quote(outside: UpstreamClients, design: Design, currency: str) -> Quote | str:
    try:
        return await outside.printer.fetch_price(design, design.quantity, currency)
    except BridgeError as error:
        return describe_error(error)


def _build_quote_row(design: Design, quote: Quote | str) -> Sequence[object]:
    shown = (design.uuid, design.material or "as uploaded", f"{design.scale} {design.unit}", design.quantity)
    if isinstance(quote, str):
        return (*shown, "", "", quote)
    if quote.total is None:
        return (*shown, "", "", quote.problem)
    each = type(quote.total)(quote.total.amount / design.quantity, quote.total.currency)
    return (*shown, format_figure(each), format_amount(quote.total), quote.warning)


def _dump_quote(design: Design, quote: Quote | str) -> dict[str, Any]:
    total = None if isinstance(quote, str) else quote.total
    return {
        "design": design.uuid,
        "material": design.material,
        "scale": str(design.scale),
        "unit": design.unit,
        "quantity": design.quantity,
        "total": total and {"amount": str(total.amount), "currency": total.currency},
        "problem": quote if isinstance(quote, str) else quote.problem,
        "warning": None if isinstance(quote, str) else quote.warning,
    }


# --- materials -------------------------------------------------------------------------------------------


@command.command("materials")
@config_option
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option(
    "--language", type=click.Choice(("en", "fr")), default="en", show_default=True, help="Of the names."
)
@json_option
def list_materials(config: Path, words: tuple[str, ...], language: str, as_json: bool) -> None:
    """List the materials that Sculpteo offers; with WORDs, those that have all of them in id, name or text."""

    async def fetch_matching_materials(outside: UpstreamClients) -> list[Material]:
        return [one for one in await outside.printer.fetch_materials(language) if _has_words(one, words)]

    found = with_upstream_clients(config, fetch_matching_materials)
    if as_json:
        print_json([{"id": one.id, "name": one.name, "description": one.description} for one in found])
        return
    if not found:
        raise click.ClickException(f"no material has “{' '.join(words)}” in its id, name or text")
    print_table(("Id", "Name", "What it is"), [(one.id, one.name, one.description) for one in found])


def _has_words(material: Material, words: Sequence[str]) -> bool:
    text = f"{material.id} {material.name} {material.description}".casefold()
    return all(word.casefold() in text for word in words)
