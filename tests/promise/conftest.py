from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.store import Store
from tests.promise.memory_bridge import Day, new_day
from tests.support.fake_upstreams import SteppedClock


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty file, so that tests copy instead of migrating."""
    path = tmp_path_factory.mktemp("promise") / "empty.db"

    async def make() -> None:
        async with Store.open(f"sqlite:///{path}", clock=SteppedClock()):
            pass

    asyncio.run(make())
    return path


@pytest.fixture
async def day(tmp_path: Path, template: Path) -> AsyncIterator[Day]:
    shutil.copy(template, tmp_path / "bridge.db")
    async with new_day(tmp_path) as made:
        yield made
