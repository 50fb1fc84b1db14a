"""A person's command waits for Shopify's query budget, says so, and shows what there is then."""

from __future__ import annotations

import json

import pytest

from bridge.sandbox.http.faults import Kind
from tests.cli.live_sandbox import Floor
from tests.cli.test_newcomer import shop

__all__ = ["shop"]


@pytest.mark.long
async def test_plan_waits_for_the_budget_instead_of_showing_nothing(shop: Floor) -> None:
    whole = json.loads((await shop.run("plan", "--no-prices", "--json")).stdout)
    assert whole["variants"]
    for _ in range(4):  # one more than a service would try
        shop.box.faults.add("shopify.graphql", Kind.THROTTLE, times=1)
    found = await shop.run("plan", "--no-prices", "--json")
    assert json.loads(found.stdout)["variants"] == whole["variants"]
    assert "Shopify's query budget of acme is used up for now; waiting" in found.stderr
