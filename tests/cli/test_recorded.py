"""What `check` tells of the bridge's own records."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.cli._record_checks import (
    check_privacy_webhooks,
    check_records,
)
from bridge.config.loader import load_config
from bridge.order.records import PrivacyRequest
from bridge.store import Store
from tests.cli.test_orders import CONFIG
from tests.support.clocks import RealClock
from tests.support.store_factories import delivery, gid


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG % (tmp_path / "bridge.db"))
    return path


async def told(config: Path) -> list[str]:
    return [
        f"{check.name}: {check.result}: {check.sentence}"
        async for check in check_records(load_config(config))
    ]


async def test_it_is_told_whether_a_privacy_webhook_ever_came(config: Path, tmp_path: Path) -> None:
    assert await told(config) == [], "there is no database yet, and none is made"
    assert not (tmp_path / "bridge.db").exists()
    async with Store.open(f"sqlite:///{tmp_path}/bridge.db", clock=RealClock()) as store:
        (line,) = await told(config)
        assert line.startswith("privacy webhooks acme: ok: None of Shopify's privacy webhooks has come yet")
        await store.inbox.add_delivery(delivery(1, topic="customers/redact"))
        (one,) = await store.inbox.list_pending(1)
        await store.inbox.settle_privacy_request(one.key, "noted", PrivacyRequest(True, (gid(),)))
        (line,) = await told(config)
        assert "the last one came at 20" in line
        await store.memory.set("untrusted_proxy", f"172.18.0.2 {RealClock().now().isoformat()}")
        assert [text.split(":")[:2] for text in (await told(config))[1:]] == [["proxy", " warning"]]


def test_the_remedy_names_the_three_webhooks_and_where_they_go() -> None:
    remedy = check_privacy_webhooks("acme", None, "https://bridge.example.com/").remedy
    for part in (
        *("customers/data_request", "customers/redact", "shop/redact"),
        "https://bridge.example.com/webhooks/shopify/acme",
    ):
        assert part in remedy
