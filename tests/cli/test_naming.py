"""An order whose name several have is chosen by id or reference; what fails is JSON too, of one shape."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.order.records import Transition
from bridge.order.states import State, Wait
from bridge.store import Store
from tests.cli.test_decisions import Run, run, url, with_store
from tests.support.store_factories import ITEMS, claimed, shop_order, word

__all__ = ["run", "url"]


async def _twins(store: Store) -> None:
    """Two orders of one name in one shop, as a shop has that counted anew."""
    for number in (1001, 1002):
        await store.orders.receive_signal(word(number))
        snapshot = replace(shop_order(number), name="#77")
        values = {"snapshot": snapshot, "name": "#77", "items": ITEMS}
        change = Transition(State.WAITING, None, reason=Wait.APPROVAL, values=values)
        await store.orders.record_transition(await claimed(store), change)


@pytest.mark.parametrize("command", [("orders", "show"), ("why",), ("orders", "approve", "-y")])
def test_an_ambiguous_name_lists_what_each_is_called_by_alone_and_that_is_accepted(
    run: Run, url: str, command: tuple[str, ...]
) -> None:
    with_store(url, _twins)
    result = run(*command, "#77")
    assert result.exit_code == 1
    said = result.stderr
    choices = re.findall(r"^  (\S+)  \(#77, id \d+, waiting, ordered", said, re.MULTILINE)
    assert len(choices) == len(set(choices)) == 2
    for choice in choices:
        chosen = run(*command, choice)
        assert chosen.exit_code == 0, chosen.output
        assert "several" not in chosen.output


def test_an_ambiguous_order_is_chosen_by_its_reference(run: Run, url: str) -> None:
    async def story(store: Store) -> None:
        await _twins(store)
        await store.orders.receive_signal(word(1001))
        order = await claimed(store)
        await store.orders.record_transition(
            order, Transition(State.PLACED, None, values={"reference": "7FCL93X1"})
        )

    with_store(url, story)
    assert "reference 7FCL93X1" in run("orders", "show", "77").stderr
    assert run("orders", "show", "7FCL93X1").exit_code == 0


# --- JSON on errors ----------------------------------------------------------------------------------------


def json_commands() -> list[tuple[str, ...]]:
    """Every command that has --json."""

    def walk(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            names = command.list_commands(context)
            found = [
                walk(one, (*path, name)) for name in names if (one := command.get_command(context, name))
            ]
            return [each for some in found for each in some]
        has_it = any("--json" in param.opts for param in command.params)
        return [path] if has_it else []

    return walk(main, ())


@pytest.mark.parametrize("path", json_commands(), ids=" ".join)
def test_json_is_printed_on_errors_too_and_the_exit_code_stays(path: tuple[str, ...], tmp_path: Path) -> None:
    """Arguments that are missing or unknown, and a configuration that is not there."""
    without = CliRunner().invoke(main, [*path, "--no-such-option"])
    with_json = CliRunner().invoke(main, [*path, "--no-such-option", "--json"])
    _is_an_error(with_json.stdout, with_json.exit_code)
    assert with_json.exit_code == without.exit_code == 2
    assert with_json.stderr == without.stderr != ""
    if path == ("init",):
        return
    config = ["-c", str(tmp_path / "none.yaml")]
    without = CliRunner().invoke(main, [*path, *config])
    with_json = CliRunner().invoke(main, [*path, *config, "--json"])
    assert with_json.exit_code == without.exit_code != 0 or path == ("invoice",)
    if with_json.exit_code:
        _is_an_error(with_json.stdout, with_json.exit_code)


def _is_an_error(text: str, exit_code: int) -> None:
    told: dict[str, Any] = json.loads(text)
    assert told["error"]["exit_code"] == exit_code
    assert told["error"]["message"]


def test_faults_of_the_configuration_are_told_each_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("mode: tset\nserver: {}\n")
    result = CliRunner().invoke(main, ["plan", "-c", str(config), "--json"])
    assert result.exit_code == 2
    faults = json.loads(result.stdout)["error"]["faults"]
    assert {"mode", "server.public_url"} <= {fault["path"] for fault in faults}


def test_an_order_that_is_not_there_is_an_error_in_json(run: Run, url: str) -> None:
    with_store(url, _twins)
    result = run("why", "4711", "--json")
    assert result.exit_code == 1
    assert "no order is called 4711" in json.loads(result.stdout)["error"]["message"]
    assert "no order is called 4711" in result.stderr


def test_times_are_told_as_rfc_3339_has_them(run: Run, url: str) -> None:
    with_store(url, _twins)
    for command in (("orders", "show", "1001"), ("orders", "list"), ("deliveries", "list"), ("status",)):
        told = json.loads(run(*command, "--json").stdout)
        for text in _texts(told):
            if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:", text):
                assert "T" in text and datetime.fromisoformat(text).tzinfo is not None, text


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []
