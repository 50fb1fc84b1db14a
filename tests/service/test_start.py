"""A database that goes away while the service starts is waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli._day import opened_day
from bridge.errors import StoreUnavailable
from bridge.store import Store


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
    async with opened_day(tmp_path, 1) as day:
        assert await day.bridge.store.memory.get("reconciled_at:acme"), "it got ready"
    assert tries == 2
