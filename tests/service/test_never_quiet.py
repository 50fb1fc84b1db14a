"""The service either works or says that it does not: nothing of it ends in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from bridge.order.problems import Problem
from bridge.store.engine import parse_url
from tests.service.serve_process import staged, until
from tests.service.test_reload import buy
from tests.support.postgres import Server, postgres

pytestmark = pytest.mark.long

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bridge.db'}"
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.create_database()
    yield url
    server.drop_database(url)


def execute(database: str, *statements: str, **values: Any) -> None:
    """Past the bridge, as somebody with a database tool does it."""
    engine = sa.create_engine(parse_url(database))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement), values)
    engine.dispose()


async def answer(config: dict[str, Any], path: str) -> tuple[int, str]:
    url = f"http://{config['server']['listen']}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_a_table_that_is_away_for_a_moment_stops_the_work_for_that_moment_only(
    tmp_path: Path, database: str
) -> None:
    async with staged(tmp_path, database) as stage:
        config = stage.config()
        async with stage.serve(config) as serving:
            for table in ("orders", "events", "deliveries", "attempts"):
                during = len(serving.said)
                execute(database, f"ALTER TABLE {table} RENAME TO {table}_away")
                if table == "orders":
                    await serving.says("the database is not available", since=during)

                    async def not_ready() -> bool:
                        status, said = await answer(config, "/readyz")
                        return status == 503 and "a part of the service does not work" in said

                    await until(not_ready, serving)
                    await serving.says("the worker cannot look for orders", since=during)
                await asyncio.sleep(2)
                execute(database, f"ALTER TABLE {table}_away RENAME TO {table}")
                await stage.reaches(buy(stage, "RING-S"), "placed", serving)

            async def ready() -> bool:
                return (await answer(config, "/readyz"))[0] == 200

            await until(ready, serving)
            assert serving.process.returncode is None
        assert len(stage.box.printer.books()) == 4, "each is bought once"


async def test_a_row_that_cannot_be_read_stops_its_own_order_only_and_names_nobody(
    tmp_path: Path, database: str
) -> None:
    async with staged(tmp_path, database) as stage:
        config = stage.config(approval={"mode": "manual"})
        async with stage.serve(config) as serving:
            poisoned, well = buy(stage, "RING-S"), buy(stage, "RING-S")
            for name in (poisoned, well):
                await stage.reaches(name, "waiting", serving)
            execute(
                database,
                "UPDATE orders SET snapshot = :rubbish, due_at = updated_at WHERE name = :name",
                rubbish='{"customer_name": "Ada Example", ',
                name=poisoned,
            )
            order = await stage.reaches(poisoned, "attention", serving)
            assert order.problem == Problem.INTERNAL
            assert order.facts["damaged"]
            await serving.says("an order cannot be read from the database")
            third = buy(stage, "RING-S")
            await stage.reaches(third, "waiting", serving)
        assert "Ada Example" not in "\n".join(serving.said)


ENDS = """
import asyncio, sys
from bridge.{module} import {name}

async def ends(self, *_, **__):
    await asyncio.sleep(2)
    {how}

{name}.{method} = ends
from bridge.cli import main
sys.argv = ["sculpteo-bridge", "serve", "--config", sys.argv[1]]
main()
"""


@pytest.mark.parametrize(
    ("module", "name", "method", "part"),
    [
        ("runtime.worker", "Worker", "run", "worker"),
        ("alerts.dispatcher", "Dispatcher", "run", "outbox"),
        ("runtime.scheduler", "PeriodicTasks", "_run_once", "chores: "),
    ],
)
@pytest.mark.parametrize("how", ["raise KeyError('Ada Example')", "raise asyncio.CancelledError"])
async def test_a_part_that_ends_all_the_same_ends_the_process(
    tmp_path: Path, module: str, name: str, method: str, part: str, how: str
) -> None:
    async with staged(tmp_path) as stage:
        config = stage.config()
        code = ENDS.format(module=module, name=name, method=method, how=how)
        async with stage.launched(config, code=code) as serving:
            await serving.says("event=ready")
            seen: list[tuple[int, str]] = []

            async def not_ready() -> bool:
                try:
                    seen.append(await answer(config, "/readyz"))
                except aiohttp.ClientError:
                    return serving.process.returncode is not None
                return seen[-1][0] == 503

            await until(not_ready)
            assert seen[-1][0] == 503
            assert "its log says which" in seen[-1][1]
            async with asyncio.timeout(30):
                assert await serving.process.wait() != 0
        told = "\n".join(serving.said)
        assert "a part of the service has ended" in told
        assert f"part={part}" in told or f'part="{part}' in told
        assert "Ada Example" not in told
