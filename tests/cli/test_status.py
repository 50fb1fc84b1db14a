"""`status`: fine, or what to do."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.config.loader import load_config
from bridge.order.model import Mode, Money
from bridge.order.problems import Alarm, Problem
from bridge.order.records import Transition
from bridge.order.states import State, Wait
from bridge.store import Store
from bridge.store.processes import Process
from tests.cli.test_orders import CONFIG
from tests.support.clocks import RealClock
from tests.support.store_factories import claimed, delivery, placing, word


class Ready(BaseHTTPRequestHandler):
    """A service that answers `/readyz`, and nothing else. `says` = status and text."""

    says: ClassVar[tuple[int, str]] = (200, "ready\n")

    def do_GET(self) -> None:
        status, text = self.says if self.path == "/readyz" else (404, "not found\n")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def service() -> Iterator[type[Ready]]:
    """What stands for the running service: its answers can be changed. `address` is where it listens."""

    class Mine(Ready):
        address: ClassVar[str]

    with ThreadingHTTPServer(("127.0.0.1", 0), Mine) as server:
        Mine.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Mine
        server.shutdown()
        thread.join()


@pytest.fixture
def config(tmp_path: Path, service: Any) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text((CONFIG % (tmp_path / "bridge.db")).replace('"127.0.0.1:1"', f'"{service.address}"', 1))
    return path


def process(config: Path, **changes: Any) -> Process:
    """A service on this machine that has this configuration in force."""
    found, now = load_config(config), datetime.now(UTC)
    made = Process(
        "me:1:a", socket.gethostname(), 1, "1.0", "all", "test", found.settings.server.listen, ("acme",),
        str(config), found.hash, now, now, now,
    )  # fmt: skip
    return replace(made, **changes)


def status(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["status", "--config", str(config), *words])


def story(
    config: Path, tell: Callable[[Store], Awaitable[object]], back: timedelta = timedelta(0), **changes: Any
) -> None:
    """What happened to the bridge, `back` ago; the shop was looked through then. A service runs: `changes` to
    what it tells."""

    async def run() -> None:
        clock = RealClock(-back)
        async with Store.open(load_config(config).settings.database.get_secret_value(), clock=clock) as store:
            for what in ("reconciled_at", "subscribed_at"):
                await store.memory.set(f"{what}:acme", clock.now().isoformat())
            await store.wake_for_mapping(load_config(config).catalog.version)
            await tell(store)
        async with Store.open(
            load_config(config).settings.database.get_secret_value(), clock=RealClock()
        ) as store:
            await store.processes.report_process(replace(process(config), **changes))

    asyncio.run(run())


async def nothing(store: Store) -> None:
    """A quiet day."""


async def _needy(store: Store) -> None:
    await store.orders.receive_signal(word(1001))
    held = Transition(State.ATTENTION, None, problem=Problem.UNMAPPED, facts={"skus": "“MUG\x1b[31m”"})
    await store.orders.record_transition(await claimed(store), held)
    await store.orders.receive_signal(word(1002))
    alarms = ((Alarm.SECOND_REFERENCE, {"reference": "WXYZ9876"}),)
    await store.orders.record_transition(
        await claimed(store), Transition(State.WAITING, None, reason=Wait.APPROVAL, alarms=alarms)
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
    story(config, lambda store: store.switch.pause_ordering("acme", "Ada", "stocktaking"))
    result = status(config)
    assert result.exit_code == 1
    assert "Placing is paused for acme" in result.stdout
    assert "by Ada (stocktaking)" in result.stdout
    assert "`sculpteo-bridge resume --shop acme`" in result.stdout


def test_a_service_that_does_not_work_is_noticed_by_what_it_left_undone(config: Path) -> None:
    async def left(store: Store) -> None:
        await store.orders.receive_signal(word(1001))
        await store.inbox.add_delivery(delivery(received_at=datetime.now(UTC) - timedelta(hours=4)))

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
    assert json.loads(status(config, "--json").stdout)["service_answers"] is True


def test_a_mapping_that_serve_does_not_run_with_is_mentioned(config: Path) -> None:
    story(config, nothing)
    config.write_text(config.read_text().replace("QfGQC4YQ", "Other123"))
    result = status(config)
    assert (result.exit_code, "`plan` shows what changes" in result.stdout) == (0, True)


def test_a_bridge_that_never_ran_says_so_and_makes_nothing(config: Path, service: type[Ready]) -> None:
    service.says = (404, "another program")
    result = status(config)
    assert result.exit_code == 1
    assert "`sculpteo-bridge serve` makes it" in result.stderr
    assert not (config.parent / "bridge.db").exists()


def test_what_is_wrong_with_the_bridge_as_a_whole_is_told_with_its_remedy(config: Path) -> None:
    async def wrong(store: Store) -> None:
        facts = {"host": "north", "fault": "config.yaml:1:7: mode"}
        await store.conditions.open_incident("configuration:north", "configuration", "north", facts)

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
            await store.orders.receive_signal(word(number))
            await store.orders.record_transition(
                await claimed(store), Transition(State.WAITING, None, reason=reason)
            )

    story(config, rehearsed)
    found = status(config)
    assert found.exit_code == 1
    assert (
        "3 orders from before going live wait for your decision: acme/#3, acme/#2, acme/#1." in found.stdout
    )
    assert "--all-waiting --reason before_go_live --reason other_mode --reason was_test" in found.stdout


def findings(config: Path) -> list[str]:
    """Each finding with its remedy, by `--json`; the exit code says the same."""
    result = status(config, "--json")
    found = json.loads(result.stdout)["todo"]
    assert result.exit_code == (1 if found else 0)
    assert all(one["remedy"] for one in found), found
    return [one["sentence"] for one in found]


def test_a_silent_service_is_a_finding(config: Path, service: type[Ready]) -> None:
    story(config, nothing)
    service.says = (404, "another program")
    [silent] = findings(config)
    assert silent.startswith("No service answers at http://127.0.0.1:")


def test_a_service_that_cannot_work_is_a_finding_in_its_own_words(config: Path, service: type[Ready]) -> None:
    story(config, nothing)
    service.says = (503, "the database is not available: OperationalError: database or disk is full\n")
    [finding] = findings(config)
    assert "is not ready: the database is not available" in finding
    assert "disk is full" in finding


def test_a_service_that_uses_another_database_is_a_finding(config: Path) -> None:
    story(config, nothing)
    with sqlite3.connect(config.parent / "bridge.db") as raw:
        raw.execute("DELETE FROM processes")
    [finding] = findings(config)
    assert "does not use this database" in finding


@pytest.mark.parametrize(("minutes", "stuck"), [(3, False), (12, True)])
def test_a_purchase_that_does_not_go_on_is_a_finding(config: Path, minutes: int, stuck: bool) -> None:
    story(config, placing, back=timedelta(minutes=minutes))
    said = [one for one in findings(config) if "`placing`" in one]
    assert [one.startswith("The order acme/#1001 is in `placing` since ") for one in said] == [True] * stuck


def test_a_disk_that_is_nearly_full_is_a_finding(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story(config, nothing)
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 4_000_000, 4_000_000))
    assert findings(config) == [f"Only 4 MB are free in {config.parent}, where the database is."]


@pytest.mark.parametrize(
    ("other", "ahead", "said"),
    [
        ("shopify:acme", 3600, "Shopify's clock is 3600 seconds ahead of the clock of "),
        ("shopify:acme", -90, "Shopify's clock is 90 seconds behind the clock of "),
        ("database", 45, "The clock of the database server is 45 seconds ahead of the clock of "),
        ("database", -7200, "The clock of the database server is 7200 seconds behind the clock of "),
    ],
)
def test_clocks_that_differ_are_findings(config: Path, other: str, ahead: int, said: str) -> None:
    story(config, nothing, clocks={other: ahead, "shopify:other": 2})
    [finding] = findings(config)
    assert finding.startswith(said)


@pytest.mark.parametrize(("schema", "said"), [("0005", "older"), ("9999", "newer")])
def test_a_database_of_another_version_is_a_finding_and_is_left_as_it_is(
    config: Path, schema: str, said: str
) -> None:
    story(config, nothing)
    with sqlite3.connect(config.parent / "bridge.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (schema,))
    [finding] = [one for one in findings(config) if "schema" in one]
    assert f"{said} sculpteo-bridge (schema {schema}; this program" in finding
    with sqlite3.connect(config.parent / "bridge.db") as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema,)]
    assert "Everything is fine" not in status(config).stdout


def test_a_configuration_with_faults_still_tells_how_things_stand(config: Path) -> None:
    story(config, _needy)
    config.write_text(config.read_text() + "colour: red\nlimits: {per_day: many}\n")
    result = status(config)
    assert result.exit_code == 1
    assert "acme/#1001: No design is mapped to" in result.stdout
    assert f"The configuration {config} has 2 faults. The first: " in result.stdout
    assert f"runs in mode test on {config}" in result.stdout
    assert "differs from it" in result.stdout
    found = json.loads(status(config, "--json").stdout)
    assert (found["mode"], found["orders"]["attention"], len(found["configuration"]["faults"])) == (
        "test",
        1,
        2,
    )
    assert found["running"][0]["config_differs"] is True


def test_what_is_spent_is_that_of_the_mode_in_force(config: Path) -> None:
    """A service runs in live mode on an older file; this one says test."""
    config.write_text(config.read_text().replace("mode: live", "mode: test"))

    async def spent(store: Store) -> None:
        for number, mode, cost in ((1, Mode.LIVE, "40.00"), (2, Mode.TEST, "7.00")):
            now = datetime.now(UTC)
            await placing(store, number, mode=mode, cost=Money(Decimal(cost), "EUR"), created_at=now)

    for mode, wanted in (("live", "40.00"), ("test", "7.00")):
        story(config, spent if mode == "live" else nothing, mode=mode)
        found = json.loads(status(config, "--json").stdout)
        assert (found["mode"], found["spent_today"]["amount"]) == (mode, wanted)
        assert found["spent_unclear"]["amount"] == wanted
        assert "that Sculpteo may or may not have" in status(config).stdout
