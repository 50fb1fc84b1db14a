"""The stop switch and `status` against a real `serve`: from another folder, with a broken file, on either database."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web_response

from bridge.errors import WrongSchema
from bridge.order.clock import SystemClock
from bridge.store import Store
from bridge.store import migrate as migrations
from bridge.store.engine import create_engines, parse_url
from tests.service.serve_process import Serving, staged, until
from tests.service.test_reload import buy
from tests.support import postgres
from tests.support.clocks import RealClock
from tests.support.postgres import Server

pytestmark = pytest.mark.long

RELATIVE = "sqlite:///bridge.db"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Another folder than the one of the configuration."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of the configuration."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


async def typed(folder: Path, *words: str, code: int | None = 0) -> tuple[str, str]:
    """A command in a process of its own, run in this folder: what it wrote to both outputs. Without a `code` it may
    end with any."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge", *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    told = f"{' '.join(words)} ended with {process.returncode}:\n{out.decode()}\n{err.decode()}"
    assert code is None or process.returncode == code, told
    return out.decode(), err.decode()


async def test_pause_from_another_folder_stops_the_bridge_that_runs_and_names_it(
    home: Path, elsewhere: Path
) -> None:
    async with staged(home) as stage, stage.serve(stage.config(database=RELATIVE)) as serving:
        out, _ = await typed(elsewhere, "pause", "-c", "../home/config.yaml", "--why", "a test")
        assert "Placing is paused for all shops: acme." in out
        assert any("SIMULATED Sculpteo in live mode" in line for line in serving.said), "told at the start"
        assert f"Database: sqlite:///{elsewhere}/../home/bridge.db" in out
        me = f"{socket.gethostname()}:{serving.process.pid}"
        assert f"Confirmed by {me} (role all, mode live, {home}/config.yaml)." in out
        assert list(elsewhere.iterdir()) == [], "no database was made there"

        name = buy(stage, "RING-S")

        async def waits_for_the_switch() -> bool:
            order = await stage.order(name)
            return order is not None and order.reason == "paused"

        await until(waits_for_the_switch, serving)
        assert stage.box.printer.books() == []
        again, _ = await typed(elsewhere, "pause", "-c", str(serving.config), "--json")
        told = json.loads(again)
        assert (told["new"], len(told["confirmed"]), told["not_confirmed"]) == (False, 1, [])

        await typed(elsewhere, "resume", "-c", str(serving.config))
        await stage.reaches(name, "placed", serving)


async def test_no_command_but_serve_and_rebuild_makes_a_database(home: Path, elsewhere: Path) -> None:
    async with staged(home) as stage:
        config = stage.config(database=RELATIVE)
        async with stage.launched(config) as serving:
            await serving.says("event=ready")
        (home / "bridge.db").unlink()
        for words in (
            "pause",
            "resume",
            "backfill --since 2026-11-01",
            "orders retry 1",
            "rules list",
            "audit",
        ):
            _, err = await typed(elsewhere, *words.split(), "-c", str(home / "config.yaml"), code=1)
            assert "`sculpteo-bridge serve` makes it" in err
        assert not (home / "bridge.db").exists()
        assert not list(elsewhere.iterdir())
        await typed(elsewhere, "rebuild", "-c", str(home / "config.yaml"))
        assert (home / "bridge.db").exists()


async def test_a_database_in_the_current_folder_is_not_left_behind_for_an_empty_one(
    home: Path, elsewhere: Path
) -> None:
    async with staged(home) as stage:
        async with stage.launched(stage.config(database=RELATIVE)) as serving:
            await serving.says("event=ready")
        (home / "bridge.db").rename(elsewhere / "bridge.db")
        _, err = await typed(elsewhere, "serve", "-c", str(home / "config.yaml"), code=1)
        assert "Move the file there" in err
        assert not (home / "bridge.db").exists()


@pytest.mark.parametrize(
    "damage",
    [
        ("mode: live", "mode: live\ncolour: red"),
        ("  password: ", "  password: ${NOT_SET_ANYWHERE}  # "),
        ("mode: live", 'mode: "live'),
        ("products:", "products: [\n"),
    ],
)
async def test_the_switch_and_looking_work_with_a_configuration_that_has_faults(
    home: Path, elsewhere: Path, damage: tuple[str, str]
) -> None:
    async with staged(home) as stage, stage.serve(stage.config(database=RELATIVE)) as serving:
        placed = await stage.reaches(buy(stage, "RING-S"), "placed", serving)
        text = serving.config.read_text()
        assert damage[0] in text
        serving.config.write_text(text.replace(damage[0], damage[1], 1))
        config = ("-c", str(serving.config))
        assert placed.name is not None

        out, err = await typed(elsewhere, "pause", *config)
        me = f"{socket.gethostname()}:{serving.process.pid}"
        assert f"Confirmed by {me}" in out
        assert f"{me} (role all) runs in mode live on {serving.config}" in err
        assert "differs from it" in err
        for words in (("orders", "list"), ("orders", "show", placed.name), ("why", placed.name)):
            out, err = await typed(elsewhere, *words, *config)
            assert placed.name in out
            assert "The configuration has" in err
        out, _ = await typed(elsewhere, "status", *config, code=1)
        assert f"The configuration {serving.config} has" in out
        await typed(elsewhere, "resume", *config)
        await typed(elsewhere, "orders", "approve", placed.name, "-y", *config, code=2)


async def test_a_pause_that_a_frozen_process_cannot_confirm_says_so(home: Path, elsewhere: Path) -> None:
    async with staged(home) as stage, stage.serve(stage.config(database=RELATIVE)) as serving:
        serving.process.send_signal(signal.SIGSTOP)
        try:
            out, _ = await typed(elsewhere, "pause", "-c", str(serving.config), code=1)
            status, _ = await typed(elsewhere, "status", "-c", str(serving.config), code=1)
        finally:
            serving.process.send_signal(signal.SIGCONT)
        assert f"NOT confirmed within 10 seconds by {socket.gethostname()}:{serving.process.pid}" in out
        assert "No service answers at http://127.0.0.1:" in status
        assert "Everything is fine" not in status


async def test_a_pause_in_another_database_than_the_bridges_says_that_it_is_not_paused(
    home: Path, elsewhere: Path
) -> None:
    async with staged(home) as stage, stage.serve(stage.config(database=RELATIVE)) as serving:
        other = elsewhere / "config.yaml"
        other.write_text(serving.config.read_text())
        async with Store.open(f"sqlite:///{elsewhere / 'bridge.db'}", clock=RealClock()):
            pass
        out, _ = await typed(home, "pause", "-c", str(other), code=1)
        assert "IT IS NOT PAUSED" in out


async def test_a_service_that_ended_confirms_nothing_and_is_not_waited_for(home: Path) -> None:
    async with staged(home) as stage:
        async with stage.launched(stage.config()) as serving:
            await serving.says("event=ready")
        out, _ = await typed(home, "pause", "-c", str(home / "config.yaml"))
        assert "No service runs on this database now" in out
        out, _ = await typed(home, "status", "-c", str(home / "config.yaml"), code=1)
        assert "No service answers" in out


async def test_status_says_which_configuration_the_service_has_in_force(home: Path, elsewhere: Path) -> None:
    async with staged(home) as stage, stage.serve(stage.config(database=RELATIVE)) as serving:
        out, _ = await typed(elsewhere, "status", "-c", str(serving.config))
        assert "the file says the same" in out
        assert "Everything is fine." in out
        text = serving.config.read_text()
        serving.config.write_text(f"{text}# a remark\ncolour: red\n")
        out, _ = await typed(elsewhere, "status", "--json", "-c", str(serving.config), code=1)
        [running] = json.loads(out)["running"]
        assert (running["config"], running["config_differs"]) == (str(serving.config), True)
        serving.config.write_text(f"{text}# a remark\n")

        async def taken_up() -> bool:
            # the service may have seen the fault, which status tells until the next reading
            out, _ = await typed(elsewhere, "status", "--json", "-c", str(serving.config), code=None)
            return not json.loads(out)["running"][0]["config_differs"]

        await until(taken_up, serving)


async def test_a_shopify_whose_clock_differs_is_a_finding(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def an_hour_later() -> str:
        return (datetime.now(UTC) + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    monkeypatch.setattr(web_response, "rfc822_formatted_time", an_hour_later)
    async with staged(home) as stage, stage.serve(stage.config()) as serving:
        out, _ = await typed(home, "status", "-c", str(serving.config), code=1)
        assert "Shopify's clock is 3" in out  # 3600 seconds, or a second less
        assert "ahead of the clock of" in out
        assert "time server" in out


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres.needed() as running:
        yield running


def run_sql(url: str, *statements: str) -> None:
    engine = create_engines(parse_url(url))[1]
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


async def test_a_database_server_whose_clock_differs_is_a_finding(home: Path, server: Server) -> None:
    database = server.create_database()
    run_sql(
        database,
        "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
        " $$ SELECT pg_catalog.clock_timestamp() - interval '2 hours' $$",
        f"ALTER DATABASE {database.rsplit('/', 1)[1]} SET search_path = public, pg_catalog",
    )
    async with staged(home, database) as stage, stage.serve(stage.config()) as serving:
        out, _ = await typed(home, "pause", "-c", str(serving.config))
        assert f"Confirmed by {socket.gethostname()}:{serving.process.pid}" in out
        await typed(home, "resume", "-c", str(serving.config))
        out, _ = await typed(home, "status", "-c", str(serving.config), code=1)
        assert "The clock of the database server is 7" in out
        assert "seconds behind the clock of" in out


def bring_to(url: str, schema: str) -> None:
    """A database as an older version left it."""
    from alembic import command

    engine = create_engines(parse_url(url))[1]
    with engine.begin() as connection:
        config = migrations._build_config()
        config.attributes["connection"] = connection
        command.upgrade(config, schema)
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_only_serve_migrates_and_says_so_with_the_backup(
    home: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    database = f"sqlite:///{home / 'bridge.db'}"
    if kind == "postgresql":
        database = request.getfixturevalue("server").create_database()
    await asyncio.to_thread(bring_to, database, "0005")
    async with staged(home, database) as stage:
        serving: Serving
        config = stage.config()
        (home / "config.yaml").write_text(json.dumps(config))
        for words in ("orders list", "why 1001", "rebuild", "rules list", "orders retry 1001", "audit"):
            _, err = await typed(home, *words.split(), "-c", "config.yaml", code=1)
            assert "schema 0005; this program needs" in err
            assert "it migrates the database when it starts" in err
        out, _ = await typed(home, "status", "-c", "config.yaml", code=1)
        assert "schema 0005; this program needs" in out
        out, _ = await typed(home, "pause", "-c", "config.yaml")
        assert "of another version of the bridge (schema 0005)" in out
        with pytest.raises(WrongSchema):
            async with Store.open(database, clock=SystemClock(), create=False):
                pass
        async with stage.serve(config) as serving:
            before = next(index for index, line in enumerate(serving.said) if "is migrated now" in line)
            assert "backup=" in serving.said[before]
            assert "deploy/README.md" in serving.said[before]
            after = next(index for index, line in enumerate(serving.said) if "was migrated" in line)
            assert before < after
            out, _ = await typed(home, "status", "-c", "config.yaml", code=1)
            assert "Placing is paused" in out, "the pause of before holds"
            await typed(home, "orders", "list", "-c", "config.yaml")
