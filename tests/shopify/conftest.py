from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.shopify.fake_shopify import Shop, running


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running() as started:
        yield started
