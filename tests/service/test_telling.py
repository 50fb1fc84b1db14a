"""A bridge that runs tells people and other systems: real processes, real Apprise, one receiver."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bridge.store import Store
from tests.alerts.conftest import Receiver, receiver
from tests.service.serve_process import Stage, read, rewritten, staged, until
from tests.service.test_reload import buy
from tests.support.clocks import RealClock
from tests.support.postgres import Server, postgres

pytestmark = pytest.mark.long

__all__ = ["postgres", "receiver"]

SECRET = "a-long-secret-of-the-test"


def telling(stage: Stage, receiver: Receiver, **more: Any) -> dict[str, Any]:
    hook = {"url": receiver.url, "secret": SECRET, "allow_private_addresses": True}
    target = {"url": receiver.json_url, "digest": "0s"}
    return stage.config(alerts=[target], webhooks=[hook], **more)


def alerts(receiver: Receiver) -> list[str]:
    found = [json.loads(body) for _, body in receiver.taken]
    return [f"{one['title']}\n{one['message']}" for one in found if "title" in one]


def events(receiver: Receiver) -> list[tuple[str, str]]:
    found = [json.loads(body) for _, body in receiver.taken]
    return [(one["data"]["order"], one["type"]) for one in found if "type" in one and "data" in one]


def heard(receiver: Receiver, *words: str) -> bool:
    return any(all(word in text for word in words) for text in alerts(receiver))


async def test_orders_are_told_of_to_people_and_to_other_systems(tmp_path: Path, receiver: Receiver) -> None:
    async with staged(tmp_path) as stage, stage.serve(telling(stage, receiver)) as serving:
        unmapped, ring = buy(stage, "NEW-2026"), buy(stage, "RING-S")
        await until(lambda: heard(receiver, unmapped, "No design is mapped to “NEW-2026”"), serving)
        await until(lambda: (ring, "order.placed") in events(receiver), serving)
        assert (unmapped, "order.attention") in events(receiver)
        link = next(text for text in alerts(receiver) if unmapped in text)
        assert f"{read(serving.config)['server']['public_url']}/orders/" in link
        for body in (body for _, body in receiver.taken):
            assert b"Brindille" not in body  # the customer's name
            assert "Mésanges".encode() not in body


async def test_an_upstream_that_is_down_is_told_and_that_it_is_up_again(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with staged(tmp_path) as stage:
        config = telling(stage, receiver, reminders={"upstream": "1s"})
        async with stage.serve(config) as serving:
            stage.box.faults.add("sculpteo.*", "status", status=503, times=None)  # prices are asked for first
            for _ in range(3):
                buy(stage, "RING-S")
            await until(lambda: heard(receiver, "Sculpteo has not answered as it should"), serving)
            stage.box.faults.clear()
            await until(lambda: heard(receiver, "Sculpteo answers again"), serving)


async def test_a_configuration_that_is_not_taken_up_is_told(tmp_path: Path, receiver: Receiver) -> None:
    async with staged(tmp_path) as stage:
        config = telling(stage, receiver)
        async with stage.serve(config) as serving:
            rewritten(serving.config, {**config, "mode": "lvie"})
            await until(lambda: heard(receiver, "did not take up the edited configuration"), serving)
            async with Store.open(stage.database, clock=RealClock(), create=False) as store:
                [condition] = await store.conditions.list_incidents()
                assert condition.code == "configuration"
            rewritten(serving.config, config)
            await until(lambda: heard(receiver, "has taken up the configuration"), serving)


async def test_replicas_tell_everything_once(tmp_path: Path, receiver: Receiver, postgres: Server) -> None:
    async with staged(tmp_path, postgres.create_database()) as stage:
        receiver.slow = 0.2
        one, two = telling(stage, receiver), telling(stage, receiver)
        async with stage.serve(one, "one.yaml") as first, stage.serve(two, "two.yaml") as second:
            names = [buy(stage, "RING-S") for _ in range(4)] + [buy(stage, "NEW-2026") for _ in range(3)]
            wanted = {(name, "order.placed") for name in names[:4]}
            wanted |= {(name, "order.attention") for name in names[4:]}
            await until(lambda: wanted <= set(events(receiver)), first)
            await until(lambda: all(heard(receiver, name) for name in names[4:]), second)
            await asyncio.sleep(3)
            assert len(events(receiver)) == len(set(events(receiver)))
            for name in names[4:]:
                assert sum(name in text for text in alerts(receiver)) == 1


async def test_a_target_that_fails_keeps_no_order_waiting(tmp_path: Path, receiver: Receiver) -> None:
    async with staged(tmp_path) as stage:
        receiver.answers = [500] * 1000
        async with stage.serve(telling(stage, receiver)) as serving:
            held, ring = buy(stage, "NEW-2026"), buy(stage, "RING-S")
            await stage.reaches(held, "attention", serving)
            await stage.reaches(ring, "placed", serving)
            await serving.says("an outlet failed; it is tried again", "alerts[0] (json)")
            assert not any("s3cret-word" in line or SECRET in line for line in serving.said)
            receiver.answers = []
            await until(lambda: heard(receiver, held) and (ring, "order.placed") in events(receiver), serving)
