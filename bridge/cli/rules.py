"""`sculpteo-bridge rules`: what people decided not to print, beside the configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from bridge.cli._context import resolve_decider, shop_option
from bridge.cli._options import CommandGroup, config_option, json_option, print_json, print_table
from bridge.cli._order_context import (
    OrderContext,
    as_option,
    format_iso_time,
    format_local_time,
    with_order_context,
)
from bridge.order.line_overrides import (
    LineRule,
    format_line_name,
)
from bridge.steps.mapping_overrides import is_overruled


@click.group(cls=CommandGroup)
def command() -> None:
    """Variants and products that people decided not to print."""


@command.command("list")
@config_option
@shop_option
@json_option
def list_rules(config: Path, shop: str | None, as_json: bool) -> None:
    """List what is not printed by a person's decision, and where the configuration decides otherwise."""

    async def load_rules(desk: OrderContext) -> list[tuple[LineRule, bool]]:
        rules = await desk.store.rules.list_rules(shop)
        return [(rule, is_overruled(desk.loaded.catalog, rule)) for rule in rules]

    found = with_order_context(config, load_rules)
    if as_json:
        print_json([_dump_rule(rule, beaten) for rule, beaten in found])
        return
    rows = [
        (
            rule.key,
            rule.shop,
            rule.scope,
            _format_rule_name(rule),
            rule.who,
            format_local_time(rule.at),
            rule.order_name,
            _format_effect(beaten),
        )
        for rule, beaten in found
    ]
    print_table(
        ("Key", "Shop", "What", "As seen", "Who", "When", "In order", "Effect"),
        rows,
        empty="Nobody decided anything: the configuration decides of every variant.",
    )


@command.command("remove")
@config_option
@click.argument("keys", type=int, nargs=-1, required=True)
@as_option
@json_option
def remove_rules(config: Path, keys: tuple[int, ...], as_name: str | None, as_json: bool) -> None:
    """Take such decisions back, by key. Orders that they left out are looked at again."""

    async def remove_each(desk: OrderContext) -> list[tuple[int, bool]]:
        who, removed = resolve_decider(as_name), []
        for key in keys:
            done = await desk.store.rules.remove_rule(key, who)
            if done:
                await desk.store.sessions.record_action(who, "remove_rule", "done", facts={"rule": key})
            removed.append((key, done))
        return removed

    results = with_order_context(config, remove_each)
    if as_json:
        print_json([{"key": key, "removed": done} for key, done in results])
    for key, done in () if as_json else results:
        click.echo(f"{key}: {'removed' if done else 'there is no such decision'}", err=not done)
    if any(not done for _, done in results):
        sys.exit(1)


def _format_rule_name(rule: LineRule) -> str:
    options = ", ".join(value for _, value in rule.options)
    return f"{format_line_name(rule.sku, rule.title)}{f' ({options})' if options else ''}"


def _format_effect(beaten: bool) -> str:
    return "none: the configuration maps it" if beaten else "not printed"


def _dump_rule(rule: LineRule, beaten: bool) -> dict[str, Any]:
    return {
        "key": rule.key,
        "shop": rule.shop,
        "scope": rule.scope,
        "subject": rule.subject,
        "sku": rule.sku,
        "title": rule.title,
        "options": dict(rule.options),
        "who": rule.who,
        "at": format_iso_time(rule.at),
        "order": rule.order_name,
        "overruled": beaten,
    }
