"""A database that is away while the service starts is waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli._demo_runner import open_demo_day
from bridge.errors import StoreUnavailable
from bridge.store import Store
from tests.service.serve_process import staged
from tests.support import postgres


async def test_a_server_that_comes_later_than_the_service_is_waited_for(tmp_path: Path) -> None:
    with postgres.needed() as server:  # one of its own, since it is stopped
        database = server.create_database()
        server.stop()
        async with staged(tmp_path, database) as stage, stage.launched(stage.config()) as serving:
            await serving.says("the service starts when it is", "connection failed")
            server.start()
            await serving.says("event=ready")


async def test_a_database_that_goes_away_at_the_start_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0
    wake = Store.wake_for_mapping

    async def away_at_first(store: Store, version: str) -> object:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise StoreUnavailable("the server closed the connection")
        return await wake(store, version)

    monkeypatch.setattr(Store, "wake_for_mapping", away_at_first)
    async with open_demo_day(tmp_path, 1) as day:
        assert await day.bridge.store.memory.get("reconciled_at:acme"), "it got ready"
    assert tries == 2
