"""`status`: fine, or what to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.config.loader import load
from bridge.order.problems import Alarm, Problem
from bridge.order.states import State, Wait
from bridge.ports import Change
from bridge.store import Store
from tests.cli.test_orders import CONFIG
from tests.store.make import claimed, delivery, word


class Clock:
    def __init__(self, back: timedelta = timedelta(0)) -> None:
        self._back = back

    def now(self) -> datetime:
        return datetime.now(UTC) - self._back


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG % (tmp_path / "bridge.db"))
    return path


def status(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["status", "--config", str(config), *words])


def story(config: Path, tell: Callable[[Store], Awaitable[object]], back: timedelta = timedelta(0)) -> None:
    """What happened to the bridge, `back` ago; the shop was looked through then."""

    async def run() -> None:
        clock = Clock(back)
        async with Store.open(load(config).settings.database.get_secret_value(), clock=clock) as store:
            for what in ("reconciled_at", "subscribed_at"):
                await store.memory.set(f"{what}:acme", clock.now().isoformat())
            await store.wake_for_mapping(load(config).catalog.version)
            await tell(store)

    asyncio.run(run())


async def nothing(store: Store) -> None:
    """A quiet day."""


async def _needy(store: Store) -> None:
    await store.orders.notice(word(1001))
    held = Change(State.ATTENTION, None, problem=Problem.UNMAPPED, facts={"skus": "“MUG\x1b[31m”"})
    await store.orders.record(await claimed(store), held)
    await store.orders.notice(word(1002))
    alarms = ((Alarm.SECOND_REFERENCE, {"reference": "WXYZ9876"}),)
    await store.orders.record(
        await claimed(store), Change(State.WAITING, None, reason=Wait.APPROVAL, alarms=alarms)
    )


def test_a_quiet_day_is_fine_and_ends_with_zero(config: Path) -> None:
    story(config, nothing)
    result = status(config)
    assert result.exit_code == 0, result.output
    assert "Everything is fine." in result.stdout
    assert json.loads(status(config, "--json").stdout)["result"] == "fine"


def test_what_needs_a_person_is_said_with_what_to_do(config: Path) -> None:
    story(config, _needy)
    result = status(config)
    assert result.exit_code == 1
    for expected in (
        "acme/#1001: No design is mapped to “MUG",
        "Add the SKU to `products`",
        "acme/#1002: Sculpteo told of a second order WXYZ9876",
        "call Sculpteo's support now",
        "One order waits: A person must approve it.",
        "3 things need a person.",
    ):
        assert expected in result.stdout
    assert "\x1b" not in result.stdout
    found = json.loads(status(config, "--json").stdout)
    assert [todo["order"] for todo in found["todo"]] == ["acme/#1001", "acme/#1002", None]
    assert (found["orders"]["attention"], found["waiting_for"]["approval"], found["alarms"]) == (1, 1, 1)


def test_a_pause_is_told_with_who_why_and_how_it_ends(config: Path) -> None:
    story(config, lambda store: store.switch.pause("acme", "Ada", "stocktaking"))
    result = status(config)
    assert result.exit_code == 1
    assert "Placing is paused for acme" in result.stdout
    assert "by Ada (stocktaking)" in result.stdout
    assert "`sculpteo-bridge resume --shop acme`" in result.stdout


def test_a_service_that_does_not_work_is_noticed_by_what_it_left_undone(config: Path) -> None:
    async def left(store: Store) -> None:
        await store.orders.notice(word(1001))
        await store.inbox.put(delivery(received_at=datetime.now(UTC) - timedelta(hours=4)))

    story(config, left, back=timedelta(hours=4))
    result = status(config)
    assert result.exit_code == 1
    for expected in (
        "The shop acme was last looked through for missed orders",
        "The shop acme was last checked for its webhooks",
        "A webhook delivery waits since",
        "A due order waits since",
        "Start `sculpteo-bridge serve`",
    ):
        assert expected in result.stdout
    assert json.loads(status(config, "--json").stdout)["service_answers"] is False


def test_a_mapping_that_serve_does_not_run_with_is_mentioned(config: Path) -> None:
    story(config, nothing)
    config.write_text(config.read_text().replace("QfGQC4YQ", "Other123"))
    result = status(config)
    assert (result.exit_code, "`plan` shows what changes" in result.stdout) == (0, True)


def test_a_bridge_that_never_ran_says_so_and_makes_nothing(config: Path) -> None:
    result = status(config)
    assert result.exit_code == 1
    assert "`sculpteo-bridge serve` makes it" in result.stderr
    assert not (config.parent / "bridge.db").exists()


def test_what_is_wrong_with_the_bridge_as_a_whole_is_told_with_its_remedy(config: Path) -> None:
    async def wrong(store: Store) -> None:
        facts = {"host": "north", "fault": "config.yaml:1:7: mode"}
        await store.conditions.begin("configuration:north", "configuration", "north", facts)

    story(config, wrong)
    told = status(config)
    assert told.exit_code == 1
    assert "north did not take up the edited configuration" in told.output
    assert "`sculpteo-bridge config check` tells every fault." in told.output
    [condition] = json.loads(status(config, "--json").stdout)["conditions"]
    assert condition["code"] == "configuration"


def test_what_is_from_before_going_live_is_listed_and_asked_once(config: Path) -> None:
    async def rehearsed(store: Store) -> None:
        for number, reason in ((1, Wait.BEFORE_GO_LIVE), (2, Wait.OTHER_MODE), (3, Wait.WAS_TEST)):
            await store.orders.notice(word(number))
            await store.orders.record(await claimed(store), Change(State.WAITING, None, reason=reason))

    story(config, rehearsed)
    found = status(config)
    assert found.exit_code == 1
    assert (
        "3 orders from before going live wait for your decision: acme/#3, acme/#2, acme/#1." in found.stdout
    )
    assert "--all-waiting --reason before_go_live --reason other_mode --reason was_test" in found.stdout
