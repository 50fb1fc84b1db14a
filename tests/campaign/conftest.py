"""A nursery for all tests of the campaign, and the databases that they run on."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.campaign.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.campaign.process_pool import Nursery
from tests.support.postgres import postgres

__all__ = ["postgres"]


@pytest.fixture
async def nursery() -> AsyncIterator[Nursery]:
    async with Nursery() as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    if request.param == "sqlite":
        return SqliteDatabases(tmp_path)
    return PostgresDatabases(request.getfixturevalue("postgres"))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Clients that die in the middle of a request are the point; the sandbox need not tell of each."""
    logger = logging.getLogger("aiohttp.server")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)
