"""The schema: made by migrations, the same as the tables say, refused when it is not ours."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bridge.errors import ConfigError, StoreUnavailable
from bridge.order.model import Choice, Decision
from bridge.store import Store
from bridge.store import migrate as migrations
from bridge.store.engine import create_engines, parse_url
from bridge.store.migrate import list_known_revisions, read_revision
from bridge.store.tables import REVISION, metadata, orders
from tests.support.clocks import TurnedClock
from tests.support.store_factories import word

MADE_BY_AA829CD = Path(__file__).with_name("database_of_aa829cd.sql")
SPAWN = multiprocessing.get_context("spawn")


def migrate(engine: sa.Engine) -> None:
    migrations.migrate_database(engine, engine)


def engine_for(url: str) -> sa.Engine:
    return create_engines(parse_url(url))[1]


def shape(engine: sa.Engine) -> dict[str, str]:
    """All that a database says of its tables."""
    inspector = sa.inspect(engine)

    def plain(found: Any) -> str:
        return json.dumps(found, sort_keys=True, default=str)

    return {
        table: "\n".join(
            [
                *(plain(column) for column in inspector.get_columns(table)),
                plain(inspector.get_pk_constraint(table)),
                *sorted(map(plain, inspector.get_foreign_keys(table))),
                *sorted(map(plain, inspector.get_unique_constraints(table))),
                *sorted(map(plain, inspector.get_indexes(table))),
            ]
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_make_exactly_what_the_tables_say(bare_url: str) -> None:
    engine = engine_for(bare_url)
    migrate(engine)
    migrated = shape(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert read_revision(connection) == REVISION
    with engine.begin() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    assert migrated == shape(engine)
    assert set(migrated) == set(metadata.tables)
    engine.dispose()


def test_the_newest_migration_is_the_one_that_the_program_needs() -> None:
    assert list_known_revisions()[0] == REVISION


def test_a_migration_that_was_made_is_not_made_again(bare_url: str) -> None:
    engine = engine_for(bare_url)
    for _ in range(2):
        migrate(engine)
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(bare_url: str) -> None:
    engine = engine_for(bare_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match=r"newer sculpteo-bridge \(schema 9999; this program knows up to"):
        migrate(engine)
    with engine.begin() as connection:
        assert read_revision(connection) == "9999"
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(bare_url: str) -> None:
    engine = engine_for(bare_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE parcels (strange TEXT)")  # in the way of the third table
    with pytest.raises((StoreUnavailable, sa.exc.ProgrammingError)):
        migrate(engine)
    assert sa.inspect(engine).get_table_names() == ["parcels"]
    engine.dispose()


def open_and_notice(url: str, number: int) -> None:
    async def run() -> None:
        async with Store.open(url, clock=TurnedClock()) as store:
            await store.orders.receive_signal(word(number))

    asyncio.run(run())


async def test_two_stores_can_be_opened_at_once_in_one_process(tmp_path: Path) -> None:
    async def opened(name: str) -> int:
        async with Store.open(f"sqlite:///{tmp_path / name}", clock=TurnedClock()) as store:
            return await store.orders.receive_signal(word())

    assert await asyncio.gather(*(opened(f"{number}.db") for number in range(6))) == [1] * 6


def test_any_number_of_processes_can_start_on_an_empty_database(bare_url: str) -> None:
    processes = [SPAWN.Process(target=open_and_notice, args=(bare_url, number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 4

    async def count() -> int:
        async with Store.open(bare_url, clock=TurnedClock()) as store:
            return sum((await store.queries.count_by_state()).values())

    assert asyncio.run(count()) == 4


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("mysql://root:s3cret@host/db", "“mysql” is not supported"),
        ("not a url s3cret", "not a database URL"),
    ],
)
async def test_a_url_that_cannot_be_used_is_named_without_its_password(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        async with Store.open(url, clock=TurnedClock()):
            pass
    assert "s3cret" not in str(refused.value)


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing/bridge\.db cannot be written \(No such file"):
        async with Store.open(f"sqlite:///{tmp_path}/missing/bridge.db", clock=TurnedClock()):
            pass


async def test_looking_at_a_database_that_is_not_there_does_not_make_one(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    with pytest.raises(ConfigError, match=r"there is no .*bridge\.db yet"):
        async with Store.open(f"sqlite:///{path}", clock=TurnedClock(), create=False):
            pass
    assert not path.exists()


async def test_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    async with Store.open(f"sqlite:///{path}", clock=TurnedClock()) as store:
        await store.orders.receive_signal(word())
        modes = {stat.S_IMODE(entry.stat().st_mode) for entry in os.scandir(tmp_path)}
    assert modes == {0o600}


def rows_of_aa829cd() -> dict[str, list[dict[str, Any]]]:
    """What `demo --orders 10` of `aa829cd` left: nearly all that can happen to an order, by invented people."""
    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript(MADE_BY_AA829CD.read_text("utf-8"))
        made.row_factory = sqlite3.Row
        names = [name for (name,) in made.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [dict(row) for row in made.execute(f'SELECT * FROM "{name}"')]  # noqa: S608
            for name in names
            if not name.startswith("sqlite_") and name != "alembic_version"
        }


def to_column(column: sa.Column[Any], value: Any) -> Any:
    """SQLite keeps times as text and truths as numbers; PostgreSQL wants them as they are."""
    if isinstance(column.type, sa.DateTime) and value is not None:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return bool(value) if isinstance(column.type, sa.Boolean) and value is not None else value


@pytest.fixture
def of_aa829cd(bare_url: str) -> str:
    """The URL of a database as `aa829cd` left it; on SQLite to the letter, schema included."""
    engine = engine_for(bare_url)
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(engine.url.database))) as file:
            file.executescript(MADE_BY_AA829CD.read_text("utf-8"))
    else:
        with engine.begin() as connection:
            upgrade_to(connection, "0005")
            old = sa.MetaData()
            old.reflect(connection)
            rows = rows_of_aa829cd()
            for table in old.sorted_tables:
                for row in rows.get(table.name, []):
                    values = {name: to_column(table.c[name], value) for name, value in row.items()}
                    connection.execute(sa.insert(table).values(values))
    engine.dispose()
    return bare_url


def test_the_first_migration_makes_what_aa829cd_made(tmp_path: Path) -> None:
    made, first = (engine_for(f"sqlite:///{tmp_path / name}") for name in ("made.db", "first.db"))
    with closing(sqlite3.connect(str(tmp_path / "made.db"))) as file:
        file.executescript(MADE_BY_AA829CD.read_text("utf-8"))
    with first.begin() as connection:
        upgrade_to(connection, "0005")
    assert shape(made) == shape(first)
    for engine in (made, first):
        engine.dispose()


async def test_a_database_of_aa829cd_is_upgraded_and_goes_on(of_aa829cd: str) -> None:
    """Every order, purchase and parcel is there afterwards, whatever else the newer schema wants to know."""
    before = rows_of_aa829cd()
    async with Store.open(of_aa829cd, clock=TurnedClock()) as store:
        found = {row["id"]: await store.queries.find_order(row["id"]) for row in before["orders"]}
    engine = engine_for(of_aa829cd)
    with engine.connect() as connection:
        assert read_revision(connection) == REVISION
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        uids = connection.execute(sa.text("SELECT uid FROM news")).scalars().all()
        over = (
            connection.execute(sa.text("SELECT state FROM orders WHERE over_at IS NOT NULL")).scalars().all()
        )
    engine.dispose()
    assert len(uids) == len(set(uids)) == len(before["news"])
    assert sorted(over) == ["cancelled"] + ["done"] * 5
    for row in before["orders"]:
        record = found[row["id"]]
        assert record is not None
        assert (record.state, record.problem, record.name) == (row["state"], row["problem"], row["name"])
        assert (record.reference, record.first_mode) == (row["reference"], "live")
        assert record.snapshot is not None
        attempts = [one for one in before["attempts"] if one["order_id"] == row["id"]]
        assert (record.attempt is not None) == bool(attempts)
        parcels = {one["number"] for one in before["parcels"] if one["order_id"] == row["id"]}
        assert {one.parcel.number for one in record.parcels} == parcels
        assert (record.due_at is not None) == (row["due_at"] is not None)


@pytest.mark.parametrize("schema", ["0003", "0007"])
def test_a_database_that_was_never_of_a_release_is_refused_with_a_way_out(bare_url: str, schema: str) -> None:
    engine = engine_for(bare_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :schema"), {"schema": schema})
    with pytest.raises(
        ConfigError, match=rf"never released \(schema {schema}; this program upgrades from 0005\)"
    ):
        migrate(engine)
    engine.dispose()


async def test_purchases_that_were_closed_before_the_update_are_watched_after_it(bare_url: str) -> None:
    """As the version before left them: one declared cancelled at Sculpteo, one a test, one ignored."""
    engine = engine_for(bare_url)
    with engine.begin() as connection:
        config = migrations._build_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for row in (
            (1, "cancelled", None, "live", "OLD00001", "2026-11-01 00:00:00+00:00"),
            (2, "waiting", None, "test", "FAKE0001", "2026-11-01 00:00:00+00:00"),
            (3, "ignored", "OLD00003", "live", "OLD00003", None),
            (4, "placed", "REF00004", "live", "REF00004", None),
        ):
            _old_order(connection, *row)
    engine.dispose()
    async with Store.open(bare_url, clock=TurnedClock()) as store:
        found = {key: await store.queries.find_order(key) for key in (1, 2, 3, 4)}
    closed = {
        key: [(one.reference, one.mode, one.status) for one in order.closed]
        for key, order in found.items()
        if order
    }
    assert closed == {
        1: [("OLD00001", "live", "cancelled")],
        2: [("FAKE0001", "test", None)],
        3: [("OLD00003", "live", "cancelled")],
        4: [],
    }
    assert {key for key, order in found.items() if order and order.due_at is not None} == {1, 2, 3}


def _old_order(
    c: sa.Connection, key: int, state: str, reference: str | None, mode: str, bought: str, voided: str | None
) -> None:
    at = "2026-11-01 00:00:00+00:00"
    c.execute(
        sa.text(
            "INSERT INTO orders (id, shop, order_id, state, news, first_seen_at, updated_at, origin, failures,"
            " lease_token, paid_now, reference, facts, items)"
            " VALUES (:key, 'acme', :gid, :state, 1, :at, :at, 'webhook', 0, 0, :no, :reference, '{}', '[]')"
        ),
        {
            "key": key,
            "gid": f"gid://shopify/Order/{key}",
            "state": state,
            "at": at,
            "no": False,
            "reference": reference,
        },
    )
    c.execute(
        sa.text(
            "INSERT INTO attempts (order_id, number, attempt, token, mode, mapping_version, created_at, sent_at,"
            " verdict, reference, voided_at, voided_by, request)"
            " VALUES (:key, 1, :name, :token, :mode, 'm1', :at, :at, 'placed', :bought, :voided, :who, '{}')"
        ),
        {
            "key": key,
            "name": f"a{key}",
            "token": f"t{key}",
            "mode": mode,
            "at": at,
            "bought": bought,
            "voided": voided,
            "who": "anna" if voided else None,
        },
    )


def test_what_people_decided_before_is_due_to_be_written_on_the_shopify_orders(bare_url: str) -> None:
    engine = engine_for(bare_url)
    with engine.begin() as connection:
        upgrade_to(connection, "0005")
        told = {"updated_at": "2026-11-01 00:00:00+00:00", "first_seen_at": "2026-11-01 00:00:00+00:00"}
        for number, (state, reason, held) in enumerate(
            [
                ("cancelled", "person", None),
                ("ignored", "person", None),
                ("waiting", "held", "2026-11-01 00:00:00+00:00"),
                ("cancelled", "refunded", None),
            ]
        ):
            row = {
                **told,
                "shop": "acme",
                "order_id": str(number),
                "state": state,
                "reason": reason,
                "held_at": held,
                "news": 1,
                "origin": "webhook",
                "failures": 0,
                "lease_token": 0,
                "paid_now": False,
                "facts": "{}",
                "items": "[]",
            }
            names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(sa.text(f"INSERT INTO orders ({names}) VALUES ({marks})"), row)  # noqa: S608
        for who, target in (("bob", "received"), ("zoe", "cancelled"), ("bridge", "waiting")):
            connection.execute(
                sa.text(
                    "INSERT INTO events (order_id, at, kind, who, target, reason, facts) SELECT id,"
                    " '2026-10-31 10:00:00+00:00', 'move', :who, :target, 'person', '{}' FROM orders"
                    " WHERE order_id = '0'"
                ),
                {"who": who, "target": target},
            )
    migrate(engine)
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("SELECT decision_noted IS NULL, due_at IS NULL FROM orders ORDER BY order_id")
        ).all()
        decisions = connection.execute(sa.select(orders.c.decision).order_by(orders.c.order_id)).scalars()
        moment = datetime(2026, 10, 31, 10, tzinfo=UTC)
        assert list(decisions) == [Decision(Choice.CANCELLED, "zoe", moment), None, None, None]
    assert [tuple(map(bool, row)) for row in found] == [(False, False)] * 3 + [(True, True)]
    engine.dispose()


def upgrade_to(connection: sa.Connection, target: str) -> None:
    """As `migrate` does, but only so far."""
    config = migrations._build_config()
    config.attributes["connection"] = connection
    command.upgrade(config, target)
