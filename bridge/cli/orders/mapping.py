"""`orders map` and `orders unmap`: what a line of one order means, and what is not printed at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli._context import resolve_decider
from bridge.cli._options import config_option, json_option, print_json, print_table
from bridge.cli._order_context import (
    OrderContext,
    as_option,
    get_order_name,
    seen_option,
    with_order_context,
    yes_option,
)
from bridge.cli._order_view import build_line_rows
from bridge.decisions.line_overrides import (
    SCOPES,
    Line,
    ignore_lines,
    map_lines,
    reset_lines,
    select_lines,
)
from bridge.errors import BridgeError
from bridge.mapping_review.design_check import find_unknown_designs
from bridge.mapping_review.prices import Prices
from bridge.order.line_overrides import (
    LineRule,
    Scope,
    render_config_lines,
)
from bridge.order.model import Design
from bridge.order.records import OrderRecord, Transition

if TYPE_CHECKING:
    from bridge.config.settings import Defaults

IGNORE = {"order": Scope.LINE, "variant": Scope.VARIANT, "product": Scope.PRODUCT}

sku_argument = click.argument("sku", required=False)
line_option = click.option(
    "--line",
    "numbers",
    type=click.IntRange(1),
    multiple=True,
    help="The number of the line, as `orders show` has it.",
)


@click.command("map")
@config_option
@click.argument("order")
@sku_argument
@line_option
@click.option("--uuid", multiple=True, help="The design; several for a bundle.")
@click.option("--material", multiple=True, help="Sculpteo's material id; default: `defaults.material`.")
@click.option("--scale", multiple=True, help="Factor on the design; default: `defaults.scale`.")
@click.option("--unit", multiple=True, help="mm, cm, m, in, ft or yd; default: `defaults.unit`.")
@click.option("--quantity", multiple=True, help="Copies of it in one unit of the line.")
@click.option(
    "--ignore",
    type=click.Choice(list(IGNORE)),
    help="Do not print it: in this order, or its variant or product in all.",
)
@yes_option
@seen_option
@as_option
@json_option
def map_line(
    config: Path, order: str, sku: str | None, numbers: tuple[int, ...], ignore: str | None, yes: bool,
    seen: str | None, as_name: str | None, as_json: bool, **parts: tuple[str, ...],
) -> None:  # fmt: skip
    """Say what a line of ORDER is: a design for this order, or not to be printed.

    The line is named by its SKU, or by --line. Options of a design are given once for all, or once for each
    --uuid. Without --uuid and --ignore the lines are listed.
    """
    if ignore and parts["uuid"]:
        raise click.UsageError("say either --uuid or --ignore")
    if not ignore and not parts["uuid"]:
        if not as_json:
            with_order_context(config, lambda desk: _print_lines(desk, order))
        raise click.UsageError("say what it is: --uuid UUID, or --ignore order|variant|product")

    async def apply_mapping(desk: OrderContext) -> tuple[OrderRecord, list[Line], tuple[Design, ...]]:
        record = await desk.load_order_if_unchanged(order, seen)
        lines = select_lines(await desk.load_lines(record), sku, numbers)
        designs = () if ignore else _build_designs(desk.loaded.settings.defaults, parts)
        now = desk.clock.now()
        await _check_designs(desk, designs)
        rules, change = (
            ignore_lines(record, lines, IGNORE[ignore], now)
            if ignore
            else map_lines(record, lines, designs, now)
        )
        _confirm_change(record, lines, change, yes or as_json)
        await _save_decision(desk, record, rules, change, resolve_decider(as_name))
        return record, lines, designs

    record, lines, designs = with_order_context(config, apply_mapping)
    for_good = [render_config_lines(line.item.sku, designs) for line in lines[:1] if line.item.sku]
    if as_json:
        print_json(
            {"order": get_order_name(record), "lines": [line.number for line in lines], "config": for_good}
        )
        return
    where = SCOPES[IGNORE[ignore]] if ignore else "in this order"
    click.echo(
        f"Decided for {', '.join(line.name for line in lines)}, {where}; the order is looked at again."
    )
    if for_good:
        click.echo(f"\nTo decide it for good, add to config.yaml:\n\n{for_good[0]}")
    else:
        click.echo("\nTo map it for good, give the product a SKU in Shopify first.")


@click.command("unmap")
@config_option
@click.argument("order")
@sku_argument
@line_option
@yes_option
@seen_option
@as_option
@json_option
def unmap_line(
    config: Path, order: str, sku: str | None, numbers: tuple[int, ...], yes: bool, seen: str | None,
    as_name: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Take back what was decided about a line of ORDER: the configuration decides again."""

    async def remove_mapping(desk: OrderContext) -> tuple[OrderRecord, list[Line]]:
        record = await desk.load_order_if_unchanged(order, seen)
        lines = select_lines(await desk.load_lines(record), sku, numbers)
        keys, change = reset_lines(record, lines, desk.clock.now())
        _confirm_change(record, lines, change, yes or as_json)
        who = resolve_decider(as_name)
        await desk.store.rules.withdraw_rules(record, keys, change, who)
        await desk.store.sessions.record_action(who, "unmap", "done", order=record.key)
        return record, lines

    record, lines = with_order_context(config, remove_mapping)
    if as_json:
        print_json({"order": get_order_name(record), "lines": [line.number for line in lines]})
        return
    names = ", ".join(line.name for line in lines)
    click.echo(f"The configuration decides about {names} again; the order is looked at.")


async def _check_designs(desk: OrderContext, designs: Sequence[Design]) -> None:
    """Ask Sculpteo whether it knows these designs. Raises UnknownDesign with what it does not know."""
    from bridge.runtime.container import build_rate_limiter
    from bridge.sculpteo.client import SculpteoPrinter

    if not designs:
        return
    settings = desk.loaded.settings.sculpteo
    pace = build_rate_limiter(desk.store, settings.requests_per_second)
    async with SculpteoPrinter(settings, desk.clock, pace) as printer:
        found = await find_unknown_designs(
            Prices(printer, desk.store.memory, desk.clock, settings.currency), designs
        )
    if found:
        raise UnknownDesign("\n".join(f"{one.format_sentence()} {one.format_remedy()}" for one in found))


async def _print_lines(desk: OrderContext, text: str) -> None:
    record = await desk.load_order(text)
    print_table(("Line", "SKU", "Units", "What"), list(build_line_rows(await desk.load_lines(record))))


def _confirm_change(record: OrderRecord, lines: Sequence[Line], change: Transition, yes: bool) -> None:
    if yes:
        return
    for note in change.notes:
        click.echo(f"{get_order_name(record)}, {', '.join(map(str, note.facts.values()))}")
    click.confirm("The order then goes on, and may be ordered at once. Go on?", abort=True)


async def _save_decision(
    desk: OrderContext, record: OrderRecord, rules: list[LineRule], change: Transition, who: str
) -> None:
    await desk.store.rules.save_rules(record, rules, change, who)
    facts = {"lines": [note.facts for note in change.notes]}
    await desk.store.sessions.record_action(who, "map", "done", order=record.key, facts=facts)


def _build_designs(defaults: Defaults, parts: dict[str, tuple[str, ...]]) -> tuple[Design, ...]:
    """The designs that the options say. Raises BadDesign with what is wrong with them."""
    from bridge.config.single_design import parse_designs

    count = len(parts["uuid"])
    columns: dict[str, list[str | None]] = {}
    for name, given in parts.items():
        if len(given) not in {0, 1, count}:
            raise click.UsageError(f"give --{name} once, or once for each --uuid")
        columns[name] = list(given) if len(given) == count else [given[0] if given else None] * count
    rows = zip(*columns.values(), strict=True)
    return parse_designs([dict(zip(columns, row, strict=True)) for row in rows], defaults)


class UnknownDesign(BridgeError):
    """Sculpteo does not know what was typed; the text says what, and what to do."""


COMMANDS = (map_line, unmap_line)
